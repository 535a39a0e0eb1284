//! Generations that nobody saw with the name: rotated, copied or compressed between two looks.

use std::fs::File;
use std::io::Seek;
use std::sync::Arc;

use super::context::Context;
use super::name::{Name, Others};
use super::opened::{self, Failure, Opened};
use super::packed::Unpacker;
use super::rotation::{self, Before, Sibling, Which};
use super::stream::{Start, Stream};
use crate::checkpoint::{Progress, kernel_time};
use crate::fingerprint::{FileId, Print, WINDOW, Window, read_window};
use crate::notice::Notice;

/// The time that nobody looked: which generation was there before, and which is there now.
pub(super) struct Gap<'a> {
    pub(super) siblings: &'a [Sibling],
    pub(super) before: Before,
    pub(super) which: Which<'a>,
    /// What it looked like.
    pub(super) print: Print,
    pub(super) now: FileId,
}

impl Gap<'_> {
    /// The file that had the name before, if it is there still under another.
    fn original(&self, than: &Opened) -> Option<File> {
        let sibling = place_of(self.before.id, self.siblings)?;
        let is_other = sibling.id != than.id && sibling.packing.is_none();
        let opened = is_other
            .then(|| opened::open(&sibling.path).ok())
            .flatten()?;
        // One that was truncated since tells nothing.
        let is_intact = opened.id == self.before.id && self.print.matches(&opened.file).ok()?;
        is_intact.then_some(opened.file)
    }
}

/// Whether the end of a file stands at the same place in the one that it may be a copy of: many
/// files begin alike. Of a shorter original nothing is known there.
fn agree(original: &File, copy: &Opened) -> bool {
    let length = copy.size.min(WINDOW as u64);
    let end_of = |file| read_window(file, copy.size - length, length as usize);
    let is_longer = original
        .metadata()
        .is_ok_and(|meta| meta.len() >= copy.size);
    !is_longer || matches!((end_of(original), end_of(&copy.file)), (Ok(a), Ok(b)) if a == b)
}

impl Name {
    /// Opens the generations between the one that had the name before and `now`, the file that
    /// has it now.
    pub(super) fn between(
        &mut self,
        now: FileId,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Stream>, Failure> {
        let siblings = rotation::siblings(&self.path)?;
        let (before, print, younger_than) = match (self.gone, self.streams.back()) {
            (Some(gone), _) => {
                // Of one that was not found, so little may have been read that much begins like
                // that.
                let is_clear = gone.is_intact || gone.print.is_telling();
                let print = Some(gone.print).filter(|_| is_clear).unwrap_or_default();
                let place = place_of(gone.before.id, &siblings).filter(|_| gone.is_intact);
                (gone.before, print, place)
            }
            (None, Some(stream)) => {
                let since = stream.progress.opened();
                let id = stream.id;
                let place = place_of(id, &siblings);
                (Before { id, since }, stream.whole_print(), place)
            }
            (None, None) => return Ok(Vec::new()),
        };
        let gap = Gap {
            siblings: &siblings,
            before,
            which: Which {
                younger_than,
                older_than: None,
            },
            print,
            now,
        };
        self.open_between(&gap, context, others)
    }

    /// Opens the generations of a gap, oldest first.
    pub(super) fn open_between(
        &self,
        gap: &Gap<'_>,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Stream>, Failure> {
        let mut streams: Vec<Stream> = Vec::new();
        for sibling in rotation::after(gap.siblings, gap.which, gap.before) {
            if sibling.id == gap.now || self.holds(sibling.id) || others.hold(sibling.id) {
                continue;
            }
            match self.open_sibling(sibling, gap, context) {
                Ok(stream) => streams.extend(stream),
                Err(Failure::NoDescriptors) => {
                    // All or none.
                    context.put_back(streams);
                    return Err(Failure::NoDescriptors);
                }
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
        gap: &Gap<'_>,
        context: &mut Context,
    ) -> Result<Option<Stream>, Failure> {
        let opened = opened::open(&sibling.path)?;
        let split = context.options.split.clone();
        let mut stream = if let Some(packing) = sibling.packing {
            if context.seen.has(opened.id) {
                return Ok(None);
            }
            let head = Unpacker::start(opened.file.try_clone()?, packing)?.head(WINDOW)?;
            let is_known = |print: &Print| print.head.length > 0 && starts_with(&head, print.head);
            let is_open = || self.streams.iter().any(|s| is_known(&s.whole_print()));
            if is_known(&gap.print) || is_open() || context.seen.any_of(&self.path, is_known) {
                return Ok(None);
            }
            (&opened.file).rewind()?;
            let unpacker = Unpacker::start(opened.file, packing)?;
            let start = Start::default();
            let progress = context.keep(&self.path, opened.id, &start, kernel_time(), true);
            Stream::packed(unpacker, opened.id, opened.path, start, &split, progress)
        } else {
            let is_copy = |print: &Print| print.is_copy(&opened.file).unwrap_or(false);
            let is_copy_of_previous = is_copy(&gap.print)
                && gap
                    .original(&opened)
                    .is_none_or(|original| agree(&original, &opened));
            let is_copy_of = |s: &Stream| {
                is_copy(&s.whole_print()) && s.original().is_none_or(|o| agree(o, &opened))
            };
            if is_copy_of_previous || self.streams.iter().any(is_copy_of) {
                return Ok(None);
            }
            let is_part = |s: &Stream| s.is_truncated() && s.known().has_part(&opened);
            if self.streams.iter().any(is_part) || context.seen.has_part(&self.path, &opened) {
                return Ok(None);
            }
            let known = context.seen.recognize(&opened, true);
            let (start, progress) = match known {
                Some(known) if opened.size <= known.position => {
                    context.seen.remember(known);
                    return Ok(None);
                }
                Some(known) => {
                    let start = Start::read(&opened.file, known.position)?;
                    (start, known.progress)
                }
                None => {
                    let start = Start::default();
                    let progress = context.keep(&self.path, opened.id, &start, kernel_time(), true);
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

    pub(super) fn holds(&self, id: FileId) -> bool {
        self.streams.iter().any(|s| s.id == id)
    }

    pub(super) fn tell_no_descriptors(&mut self, context: &mut Context) {
        if !self.descriptors_told {
            self.descriptors_told = true;
            let path = self.path.clone();
            context.tell(Notice::NoDescriptors { path });
        }
    }
}

/// Where a file stands among the rotated ones.
pub(super) fn place_of(id: FileId, siblings: &[Sibling]) -> Option<&Sibling> {
    siblings.iter().find(|s| s.id == id)
}

/// Whether the first bytes are those of a window at the beginning of a file.
fn starts_with(bytes: &[u8], head: Window) -> bool {
    let length = head.length as usize;
    bytes
        .get(..length)
        .is_some_and(|bytes| Window::of(bytes, head.end) == head)
}
