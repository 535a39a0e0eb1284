//! Missed generations: files that had the name only between two looks, then were rotated, copied or
//! compressed.

use std::fs::File;
use std::io::Seek;
use std::sync::Arc;

use super::compressed::{decompress_from, failed};
use super::context::Context;
use super::file::{self, OpenError, OpenFile};
use super::generation::{Generation, StartPoint};
use super::path::{FollowedPath, Others};
use super::siblings::{self, Sibling};
use crate::checkpoint::Progress;
use crate::compressed::Decompressor;
use crate::event::FileEvent;
use crate::fingerprint::{FileId, Fingerprint, WINDOW, Window, read_window};

/// The generation that had the path before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Predecessor {
    pub(super) id: FileId,
    /// Since when it had the path as far as is known, in milliseconds since 1970: what came after
    /// it is younger.
    pub(super) since: u64,
}

impl Predecessor {
    /// Nothing had the path.
    pub(super) fn nothing(since: u64) -> Self {
        let id = FileId::NONE;
        Predecessor { id, since }
    }
}

/// The generation that had the path before, where none is open any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastGeneration {
    pub(super) before: Predecessor,
    pub(super) fingerprint: Fingerprint,
    /// True if it still has its content: if so, its place shows which generations came after it.
    pub(super) is_intact: bool,
}

impl LastGeneration {
    /// Nothing had the path.
    pub(super) fn nothing(since: u64) -> Self {
        LastGeneration {
            before: Predecessor::nothing(since),
            fingerprint: Fingerprint::default(),
            is_intact: false,
        }
    }
}

/// Limits the generations to those between two siblings.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Selector<'a> {
    pub(super) younger_than: Option<&'a Sibling>,
    pub(super) older_than: Option<&'a Sibling>,
}

/// The time between two looks: the generation before it, and the one that is there now.
pub(super) struct Interval<'a> {
    pub(super) siblings: &'a [Sibling],
    pub(super) before: Predecessor,
    pub(super) which: Selector<'a>,
    /// Its fingerprint.
    pub(super) fingerprint: Fingerprint,
    pub(super) now: FileId,
    /// The generations that are searched for are copies of the file that has the name: one that is
    /// empty is still being made, and nothing of it is lost if it is not read.
    pub(super) are_copies: bool,
}

impl<'a> Interval<'a> {
    /// The generations in this interval, oldest first: those that came after the predecessor, and
    /// lost the path themselves between two looks.
    fn siblings(&self) -> Vec<&'a Sibling> {
        let before = self.before;
        let is_meant = |sibling: &&Sibling| {
            let is_late = match self.which.younger_than {
                // A later place in the order is proof enough of its age.
                Some(place) => sibling.is_younger_than(place),
                None => {
                    sibling.id.is_same_birth(&before.id) || sibling.is_created_since(before.since)
                }
            };
            is_late
                && sibling.is_touched_since(before.since)
                && self
                    .which
                    .older_than
                    .is_none_or(|place| place.is_younger_than(sibling))
        };
        siblings::in_order(self.siblings.iter().filter(is_meant).collect())
    }

    /// The file that had the name before, if it is there still under another.
    fn original(&self, than: &OpenFile) -> Option<File> {
        let sibling = place_of(self.before.id, self.siblings)?;
        let is_other = sibling.id != than.id && sibling.compression.is_none();
        let opened = is_other.then(|| file::open(&sibling.path).ok()).flatten()?;
        // A file that was truncated since proves nothing.
        let is_intact =
            opened.id == self.before.id && self.fingerprint.matches(&opened.file).ok()?;
        is_intact.then_some(opened.file)
    }
}

/// True if the end of a file is found at the same offset in the file that it may be a copy of: many
/// files begin alike. Of a shorter original nothing is known there.
fn agree(original: &File, copy: &OpenFile) -> bool {
    let length = copy.size.min(WINDOW as u64);
    let end_of = |file| read_window(file, copy.size - length, length as usize);
    let is_longer = original
        .metadata()
        .is_ok_and(|meta| meta.len() >= copy.size);
    !is_longer || matches!((end_of(original), end_of(&copy.file)), (Ok(a), Ok(b)) if a == b)
}

impl FollowedPath {
    /// Opens the generations between the one that had the name before and `now`, the file that
    /// has it now.
    pub(super) fn between(
        &mut self,
        now: FileId,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Generation>, OpenError> {
        let last = self.gone.filter(|last| last.is_intact);
        let siblings = siblings::siblings(&self.path, |sibling| {
            self.holds(sibling.id)
                || last.is_some_and(|last| last.before.id.is_same_birth(&sibling.id))
        })?;
        let (before, fingerprint, is_intact) = match (self.gone, self.generations.back()) {
            (Some(gone), _) => {
                // If it was not found, so little of it may have been read that many files begin
                // alike.
                let is_clear = gone.is_intact || gone.fingerprint.is_telling();
                let fingerprint = Some(gone.fingerprint).filter(|_| is_clear);
                (gone.before, fingerprint.unwrap_or_default(), gone.is_intact)
            }
            (None, Some(generation)) => {
                let (id, since) = (generation.id, generation.progress.opened());
                let fingerprint = generation.whole_fingerprint();
                (Predecessor { id, since }, fingerprint, true)
            }
            (None, None) => return Ok(Vec::new()),
        };
        let younger_than = place_of(before.id, &siblings)
            .filter(|_| is_intact)
            .or_else(|| packed_place(&fingerprint, &siblings));
        let interval = Interval {
            siblings: &siblings,
            before,
            which: Selector {
                younger_than,
                older_than: None,
            },
            fingerprint,
            now,
            are_copies: false,
        };
        self.open_between(&interval, context, others)
    }

    /// Opens the generations of an interval, oldest first.
    pub(super) fn open_between(
        &self,
        interval: &Interval<'_>,
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Vec<Generation>, OpenError> {
        let mut generations: Vec<Generation> = Vec::new();
        for sibling in interval.siblings() {
            if sibling.id == interval.now || self.holds(sibling.id) || others.hold(sibling.id) {
                continue;
            }
            // The original may be there no longer, but have been opened.
            let is_packed_copy_of = |generation: &Generation| {
                let is_named = sibling.plain_path().as_ref() == Some(&generation.place);
                is_named && (generation.file()).is_some_and(|f| sibling.is_packed_copy_of(f))
            };
            if sibling.is_packed_copy_in(interval.siblings)
                || generations.iter().any(is_packed_copy_of)
            {
                continue;
            }
            match self.open_sibling(sibling, interval, context) {
                Ok(generation) => generations.extend(generation),
                // All or none.
                Err(failure @ (OpenError::NoDescriptors | OpenError::Changing)) => {
                    context.put_back(generations);
                    return Err(failure);
                }
                Err(OpenError::Unreadable(error)) => {
                    context.report(FileEvent::RotatedUnreadable {
                        path: self.path.clone(),
                        rotated: sibling.path.clone(),
                        reason: error.to_string(),
                    });
                }
                Err(OpenError::Absent | OpenError::NotAFile(_)) => {}
            }
        }
        Ok(generations)
    }

    /// Opens a generation that was never seen with the name. `None` if it was read already.
    fn open_sibling(
        &self,
        sibling: &Sibling,
        interval: &Interval<'_>,
        context: &mut Context,
    ) -> Result<Option<Generation>, OpenError> {
        let opened = sibling.open()?;
        if interval.are_copies && opened.size == 0 {
            return Ok(None);
        }
        let split = context.options.split.clone();
        let mut generation = if let Some(compression) = sibling.compression {
            if context.recently_closed.has(opened.id) {
                return Ok(None);
            }
            let failed = |error| failed(error, &opened.file, context.options.quiet);
            let rest = |fingerprint: &Fingerprint, at| {
                decompress_from(opened.file.try_clone()?, compression, fingerprint, at)
            };
            let found = context.recently_closed.take_rest(&self.path, rest);
            if let Some((known, (decompressor, start))) = found.map_err(failed)? {
                let (id, progress) = (opened.id, known.progress);
                progress.moved_to(id);
                let place = opened.path;
                return Ok(Some(Generation::compressed(
                    decompressor,
                    id,
                    place,
                    start,
                    &split,
                    progress,
                )));
            }
            (&opened.file).rewind()?;
            let file = opened.file.try_clone()?;
            let head = Decompressor::new(file, compression).and_then(|d| d.head(WINDOW));
            let head = head.map_err(failed)?;
            let is_known = |fingerprint: &Fingerprint| {
                fingerprint.head.length > 0 && starts_with(&head, fingerprint.head)
            };
            let is_open = || {
                self.generations
                    .iter()
                    .any(|s| is_known(&s.whole_fingerprint()))
            };
            if is_known(&interval.fingerprint)
                || is_open()
                || context.recently_closed.any_of(&self.path, is_known)
            {
                return Ok(None);
            }
            (&opened.file).rewind()?;
            let decompressor = Decompressor::new(opened.file, compression)?;
            let start = StartPoint::default();
            let progress = context.keep(&self.path, opened.id, &start, opened.before, true);
            Generation::compressed(
                decompressor,
                opened.id,
                opened.path,
                start,
                &split,
                progress,
            )
        } else {
            let is_copy =
                |fingerprint: &Fingerprint| fingerprint.is_copy(&opened.file).unwrap_or(false);
            let is_copy_of_previous = is_copy(&interval.fingerprint)
                && interval
                    .original(&opened)
                    .is_none_or(|original| agree(&original, &opened));
            let is_copy_of = |s: &Generation| {
                is_copy(&s.whole_fingerprint()) && s.original().is_none_or(|o| agree(o, &opened))
            };
            if is_copy_of_previous || self.generations.iter().any(is_copy_of) {
                return Ok(None);
            }
            let is_part = |s: &Generation| s.is_truncated() && s.known().has_part(&opened);
            if self.generations.iter().any(is_part)
                || context.recently_closed.has_part(&self.path, &opened)
            {
                return Ok(None);
            }
            let known = context.recently_closed.recognize(&opened, true);
            let (start, progress) = match known {
                Some(known) if opened.size <= known.position => {
                    context.recently_closed.remember(known);
                    return Ok(None);
                }
                Some(known) => {
                    let start = StartPoint::read(&opened.file, known.position)?;
                    (start, known.progress)
                }
                None => {
                    let start = StartPoint::default();
                    let progress = context.keep(&self.path, opened.id, &start, opened.before, true);
                    (start, progress)
                }
            };
            self.rotated(opened, start, progress, context)
        };
        if generation.position() == 0 {
            generation.announce.push_back(FileEvent::RotatedRead {
                path: self.path.clone(),
                rotated: sibling.path.clone(),
                from: 0,
            });
        }
        Ok(Some(generation))
    }

    /// A plain file that has lost the name.
    pub(super) fn rotated(
        &self,
        opened: OpenFile,
        start: StartPoint,
        progress: Arc<Progress>,
        context: &mut Context,
    ) -> Generation {
        let mut generation = Generation::plain(opened, start, &context.options.split, progress);
        generation.lose_name();
        generation.watch = generation
            .file()
            .and_then(|f| context.subscription.watch_file(f));
        generation
    }

    pub(super) fn holds(&self, id: FileId) -> bool {
        self.generations.iter().any(|s| s.id == id)
    }

    /// Something is tried again with the next periodic check; the user can help only if descriptors
    /// are missing.
    pub(super) fn report_retry(&mut self, failure: &OpenError, context: &mut Context) {
        context.retry(failure);
        let is_want = matches!(failure, OpenError::NoDescriptors);
        if is_want && !std::mem::replace(&mut self.descriptors_reported, true) {
            let path = self.path.clone();
            context.report(FileEvent::NoDescriptors { path });
        }
    }
}

/// The place of a file among the rotated ones.
pub(super) fn place_of(id: FileId, siblings: &[Sibling]) -> Option<&Sibling> {
    siblings.iter().find(|s| s.id.is_same_birth(&id))
}

/// The place of the one compressed file with the content of a file that is not there any more.
fn packed_place<'a>(fingerprint: &Fingerprint, siblings: &'a [Sibling]) -> Option<&'a Sibling> {
    if !fingerprint.is_telling() {
        return None;
    }
    let is_it = |sibling: &&Sibling| {
        let Some(compression) = sibling.compression else {
            return false;
        };
        let opened = sibling.open().ok();
        let at = fingerprint.mark.end;
        let found = opened.map(|o| decompress_from(o.file, compression, fingerprint, at));
        matches!(found, Some(Ok(Some(_))))
    };
    let mut found = siblings.iter().filter(is_it);
    found.next().filter(|_| found.next().is_none())
}

/// True if the first bytes are those of a window at the beginning of a file.
fn starts_with(bytes: &[u8], head: Window) -> bool {
    let length = head.length as usize;
    bytes
        .get(..length)
        .is_some_and(|bytes| Window::of(bytes, head.end) == head)
}
