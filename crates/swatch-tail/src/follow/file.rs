//! Opening followed files.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::checkpoint::kernel_time;
use crate::fingerprint::{FileId, WINDOW, read_window};

/// A plain file, opened for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) id: FileId,
    pub(super) size: u64,
    pub(super) stamp: FileStamp,
    /// The name under which it was opened.
    pub(super) path: PathBuf,
    /// A time at which it was not open yet, in milliseconds since 1970: whatever comes after it is
    /// written to later.
    pub(super) before: u64,
    /// Its first bytes, read before its metadata. If it is truncated before it is read, they show
    /// that it was, and which copy was made of it.
    pub(super) head: Vec<u8>,
}

/// The metadata that shows, without reading, that a file may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FileStamp {
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// When it was last written to, in milliseconds since 1970.
    pub(super) fn modified(&self) -> u64 {
        self.modified_nanos() / 1_000_000
    }

    /// When it was last written to, in nanoseconds since 1970.
    pub(super) fn modified_nanos(&self) -> u64 {
        let (seconds, nanos) = self.modified;
        u64::try_from(seconds).unwrap_or(0) * 1_000_000_000 + nanos as u64
    }

    pub(super) fn of(meta: &Metadata) -> Self {
        FileStamp {
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// Why a file cannot be followed now.
#[derive(Debug)]
pub(super) enum OpenError {
    Absent,
    NoDescriptors,
    /// Files are being renamed, copied or compressed: try again soon.
    Changing,
    /// Not a regular file but this.
    NotAFile(Kind),
    Unreadable(io::Error),
}

/// Something that is not a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) hint: &'static str,
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ESTALE) => OpenError::Absent,
            _ if is_want_of_descriptors(&error) => OpenError::NoDescriptors,
            _ => OpenError::Unreadable(error),
        }
    }
}

/// True if no descriptor is left, which is temporary.
pub(super) fn is_want_of_descriptors(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EMFILE | Errno::ENFILE))
}

/// True if a file was written to within this time, so that it may still be incomplete.
pub(super) fn may_grow(file: &File, quiet: Duration) -> bool {
    let age = |meta: Metadata| kernel_time().abs_diff(FileStamp::of(&meta).modified());
    file.metadata()
        .is_ok_and(|meta| u128::from(age(meta)) < quiet.as_millis())
}

/// The identity and size of the plain file that has this name, through symbolic links.
pub(super) fn identify(path: &Path) -> Result<(FileId, u64), OpenError> {
    let meta = std::fs::metadata(path)?;
    check_kind(&meta)?;
    Ok((FileId::of(&meta), meta.len()))
}

/// Opens a plain file.
pub(super) fn open(path: &Path) -> Result<OpenFile, OpenError> {
    let before = kernel_time();
    // Looked at first: merely opening a FIFO or a device has effects.
    identify(path)?;
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)?;
    check_kind(&file.metadata()?)?;
    let head = read_window(&file, 0, WINDOW)?;
    let meta = file.metadata()?;
    Ok(OpenFile {
        id: FileId::of(&meta),
        size: meta.len(),
        stamp: FileStamp::of(&meta),
        file,
        path: path.to_owned(),
        before,
        head,
    })
}

fn check_kind(meta: &Metadata) -> Result<(), OpenError> {
    let kind = meta.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let hint = "; to read from it, let a command do so and read that command's output";
    let (name, hint) = if kind.is_dir() {
        (
            "a directory",
            "; to follow all files in it, name them with a pattern such as DIR/*",
        )
    } else if kind.is_fifo() {
        ("a FIFO", hint)
    } else if kind.is_socket() {
        ("a socket", "")
    } else {
        ("a device", hint)
    };
    Err(OpenError::NotAFile(Kind { name, hint }))
}
