//! One followed path, and the generations of its file.

mod recovery;
mod rotation;
mod search;
mod truncation;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::inotify::WatchDescriptor;

use super::context::Context;
use super::file::{OpenError, OpenFile};
use super::generation::{Change, Generation};
use super::missed_generations::{LastGeneration, Predecessor};
use super::siblings;
use super::writers;
use super::{Event, FileStatus};
use crate::event::FileEvent;
use crate::fingerprint::FileId;
use crate::records::assembler::Assembled;
pub(super) use recovery::Pending;

/// The maximum number of old generations that are watched because a program may still write to
/// them.
pub(super) const WATCHED: usize = 4;

/// A name that is followed.
///
/// `generations` holds the generations, oldest first. If `named`, the last one is the file that has
/// the name now.
#[derive(Debug)]
pub(super) struct FollowedPath {
    pub(super) path: PathBuf,
    /// Found by a glob pattern: not waited for when it is gone.
    pub(super) from_glob: bool,
    pub(super) generations: VecDeque<Generation>,
    pub(super) named: bool,
    /// The name must be looked up.
    pub(super) check: bool,
    /// The start position in a file about which nothing is known.
    pub(super) begin: Begin,
    /// Reported with the first file that gets the name.
    pub(super) appears: bool,
    pub(super) absent_since: Option<Instant>,
    pub(super) absence_reported: bool,
    /// The last report about a file that cannot be opened.
    pub(super) warning: Option<String>,
    pub(super) descriptors_reported: bool,
    /// Saved positions that are still to be taken up.
    pub(super) pending: Vec<Pending>,
    /// Generations that existed before the start but had not been examined: since when, in
    /// milliseconds since 1970.
    pub(super) unseen: Option<u64>,
    /// The generation that had the name before, where none is open any more.
    pub(super) gone: Option<LastGeneration>,
    /// The file that had the name before the start was truncated since.
    pub(super) truncated: Option<(FileId, u64)>,
    /// The directory entries that decide which file has the name.
    pub(super) entries: Vec<(PathBuf, OsString)>,
}

/// The start position in a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// Its content is old: it was there when following started.
    End,
    /// As [`Begin::End`], but the file could not be opened then; it had this size.
    Size(FileId, u64),
    /// The position in it is lost: it is read from its beginning, but not without a bound.
    Lost,
    Start,
    /// As [`Begin::Start`]; and generations that came and lost the name since this time, in
    /// milliseconds since 1970, are to be read before.
    Since(u64),
}

/// The names that are followed besides one.
pub(super) struct Others<'a> {
    pub(super) left: &'a [FollowedPath],
    pub(super) right: &'a [FollowedPath],
}

impl Others<'_> {
    fn names(&self) -> impl Iterator<Item = &FollowedPath> {
        self.left.iter().chain(self.right)
    }

    /// True if another name's lines are read from this file.
    pub(super) fn read(&self, id: FileId) -> bool {
        let mut generations = self.names().flat_map(|name| &name.generations);
        generations.any(|s| s.id == id && !s.over)
    }

    /// True if they are, or may be once its saved positions have been taken up.
    pub(super) fn hold(&self, id: FileId) -> bool {
        let mut pending = self.names().flat_map(|name| &name.pending);
        self.read(id) || pending.any(|p| p.id().is_same_birth(&id))
    }

    /// As [`read`](Self::read), for a file that was known before the start: its inode number may
    /// be that of a later file by now.
    pub(super) fn read_same_birth(&self, id: FileId) -> bool {
        let mut generations = self.names().flat_map(|name| &name.generations);
        generations.any(|s| s.id.is_same_birth(&id) && !s.over)
    }

    /// True if a rotation of another followed path would produce `path`.
    pub(super) fn rotate_to(&self, path: &Path) -> bool {
        self.names()
            .any(|name| siblings::is_sibling(&name.path, path))
    }

    /// True if it is a copy of what another name's lines are read from.
    pub(super) fn hold_original_of(&self, copy: &OpenFile) -> bool {
        let mut generations = self.names().flat_map(|name| &name.generations);
        generations.any(|s| s.fingerprint().is_copy(&copy.file).unwrap_or(false))
    }
}

/// The result of asking a followed path for more.
pub(super) enum More {
    Event(Event),
    /// Something was read, but no record is whole yet: ask again.
    Again,
    Nothing,
}

impl FollowedPath {
    pub(super) fn new(path: PathBuf, from_glob: bool, begin: Begin) -> Self {
        FollowedPath {
            entries: siblings::entries(&path),
            path,
            from_glob,
            generations: VecDeque::new(),
            named: false,
            check: true,
            begin,
            appears: false,
            absent_since: None,
            absence_reported: false,
            warning: None,
            descriptors_reported: false,
            pending: Vec::new(),
            unseen: None,
            gone: match begin {
                Begin::Since(since) => Some(LastGeneration::nothing(since)),
                _ => None,
            },
            truncated: None,
        }
    }

    pub(super) fn has_work(&self) -> bool {
        self.check || self.generations.iter().any(Generation::has_work)
    }

    /// The next event of this name: of the oldest generation that has one. The name must have
    /// been examined before if it had to.
    pub(super) fn more(&mut self, context: &mut Context, others: &Others<'_>) -> More {
        let mut at = 0;
        while at < self.generations.len() {
            let generation = &mut self.generations[at];
            if let Some(event) = generation.announce.pop_front() {
                return More::Event(Event::File(event));
            }
            match generation.take() {
                Some(Assembled::Block(block)) => return More::Event(Event::Records(block)),
                Some(Assembled::Cut { end, kept, skipped }) => {
                    return More::Event(Event::File(FileEvent::RecordTooLong {
                        path: Some(self.path.clone()),
                        end,
                        kept,
                        skipped,
                    }));
                }
                None => {}
            }
            if generation.over {
                self.retire(at, context);
                continue;
            }
            if !generation.dirty {
                at += 1;
                continue;
            }
            match generation.read_new(&mut context.spare, context.options.quiet) {
                Ok(Change::Grown) => {
                    self.readable(at);
                    return More::Again;
                }
                Ok(Change::Quiet) => {
                    generation.dirty = false;
                    if generation.settled {
                        generation.finish();
                    }
                }
                Ok(Change::Unread) => self.copied_unread(at, context, others),
                Ok(Change::Incomplete) => {
                    generation.dirty = false;
                    context.retry(&OpenError::Changing);
                }
                Ok(Change::Ended) => generation.finish(),
                Ok(Change::Rewritten) => self.rewritten(at, context, others),
                Err(error) => self.unreadable(at, &error),
            }
        }
        More::Nothing
    }

    /// A file that is open cannot be read.
    fn unreadable(&mut self, at: usize, error: &io::Error) {
        let generation = &mut self.generations[at];
        generation.retry_later();
        if generation.replaced {
            generation.announce.push_back(FileEvent::RotatedUnreadable {
                path: self.path.clone(),
                rotated: generation.place.clone(),
                reason: error.to_string(),
            });
            generation.finish();
        } else if self.warning.as_deref() != Some(&error.to_string()) {
            self.warning = Some(error.to_string());
            generation.announce.push_back(FileEvent::Unreadable {
                path: self.path.clone(),
                reason: error.to_string(),
            });
        }
    }

    /// A file that could not be read can be, again.
    fn readable(&mut self, at: usize) {
        if self.named && at + 1 == self.generations.len() && self.warning.take().is_some() {
            let path = self.path.clone();
            self.generations[at]
                .announce
                .push_back(FileEvent::Readable { path });
        }
    }

    /// Keeps the positions in the order of the generations, for the restart.
    pub(super) fn keep_order(&self, context: &Context) {
        let in_order: Vec<_> = self.generations.iter().map(|s| &s.progress).collect();
        context.checkpoint.order(&in_order);
    }

    /// Lets go of a generation that is over.
    fn retire(&mut self, at: usize, context: &mut Context) {
        let Some(generation) = self.generations.remove(at) else {
            return;
        };
        if let Some(watch) = generation.watch {
            context.subscription.forget_file(watch);
        }
        if self.named && at == self.generations.len() {
            self.named = false;
            self.check = true;
        }
        generation.progress.set_replaced(true);
        // One that is known to be younger stays the last.
        let is_known = |last: LastGeneration| last.before.id != FileId::NONE;
        if self.generations.is_empty() && !self.gone.is_some_and(is_known) {
            let before = Predecessor {
                id: generation.id,
                since: generation.progress.opened(),
            };
            self.gone = Some(LastGeneration {
                before,
                fingerprint: generation.fingerprint(),
                is_intact: true,
            });
        }
        context.recently_closed.remember(generation.known());
        // Another name may have waited for this file.
        context.released = true;
    }

    /// Leaves the generations that lost the path, have been quiet for long enough, and are not
    /// written to by anyone.
    pub(super) fn expire(&mut self, quiet: Duration, context: &mut Context) {
        for at in 0..self.generations.len() {
            let generation = &mut self.generations[at];
            let is_due = |due: Instant| due <= Instant::now();
            if generation.dirty || !generation.expires_at(quiet).is_some_and(is_due) {
                continue;
            }
            match generation.read_new(&mut context.spare, context.options.quiet) {
                Ok(Change::Grown) => generation.dirty = true,
                Ok(Change::Quiet | Change::Unread) => self.leave_or_keep(at, quiet),
                Ok(Change::Incomplete) => {}
                Ok(Change::Ended | Change::Rewritten) => generation.finish(),
                Err(error) => self.unreadable(at, &error),
            }
        }
        self.leave_too_many();
        if self.from_glob
            && self
                .absent_since
                .is_some_and(|since| since.elapsed() >= quiet)
        {
            // A vanished path from a glob is not waited for; its rest is treated like rotated
            // files.
            self.generations.iter_mut().for_each(|s| {
                if !s.replaced {
                    s.lose_name();
                }
            });
        }
    }

    /// Keeps a rotated file open as long as another process writes to it. If that cannot be known,
    /// it is kept until the next rotation.
    fn leave_or_keep(&mut self, at: usize, quiet: Duration) {
        let mut younger = self.generations.iter().skip(at + 1);
        let is_last_rotated = !younger.any(|generation| generation.replaced);
        let generation = &mut self.generations[at];
        let writer = generation.file().map_or(Some(false), |file| {
            writers::has_writer(file, generation.stirred)
        });
        match writer {
            Some(true) => generation.keep(quiet, true),
            None if is_last_rotated => {
                generation.hand_over_rest();
                generation.keep(quiet, false);
            }
            _ => self.leave(at, false),
        }
    }

    /// A program that never reopens its log must not cost a descriptor for each rotation.
    fn leave_too_many(&mut self) {
        let is_kept = |(_, generation): &(usize, &Generation)| generation.has_late_writer();
        let kept: Vec<usize> = self
            .generations
            .iter()
            .enumerate()
            .filter(is_kept)
            .map(|(at, _)| at)
            .collect();
        for at in kept.iter().take(kept.len().saturating_sub(WATCHED)) {
            self.leave(*at, true);
        }
    }

    /// Stops reading a rotated file.
    fn leave(&mut self, at: usize, is_open: bool) {
        let generation = &mut self.generations[at];
        if generation.has_late_writer() {
            generation.announce.push_back(FileEvent::Left {
                path: self.path.clone(),
                rotated: generation.current_name(),
                is_open,
            });
        }
        generation.finish();
    }

    /// True if nothing is left of a file that a glob pattern had found.
    pub(super) fn is_vanished(&self, quiet: Duration) -> bool {
        self.from_glob
            && self.generations.is_empty()
            && self
                .absent_since
                .is_some_and(|since| since.elapsed() >= quiet)
    }

    /// When [`expire`](Self::expire) has something to do next.
    pub(super) fn next_expiry(&self, quiet: Duration) -> Option<Instant> {
        let generations = self.generations.iter();
        generations.filter_map(|g| g.expires_at(quiet)).min()
    }

    /// Looks whether anything has changed, without events.
    pub(super) fn check_metadata(&mut self) {
        self.check = true;
        self.generations
            .iter_mut()
            .for_each(Generation::check_metadata);
    }

    /// The path is no longer followed.
    pub(super) fn drop_all(self, context: &mut Context) {
        for generation in self.generations {
            generation.progress.forget();
            if let Some(watch) = generation.watch {
                context.subscription.forget_file(watch);
            }
        }
        for pending in self.pending {
            pending.progress.forget();
        }
    }

    /// Something happened to the file of this watch.
    pub(super) fn hint_file(&mut self, watch: WatchDescriptor) {
        for generation in &mut self.generations {
            if generation.watch == Some(watch) {
                generation.dirty = true;
            }
        }
    }

    /// Something happened to this directory entry.
    pub(super) fn hint_entry(&mut self, directory: &Path, entry: &OsString) {
        let is_ours = |(dir, name): &(PathBuf, OsString)| dir == directory && name == entry;
        self.check |= self.entries.iter().any(is_ours);
    }

    /// Everything must be checked.
    pub(super) fn hint_all(&mut self) {
        self.check = true;
        self.generations.iter_mut().for_each(|s| s.dirty = true);
    }

    pub(super) fn status(&self) -> impl Iterator<Item = FileStatus> + '_ {
        self.generations.iter().map(|generation| FileStatus {
            path: self.path.clone(),
            read: generation.position(),
            size: generation.size(),
            replaced: generation.replaced,
        })
    }
}
