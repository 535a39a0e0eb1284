//! The hole that copy-and-truncate leaves before a writer that does not append.
//!
//! Such a writer continues at its old offset, so the file begins with as many NUL bytes as had
//! been written before the truncation: perhaps gigabytes that no program wrote.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek};

use crate::fingerprint::read_window;

/// The number of bytes searched at once if the file system stores the NUL bytes.
const STEP: usize = 64 * 1024;

/// The end of the NUL bytes at the beginning: 0 if there are none.
pub(super) fn end_of_hole(file: &File, size: u64) -> io::Result<u64> {
    let mut at = match lseek(file, 0, Whence::SeekData) {
        Ok(data) => u64::try_from(data).unwrap_or(0),
        // Nothing but a hole.
        Err(Errno::ENXIO) => return Ok(size),
        // The file system does not know.
        Err(_) => 0,
    };
    loop {
        let bytes = read_window(file, at, STEP)?;
        if let Some(first) = bytes.iter().position(|&b| b != 0) {
            return Ok(at + first as u64);
        }
        if bytes.is_empty() {
            return Ok(at);
        }
        at += bytes.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn finds_the_first_byte_behind_a_hole() {
        let file = tempfile::tempfile().unwrap();
        let end = |file: &File| end_of_hole(file, file.metadata().unwrap().len()).unwrap();
        assert_eq!(end(&file), 0);
        file.write_at(b"x", 3_000_001).unwrap();
        assert_eq!(end(&file), 3_000_001);
        file.write_at(b"\0y", 10).unwrap();
        assert_eq!(end(&file), 11);
        file.write_at(b"z", 0).unwrap();
        assert_eq!(end(&file), 0);
        file.set_len(0).unwrap();
        file.set_len(5000).unwrap();
        assert_eq!(end(&file), 5000);
    }
}
