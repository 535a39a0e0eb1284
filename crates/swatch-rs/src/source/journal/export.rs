//! The journal's export format, turned into syslog lines.
//!
//! Format: systemd's "Journal Export Formats": fields `NAME=value` or, for values with control
//! characters, `NAME`, newline, length as 64-bit little-endian number, value, newline; an empty
//! line ends an entry.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ChildStdout;

use chrono::{Local, TimeZone};

use crate::source::producer::Feed;

/// The longest value that is kept; a longer one ends the stream, as its length cannot be true.
const LONGEST: u64 = 64 << 20;

/// Told for each entry: where its line ends in the stream of lines, and its cursor.
type OnEntry = Box<dyn FnMut(u64, String) + Send>;

/// Reads export format, gives lines.
pub(in crate::source) struct ExportLines {
    input: ChildStdout,
    raw: Vec<u8>,
    lines: Vec<u8>,
    /// How much of `lines` was read.
    taken: usize,
    /// Length of all lines made so far.
    made: u64,
    on_entry: OnEntry,
}

impl ExportLines {
    pub(super) fn new(
        input: ChildStdout,
        on_entry: impl FnMut(u64, String) + Send + 'static,
    ) -> Self {
        Self {
            input,
            raw: Vec::new(),
            lines: Vec::new(),
            taken: 0,
            made: 0,
            on_entry: Box::new(on_entry),
        }
    }

    fn translate(&mut self) -> io::Result<()> {
        let mut at = 0;
        while let Some((entry, length)) = Entry::parse(&self.raw[at..])? {
            at += length;
            let line = entry.line();
            if line.is_empty() {
                continue;
            }
            self.lines.extend_from_slice(&line);
            self.made += line.len() as u64;
            (self.on_entry)(
                self.made,
                String::from_utf8_lossy(entry.cursor).into_owned(),
            );
        }
        self.raw.drain(..at);
        Ok(())
    }
}

impl Read for ExportLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.lines.len() {
            self.lines.clear();
            self.taken = 0;
            let mut chunk = [0; 16 * 1024];
            let count = self.input.read(&mut chunk)?;
            if count == 0 {
                return Ok(0);
            }
            self.raw.extend_from_slice(&chunk[..count]);
            self.translate()?;
        }
        let count = buffer.len().min(self.lines.len() - self.taken);
        buffer[..count].copy_from_slice(&self.lines[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

impl Feed for ExportLines {
    fn fd(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    fn pending(&self) -> bool {
        self.taken < self.lines.len()
    }
}

/// The fields of one entry that a syslog line is made of.
#[derive(Default)]
struct Entry<'a> {
    cursor: &'a [u8],
    realtime: &'a [u8],
    host: &'a [u8],
    identifier: &'a [u8],
    command: &'a [u8],
    pid: &'a [u8],
    message: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// One entry and its length, if it is there as a whole.
    fn parse(text: &'a [u8]) -> io::Result<Option<(Self, usize)>> {
        let mut entry = Entry::default();
        let mut at = 0;
        loop {
            let Some(length) = text[at..].iter().position(|&b| b == b'\n') else {
                return Ok(None);
            };
            let line = &text[at..at + length];
            at += length + 1;
            if line.is_empty() {
                return Ok(Some((entry, at)));
            }
            if let Some(equals) = line.iter().position(|&b| b == b'=') {
                entry.set(&line[..equals], &line[equals + 1..]);
                continue;
            }
            let Some(size) = text.get(at..at + 8) else {
                return Ok(None);
            };
            let size = size.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
            if size > LONGEST {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a value of {size} bytes in the journal's export format"),
                ));
            }
            let end = at + 8 + size as usize;
            if text.len() <= end {
                return Ok(None);
            }
            entry.set(line, &text[at + 8..end]);
            at = end + 1;
        }
    }

    fn set(&mut self, name: &[u8], value: &'a [u8]) {
        match name {
            b"__CURSOR" => self.cursor = value,
            b"__REALTIME_TIMESTAMP" => self.realtime = value,
            b"_HOSTNAME" => self.host = value,
            b"SYSLOG_IDENTIFIER" => self.identifier = value,
            b"_COMM" => self.command = value,
            b"SYSLOG_PID" => self.pid = value,
            b"_PID" if self.pid.is_empty() => self.pid = value,
            b"MESSAGE" => self.message = Some(value),
            _ => {}
        }
    }

    /// `Nov 22 18:00:00 host sshd[7]: message` and a newline. A message of several lines becomes
    /// one, as a log writer who could make lines could make log entries of others.
    fn line(&self) -> Vec<u8> {
        let Some(message) = self.message else {
            return Vec::new();
        };
        let micros: i64 = std::str::from_utf8(self.realtime)
            .ok()
            .and_then(|t| t.parse().ok())
            .unwrap_or(0);
        let time = Local
            .timestamp_micros(micros)
            .earliest()
            .unwrap_or_default();
        let name = if self.identifier.is_empty() {
            self.command
        } else {
            self.identifier
        };
        let mut line = time.format("%b %e %H:%M:%S ").to_string().into_bytes();
        line.extend_from_slice(self.host);
        line.push(b' ');
        line.extend_from_slice(name);
        if !self.pid.is_empty() {
            line.push(b'[');
            line.extend_from_slice(self.pid);
            line.push(b']');
        }
        line.extend_from_slice(b": ");
        line.extend_from_slice(message);
        for byte in &mut line {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests;
