//! The log of each address, as the script kept it: one file per address, one line per event; the
//! count is the number of its lines.
//!
//! A short file is counted by reading it. A longer one has a note beside it, in `.lines/`, with the
//! number of lines at the last write. The note is valid as long as device, inode, size and
//! modification time are the ones it names, so a file that was edited, rotated or deleted is simply
//! counted again.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use nix::fcntl::OFlag;
use swatch_common::{
    duration::Seconds,
    file_lock::{FileLock, FileLockError},
};

use crate::{
    date,
    directory::{self, Directory, DirectoryError},
    network, once,
};

use super::{line_count, window};

/// Up to this size a file is counted at each event: that costs less than a second file.
const READ_SIZE: u64 = 32 << 10;

/// The longest wait for another process that holds the lock of a file. It does so for one write,
/// unless it was stopped.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest line that is stored, in bytes; the rest of a longer one is cut off.
const MAX_STORED: usize = 64 << 10;

/// The directory of the logs.
#[derive(Debug)]
pub struct AddressLogs {
    dir: PathBuf,
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The directory or a file in it cannot be used.
    #[error("cannot {doing} {path}: {source}{hint}")]
    Io {
        /// The step, as a verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
        /// The remedy, or nothing.
        hint: &'static str,
    },
    /// The directory cannot be used at all.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The log of an address is a link, a directory, a pipe …
    #[error("{path} is not a regular file: nothing is written to it; move it away")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the file.
    #[error("{path} has been locked by another process for {} s: nothing is written to it", PATIENCE.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

impl AddressLogs {
    /// Opens the directory, and creates it if it is missing.
    ///
    /// # Errors
    /// [`CountError::Directory`].
    pub fn open(dir: &Path) -> Result<Self, CountError> {
        directory::prepare(dir, Directory::Logs)?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// The log of a network. Its name is made from the parsed address and nothing else.
    #[must_use]
    pub fn file(&self, net: IpNet) -> PathBuf {
        self.dir.join(network::file_name(net))
    }

    /// Appends a line and returns the count: of all time, or of the window before `now` (seconds
    /// since 1970). `earlier` are the times of events that could not be stored when they came; a
    /// line that says so is written for each, before `line`, which may be missing.
    ///
    /// # Errors
    /// [`CountError`]. A line that was half written, as on a full disk, is taken back.
    pub fn append(
        &self,
        net: IpNet,
        line: Option<&[u8]>,
        earlier: &[i64],
        window: Option<Seconds>,
        now: i64,
    ) -> Result<u64, CountError> {
        let path = self.file(net);
        let file = lock(&path)?;
        let before = file.found();
        if line.is_some()
            && let Some(end) = once::written(&path, &file, true)
        {
            return self.count_again(net, &file, end, window, now);
        }
        let (old, is_cut_off) = self.count(net, &file, before)?;

        let mut text = Vec::new();
        if is_cut_off {
            // A line that a full disk or a crash cut off stays a line of its own.
            text.push(b'\n');
        }
        for &time in earlier {
            let stand_in = format!(
                "[an event of {} that could not be stored]\n",
                date::long(time)
            );
            text.extend_from_slice(stand_in.as_bytes());
        }
        if let Some(line) = line {
            text.extend_from_slice(&stored(line));
            once::tell(&path, before, &text, now);
        }
        if let Err(source) = file.file().write_all(&text) {
            let _ = file.set_len(before.len());
            return Err(io_error("write to", &path, source));
        }
        let lines = old + newlines(&text);
        if before.len() + text.len() as u64 > READ_SIZE {
            let after = stat(&file, &path)?;
            line_count::write(&self.dir, net, &after, lines);
        }
        match window {
            None => Ok(lines),
            Some(span) => {
                let events = earlier.iter().copied().chain(line.map(|_| now));
                window::add(&self.dir, net, before.ino(), span, events, now)
            }
        }
    }

    /// The count of an event whose line a helper had written when it was killed: the lines up to
    /// `end`, or those of the window, to which it is added unless that was done as well.
    fn count_again(
        &self,
        net: IpNet,
        file: &FileLock,
        end: u64,
        window: Option<Seconds>,
        now: i64,
    ) -> Result<u64, CountError> {
        let path = self.file(net);
        if let Some(span) = window {
            if window::was_added(&self.dir, net) {
                return Ok(window::within(&self.dir, net, span, now));
            }
            let inode = file.found().ino();
            return window::add(&self.dir, net, inode, span, std::iter::once(now), now);
        }
        let mut lines = 0;
        let mut from = file.file().take(end);
        let mut buffer = vec![0; READ_SIZE as usize];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(lines),
                Ok(count) => lines += newlines(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(io_error("read", &path, source)),
            }
        }
    }

    /// The number of lines, without adding one; 0 if there is no file.
    ///
    /// # Errors
    /// [`CountError`].
    pub fn lines(&self, net: IpNet) -> Result<u64, CountError> {
        let path = self.file(net);
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(source) => return Err(io_error("read", &path, source)),
        };
        let meta = stat(&file, &path)?;
        Ok(self.count(net, &file, &meta)?.0)
    }

    /// The number of events in the window, without adding one.
    #[must_use]
    pub fn lines_within(&self, net: IpNet, span: Seconds, now: i64) -> u64 {
        window::within(&self.dir, net, span, now)
    }

    /// The last whole lines of a log, at most `limit` bytes, and whether something was left out.
    ///
    /// # Errors
    /// [`CountError`].
    pub fn tail(&self, net: IpNet, limit: u64) -> Result<(Vec<u8>, bool), CountError> {
        use std::io::{Seek, SeekFrom};
        let path = self.file(net);
        let mut file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&path)
            .map_err(|source| io_error("read", &path, source))?;
        let size = stat(&file, &path)?.len();
        let from = size.saturating_sub(limit);
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(from))
            .and_then(|_| file.take(limit).read_to_end(&mut text))
            .map_err(|source| io_error("read", &path, source))?;
        if from > 0 {
            let start = text.iter().position(|&byte| byte == b'\n');
            text.drain(..start.map_or(0, |at| at + 1));
        }
        Ok((text, from > 0))
    }

    /// The number of lines, and whether the last one lacks its end.
    fn count(
        &self,
        net: IpNet,
        mut file: &File,
        meta: &std::fs::Metadata,
    ) -> Result<(u64, bool), CountError> {
        if meta.len() == 0 {
            return Ok((0, false));
        }
        let is_cut_off = || !ends_with_newline(file, meta.len());
        if meta.len() <= READ_SIZE {
            let mut text = vec![0; usize::try_from(meta.len()).unwrap_or_default()];
            // Else somebody is shortening it just now.
            if file.read_exact_at(&mut text, 0).is_ok() {
                return Ok((newlines(&text), text.last() != Some(&b'\n')));
            }
        } else if let Some(lines) = line_count::read(&self.dir, net, meta) {
            return Ok((lines, is_cut_off()));
        }
        let mut buffer = vec![0; (READ_SIZE as usize) * 2];
        let mut lines = 0;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok((lines, is_cut_off())),
                Ok(count) => lines += newlines(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(io_error("read", &self.file(net), source)),
            }
        }
    }
}

/// A line as it is stored.
fn stored(line: &[u8]) -> Vec<u8> {
    [&line[..line.len().min(MAX_STORED)], b"\n"].concat()
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Opens the log and locks it.
fn lock(path: &Path) -> Result<FileLock, CountError> {
    FileLock::acquire(path, 0o640, PATIENCE).map_err(|error| match error {
        FileLockError::Busy { path } => CountError::Busy { path },
        FileLockError::NotAFile { path } => CountError::NotAFile { path },
        FileLockError::Io {
            doing: "open",
            source,
            ..
        } => io_error("write to", path, source),
        FileLockError::Io { doing, source, .. } => io_error(doing, path, source),
    })
}

fn stat(file: &File, path: &Path) -> Result<std::fs::Metadata, CountError> {
    let meta = file
        .metadata()
        .map_err(|source| io_error("read", path, source))?;
    if meta.is_file() {
        Ok(meta)
    } else {
        Err(CountError::NotAFile {
            path: path.to_owned(),
        })
    }
}

fn ends_with_newline(file: &File, size: u64) -> bool {
    let mut last = [0];
    file.read_at(&mut last, size.saturating_sub(1)).is_ok() && last == *b"\n"
}

pub(super) fn io_error(doing: &'static str, path: &Path, source: io::Error) -> CountError {
    let hint = match source.kind() {
        io::ErrorKind::PermissionDenied => {
            ": run it as root, or name a directory of yours with --log-dir and --state-dir"
        }
        io::ErrorKind::ReadOnlyFilesystem => ": name a directory on another disk with --log-dir",
        _ => "",
    };
    CountError::Io {
        doing,
        path: path.to_owned(),
        source,
        hint,
    }
}

#[cfg(test)]
mod tests;
