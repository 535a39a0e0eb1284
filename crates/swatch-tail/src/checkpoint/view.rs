//! A state as others than its watch see it: nothing is locked or written.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::format::Saved;
use super::store::Store;
use super::{FileEvent, StateError};
use crate::fingerprint::FileId;

/// The bytes behind a position in which the end of a line is looked for.
const LOOK: usize = 64 * 1024;

/// The positions that a state holds.
#[derive(Debug, Default)]
pub struct SavedState {
    /// The positions in logs, in the order in which they were opened.
    pub positions: Vec<SavedPosition>,
    /// Set if a part of the state, or all of it, is damaged.
    pub events: Vec<FileEvent>,
}

/// The saved position in a log, and the log now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedPosition {
    /// The name under which the log was followed.
    pub path: PathBuf,
    /// The end of the last record whose actions are done, in bytes.
    pub offset: u64,
    /// The log of that name.
    pub log: SavedLog,
}

/// A log compared with a saved position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SavedLog {
    /// There is no file of that name.
    Missing,
    /// It is the same file, and holds so many bytes of whole lines and parts of lines behind the
    /// position; 0 if the last line is not finished yet.
    Same(u64),
    /// It is another file, or was truncated; none of its bytes are read, which are so many.
    Other(u64),
}

impl SavedState {
    /// Reads the state of a watch, also while the watch runs.
    ///
    /// # Errors
    /// It cannot be read, could be changed by other users, or was written by a later version.
    pub fn read(state: &Path) -> Result<Self, StateError> {
        let found = Store::reader(state).load()?;
        // The earlier generations of a log are read to their ends before its name is followed.
        let files = found.state.files.iter().filter(|saved| !saved.replaced);
        Ok(Self {
            positions: files.map(SavedPosition::of).collect(),
            events: found.events,
        })
    }
}

impl SavedPosition {
    fn of(saved: &Saved) -> Self {
        Self {
            path: saved.path.clone(),
            offset: saved.offset,
            log: log(saved).unwrap_or(SavedLog::Missing),
        }
    }
}

fn log(saved: &Saved) -> Option<SavedLog> {
    let file = File::open(&saved.path).ok()?;
    let meta = file.metadata().ok()?;
    if !FileId::of(&meta).is_same_birth(&saved.id) || meta.len() < saved.offset {
        return Some(SavedLog::Other(meta.len()));
    }
    let unread = meta.len() - saved.offset;
    let mut behind = vec![0; LOOK.min(usize::try_from(unread).unwrap_or(LOOK))];
    let is_whole = match file.read_at(&mut behind, saved.offset) {
        Ok(length) => length == LOOK || behind[..length].contains(&b'\n'),
        Err(_) => true,
    };
    Some(SavedLog::Same(if is_whole { unread } else { 0 }))
}
