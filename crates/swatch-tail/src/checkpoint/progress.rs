//! The progress of the actions on one file.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::not_in_the_future;
use super::format::Saved;
use crate::fingerprint::{FileId, Fingerprint, Window};

/// The position in one generation of a file. The follower says what it has handed over, the
/// workers say what is done.
#[derive(Debug)]
pub(crate) struct Progress {
    path: Arc<Path>,
    place: Option<PathBuf>,
    done: AtomicU64,
    facts: Mutex<Facts>,
    changes: Arc<AtomicU64>,
}

/// The progress in one file, for a status display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The path that is followed.
    pub path: PathBuf,
    /// The offset up to which the actions are done, in bytes.
    pub done: u64,
    /// The offset up to which it has been read.
    pub read: u64,
    /// Its size when it was last checked.
    pub size: u64,
    /// True if it is the old file of a rotation.
    pub replaced: bool,
}

#[derive(Debug)]
struct Facts {
    id: FileId,
    opened: u64,
    head: Window,
    /// Ends of blocks that were handed over, oldest first; the first is the last one that is
    /// done with, so that a mark for the saved position is always at hand.
    marks: VecDeque<Window>,
    replaced: bool,
    forgotten: bool,
    /// The end of the last record that was handed over.
    read: u64,
    /// The size of the file when it was last checked.
    size: u64,
    modified: u64,
    /// There was more in it when it was saved, and it has not been checked since.
    had_more: bool,
}

impl Progress {
    pub(super) fn new(saved: Saved, changes: Arc<AtomicU64>) -> Self {
        Progress {
            path: saved.path.into(),
            place: saved.place,
            done: AtomicU64::new(saved.offset),
            facts: Mutex::new(Facts {
                id: saved.id,
                opened: saved.opened,
                head: saved.fingerprint.head,
                marks: VecDeque::from([saved.fingerprint.mark]),
                replaced: saved.replaced,
                forgotten: false,
                read: saved.offset,
                size: saved.offset,
                modified: saved.modified,
                had_more: saved.unread,
            }),
            changes,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn ack(&self, offset: u64) {
        if self.done.fetch_max(offset, Ordering::AcqRel) < offset {
            self.change();
        }
    }

    /// A block that ends with this window has been handed over.
    pub(crate) fn handed_over(&self, mark: Window) {
        let mut facts = self.facts();
        facts.read = facts.read.max(mark.end);
        facts.marks.push_back(mark);
        self.prune(&mut facts);
    }

    /// This is the beginning of the file, if it is more than was known.
    pub(crate) fn set_head(&self, head: Window) {
        let mut facts = self.facts();
        if head.length > facts.head.length {
            facts.head = head;
            self.change();
        }
    }

    /// The file begins again, after a hole.
    pub(crate) fn reset_head(&self, head: Window) {
        self.facts().head = head;
        self.change();
    }

    /// Records the size and modification time of the file, as just seen.
    pub(crate) fn looked_at(&self, size: u64, modified: u64) {
        let mut facts = self.facts();
        if facts.had_more || (facts.size, facts.modified) != (size, modified) {
            (facts.size, facts.modified) = (size, modified);
            facts.had_more = false;
            self.change();
        }
    }

    /// The file has this many bytes now.
    pub(crate) fn set_size(&self, size: u64) {
        let mut facts = self.facts();
        facts.size = size;
        facts.had_more = false;
        self.change();
    }

    /// When the file was first opened, in milliseconds since 1970.
    pub(crate) fn opened(&self) -> u64 {
        not_in_the_future(self.facts().opened)
    }

    /// The rest of the file is read from another one, the copy of a truncated file.
    pub(crate) fn moved_to(&self, id: FileId) {
        self.facts().id = id;
        self.change();
    }

    /// The path names another file now, or does so again.
    pub(crate) fn set_replaced(&self, replaced: bool) {
        self.facts().replaced = replaced;
        self.change();
    }

    /// The file is not followed any more: its position is dropped once all is done.
    pub(crate) fn forget(&self) {
        self.facts().forgotten = true;
        self.change();
    }

    /// True if the position is no longer needed.
    pub(super) fn is_over(&self) -> bool {
        let facts = self.facts();
        facts.forgotten && self.done.load(Ordering::Acquire) >= facts.read
    }

    /// For a status display.
    pub(super) fn position(&self) -> Position {
        let facts = self.facts();
        Position {
            path: self.path.to_path_buf(),
            done: self.done.load(Ordering::Acquire),
            read: facts.read,
            size: facts.size,
            replaced: facts.replaced,
        }
    }

    /// The entry for the state file.
    pub(crate) fn saved(&self) -> Saved {
        let mut facts = self.facts();
        let done = self.prune(&mut facts);
        Saved {
            path: self.path.to_path_buf(),
            place: self.place.clone(),
            id: facts.id,
            offset: done,
            opened: facts.opened,
            modified: facts.modified,
            replaced: facts.replaced,
            unread: facts.size > done || facts.had_more,
            fingerprint: Fingerprint {
                head: facts.head,
                mark: facts.marks.front().copied().unwrap_or_default(),
            },
        }
    }

    /// Drops the marks that will never be needed. Returns the position that is done.
    fn prune(&self, facts: &mut Facts) -> u64 {
        let done = self.done.load(Ordering::Acquire);
        while facts.marks.get(1).is_some_and(|mark| mark.end <= done) {
            facts.marks.pop_front();
        }
        done
    }

    fn change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
