//! Recognizing a file by its content.
//!
//! Inode numbers are used again, and a truncated file keeps its own: only the bytes show that a
//! file is still the one that was read.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// The maximum length of a window in bytes.
pub(crate) const WINDOW: usize = 256;

/// The identity of a file, whatever its name.
///
/// Two are equal if device and inode are: the birth time may change while the file stays the same
/// (the first write to a file in a lower layer of overlayfs). An inode number that is used again
/// shows by [`is_same_birth`](FileId::is_same_birth), or by the content.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// When the inode was made, in nanoseconds since 1970, where the file system knows it: a file
    /// that reuses the number of a removed one has another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<u64>,
}

impl PartialEq for FileId {
    fn eq(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

impl Eq for FileId {}

impl FileId {
    /// True if it is the same inode, born at the same time if the file system records it: certainly
    /// not a later file with the same number.
    pub(crate) fn is_same_birth(&self, other: &Self) -> bool {
        let births = self.created.zip(other.created);
        self == other && births.is_none_or(|(a, b)| a == b)
    }

    /// No file.
    pub(crate) const NONE: FileId = FileId {
        device: 0,
        inode: 0,
        created: None,
    };

    pub(crate) fn of(meta: &Metadata) -> Self {
        let since_epoch = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        FileId {
            device: meta.dev(),
            inode: meta.ino(),
            created: meta
                .created()
                .ok()
                .and_then(since_epoch)
                .map(|passed| passed.as_nanos() as u64),
        }
    }
}

/// A hash of the bytes of a file that end at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Window {
    /// The offset at which the bytes end.
    pub(crate) end: u64,
    /// The number of bytes, at most [`WINDOW`]. None match any file that is long enough.
    pub(crate) length: u32,
    /// FNV-1a, 64 bits: it is written to the state, so it must be the same in every version.
    pub(crate) hash: u64,
}

impl Window {
    /// The window of the last bytes of `bytes`, which end at `end`.
    pub(crate) fn of(bytes: &[u8], end: u64) -> Self {
        let bytes = &bytes[bytes.len().saturating_sub(WINDOW)..];
        Window {
            end,
            length: bytes.len() as u32,
            hash: fnv1a(bytes),
        }
    }

    /// True if the file holds these bytes at this place.
    fn matches(&self, file: &File) -> io::Result<bool> {
        let length = self.length as usize;
        let Some(start) = self.end.checked_sub(u64::from(self.length)) else {
            return Ok(false);
        };
        if length > WINDOW {
            return Ok(false);
        }
        let bytes = read_window(file, start, length)?;
        Ok(bytes.len() == length && fnv1a(&bytes) == self.hash)
    }
}

/// A file as it was when it had been read up to a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Fingerprint {
    /// The first bytes of the file.
    pub(crate) head: Window,
    /// The bytes just before a position that had been read.
    pub(crate) mark: Window,
}

impl Fingerprint {
    /// True if `file` begins like the fingerprinted file, up to and including its mark. If nothing
    /// was read yet, every file matches.
    pub(crate) fn matches(&self, file: &File) -> io::Result<bool> {
        Ok(file.metadata()?.len() >= self.mark.end
            && self.head.matches(file)?
            && self.mark.matches(file)?)
    }

    /// True if `file` is a copy of the fingerprinted file or of its beginning. A file that only
    /// shares the beginning, such as a header, is not a copy.
    pub(crate) fn is_copy(&self, file: &File) -> io::Result<bool> {
        let size = file.metadata()?.len();
        if !self.is_telling() {
            // So few bytes must be all there is.
            return Ok(self.head.length > 0 && size == self.head.end && self.head.matches(file)?);
        }
        Ok(self.head.matches(file)? && (size < self.mark.end || self.mark.matches(file)?))
    }

    /// True if a match means anything by itself, without the inode.
    pub(crate) fn is_telling(&self) -> bool {
        self.head.length >= 16
    }
}

/// The bytes of a file from `start`, as many as there are up to `length`.
pub(crate) fn read_window(file: &File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut have = 0;
    while have < length {
        match file.read_at(&mut bytes[have..], start + have as u64) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(have);
    Ok(bytes)
}

/// The last bytes of something that comes piece by piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tail(Vec<u8>);

impl Tail {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut tail = Tail(Vec::new());
        tail.push(&bytes);
        tail
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.len() >= WINDOW {
            self.0.clear();
            self.0.extend_from_slice(&bytes[bytes.len() - WINDOW..]);
        } else {
            let over = (self.0.len() + bytes.len()).saturating_sub(WINDOW);
            self.0.drain(..over);
            self.0.extend_from_slice(bytes);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_print_tells_a_rewritten_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"the first line of the log\nmore\n")
            .unwrap();
        let fingerprint = Fingerprint {
            head: Window::of(b"the first line of the log\n", 26),
            mark: Window::of(b"more\n", 31),
        };
        assert!(fingerprint.matches(&file).unwrap());
        file.write_at(b"M", 26).unwrap();
        assert!(!fingerprint.matches(&file).unwrap());
        file.write_at(b"m", 26).unwrap();
        file.write_at(b"T", 0).unwrap();
        assert!(!fingerprint.matches(&file).unwrap());
        file.set_len(30).unwrap();
        assert!(!fingerprint.matches(&file).unwrap());
    }

    #[test]
    fn a_tail_keeps_the_last_bytes() {
        let mut tail = Tail::default();
        for n in 0..1000u32 {
            tail.push(n.to_string().as_bytes());
        }
        let all: String = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(tail.bytes(), &all.as_bytes()[all.len() - WINDOW..]);
        tail.push(&[7; 300]);
        assert_eq!(tail.bytes(), [7; WINDOW]);
    }
}
