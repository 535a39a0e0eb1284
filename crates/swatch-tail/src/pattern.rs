//! Which files are followed: paths and glob patterns.

mod glob;
mod split;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub use split::split_tail_file;

/// A path, or a glob pattern for all files that match it now and later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// One file, whether it exists or not.
    Path(PathBuf),
    /// As a shell's: `*`, `?` and `[…]` in each component, where a name that starts with a dot
    /// is matched only by a dot, and a backslash takes the meaning from the next byte.
    Glob(PathBuf),
}

impl Pattern {
    /// A pattern if `text` holds any of `*?[` and there is no file of exactly this name; else a
    /// path.
    pub fn new(text: impl Into<OsString>) -> Self {
        let path = PathBuf::from(text.into());
        if glob::is_glob(path.as_os_str().as_bytes()) && path.symlink_metadata().is_err() {
            Pattern::Glob(path)
        } else {
            Pattern::Path(path)
        }
    }

    /// The path or pattern as it was given.
    pub fn as_os_str(&self) -> &OsStr {
        self.as_path().as_os_str()
    }

    pub(crate) fn as_path(&self) -> &Path {
        match self {
            Pattern::Path(path) | Pattern::Glob(path) => path,
        }
    }

    /// True if this pattern matches this path.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        match self {
            Pattern::Path(own) => own == path,
            Pattern::Glob(pattern) => glob::matches_path(pattern, path),
        }
    }

    /// The paths that are to be followed for this pattern now, in order of their names. Those
    /// of compressed files are left out of what a glob finds: they hold no lines.
    pub fn expand(&self) -> Vec<PathBuf> {
        match self {
            Pattern::Path(path) => vec![path.clone()],
            Pattern::Glob(pattern) => glob::expand(pattern),
        }
    }
}
