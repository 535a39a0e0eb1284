//! Finding again the files that were followed before a restart.

use std::sync::Arc;
use std::time::Instant;

use super::super::context::Context;
use super::super::file::{self, OpenError};
use super::super::generation::{Generation, StartPoint};
use super::super::missed_generations::{Interval, LastGeneration, Predecessor, Selector};
use super::super::recently_closed::{ClosedFile, PER_NAME};
use super::super::siblings;
use super::super::writers;
use super::search::Found;
use super::{FollowedPath, Others, WATCHED};
use crate::checkpoint::{Progress, Saved};
use crate::event::FileEvent;
use crate::fingerprint::{FileId, Fingerprint};

/// The number of searches, one after the other, while files are being renamed.
const SEARCHES: usize = 4;

/// A saved position whose file has not been found yet.
#[derive(Debug)]
pub(in crate::follow) struct Pending {
    pub(in crate::follow) saved: Saved,
    pub(in crate::follow) progress: Arc<Progress>,
}

impl Pending {
    pub(in crate::follow) fn id(&self) -> FileId {
        self.saved.id
    }
}

impl FollowedPath {
    /// Takes up the saved positions of this name, oldest generation first. Those for which there
    /// is no descriptor left stay pending.
    pub(in crate::follow) fn resume(&mut self, context: &mut Context, others: &Others<'_>) {
        self.pending.sort_by_key(|pending| !pending.saved.replaced);
        let mut siblings = match self.list() {
            Ok(siblings) => siblings,
            Err(failure) => return self.missing(failure, context),
        };
        let since = Instant::now();
        let mut searches = 0;
        while let Some(pending) = self.pending.first() {
            let found = match self.locate(pending, &siblings, context, others) {
                Ok(found) => found,
                Err(failure) => {
                    searches += 1;
                    let is_changing = matches!(failure, OpenError::Changing);
                    match self.list() {
                        Ok(now) if is_changing && searches < SEARCHES => siblings = now,
                        _ => return self.missing(failure, context),
                    }
                    continue;
                }
            };
            searches = 0;
            let pending = self.pending.remove(0);
            if self.is_done_with(&pending, &found, since) {
                self.remember(&pending, true, context);
                continue;
            }
            match self.generation_of(&pending, found, context) {
                Ok(Some(generation)) => {
                    self.generations.push_back(generation);
                    self.gone = None;
                    if pending.saved.fingerprint.head.length == 0 && !pending.saved.replaced {
                        // It was empty: what was written and truncated since may be in a copy.
                        self.copied_unread(self.generations.len() - 1, context, others);
                    }
                }
                Ok(None) => self.not_found(&pending, context),
                Err(error) => {
                    context.report(FileEvent::RotatedUnreadable {
                        path: self.path.clone(),
                        rotated: self.path.clone(),
                        reason: error.to_string(),
                    });
                    pending.progress.forget();
                }
            }
        }
        context.released = true;
        // Without a file of this name nothing would bring up what was rotated since; the last of
        // it may be written to until there is one.
        if let Err(OpenError::Absent) = file::identify(&self.path)
            && let Ok(between) = self.between(FileId::NONE, context, others)
            && !between.is_empty()
        {
            self.generations.iter_mut().for_each(Generation::lose_name);
            self.generations.extend(between);
            self.keep_order(context);
            self.gone = None;
            if let Some(last) = self.generations.back_mut() {
                last.regain_name();
            }
        }
    }

    /// True if a file was read to its end and replaced, and no process writes to it now.
    fn is_done_with(&self, pending: &Pending, found: &Found, since: Instant) -> bool {
        let saved = &pending.saved;
        saved.replaced
            && match found {
                Found::Plain(opened) => {
                    self.pending.len() > WATCHED
                        && opened.size == saved.offset
                        && writers::has_writer(&opened.file, since) != Some(true)
                }
                // It was compressed already when it was read.
                Found::Compressed(_, _, id, _) => !saved.unread && id.is_same_birth(&saved.id),
                Found::Nowhere => false,
            }
    }

    fn generation_of(
        &mut self,
        pending: &Pending,
        found: Found,
        context: &mut Context,
    ) -> std::io::Result<Option<Generation>> {
        let saved = &pending.saved;
        let progress = pending.progress.clone();
        let split = &context.options.split;
        let (mut generation, more) = match found {
            Found::Nowhere => return Ok(None),
            Found::Plain(opened) => {
                let (id, place) = (opened.id, opened.path.clone());
                let more = opened.size > saved.offset;
                let start = StartPoint::read(&opened.file, saved.offset)?;
                let mut generation = Generation::plain(opened, start, split, progress);
                // This is the copy made before the truncation; no process writes to it.
                generation.settled = place != self.path && id != pending.id();
                generation.replaced = saved.replaced;
                generation.watch = generation
                    .file()
                    .and_then(|f| context.subscription.watch_file(f));
                (generation, more)
            }
            Found::Compressed(decompressor, start, id, place) => {
                let generation =
                    Generation::compressed(decompressor, id, place, start, split, progress);
                (generation, true)
            }
        };
        generation.progress.moved_to(generation.id);
        if generation.place != self.path && more {
            generation.announce.push_back(FileEvent::RotatedRead {
                path: self.path.clone(),
                rotated: generation.place.clone(),
                from: saved.offset,
            });
        }
        if generation.id != pending.id() {
            self.note_truncation(pending);
        }
        Ok(Some(generation))
    }

    fn not_found(&mut self, pending: &Pending, context: &mut Context) {
        let saved = &pending.saved;
        let is_empty = saved.fingerprint.head.length == 0;
        // Something may have been written to it, and it may have been compressed, since. What came
        // after it is known, unless that is too much.
        let is_searched = is_empty && self.pending.len() < PER_NAME;
        if saved.replaced && !saved.unread && !is_searched {
            // Removed or compressed since; if it is found in another place, it is known.
            return self.remember(pending, false, context);
        }
        if is_empty {
            // None of its content was known, so it counts as a missed generation.
            pending.progress.forget();
            let since = self.unseen.unwrap_or(u64::MAX).min(saved.opened);
            self.unseen = Some(since);
            if self.generations.is_empty() {
                self.gone = Some(LastGeneration::nothing(since));
            }
            return;
        }
        pending.progress.forget();
        let is_read = saved.replaced || saved.offset == 0;
        if !self.note_truncation(pending) && (saved.unread || !is_read) {
            context.report(FileEvent::Lost {
                path: self.path.clone(),
                from: saved.offset,
            });
        }
        let before = Predecessor {
            id: pending.id(),
            since: saved.opened,
        };
        self.gone = Some(LastGeneration {
            before,
            fingerprint: saved.fingerprint,
            is_intact: false,
        });
    }

    /// Opens the generations of which nothing was known but that they were there. Returns whether
    /// that is done with.
    pub(in crate::follow) fn open_unseen(
        &mut self,
        context: &mut Context,
        others: &Others<'_>,
    ) -> bool {
        let Some(since) = self.unseen else {
            return true;
        };
        match self.search_unseen(since, context, others) {
            Ok(found) => {
                self.unseen = None;
                self.generations.extend(found);
                self.keep_order(context);
                true
            }
            Err(failure) => {
                self.report_retry(&failure, context);
                false
            }
        }
    }

    fn search_unseen(
        &self,
        since: u64,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Generation>, OpenError> {
        let siblings = siblings::siblings(&self.path, |sibling| self.holds(sibling.id))?;
        let interval = Interval {
            siblings: &siblings,
            before: Predecessor::nothing(since),
            which: Selector::default(),
            fingerprint: Fingerprint::default(),
            now: file::identify(&self.path).map_or(FileId::NONE, |(id, _)| id),
            are_copies: false,
        };
        self.open_between(&interval, context, others)
    }

    /// True if the file still has the name, but not its content.
    fn note_truncation(&mut self, pending: &Pending) -> bool {
        let id = pending.id();
        let is_here = file::identify(&self.path).is_ok_and(|(now, _)| now.is_same_birth(&id));
        if is_here {
            self.truncated = Some((id, pending.saved.offset));
        }
        is_here
    }

    /// It needs no generation, but is known if it comes back; what came after it is younger.
    fn remember(&mut self, pending: &Pending, is_intact: bool, context: &mut Context) {
        let saved = &pending.saved;
        context.recently_closed.remember(ClosedFile {
            id: saved.id,
            fingerprint: saved.fingerprint,
            head: Vec::new(),
            position: saved.offset,
            progress: pending.progress.clone(),
            has_rest: false,
        });
        let (id, since) = (saved.id, saved.opened);
        self.gone = Some(LastGeneration {
            before: Predecessor { id, since },
            fingerprint: saved.fingerprint,
            is_intact,
        });
    }
}
