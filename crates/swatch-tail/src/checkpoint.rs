//! Positions: a record of the lines that have been handled, kept across restarts.

mod clock;
mod format;
mod lock;
mod progress;
mod reserve;
mod store;
#[cfg(test)]
mod tests;
mod view;

use crate::event::FileEvent;
use crate::pattern::Pattern;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use clock::kernel_time;
use clock::not_in_the_future;
use format::State;
pub(crate) use format::{Covered, Saved};
pub use progress::Position;
pub(crate) use progress::Progress;
use store::Store;
pub use store::{StateError, check_state_dir};
pub use view::{SavedLog, SavedPosition, SavedState};

/// The positions of all files of one [`Follower`](crate::Follower): up to where the actions of
/// the records are done. Clones are handles to the same positions, for any thread.
///
/// With a state file, [`save`](Checkpoint::save) writes them there, and after a restart
/// [`load`](Checkpoint::load) finds them. Each follower needs a state file of its own.
///
/// A follower that is opened with the same handle after another one was dropped continues where
/// that one stopped, with or without a state file; the records of the old one should have been
/// handled by then.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// Counts the changes, so that saving what is saved already costs nothing.
    changes: Arc<AtomicU64>,
    store: Option<Mutex<Store>>,
}

/// Everything that is written to the state.
#[derive(Debug, Default)]
struct Table {
    /// The positions of the files followed now.
    live: Vec<Arc<Progress>>,
    /// Loaded positions that have not been taken up yet.
    loaded: Vec<Saved>,
    /// The patterns that the positions cover.
    patterns: Vec<Covered>,
    cursors: BTreeMap<String, String>,
    /// There were positions, but they cannot be read any more.
    is_lost: bool,
}

/// The result of [`Checkpoint::load`].
#[derive(Debug)]
pub struct Loaded {
    /// The handle.
    pub checkpoint: Checkpoint,
    /// Set if there was a state that could not be used.
    pub events: Vec<FileEvent>,
}

impl Checkpoint {
    /// Positions in memory only: [`save`](Checkpoint::save) does nothing.
    pub fn in_memory() -> Self {
        Checkpoint::with(Table::default(), None)
    }

    /// Loads the positions from `state`, a file that need not exist yet, in a directory that must.
    ///
    /// Beside it lie `NAME.lock`, `NAME.tmp` and `NAME.unsynced`. If a crash left several states,
    /// the newest that is whole is used. If there is none that is whole, the file is set aside
    /// and an event reports it, so that following can continue.
    ///
    /// The files are opened without following symbolic links, and must be plain files of this
    /// user, or of root, that others cannot write. For the directory see [`check_state_dir`].
    ///
    /// # Errors
    /// When the state cannot be opened or locked, is in use by another process, can be changed by
    /// other users, or was written by a later version.
    pub fn load(state: &Path) -> Result<Loaded, StateError> {
        let (mut store, mut events) = Store::open(state)?;
        let found = store.load()?;
        events.extend(found.events);
        let table = Table {
            live: Vec::new(),
            loaded: found.state.files,
            patterns: found.state.patterns,
            cursors: found.state.cursors,
            is_lost: found.is_lost,
        };
        Ok(Loaded {
            checkpoint: Checkpoint::with(table, Some(store)),
            events,
        })
    }

    fn with(table: Table, store: Option<Store>) -> Self {
        Checkpoint {
            shared: Arc::new(Shared {
                table: Mutex::new(table),
                changes: Arc::default(),
                store: store.map(Mutex::new),
            }),
        }
    }

    /// Writes the positions if they have changed, so that they survive a crash of the machine:
    /// temporary file, `fsync`, rename, `fsync` of the directory. Without a state file it does
    /// nothing.
    ///
    /// # Errors
    /// When the state cannot be written, for example because the disk is full. The state before is
    /// then still there, following can continue, and the next call tries again.
    pub fn save(&self) -> Result<(), StateError> {
        self.write(true)
    }

    /// As [`save`](Checkpoint::save) without `fsync`: survives a crash or `kill -9` of this
    /// process but perhaps not one of the machine, and costs some 50 µs instead of milliseconds.
    /// It writes a file of its own, so that what was saved durably before stays safe.
    ///
    /// # Errors
    /// As [`save`](Checkpoint::save).
    pub fn save_unsynced(&self) -> Result<(), StateError> {
        self.write(false)
    }

    fn write(&self, durable: bool) -> Result<(), StateError> {
        let Some(store) = &self.shared.store else {
            return Ok(());
        };
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        // Read before the positions: a change in between is then written twice, never missed.
        let changes = self.shared.changes.load(Ordering::Acquire);
        if store.is_current(changes, durable) {
            return Ok(());
        }
        let state = self.state();
        store.write(&state, changes, durable)
    }

    fn state(&self) -> State {
        let mut table = self.table();
        table.drop_over();
        let mut files = table.loaded.clone();
        files.extend(table.live.iter().map(|progress| progress.saved()));
        State {
            patterns: table.patterns.clone(),
            files,
            cursors: table.cursors.clone(),
        }
    }

    /// The positions in the files followed now. Does not disturb the threads that follow them.
    pub fn positions(&self) -> Vec<Position> {
        let table = self.table();
        table.live.iter().map(|live| live.position()).collect()
    }

    /// A position of another kind that was saved under this name, such as a journal's cursor.
    pub fn cursor(&self, name: &str) -> Option<String> {
        self.table().cursors.get(name).cloned()
    }

    /// Keeps a position of another kind; it is written with the next save.
    pub fn set_cursor(&self, name: &str, value: &str) {
        let mut table = self.table();
        let old = table.cursors.insert(name.to_owned(), value.to_owned());
        if old.as_deref() != Some(value) {
            self.changed();
        }
    }

    /// Takes over everything known about the files of these patterns, and forgets the rest.
    /// Returns the positions in the order in which the files were opened.
    pub(crate) fn take_up(&self, patterns: &[Pattern]) -> TakenUp {
        let mut table = self.table();
        let mut saved = std::mem::take(&mut table.loaded);
        saved.extend(table.live.drain(..).map(|progress| progress.saved()));
        for file in &mut saved {
            file.opened = not_in_the_future(file.opened);
            file.modified = not_in_the_future(file.modified);
        }
        let mut covered = table.cover(patterns);
        for pattern in &mut covered {
            pattern.since = not_in_the_future(pattern.since);
        }
        let is_lost = std::mem::take(&mut table.is_lost);
        self.changed();
        TakenUp {
            saved,
            covered,
            is_lost,
        }
    }

    /// The patterns change while following. Returns what was covered before.
    pub(crate) fn cover(&self, patterns: &[Pattern]) -> Vec<Covered> {
        self.changed();
        self.table().cover(patterns)
    }

    /// Begins to keep the position of a file.
    pub(crate) fn keep(&self, saved: Saved) -> Arc<Progress> {
        let progress = Arc::new(Progress::new(saved, self.shared.changes.clone()));
        let mut table = self.table();
        // Not only when the state is written: there may be none, or nothing to write for long.
        table.drop_over();
        table.live.push(progress.clone());
        self.changed();
        progress
    }

    /// Puts these positions in this order among each other.
    pub(crate) fn order(&self, in_order: &[&Arc<Progress>]) {
        let mut table = self.table();
        let is_kept = |p: &&&Arc<Progress>| table.live.iter().any(|other| Arc::ptr_eq(p, other));
        let in_order: Vec<_> = in_order.iter().filter(is_kept).copied().collect();
        let is_meant = |p: &Arc<Progress>| in_order.iter().any(|other| Arc::ptr_eq(p, other));
        let meant = table.live.iter_mut().filter(|p| is_meant(p));
        for (place, progress) in meant.zip(&in_order) {
            *place = Arc::clone(progress);
        }
        self.changed();
    }

    fn changed(&self) {
        self.shared.changes.fetch_add(1, Ordering::AcqRel);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole at every point where a thread could panic.
        self.shared
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Drops the positions that are no longer needed.
    fn drop_over(&mut self) {
        self.live.retain(|progress| !progress.is_over());
    }

    /// Replaces the patterns; those that stay keep their time.
    fn cover(&mut self, patterns: &[Pattern]) -> Vec<Covered> {
        let now = kernel_time();
        let old = std::mem::take(&mut self.patterns);
        let cover = |pattern: &Pattern| {
            let known = old.iter().find(|c| c.pattern == pattern.as_path());
            let fresh = || Covered {
                pattern: pattern.as_path().into(),
                since: now,
            };
            known.cloned().unwrap_or_else(fresh)
        };
        self.patterns = patterns.iter().map(cover).collect();
        old
    }
}

/// The saved state as it was when a follower starts.
#[derive(Debug)]
pub(crate) struct TakenUp {
    pub(crate) saved: Vec<Saved>,
    /// The patterns that were followed then: a file of one of these that has no position did
    /// not exist.
    pub(crate) covered: Vec<Covered>,
    /// There were positions, but they are lost.
    pub(crate) is_lost: bool,
}

/// The maximum number of bytes of a log that are read again if its saved position is lost.
pub(crate) const REREAD: u64 = 64 * 1024 * 1024;
