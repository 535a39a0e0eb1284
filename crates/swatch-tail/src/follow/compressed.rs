//! Rotated files that were compressed before they had been read: finding one again by its
//! content, and the place in it where reading stopped.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::time::Duration;

use super::file::{OpenError, is_want_of_descriptors, may_grow};
use super::generation::StartPoint;
use crate::compressed::{Compression, Decompressor};
use crate::fingerprint::{Fingerprint, Tail, WINDOW, Window};

/// The reason for which a file could not be decompressed: as long as it was written to a short time ago it may be
/// incomplete only because it is still being written.
pub(super) fn failed(error: io::Error, file: &File, quiet: Duration) -> OpenError {
    if is_want_of_descriptors(&error) {
        return OpenError::NoDescriptors;
    }
    match may_grow(file, quiet) {
        true => OpenError::Changing,
        false => OpenError::Unreadable(error),
    }
}

/// Decompresses a file up to `at`, if its content is what the fingerprint says. Of most others
/// only the first bytes are decompressed.
pub(super) fn decompress_from(
    file: File,
    compression: Compression,
    fingerprint: &Fingerprint,
    at: u64,
) -> io::Result<Option<(Decompressor, StartPoint)>> {
    let (head, mark) = (fingerprint.head, fingerprint.mark);
    let head_end = u64::from(head.length);
    if head_end > WINDOW as u64 {
        return Ok(None);
    }
    (&file).rewind()?;
    let mut decompressor = Decompressor::new(file.try_clone()?, compression)?;
    let mut prefix = Prefix::default();
    if !prefix.read_to(head_end, &mut decompressor)? || Window::of(&prefix.head, head_end) != head {
        return Ok(None);
    }
    let is_marked = match usize::try_from(mark.end) {
        Ok(end) if mark.end <= head_end => {
            let start = end.saturating_sub(mark.length as usize);
            Window::of(&prefix.head[start..end], mark.end) == mark
        }
        _ => prefix.read_to(mark.end, &mut decompressor)? && prefix.window(mark.length) == mark,
    };
    if !is_marked {
        return Ok(None);
    }
    if at < prefix.length {
        (&file).rewind()?;
        decompressor = Decompressor::new(file, compression)?;
        prefix = Prefix::default();
    }
    if !prefix.read_to(at, &mut decompressor)? {
        return Ok(None);
    }
    let start = StartPoint {
        at,
        head: prefix.head,
        before: prefix.tail.bytes().to_vec(),
    };
    Ok(Some((decompressor, start)))
}

/// The progress of decompression.
#[derive(Default)]
struct Prefix {
    length: u64,
    head: Vec<u8>,
    tail: Tail,
}

impl Prefix {
    /// Decompresses up to an offset; `false` if the content is shorter.
    fn read_to(&mut self, end: u64, decompressor: &mut Decompressor) -> io::Result<bool> {
        let mut buffer = vec![0; 64 * 1024];
        while self.length < end {
            let want = usize::try_from(end - self.length).unwrap_or(usize::MAX);
            let want = want.min(buffer.len());
            let count = decompressor.read(&mut buffer[..want])?;
            if count == 0 {
                return Ok(false);
            }
            let bytes = &buffer[..count];
            let more = count.min(WINDOW - self.head.len());
            self.head.extend_from_slice(&bytes[..more]);
            self.tail.push(bytes);
            self.length += count as u64;
        }
        Ok(true)
    }

    /// The window of the last bytes.
    fn window(&self, length: u32) -> Window {
        let tail = self.tail.bytes();
        Window::of(
            &tail[tail.len().saturating_sub(length as usize)..],
            self.length,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::Command;

    fn compressed(text: &[u8]) -> Option<File> {
        let mut plain = tempfile::tempfile().unwrap();
        plain.write_all(text).unwrap();
        plain.rewind().unwrap();
        let mut packed = tempfile::tempfile().unwrap();
        let status = Command::new("gzip")
            .arg("-c")
            .stdin(plain)
            .stdout(packed.try_clone().unwrap())
            .status();
        if !status.is_ok_and(|s| s.success()) {
            println!("skipped: gzip is not installed");
            return None;
        }
        packed.rewind().unwrap();
        Some(packed)
    }

    #[test]
    fn reads_the_rest_of_the_file_that_was_meant() {
        let text: Vec<u8> = (0..50_000)
            .flat_map(|n| format!("{n}\n").into_bytes())
            .collect();
        let (gzip, _) = Compression::of_name(b"log.1.gz");
        let at = 200_000;
        let fingerprint = Fingerprint {
            head: Window::of(&text[..256], 256),
            mark: Window::of(&text[..150_000], 150_000),
        };
        let Some(file) = compressed(&text) else {
            return;
        };
        let (mut decompressor, start) =
            decompress_from(file, gzip.unwrap(), &fingerprint, at as u64)
                .unwrap()
                .unwrap();
        assert_eq!(start.head, &text[..256]);
        assert_eq!(start.before, &text[at - 256..at]);
        let mut rest = Vec::new();
        decompressor.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, &text[at..]);

        let other = Fingerprint {
            mark: Window::of(b"x", 150_000),
            ..fingerprint
        };
        let file = compressed(&text).unwrap();
        assert!(
            decompress_from(file, gzip.unwrap(), &other, at as u64)
                .unwrap()
                .is_none()
        );
    }
}
