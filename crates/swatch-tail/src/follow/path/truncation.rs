//! Files that were truncated or rewritten.

use std::fs::File;
use std::path::PathBuf;

use super::super::compressed::{decompress_from, failed};
use super::super::context::Context;
use super::super::file::{self, FileStamp, OpenError, OpenFile};
use super::super::generation::{Generation, StartPoint};
use super::super::missed_generations::{Interval, Predecessor, Selector, place_of};
use super::super::siblings::{self, Sibling};
use super::{FollowedPath, Others};
use crate::compressed::Decompressor;
use crate::event::FileEvent;
use crate::fingerprint::FileId;

/// The copy that was made of a file before it was truncated.
enum Copy {
    Plain(OpenFile),
    Compressed(Decompressor, FileId, PathBuf),
}

impl Copy {
    fn id(&self) -> FileId {
        match self {
            Copy::Plain(opened) => opened.id,
            Copy::Compressed(_, id, _) => *id,
        }
    }
}

impl FollowedPath {
    /// The file of a generation has other content than was read.
    pub(in crate::follow) fn rewritten(
        &mut self,
        at: usize,
        context: &mut Context,
        others: &Others<'_>,
    ) {
        let generation = &mut self.generations[at];
        if generation.replaced || generation.settled {
            // A rotated file that is overwritten or emptied: none of its new content belongs to
            // this log.
            generation.finish();
            return;
        }
        let (id, read) = (generation.id, generation.position());
        let before = Predecessor {
            id,
            since: generation.progress.opened(),
        };
        let siblings = match siblings::siblings(&self.path, |sibling| self.holds(sibling.id)) {
            Ok(siblings) => siblings,
            Err(failure) => return self.try_later(at, &failure, context),
        };
        let copy = match self.find_copy(at, &siblings, before, context, others) {
            Ok(copy) => copy,
            Err(failure) => return self.try_later(at, &failure, context),
        };
        let interval = Interval {
            before,
            which: Selector {
                younger_than: copy
                    .as_ref()
                    .and_then(|copy| place_of(copy.id(), &siblings)),
                older_than: place_of(id, &siblings),
            },
            fingerprint: self.generations[at].fingerprint(),
            now: id,
            siblings: &siblings,
            are_copies: true,
        };
        // Files rotated after this one was removed came after its new content.
        let between = match interval.which.older_than.is_some() || self.is_at(id) {
            true => self.open_between(&interval, context, others),
            false => Ok(Vec::new()),
        };
        let between = match between {
            Ok(between) => between,
            Err(failure) => return self.try_later(at, &failure, context),
        };
        let generation = &mut self.generations[at];
        let place = generation.place.clone();
        // The new content came after the last time that the old one was there.
        let since = generation.intact;
        let watch = generation.watch.take();
        let Some(file) = self.leave_file(at, copy) else {
            return;
        };
        let stamp = file
            .metadata()
            .as_ref()
            .map_or(FileStamp::default(), FileStamp::of);
        let opened = OpenFile {
            id,
            size: stamp.size,
            stamp,
            path: place,
            before: since,
            // Since the search it may have been copied and truncated again: nothing is known.
            head: Vec::new(),
            file,
        };
        let start = StartPoint::default();
        let progress = context.keep(&self.path, id, &start, since, false);
        let mut generation = Generation::plain(opened, start, &context.options.split, progress);
        generation.after_truncation = true;
        generation.look_again();
        generation.watch = watch;
        generation.announce.push_back(FileEvent::Truncated {
            path: self.path.clone(),
            read,
        });
        for (nth, generation) in between.into_iter().chain([generation]).enumerate() {
            self.generations.insert(at + 1 + nth, generation);
        }
        self.keep_order(context);
        self.check = true;
    }

    /// Something that this needs failed: nothing was done, and it is tried again with the next
    /// periodic check.
    fn try_later(&mut self, at: usize, failure: &OpenError, context: &mut Context) {
        self.generations[at].retry_later();
        self.report_retry(failure, context);
    }

    /// A generation continues in the copy that was made of it, or ends. Returns its file.
    fn leave_file(&mut self, at: usize, copy: Option<Copy>) -> Option<File> {
        let generation = &mut self.generations[at];
        let from = generation.position();
        let (rotated, file) = match copy {
            None => return generation.detach(),
            Some(Copy::Plain(copy)) => {
                let rotated = (copy.size > from).then(|| copy.path.clone());
                (rotated, generation.move_to(copy))
            }
            Some(Copy::Compressed(decompressor, id, place)) => (
                Some(place.clone()),
                generation.move_to_compressed(decompressor, id, place),
            ),
        };
        if let Some(rotated) = rotated {
            generation.announce.push_back(FileEvent::RotatedRead {
                path: self.path.clone(),
                rotated,
                from,
            });
        }
        file
    }

    /// A file of which nothing was read has changed: reads first what may have been copied from
    /// it before it was truncated.
    pub(in crate::follow) fn copied_unread(
        &mut self,
        at: usize,
        context: &mut Context,
        others: &Others<'_>,
    ) {
        let generation = &self.generations[at];
        let siblings = match siblings::siblings(&self.path, |sibling| self.holds(sibling.id)) {
            Ok(siblings) => siblings,
            Err(failure) => return self.try_later(at, &failure, context),
        };
        let place = place_of(generation.id, &siblings);
        let id = generation.id;
        if place.is_none() && !self.is_at(id) {
            // Removed: what was rotated since came after it.
            return;
        }
        let generation = &self.generations[at];
        let interval = Interval {
            siblings: &siblings,
            before: Predecessor::nothing(generation.progress.opened()),
            which: Selector {
                younger_than: None,
                older_than: place,
            },
            fingerprint: generation.whole_fingerprint(),
            now: generation.id,
            are_copies: true,
        };
        let copies = match self.open_between(&interval, context, others) {
            Ok(copies) => copies,
            Err(failure) => return self.try_later(at, &failure, context),
        };
        for (nth, mut copy) in copies.into_iter().enumerate() {
            copy.settled = true;
            self.generations.insert(at + nth, copy);
        }
        self.keep_order(context);
    }

    /// True if this file has the name now.
    fn is_at(&self, id: FileId) -> bool {
        file::identify(&self.path).is_ok_and(|(now, _)| now == id)
    }

    /// The copy that was made of a generation before it was truncated, with all that had been
    /// written to it.
    fn find_copy(
        &self,
        at: usize,
        siblings: &[Sibling],
        before: Predecessor,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Option<Copy>, OpenError> {
        let generation = &self.generations[at];
        let fingerprint = generation.fingerprint();
        if fingerprint.head.length == 0 {
            return Ok(None);
        }
        let mut candidates: Vec<_> = siblings
            .iter()
            .filter(|s| s.id != generation.id)
            .filter(|s| s.is_touched_since(before.since) && s.is_created_since(before.since))
            .filter(|s| {
                !self.holds(s.id) && !others.hold(s.id) && !context.recently_closed.has(s.id)
            })
            .collect();
        candidates.sort_by_key(|s| (s.compression.is_some(), std::cmp::Reverse(s.size)));
        for sibling in candidates {
            if sibling.is_packed_copy_in(siblings) {
                continue;
            }
            let opened = match sibling.open() {
                Ok(opened) => opened,
                Err(failure @ (OpenError::NoDescriptors | OpenError::Changing)) => {
                    return Err(failure);
                }
                Err(_) => continue,
            };
            match sibling.compression {
                None if opened.size < generation.position() => {}
                None => {
                    if fingerprint.matches(&opened.file).unwrap_or(false) {
                        return Ok(Some(Copy::Plain(opened)));
                    }
                }
                Some(compression) => {
                    match decompress_from(
                        opened.file.try_clone()?,
                        compression,
                        &fingerprint,
                        generation.position(),
                    ) {
                        Ok(Some((decompressor, _))) => {
                            return Ok(Some(Copy::Compressed(
                                decompressor,
                                opened.id,
                                opened.path,
                            )));
                        }
                        Ok(None) => {}
                        Err(error) => match failed(error, &opened.file, context.options.quiet) {
                            OpenError::Unreadable(error) => {
                                context.report(FileEvent::RotatedUnreadable {
                                    path: self.path.clone(),
                                    rotated: opened.path,
                                    reason: error.to_string(),
                                });
                            }
                            failure => return Err(failure),
                        },
                    }
                }
            }
        }
        Ok(None)
    }
}
