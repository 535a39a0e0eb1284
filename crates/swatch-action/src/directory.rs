//! The directories that swatch-action writes to: created where they are missing, refused where
//! another user could change them.

use std::{
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use swatch_common::trust::{self, Untrusted};

/// A directory that the settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// The logs of the addresses, `log_dir`.
    Logs,
    /// The state of the locks, `state_dir`.
    State,
}

impl Directory {
    fn name(self) -> &'static str {
        match self {
            Self::Logs => "log directory",
            Self::State => "state directory",
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Logs => "`log_dir` (--log-dir)",
            Self::State => "`state_dir` (--state-dir)",
        }
    }
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another user could plant links and files in it.
    #[error("the {}: {source}", .directory.name())]
    Untrusted {
        /// The directory's purpose.
        directory: Directory,
        /// The file or directory that another user could change, and the command that fixes it.
        source: Untrusted,
    },
    /// Something else is in its place, or in that of a directory above it.
    #[error(
        "the {} {path}: {what} is not a directory: move it away, or name another directory in {}", .directory.name(), .directory.setting()
    )]
    NotAFolder {
        /// The directory's purpose.
        directory: Directory,
        /// Its path.
        path: PathBuf,
        /// The obstacle.
        what: PathBuf,
    },
    /// It, or a directory above it, is a link to nothing.
    #[error(
        "the {} {path}: {link} is a link to {target}, which is not there: make that directory, or name another one in {}", .directory.name(), .directory.setting()
    )]
    Dangling {
        /// The directory's purpose.
        directory: Directory,
        /// Its path.
        path: PathBuf,
        /// The link.
        link: PathBuf,
        /// The link's target.
        target: PathBuf,
    },
    /// The system's refusal.
    #[error("cannot {doing} the {} {path}: {source}{}", .directory.name(), hint(source, *directory))]
    Io {
        /// The step, as a verb.
        doing: &'static str,
        /// The directory's purpose.
        directory: Directory,
        /// Its path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn hint(source: &io::Error, directory: Directory) -> String {
    match source.kind() {
        io::ErrorKind::PermissionDenied => format!(
            ": run it as root, or name a directory of yours in {}",
            directory.setting()
        ),
        _ => format!(": name another directory in {}", directory.setting()),
    }
}

/// Creates a directory where it is missing, and refuses one that another user could change.
///
/// # Errors
/// [`DirectoryError`].
pub fn prepare(dir: &Path, directory: Directory) -> Result<(), DirectoryError> {
    let meta = match dir.metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(dir)
            .and_then(|()| dir.metadata())
            .map_err(|source| explained("make", dir, directory, source))?,
        Err(source) => return Err(explained("use", dir, directory, source)),
    };
    if !meta.is_dir() {
        return Err(DirectoryError::NotAFolder {
            directory,
            path: dir.into(),
            what: dir.into(),
        });
    }
    trust::check_entry_of(dir, &meta)
        .map_err(|source| DirectoryError::Untrusted { directory, source })
}

/// The directories in memory for what must be kept though the disk cannot be written to, in the
/// order in which they are tried. `/run` is root's; the other is for those who are not root, and
/// refused if somebody else has created it.
#[must_use]
pub fn in_memory() -> [PathBuf; 2] {
    let user = nix::unistd::geteuid();
    [
        "/run/swatch-action".into(),
        format!("/dev/shm/swatch-action-{user}").into(),
    ]
}

/// Creates a directory that nobody else can read, and refuses one that another user could change,
/// also by way of a directory above it.
///
/// # Errors
/// The system's reason, or [`Untrusted`].
pub fn prepare_private(dir: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    // The directory itself is judged as one on the way to its files.
    trust::check(&dir.join("any")).map_err(io::Error::other)
}

/// The system answers `File exists` for a dangling link and `Not a directory` for a path below a
/// file. This finds out which name on the way it means.
fn explained(
    doing: &'static str,
    dir: &Path,
    directory: Directory,
    source: io::Error,
) -> DirectoryError {
    for place in dir.ancestors() {
        let Ok(meta) = place.symlink_metadata() else {
            continue;
        };
        if meta.is_symlink()
            && let (Ok(target), Err(error)) = (place.read_link(), place.metadata())
            && error.kind() == io::ErrorKind::NotFound
        {
            return DirectoryError::Dangling {
                directory,
                path: dir.into(),
                link: place.into(),
                target,
            };
        }
        if place.metadata().is_ok_and(|meta| !meta.is_dir()) {
            return DirectoryError::NotAFolder {
                directory,
                path: dir.into(),
                what: place.into(),
            };
        }
        break;
    }
    DirectoryError::Io {
        doing,
        directory,
        path: dir.into(),
        source,
    }
}

#[cfg(test)]
mod tests;
