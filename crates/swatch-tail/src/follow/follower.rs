//! The follower: all followed paths, served in turn.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::checkpoint::{Checkpoint, Covered};
use crate::event::FileEvent;
use crate::pattern::Pattern;
use crate::records::block::Block;
use crate::waker::Waker;

use super::context::Context;
use super::file::{self, OpenError};
use super::path::Pending;
use super::path::{Begin, FollowedPath, More, Others};
use super::reactor::{FollowerId, Hint, Reactor};
use super::recently_closed::RecentlyClosed;

use super::options::{FollowError, FollowOptions};

/// The result of [`Follower::next`].
#[derive(Debug)]
pub enum Event {
    /// New records of one file.
    Records(Block),
    /// Something to report; in order with the records.
    File(FileEvent),
    /// [`Waker::wake`] was called.
    Woken,
    /// Nothing came in the time given.
    TimedOut,
}

/// The progress in one file, for a status display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus {
    /// The path that is followed.
    pub path: PathBuf,
    /// The offset up to which it has been read, in bytes.
    pub read: u64,
    /// Its size in bytes when it was last checked.
    pub size: u64,
    /// True if it is the old file of a rotation.
    pub replaced: bool,
}

/// The number of used blocks that are kept for reuse.
const SPARES: usize = 4;

/// The number of looks in the time of one while files are changing.
const RETRIES: u32 = 20;

/// Follows files by name and by content.
///
/// Each path has a sequence of generations: the file that has the name now, and those that had
/// it before, as long as they have unread lines or may still be written to. Within one
/// generation the records come in the order in which they were written, and the rest of an old
/// generation comes before the next one.
///
/// Uses inotify events of the files and their directories, and also checks the files periodically,
/// so that nothing depends on events. Each follower takes one inotify instance (the system allows
/// each user 128 of them by default); without one it only polls.
#[derive(Debug)]
pub struct Follower {
    /// Another thread waits on behalf of this follower.
    shares_reactor: bool,
    context: Context,
    patterns: Vec<Pattern>,
    paths: Vec<FollowedPath>,
    /// The path to serve next: all get their turn.
    turn: usize,
    next_look: Instant,
    next_match: Instant,
    /// Dropped events have been reported since the last look.
    drop_reported: bool,
}

impl Follower {
    /// Starts to follow. The present content of existing files is skipped (see
    /// [`FollowOptions::from_start`]), except where `checkpoint` knows a position in them.
    ///
    /// With a state, a file that matches one of the patterns followed before and has no position
    /// appeared in the meantime and is read from its beginning.
    ///
    /// All files are opened here, so that what is written after the call is seen, even if the
    /// process is killed before the first record: the checkpoint is saved as by
    /// [`Checkpoint::save_unsynced`]. If that fails, so will the next save, which says why.
    ///
    /// # Errors
    /// When one of the paths is a directory or anything else that is not a regular file, or the
    /// system has no descriptor left for the waker. A file that is absent or unreadable is not an
    /// error.
    pub fn open(
        patterns: impl IntoIterator<Item = Pattern>,
        options: FollowOptions,
        checkpoint: &Checkpoint,
    ) -> Result<Follower, FollowError> {
        let mut follower = Follower::open_in(&Reactor::new()?, patterns, options, checkpoint)?;
        follower.shares_reactor = false;
        Ok(follower)
    }

    /// As [`open`](Follower::open), for a follower whose [`next`](Follower::next) never blocks,
    /// because a [`Reactor`] waits for it and others.
    ///
    /// # Errors
    /// As [`open`](Follower::open).
    pub fn open_in(
        reactor: &Reactor,
        patterns: impl IntoIterator<Item = Pattern>,
        options: FollowOptions,
        checkpoint: &Checkpoint,
    ) -> Result<Follower, FollowError> {
        let patterns: Vec<Pattern> = patterns.into_iter().collect();
        check_kinds(&patterns)?;
        let subscription = reactor.join();
        let taken = checkpoint.take_up(&patterns);
        let now = Instant::now();
        let mut follower = Follower {
            shares_reactor: true,
            next_look: subscription.next_tick(now, options.stat_interval),
            next_match: now + options.glob_interval,
            context: Context {
                options,
                checkpoint: checkpoint.clone(),
                subscription,
                recently_closed: RecentlyClosed::default(),
                spare: Vec::new(),
                events: VecDeque::new(),
                released: false,
                retry_soon: false,
            },
            patterns: Vec::new(),
            paths: Vec::new(),
            turn: 0,
            drop_reported: false,
        };
        for pattern in &patterns {
            let mut begin = follower.begin_of(pattern, &taken.covered);
            if taken.is_lost && begin == Begin::End {
                begin = Begin::Lost;
            }
            follower.add_names(pattern, begin, false);
            // A file that a pattern found before may be gone, and its lines in a rotated one.
            for saved in &taken.saved {
                if matches!(pattern, Pattern::Glob(_)) && pattern.matches(&saved.path) {
                    follower.add_name(saved.path.clone(), true, begin, false);
                }
            }
        }
        for saved in taken.saved {
            if let Some(name) = follower.paths.iter_mut().find(|n| n.path == saved.path) {
                let progress = follower.context.checkpoint.keep(saved.clone());
                name.pending.push(Pending { saved, progress });
            }
        }
        follower.patterns = patterns;
        follower.poll_all();
        let _ = checkpoint.save_unsynced();
        Ok(follower)
    }

    /// Waits for the next records, event or wake-up; `None` waits without limit.
    ///
    /// In a shared [`Reactor`] it does not wait but returns [`Event::TimedOut`] where it would;
    /// the reactor then reports this follower when there is something to do, or after `timeout`.
    ///
    /// Call it again at once after a block or an event: the next one may be ready. The follower
    /// takes as much memory as one block for each file; the rest stays in the files.
    ///
    /// # Errors
    /// When the system refuses to wait. Never because of a file.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Event, FollowError> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            if !self.shares_reactor {
                self.context.subscription.reactor().dispatch();
            }
            self.take_hints();
            if self.context.subscription.take_woken() {
                return Ok(Event::Woken);
            }
            let now = Instant::now();
            if now >= self.next_look {
                self.look_at_all(now);
            }
            self.expire(now);
            if let Some(event) = self.advance() {
                return Ok(event);
            }
            if self.has_work() {
                continue;
            }
            let is_over = deadline.is_some_and(|deadline| now >= deadline);
            if is_over && !self.shares_reactor {
                return Ok(Event::TimedOut);
            }
            self.context.subscription.arm(self.next_due(deadline));
            if self.shares_reactor {
                return Ok(Event::TimedOut);
            }
            self.context.subscription.reactor().wait(None)?;
        }
    }

    /// Names this follower in its reactor.
    pub fn id(&self) -> FollowerId {
        self.context.subscription.id()
    }

    /// A handle by which another thread makes [`next`](Follower::next) return
    /// [`Event::Woken`].
    pub fn waker(&self) -> Waker {
        self.context.subscription.waker()
    }

    /// Follows these patterns from now on. Files that were followed before and still are continue
    /// at their positions; others that exist are read from their end, unless
    /// [`FollowOptions::from_start`] is set. Nothing is lost or doubled by it, so a program
    /// that reloads its configuration should use this rather than a new follower.
    ///
    /// # Errors
    /// As [`open`](Follower::open); then nothing has changed.
    pub fn set_patterns(
        &mut self,
        patterns: impl IntoIterator<Item = Pattern>,
    ) -> Result<(), FollowError> {
        let patterns: Vec<Pattern> = patterns.into_iter().collect();
        check_kinds(&patterns)?;
        let stays = |path: &PathBuf| patterns.iter().any(|p| p.matches(path));
        let (kept, dropped) = std::mem::take(&mut self.paths)
            .into_iter()
            .partition(|name| stays(&name.path));
        self.paths = kept;
        for name in dropped {
            name.drop_all(&mut self.context);
        }
        self.context
            .recently_closed
            .forget(|path| !stays(&path.to_owned()));
        self.turn = 0;
        let covered = self.context.checkpoint.cover(&patterns);
        for pattern in &patterns {
            let begin = self.begin_of(pattern, &covered);
            self.add_names(pattern, begin, false);
        }
        self.patterns = patterns;
        self.poll_all();
        let _ = self.context.checkpoint.save_unsynced();
        Ok(())
    }

    /// The progress in each file, ordered by name.
    pub fn status(&self) -> Vec<FileStatus> {
        self.paths.iter().flat_map(FollowedPath::status).collect()
    }

    /// Gives back a block that is no longer needed, so that its buffer can be reused.
    pub fn recycle(&mut self, block: Block) {
        if self.context.spare.len() < SPARES && block.bytes().len() >= 32 * 1024 {
            self.context.spare.push(block);
        }
    }

    /// The start position for files of a pattern that is new, or was `covered` before.
    fn begin_of(&self, pattern: &Pattern, covered: &[Covered]) -> Begin {
        let before = covered.iter().find(|c| c.pattern == pattern.as_path());
        match before {
            Some(before) => Begin::Since(before.since),
            None if self.context.options.from_start => Begin::Start,
            None => Begin::End,
        }
    }

    fn add_names(&mut self, pattern: &Pattern, begin: Begin, appears: bool) {
        let is_glob = matches!(pattern, Pattern::Glob(_));
        let found = pattern.expand();
        if found.is_empty() && !appears {
            self.context.report(FileEvent::NothingMatches {
                pattern: pattern.as_path().into(),
            });
        }
        for path in found {
            self.add_name(path, is_glob, begin, appears);
        }
    }

    fn add_name(&mut self, path: PathBuf, from_glob: bool, begin: Begin, appears: bool) {
        if let Err(at) = self.paths.binary_search_by(|name| name.path.cmp(&path)) {
            let mut name = FollowedPath::new(path, from_glob, begin);
            name.appears = appears;
            self.paths.insert(at, name);
        }
    }

    fn has_work(&self) -> bool {
        !self.context.events.is_empty() || self.paths.iter().any(FollowedPath::has_work)
    }

    /// When there is something to do without an event.
    fn next_due(&self, deadline: Option<Instant>) -> Option<Instant> {
        let quiet = self.context.options.quiet;
        let expiries = self.paths.iter().filter_map(|path| path.next_expiry(quiet));
        expiries.chain([self.next_look]).chain(deadline).min()
    }

    fn take_hints(&mut self) {
        for hint in self.context.subscription.take_hints() {
            match hint {
                Hint::File(watch) => {
                    self.paths.iter_mut().for_each(|name| name.hint_file(watch));
                }
                Hint::Entry(directory, entry) => {
                    let names = self.paths.iter_mut();
                    names.for_each(|name| name.hint_entry(&directory, &entry));
                }
                Hint::Anything => self.next_look = Instant::now(),
                Hint::Dropped => {
                    self.paths.iter_mut().for_each(FollowedPath::hint_all);
                    if !std::mem::replace(&mut self.drop_reported, true) {
                        self.context.report(FileEvent::EventsDropped);
                    }
                }
            }
        }
    }

    /// The periodic check, for changes that raise no events.
    fn look_at_all(&mut self, now: Instant) {
        let interval = self.context.options.stat_interval;
        self.next_look = self.context.subscription.next_tick(now, interval);
        self.drop_reported = false;
        if now >= self.next_match {
            self.next_match = now + self.context.options.glob_interval;
            for pattern in self.patterns.clone() {
                if matches!(pattern, Pattern::Glob(_)) {
                    self.add_names(&pattern, Begin::Start, true);
                }
            }
        }
        let quiet = self.context.options.quiet;
        self.paths.retain(|name| !name.is_vanished(quiet));
        self.paths.iter_mut().for_each(FollowedPath::check_metadata);
        let entries = self.paths.iter().flat_map(|name| &name.entries);
        let needed = entries.cloned().collect();
        self.context.subscription.set_entries(needed);
    }

    fn expire(&mut self, now: Instant) {
        let quiet = self.context.options.quiet;
        for name in &mut self.paths {
            if name.next_expiry(quiet).is_some_and(|at| at <= now) || name.from_glob {
                name.expire(quiet, &mut self.context);
            }
        }
    }

    fn poll_all(&mut self) {
        for at in 0..self.paths.len() {
            self.poll(at);
        }
        self.settle();
    }

    fn poll(&mut self, at: usize) {
        let (name, others, context) = self.split(at);
        name.poll(context, &others);
    }

    /// After files were closed, paths that waited for them are polled again; after a look at files
    /// that were changing, all are.
    fn settle(&mut self) {
        if std::mem::take(&mut self.context.released) {
            for name in &mut self.paths {
                name.check |= !name.named;
            }
        }
        if std::mem::take(&mut self.context.retry_soon) {
            let pause = self.context.options.stat_interval / RETRIES;
            self.next_look = self.next_look.min(Instant::now() + pause);
        }
        if let Some(reason) = self.context.subscription.failure() {
            self.context.report(FileEvent::NoEvents { reason });
        }
    }

    /// One step of work; an event if it gave one.
    fn advance(&mut self) -> Option<Event> {
        for _ in 0..self.paths.len() {
            if let Some(event) = self.context.events.pop_front() {
                return Some(Event::File(event));
            }
            self.turn = (self.turn + 1) % self.paths.len();
            if !self.paths[self.turn].has_work() {
                continue;
            }
            if self.paths[self.turn].check {
                self.poll(self.turn);
            }
            let (name, others, context) = self.split(self.turn);
            let more = name.more(context, &others);
            self.settle();
            if let More::Event(event) = more {
                return Some(event);
            }
        }
        self.context.events.pop_front().map(Event::File)
    }

    /// One followed path, with access to the rest that it needs.
    fn split(&mut self, at: usize) -> (&mut FollowedPath, Others<'_>, &mut Context) {
        let (left, rest) = self.paths.split_at_mut(at);
        let (name, right) = rest
            .split_first_mut()
            .expect("`at` is the number of a name");
        (name, Others { left, right }, &mut self.context)
    }
}

/// Rejects paths that can never be followed.
fn check_kinds(patterns: &[Pattern]) -> Result<(), FollowError> {
    let paths: BTreeSet<&PathBuf> = patterns
        .iter()
        .filter_map(|pattern| match pattern {
            Pattern::Path(path) => Some(path),
            Pattern::Glob(_) => None,
        })
        .collect();
    for path in paths {
        if let Err(OpenError::NotAFile(kind)) = file::identify(path) {
            return Err(FollowError::NotAFile {
                path: path.clone(),
                kind: kind.name,
                hint: kind.hint,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
