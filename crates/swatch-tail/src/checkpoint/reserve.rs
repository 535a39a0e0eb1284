//! Space for a state on a full disk.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::format::{self, State, Unreadable};
use super::store::{check_file, options};

/// The least space that is reserved for a state, in bytes: enough for some 40 files.
const LEAST: usize = 16 * 1024;

/// A file with space for two states. They are overwritten in turn, each in its place, which takes
/// no new space: if the process is killed in the middle of it, the other one is the state before.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    /// The number of bytes for each of the two states, as far as is known.
    size: usize,
}

impl Reserve {
    pub(super) fn at(path: PathBuf) -> Self {
        Reserve { path, size: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes room for states of twice this length, as they may grow while the disk is full. Without
    /// it a full disk only costs more. What is in it must be older than a state in another file.
    pub(super) fn grow(&mut self, length: usize) {
        if self.size >= LEAST.max(length + length / 2) {
            return;
        }
        let wanted = LEAST.max((2 * length).next_power_of_two());
        let grown = || {
            let (file, has) = self.open(options().create(true))?;
            if has >= wanted {
                return Some(has);
            }
            // In its place, because there may not be space for the old one and the new one.
            let spaces = vec![b' '; 2 * wanted];
            file.write_all_at(&spaces, 0).is_ok().then_some(wanted)
        };
        self.size = grown().unwrap_or(self.size);
    }

    /// Opens it for writing; also returns the number of bytes that each state has.
    fn open(&self, options: &mut OpenOptions) -> Option<(File, usize)> {
        let file = options.write(true).open(&self.path).ok()?;
        check_file(&file, &self.path).ok()?;
        let length = file.metadata().ok()?.len();
        Some((file, usize::try_from(length).ok()? / 2))
    }

    /// Writes a state with this number. Returns true if that worked.
    pub(super) fn write(&self, text: &[u8], sequence: u64) -> bool {
        let write = || {
            let (file, size) = self.open(&mut options())?;
            let mut padded = text.to_vec();
            padded.resize(size.max(text.len()), b' ');
            let at = sequence % 2 * size as u64;
            let fits = text.len() <= size;
            fits.then(|| file.write_all_at(&padded, at).ok()).flatten()
        };
        write().is_some()
    }
}

/// Reads the newer of the two states. Earlier versions used all of the space for one.
pub(super) fn parse(text: &[u8]) -> Result<(State, u64), Unreadable> {
    let (first, second) = text.split_at(text.len() / 2);
    match (format::parse(first), format::parse(second)) {
        (Ok(a), Ok(b)) if a.1 > b.1 => Ok(a),
        (_, Ok(b)) => Ok(b),
        (Ok(a), _) => Ok(a),
        (Err(Unreadable::Damaged(_)), Err(Unreadable::Damaged(_))) => format::parse(text),
        (Err(later @ Unreadable::Later(_)), _) | (_, Err(later)) => Err(later),
    }
}
