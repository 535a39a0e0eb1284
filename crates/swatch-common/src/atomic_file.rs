//! A file replaced as a whole: readers see the old contents or the new, never a mixture, and a
//! crash in between leaves the old ones.
//!
//! The new contents are written to a fresh file beside the old one, which is then renamed over
//! it. A symbolic link at either name is replaced, never followed, so a link that somebody
//! planted cannot direct the write elsewhere. The directory itself is the caller's to check (see
//! [`trust`](crate::trust)).

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The power failures that a replacement must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Left to the kernel: after a power failure the old contents, the new ones, or an empty file
    /// may be there. For what is cheap to make again.
    #[default]
    None,
    /// The contents are fsynced before the rename: after a power failure the old contents or the
    /// new ones are there.
    File,
    /// The directory is fsynced as well: once the call returns, the new contents are there to
    /// stay. For what loses a lock, a count or a position when it is lost.
    FileAndDirectory,
}

/// A replacement of a file.
#[derive(Debug, Clone)]
pub struct AtomicFile<'a> {
    path: &'a Path,
    mode: u32,
    durability: Durability,
    suffix: Option<&'a str>,
}

/// A replacement that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", crate::sanitize::path(path))]
pub struct AtomicFileError {
    /// The step, as a verb: `create`, `write`, `sync`, `rename`.
    pub doing: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl<'a> AtomicFile<'a> {
    /// A replacement of the file at `path` with mode 0600 and without durability.
    #[must_use]
    pub fn new(path: &'a Path) -> Self {
        Self {
            path,
            mode: 0o600,
            durability: Durability::None,
            suffix: None,
        }
    }

    /// The permissions of the new file, whatever the umask is.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// The durability that is needed.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Gives the temporary file the name of the file with this suffix instead of a random one, so
    /// that a crash leaves at most one. Only for files that one process writes at a time.
    #[must_use]
    pub fn temporary_suffix(mut self, suffix: &'a str) -> Self {
        self.suffix = Some(suffix);
        self
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// The step that failed and the system's reason. The old contents are then still in place,
    /// unless it was the sync of the directory that failed.
    pub fn write(&self, contents: &[u8]) -> Result<(), AtomicFileError> {
        self.write_with(|file| file.write_all(contents))
    }

    /// Replaces the file with what `fill` writes.
    ///
    /// # Errors
    /// As [`write`](Self::write); an error of `fill` is one of the step `write`.
    pub fn write_with(
        &self,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), AtomicFileError> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| AtomicFileError {
                doing,
                path,
                source,
            }
        };
        let mut temporary = self
            .temporary(directory)
            .map_err(failed("create a file for", self.path))?;
        let file = temporary.as_file_mut();
        // The umask applied when the file was created.
        file.set_permissions(Permissions::from_mode(self.mode))
            .map_err(failed("set the mode of", self.path))?;
        fill(file).map_err(failed("write", self.path))?;
        if self.durability != Durability::None {
            file.sync_all().map_err(failed("sync", self.path))?;
        }
        temporary
            .persist(self.path)
            .map_err(|error| failed("replace", self.path)(error.error))?;
        if self.durability == Durability::FileAndDirectory {
            sync_directory(directory).map_err(failed("sync the directory", directory))?;
        }
        Ok(())
    }

    /// A new file that is ours alone: created exclusively, removed unless it is persisted.
    fn temporary(&self, directory: &Path) -> io::Result<tempfile::NamedTempFile> {
        let name = self.path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut builder = tempfile::Builder::new();
        builder.permissions(Permissions::from_mode(0o600));
        if let Some(suffix) = self.suffix {
            let mut fixed = name.to_owned();
            fixed.push(suffix);
            // A leftover or a trap: never written to.
            match fs::remove_file(directory.join(&fixed)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            return builder.prefix(&fixed).rand_bytes(0).tempfile_in(directory);
        }
        let mut hidden = OsString::from(".");
        hidden.push(name);
        builder
            .prefix(&hidden)
            .suffix(".tmp")
            .rand_bytes(8)
            .tempfile_in(directory)
    }
}

/// Makes the names in a directory durable: files that were created, renamed or removed.
///
/// # Errors
/// The system's. A file system that cannot sync directories is not an error: it has nothing
/// better to offer.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests;
