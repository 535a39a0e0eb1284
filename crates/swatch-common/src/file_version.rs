//! Recognizing that a file has changed, without reading it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Device, inode, size, and the times of modification and change of a file: equal as long as nobody
/// has written to it, replaced it, or changed its owner or mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileVersion([i64; 7]);

impl FileVersion {
    /// The version that this metadata is of.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        Self([
            meta.dev().cast_signed(),
            meta.ino().cast_signed(),
            meta.size().cast_signed(),
            meta.mtime(),
            meta.mtime_nsec(),
            meta.ctime(),
            meta.ctime_nsec(),
        ])
    }
}
