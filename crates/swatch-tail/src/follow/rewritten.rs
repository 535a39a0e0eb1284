//! Files that were truncated or written anew, and generations that nobody saw with the name.

use std::sync::Arc;

use super::context::Context;
use super::name::{Name, Others};
use super::opened::{self, Failure, FileId, Opened};
use super::packed::Unpacker;
use super::rotation::{self, Before, Sibling};
use super::stream::{Start, Stream};
use crate::checkpoint::Progress;
use crate::fingerprint::{Print, WINDOW, Window};
use crate::notice::Notice;

/// The time that nobody looked: which generation was there before, and which is there now.
struct Gap<'a> {
    siblings: &'a [Sibling],
    before: Before,
    /// Where the generation before is by now, if it has a place still.
    anchor: Option<&'a Sibling>,
    /// What it looked like.
    print: Print,
    now: FileId,
}

impl Name {
    /// The file of a generation has other content than was read.
    pub(super) fn rewritten(&mut self, at: usize, context: &mut Context, others: &Others<'_>) {
        let stream = &mut self.streams[at];
        if stream.replaced || stream.settled {
            // A rotated file that is overwritten or emptied: nothing in it is for us.
            stream.finish();
            return;
        }
        let (id, read) = (stream.id, stream.position());
        let before = Before {
            id,
            since: stream.progress.opened(),
        };
        let siblings = rotation::siblings(&self.path);
        let copy = self.find_copy(at, &siblings, before, others);
        let gap = Gap {
            before,
            anchor: copy
                .as_ref()
                .and_then(|copy| siblings.iter().find(|s| s.id == copy.id)),
            print: self.streams[at].print(),
            now: id,
            siblings: &siblings,
        };
        let between = self.open_between(&gap, context, others);
        let stream = &mut self.streams[at];
        let Ok(between) = between else {
            // No descriptor for what lies between: look again later.
            stream.look_again();
            return self.tell_no_descriptors(context);
        };
        let place = stream.place.clone();
        let watch = stream.watch.take();
        let file = match copy {
            Some(copy) => {
                if copy.size > read {
                    stream.announce.push_back(Notice::RotatedRead {
                        path: self.path.clone(),
                        rotated: copy.path.clone(),
                        from: read,
                    });
                }
                stream.move_to(copy)
            }
            None => stream.detach(),
        };
        let Some(file) = file else { return };
        let opened = Opened {
            id,
            size: 0,
            path: place,
            file,
        };
        let start = Start::default();
        let progress = context.keep(&self.path, id, &start, false);
        let mut stream = Stream::plain(opened, start, &context.options.split, progress);
        stream.after_truncation = true;
        stream.watch = watch;
        stream.announce.push_back(Notice::Truncated {
            path: self.path.clone(),
            read,
        });
        let mut next = at + 1;
        for stream in between {
            self.streams.insert(next, stream);
            next += 1;
        }
        self.streams.insert(next, stream);
        self.check = true;
    }

    /// The copy that was made of a generation before it was truncated, with all that had been written to it.
    fn find_copy(
        &self,
        at: usize,
        siblings: &[Sibling],
        before: Before,
        others: &Others<'_>,
    ) -> Option<Opened> {
        let stream = &self.streams[at];
        let print = stream.print();
        if stream.position() == 0 {
            return None;
        }
        let mut candidates: Vec<_> = siblings
            .iter()
            .filter(|s| s.packing.is_none() && s.id != stream.id)
            .filter(|s| s.size >= stream.position())
            .filter(|s| s.is_touched_since(before.since) && s.is_created_since(before.since))
            .filter(|s| !self.holds(s.id) && !others.hold(s.id))
            .collect();
        candidates.sort_by_key(|s| std::cmp::Reverse(s.size));
        candidates
            .into_iter()
            .filter_map(|s| opened::open(&s.path).ok())
            .find(|opened| print.matches(&opened.file).unwrap_or(false))
    }

    /// Opens the generations between the one that had the name before and `now`, the file that
    /// has it now.
    pub(super) fn between(
        &mut self,
        now: FileId,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Stream>, Failure> {
        let siblings = rotation::siblings(&self.path);
        let (before, print, anchor) = match (self.gone, self.streams.back()) {
            // Its inode, if it has one still, has other content.
            (Some((before, print)), _) => (before, print, None),
            (None, Some(stream)) => {
                let since = stream.progress.opened();
                let id = stream.id;
                let anchor = siblings.iter().find(|s| s.id == id);
                (Before { id, since }, stream.print(), anchor)
            }
            (None, None) => return Ok(Vec::new()),
        };
        let gap = Gap {
            siblings: &siblings,
            before,
            anchor,
            print,
            now,
        };
        self.open_between(&gap, context, others)
    }

    fn open_between(
        &self,
        gap: &Gap<'_>,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Stream>, Failure> {
        let mut streams = Vec::new();
        for sibling in rotation::after(gap.siblings, gap.anchor, gap.before) {
            if sibling.id == gap.now || self.holds(sibling.id) || others.hold(sibling.id) {
                continue;
            }
            match self.open_sibling(sibling, &gap.print, context) {
                Ok(stream) => streams.extend(stream),
                Err(Failure::NoDescriptors) => return Err(Failure::NoDescriptors),
                Err(Failure::Unreadable(error)) => {
                    context.tell(Notice::RotatedUnreadable {
                        path: self.path.clone(),
                        rotated: sibling.path.clone(),
                        reason: error.to_string(),
                    });
                }
                Err(Failure::Absent | Failure::NotAFile(_)) => {}
            }
        }
        Ok(streams)
    }

    /// Opens a generation that nobody saw with the name. `None` if it was read already.
    fn open_sibling(
        &self,
        sibling: &Sibling,
        previous: &Print,
        context: &mut Context,
    ) -> Result<Option<Stream>, Failure> {
        let opened = opened::open(&sibling.path)?;
        let split = context.options.split.clone();
        let mut stream = if let Some(packing) = sibling.packing {
            let head = Unpacker::start(opened.file.try_clone()?, packing)?.head(WINDOW)?;
            let is_known = |print: &Print| print.head.length > 0 && starts_with(&head, print.head);
            if is_known(previous) || context.seen.any_of(&self.path, is_known) {
                return Ok(None);
            }
            std::io::Seek::rewind(&mut &opened.file)?;
            let unpacker = Unpacker::start(opened.file, packing)?;
            let start = Start::default();
            let progress = context.keep(&self.path, opened.id, &start, true);
            Stream::packed(unpacker, opened.id, opened.path, start, &split, progress)
        } else {
            if previous.is_copy(&opened.file)? {
                return Ok(None);
            }
            let known = context.seen.recognize(&opened, true);
            let (start, progress) = match known {
                Some(known) => {
                    let start = Start::read(&opened.file, known.position)?;
                    (start, known.progress)
                }
                None => {
                    let start = Start::default();
                    let progress = context.keep(&self.path, opened.id, &start, true);
                    (start, progress)
                }
            };
            self.rotated(opened, start, progress, context)
        };
        if stream.position() == 0 {
            stream.announce.push_back(Notice::RotatedRead {
                path: self.path.clone(),
                rotated: sibling.path.clone(),
                from: 0,
            });
        }
        Ok(Some(stream))
    }

    /// A plain file that has lost the name.
    pub(super) fn rotated(
        &self,
        opened: Opened,
        start: Start,
        progress: Arc<Progress>,
        context: &mut Context,
    ) -> Stream {
        let mut stream = Stream::plain(opened, start, &context.options.split, progress);
        stream.lose_name();
        stream.watch = stream.file().and_then(|f| context.watcher.watch_file(f));
        stream
    }

    fn holds(&self, id: FileId) -> bool {
        self.streams.iter().any(|s| s.id == id)
    }

    fn tell_no_descriptors(&mut self, context: &mut Context) {
        if !self.descriptors_told {
            self.descriptors_told = true;
            let path = self.path.clone();
            context.tell(Notice::NoDescriptors { path });
        }
    }
}

/// Whether the first bytes are those of a window at the beginning of a file.
fn starts_with(bytes: &[u8], head: Window) -> bool {
    let length = head.length as usize;
    bytes
        .get(..length)
        .is_some_and(|bytes| Window::of(bytes, head.end) == head)
}
