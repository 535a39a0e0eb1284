//! Rotated files that were compressed while nobody looked.
//!
//! They are read through the program that made them. It gets the open file as its input, so no
//! file name reaches a command line.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::file::is_want_of_descriptors;
use super::generation::StartPoint;
use crate::fingerprint::{Fingerprint, Tail, WINDOW, Window};

/// A way of compressing, known by the suffix of the file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compression {
    suffix: &'static [u8],
    program: &'static str,
}

const COMPRESSIONS: [Compression; 5] = [
    Compression {
        suffix: b".gz",
        program: "gzip",
    },
    Compression {
        suffix: b".xz",
        program: "xz",
    },
    Compression {
        suffix: b".zst",
        program: "zstd",
    },
    Compression {
        suffix: b".bz2",
        program: "bzip2",
    },
    Compression {
        suffix: b".lz4",
        program: "lz4",
    },
];

impl Compression {
    /// The compression that a name tells, and the name without its suffix.
    pub(super) fn of_name(name: &[u8]) -> (Option<Compression>, &[u8]) {
        for compression in COMPRESSIONS {
            if let Some(rest) = name.strip_suffix(compression.suffix) {
                return (Some(compression), rest);
            }
        }
        (None, name)
    }
}

/// A program that unpacks a file.
#[derive(Debug)]
pub(super) struct Decompressor {
    child: Child,
    output: ChildStdout,
    program: &'static str,
}

impl Decompressor {
    pub(super) fn start(file: File, compression: Compression) -> io::Result<Self> {
        let explain = |error| explain(compression.program, error);
        let mut child = Command::new(compression.program)
            .arg("-dc")
            .stdin(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(explain)?;
        let output = child
            .stdout
            .take()
            .ok_or_else(|| explain(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Decompressor {
            child,
            output,
            program: compression.program,
        })
    }

    /// The first bytes.
    pub(super) fn head(mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.by_ref().take(length as u64).read_to_end(&mut head)?;
        Ok(head)
    }

    /// How the program ended, once its output has.
    fn result(&mut self) -> io::Result<()> {
        let mut complaint = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            // It has ended or closed its output, so this does not last.
            let _ = stderr.take(4096).read_to_string(&mut complaint);
        }
        match self.child.wait() {
            Ok(status) if !status.success() => Err(io::Error::other(format!(
                "{} failed ({status}): {}",
                self.program,
                complaint.trim()
            ))),
            // Also when somebody else in this process has collected the status.
            _ => Ok(()),
        }
    }
}

fn explain(program: &str, error: io::Error) -> io::Error {
    if is_want_of_descriptors(&error) {
        // To be tried again.
        return error;
    }
    io::Error::new(error.kind(), format!("cannot run {program}: {error}"))
}

impl Read for Decompressor {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.output.read(into) {
                Ok(0) => {
                    self.result()?;
                    return Ok(0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Unpacks a file up to `at`, if its content is what the print says.
pub(super) fn decompress_from(
    file: File,
    compression: Compression,
    fingerprint: &Fingerprint,
    at: u64,
) -> io::Result<Option<(Decompressor, StartPoint)>> {
    let head_end = u64::from(fingerprint.head.length);
    let mut decompressor = Decompressor::start(file.try_clone()?, compression)?;
    let mut seen = RecentlyClosed::default();
    for stop in [
        fingerprint.mark.end.min(head_end),
        fingerprint.mark.end.max(head_end),
    ] {
        if !seen.read_to(stop, &mut decompressor)? {
            return Ok(None);
        }
        if stop == fingerprint.mark.end && seen.window(fingerprint.mark.length) != fingerprint.mark
        {
            return Ok(None);
        }
    }
    let head = &seen.head[..seen.head.len().min(fingerprint.head.length as usize)];
    if Window::of(head, head_end) != fingerprint.head {
        return Ok(None);
    }
    if at < seen.length {
        (&file).rewind()?;
        decompressor = Decompressor::start(file, compression)?;
        seen = RecentlyClosed::default();
    }
    if !seen.read_to(at, &mut decompressor)? {
        return Ok(None);
    }
    let start = StartPoint {
        at,
        head: seen.head,
        before: seen.tail.bytes().to_vec(),
    };
    Ok(Some((decompressor, start)))
}

/// What has been unpacked so far.
#[derive(Default)]
struct RecentlyClosed {
    length: u64,
    head: Vec<u8>,
    tail: Tail,
}

impl RecentlyClosed {
    /// Unpacks up to an offset; `false` if there is not so much.
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

    #[test]
    fn a_broken_file_is_an_error() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"no gzip").unwrap();
        file.rewind().unwrap();
        let (gzip, _) = Compression::of_name(b"x.gz");
        let mut text = Vec::new();
        let error = Decompressor::start(file, gzip.unwrap())
            .and_then(|mut decompressor| decompressor.read_to_end(&mut text))
            .unwrap_err();
        assert!(error.to_string().starts_with("gzip failed"), "{error}");
    }
}
