//! Advisory locks on files: one process at a time does a thing.
//!
//! The locks are those of `flock(2)`: they belong to the open file, end with the process that
//! holds them however it ends, and bind only those who ask for them.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file that is open and locked. Dropping it gives the lock back.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    found: Metadata,
}

/// The reason why a file could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum FileLockError {
    /// Another process has held the lock all the time.
    #[error("{} is locked by another process", crate::sanitize::path(path))]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It is a symbolic link, a directory, a pipe or a device.
    #[error("{} is not a regular file", crate::sanitize::path(path))]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The system's refusal.
    #[error("cannot {doing} {}: {source}", crate::sanitize::path(path))]
    Io {
        /// The step, as a verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The pause between two tries, at first and at most. The kernel has no lock with a time limit.
const PAUSES: [Duration; 2] = [Duration::from_micros(300), Duration::from_millis(10)];

impl FileLock {
    /// Opens a file for reading and appending, creating it with `mode` if it is missing, and
    /// locks it. Waits up to `patience` for a lock that another process holds; zero tries once.
    ///
    /// A symbolic link is not followed, and opening never blocks. The file that is locked is the
    /// one that has the name: if it was renamed or removed before the lock was ours, the new one
    /// is taken.
    ///
    /// # Errors
    /// [`FileLockError`].
    pub fn acquire(path: &Path, mode: u32, patience: Duration) -> Result<Self, FileLockError> {
        let begun = Instant::now();
        loop {
            let file = open(path, mode)?;
            wait_for(&file, path, begun, patience)?;
            let found = file.metadata().map_err(failed("examine", path))?;
            let there = path.symlink_metadata();
            if there.is_ok_and(|there| identity(&there) == identity(&found)) {
                return Ok(Self { file, found });
            }
            if begun.elapsed() > patience {
                return Err(FileLockError::Busy { path: path.into() });
            }
        }
    }

    /// The open file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The file's state when it was locked.
    #[must_use]
    pub fn found(&self) -> &Metadata {
        &self.found
    }
}

impl std::ops::Deref for FileLock {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

fn open(path: &Path, mode: u32) -> Result<File, FileLockError> {
    use nix::libc::{EISDIR, ELOOP, ENXIO, O_NOFOLLOW, O_NONBLOCK};
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(mode)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK)
        .open(path)
        .map_err(|source| match source.raw_os_error() {
            Some(ELOOP | ENXIO | EISDIR) => FileLockError::NotAFile { path: path.into() },
            _ => failed("open", path)(source),
        })?;
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(FileLockError::NotAFile { path: path.into() }),
        Err(source) => Err(failed("examine", path)(source)),
    }
}

fn wait_for(
    file: &File,
    path: &Path,
    begun: Instant,
    patience: Duration,
) -> Result<(), FileLockError> {
    let [mut pause, longest] = PAUSES;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(source)) => return Err(failed("lock", path)(source)),
        }
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(FileLockError::Busy { path: path.into() });
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(longest);
    }
}

fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileLockError {
    let path = path.to_owned();
    move |source| FileLockError::Io {
        doing,
        path,
        source,
    }
}

#[cfg(test)]
mod tests;
