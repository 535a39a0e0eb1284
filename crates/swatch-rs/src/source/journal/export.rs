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

/// The longest value accepted. A longer one means that the stream is not export format.
const LONGEST: u64 = 64 << 20;

/// The longest name of a field: journald's limit.
const LONGEST_NAME: usize = 64;

/// Called for each entry. True: it is left out.
type Leave = Box<dyn FnMut(&Entry<'_>) -> bool + Send>;

/// Called for each line: where it ends in the stream of lines, and the entry's cursor.
type OnLine = Box<dyn FnMut(u64, String) + Send>;

/// Reads export format, gives lines.
pub(in crate::source) struct ExportLines {
    input: ChildStdout,
    raw: Vec<u8>,
    lines: Vec<u8>,
    /// The number of bytes of `lines` that have been read.
    taken: usize,
    /// The length of all lines so far.
    made: u64,
    leave: Leave,
    on_line: OnLine,
}

impl ExportLines {
    pub(super) fn new(
        input: ChildStdout,
        leave: impl FnMut(&Entry<'_>) -> bool + Send + 'static,
        on_line: impl FnMut(u64, String) + Send + 'static,
    ) -> Self {
        Self {
            input,
            raw: Vec::new(),
            lines: Vec::new(),
            taken: 0,
            made: 0,
            leave: Box::new(leave),
            on_line: Box::new(on_line),
        }
    }

    fn translate(&mut self) -> io::Result<()> {
        let mut at = 0;
        while let Some((entry, length)) = Entry::parse(&self.raw[at..])? {
            at += length;
            if (self.leave)(&entry) {
                continue;
            }
            let line = entry.line();
            if line.is_empty() {
                continue;
            }
            self.lines.extend_from_slice(&line);
            self.made += line.len() as u64;
            (self.on_line)(self.made, entry.cursor());
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

/// The fields of an entry that matter here.
#[derive(Default)]
pub(super) struct Entry<'a> {
    pub(super) cursor: &'a [u8],
    realtime: &'a [u8],
    host: &'a [u8],
    identifier: &'a [u8],
    command: &'a [u8],
    syslog_pid: &'a [u8],
    pub(super) trusted_pid: &'a [u8],
    pub(super) invocation: &'a [u8],
    pub(super) stream: &'a [u8],
    message: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// An entry and its length, if it is complete.
    ///
    /// # Errors
    /// The text is not export format.
    pub(super) fn parse(text: &'a [u8]) -> io::Result<Option<(Self, usize)>> {
        let mut entry = Entry::default();
        let mut at = 0;
        loop {
            let Some(length) = text[at..].iter().position(|&b| b == b'\n') else {
                check_name(&text[at..])?;
                return Ok(None);
            };
            let line = &text[at..at + length];
            at += length + 1;
            if line.is_empty() {
                return Ok(Some((entry, at)));
            }
            check_name(line)?;
            if let Some(equals) = line.iter().position(|&b| b == b'=') {
                entry.set(&line[..equals], &line[equals + 1..]);
                continue;
            }
            let Some(size) = text.get(at..at + 8) else {
                return Ok(None);
            };
            let size = size.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
            if size > LONGEST {
                return Err(not_export(&format!("a value of {size} bytes")));
            }
            let end = at + 8 + size as usize;
            match text.get(end) {
                None => return Ok(None),
                Some(b'\n') => {}
                Some(_) => return Err(not_export("a value without its line break")),
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
            b"SYSLOG_PID" => self.syslog_pid = value,
            b"_PID" => self.trusted_pid = value,
            b"_SYSTEMD_INVOCATION_ID" => self.invocation = value,
            b"_STREAM_ID" => self.stream = value,
            b"MESSAGE" => self.message = Some(value),
            _ => {}
        }
    }

    pub(super) fn cursor(&self) -> String {
        String::from_utf8_lossy(self.cursor).into_owned()
    }

    /// `Nov 22 18:00:00 host sshd[7]: message` and a newline. The line breaks in a message become
    /// spaces: a process that can write lines could otherwise forge the entries of others. Those at
    /// its end are dropped, as by `journalctl -o short`.
    fn line(&self) -> Vec<u8> {
        let Some(mut message) = self.message else {
            return Vec::new();
        };
        while let Some(rest) = message.strip_suffix(b"\n") {
            message = rest;
        }
        let pid = match self.syslog_pid.is_empty() {
            true => self.trusted_pid,
            false => self.syslog_pid,
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
        if !pid.is_empty() {
            line.push(b'[');
            line.extend_from_slice(pid);
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

/// Refuses a line whose beginning cannot be the name of a field.
fn check_name(line: &[u8]) -> io::Result<()> {
    let name = line.split(|&b| b == b'=').next().unwrap_or_default();
    let plausible = name.len() <= LONGEST_NAME
        && name
            .iter()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    match plausible {
        true => Ok(()),
        false => Err(not_export("a field without a name")),
    }
}

fn not_export(found: &str) -> io::Error {
    let text = format!("its output is not the journal's export format: {found}");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests;
