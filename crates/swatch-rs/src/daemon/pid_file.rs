//! `--pid-file`, which also makes sure that one process at a time uses it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use swatch_common::file_lock::{FileLock, FileLockError};
use swatch_common::sanitize::{self, Sanitized};

/// The time allowed to a process that is shutting down: an init script starts the next one at once.
const HANDOVER: Duration = Duration::from_secs(10);

/// A pid file, locked, and removed when dropped.
///
/// The lock is exclusive while the process runs and shared while it is shutting down. A process
/// that finds it locked waits for one that is shutting down and refuses to start beside one that
/// is not.
pub struct PidFile {
    path: PathBuf,
    lock: FileLock,
}

/// Why the pid file could not be claimed.
#[derive(Debug, thiserror::Error)]
pub enum PidFileError {
    /// Another process has it.
    #[error(
        "already running as process {pid}, which holds the pid file {}",
        Sanitized::path(path)
    )]
    Running {
        /// The process's number, as the file says.
        pid: String,
        /// The file.
        path: PathBuf,
    },
    /// It could not be locked.
    #[error("cannot use the pid file: {0}")]
    Lock(#[from] FileLockError),
    /// It could not be written.
    #[error("cannot write the pid file {}: {source}", Sanitized::path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl PidFileError {
    /// True if it is wrong to run: another process runs, or the path is not a regular file. Without
    /// a pid file for another reason a watch is better than none.
    pub fn is_fatal(&self) -> bool {
        match self {
            PidFileError::Running { .. } => true,
            PidFileError::Lock(e) => !matches!(e, FileLockError::Io { .. }),
            PidFileError::Write { .. } => false,
        }
    }
}

impl PidFile {
    /// Locks the file and writes the number of this process to it, with a newline.
    ///
    /// # Errors
    /// [`PidFileError`].
    pub fn claim(path: &Path) -> Result<Self, PidFileError> {
        let until = Instant::now() + HANDOVER;
        let lock = loop {
            match FileLock::acquire(path, 0o644, Duration::ZERO) {
                Ok(lock) => break lock,
                Err(FileLockError::Busy { .. }) => {}
                Err(e) => return Err(e.into()),
            }
            if Instant::now() > until || !is_shutting_down(path) {
                return Err(PidFileError::Running {
                    pid: read(path),
                    path: path.to_owned(),
                });
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let written = lock
            .file()
            .set_len(0)
            .and_then(|()| writeln!(lock.file(), "{}", std::process::id()))
            // The path may be relative, and the working directory may change.
            .and_then(|()| fs::canonicalize(path));
        match written {
            Ok(path) => Ok(Self { path, lock }),
            Err(source) => Err(PidFileError::Write {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Lets a successor wait for the end of this process instead of refusing to start.
    pub fn shutting_down(&self) {
        let _ = self.lock.file().lock_shared();
    }
}

impl Drop for PidFile {
    /// Removes the file, unless another process has written its own number into it since.
    fn drop(&mut self) {
        if read(&self.path) == std::process::id().to_string() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// True if the process that holds the lock has it shared. A file that is gone meanwhile counts.
fn is_shutting_down(path: &Path) -> bool {
    File::open(path).map_or(true, |file| file.try_lock_shared().is_ok())
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    sanitize::text(text.trim_end().as_bytes())
}

#[cfg(test)]
mod tests;
