//! Files that were truncated or written anew.

use std::fs::File;
use std::path::PathBuf;

use super::between::{Gap, place_of};
use super::context::Context;
use super::name::{Name, Others};
use super::opened::{self, Failure, Opened, Stamp, is_want_of_descriptors};
use super::packed::{Unpacker, unpack_from};
use super::rotation::{self, Before, Sibling, Which};
use super::stream::{Start, Stream};
use crate::fingerprint::FileId;
use crate::notice::Notice;

/// The copy that was made of a file before it was truncated.
enum Copy {
    Plain(Opened),
    Packed(Unpacker, FileId, PathBuf),
}

impl Copy {
    fn id(&self) -> FileId {
        match self {
            Copy::Plain(opened) => opened.id,
            Copy::Packed(_, id, _) => *id,
        }
    }
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
        let Ok(siblings) = rotation::siblings(&self.path) else {
            return self.try_later(at, context);
        };
        let Ok(copy) = self.find_copy(at, &siblings, before, context, others) else {
            return self.try_later(at, context);
        };
        let gap = Gap {
            before,
            which: Which {
                younger_than: copy
                    .as_ref()
                    .and_then(|copy| place_of(copy.id(), &siblings)),
                older_than: place_of(id, &siblings),
            },
            print: self.streams[at].print(),
            now: id,
            siblings: &siblings,
        };
        // What was rotated after the file was removed came after its new content.
        let between = match gap.which.older_than.is_some() || self.is_at(id) {
            true => self.open_between(&gap, context, others),
            false => Ok(Vec::new()),
        };
        let Ok(between) = between else {
            return self.try_later(at, context);
        };
        let stream = &mut self.streams[at];
        let place = stream.place.clone();
        // The new content came after the last time that the old one was there.
        let since = stream.intact;
        let watch = stream.watch.take();
        let Some(file) = self.leave_file(at, copy) else {
            return;
        };
        let stamp = file.metadata().as_ref().map_or(Stamp::default(), Stamp::of);
        let opened = Opened {
            id,
            size: stamp.size,
            stamp,
            path: place,
            file,
        };
        let start = Start::default();
        let progress = context.keep(&self.path, id, &start, since, false);
        let mut stream = Stream::plain(opened, start, &context.options.split, progress);
        stream.after_truncation = true;
        stream.watch = watch;
        stream.announce.push_back(Notice::Truncated {
            path: self.path.clone(),
            read,
        });
        for (nth, stream) in between.into_iter().chain([stream]).enumerate() {
            self.streams.insert(at + 1 + nth, stream);
        }
        self.keep_order(context);
        self.check = true;
    }

    /// There is no descriptor left for what this would need: nothing was done, and it is tried
    /// again with the next look in intervals.
    fn try_later(&mut self, at: usize, context: &mut Context) {
        self.streams[at].look_again();
        self.tell_no_descriptors(context);
    }

    /// A generation goes on in the copy that was made of it, or ends. Returns its file.
    fn leave_file(&mut self, at: usize, copy: Option<Copy>) -> Option<File> {
        let stream = &mut self.streams[at];
        let from = stream.position();
        let (rotated, file) = match copy {
            None => return stream.detach(),
            Some(Copy::Plain(copy)) => {
                let rotated = (copy.size > from).then(|| copy.path.clone());
                (rotated, stream.move_to(copy))
            }
            Some(Copy::Packed(unpacker, id, place)) => (
                Some(place.clone()),
                stream.move_to_packed(unpacker, id, place),
            ),
        };
        if let Some(rotated) = rotated {
            stream.announce.push_back(Notice::RotatedRead {
                path: self.path.clone(),
                rotated,
                from,
            });
        }
        file
    }

    /// A file of which nothing was read has changed: reads first what may have been copied from
    /// it before it was truncated.
    pub(super) fn copied_unread(&mut self, at: usize, context: &mut Context, others: &Others<'_>) {
        let stream = &mut self.streams[at];
        let Ok(siblings) = rotation::siblings(&self.path) else {
            return self.try_later(at, context);
        };
        let place = place_of(stream.id, &siblings);
        let id = stream.id;
        if place.is_none() && !self.is_at(id) {
            // Removed: what was rotated since came after it.
            return;
        }
        let stream = &self.streams[at];
        let gap = Gap {
            siblings: &siblings,
            before: Before::nothing(stream.progress.opened()),
            which: Which {
                younger_than: None,
                older_than: place,
            },
            print: stream.whole_print(),
            now: stream.id,
        };
        let Ok(copies) = self.open_between(&gap, context, others) else {
            return self.try_later(at, context);
        };
        for (nth, mut copy) in copies.into_iter().enumerate() {
            copy.settled = true;
            self.streams.insert(at + nth, copy);
        }
        self.keep_order(context);
    }

    /// Whether this file has the name now.
    fn is_at(&self, id: FileId) -> bool {
        opened::identify(&self.path).is_ok_and(|(now, _)| now == id)
    }

    /// The copy that was made of a generation before it was truncated, with all that had been
    /// written to it.
    fn find_copy(
        &self,
        at: usize,
        siblings: &[Sibling],
        before: Before,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Option<Copy>, Failure> {
        let stream = &self.streams[at];
        let print = stream.print();
        if print.head.length == 0 {
            return Ok(None);
        }
        let mut candidates: Vec<_> = siblings
            .iter()
            .filter(|s| s.id != stream.id)
            .filter(|s| s.is_touched_since(before.since) && s.is_created_since(before.since))
            .filter(|s| !self.holds(s.id) && !others.hold(s.id) && !context.seen.has(s.id))
            .collect();
        candidates.sort_by_key(|s| (s.packing.is_some(), std::cmp::Reverse(s.size)));
        for sibling in candidates {
            let opened = match opened::open(&sibling.path) {
                Ok(opened) => opened,
                Err(Failure::NoDescriptors) => return Err(Failure::NoDescriptors),
                Err(_) => continue,
            };
            match sibling.packing {
                None if opened.size < stream.position() => {}
                None => {
                    if print.matches(&opened.file).unwrap_or(false) {
                        return Ok(Some(Copy::Plain(opened)));
                    }
                }
                Some(packing) => {
                    match unpack_from(opened.file, packing, &print, stream.position()) {
                        Ok(Some((unpacker, _))) => {
                            return Ok(Some(Copy::Packed(unpacker, opened.id, opened.path)));
                        }
                        Ok(None) => {}
                        Err(error) if is_want_of_descriptors(&error) => {
                            return Err(Failure::NoDescriptors);
                        }
                        Err(error) => context.tell(Notice::RotatedUnreadable {
                            path: self.path.clone(),
                            rotated: opened.path,
                            reason: error.to_string(),
                        }),
                    }
                }
            }
        }
        Ok(None)
    }
}
