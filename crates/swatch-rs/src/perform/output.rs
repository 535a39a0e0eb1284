//! `echo` and `bell`: standard output.

use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

use nix::libc::{S_IFMT, S_IFREG};
use nix::sys::stat::fstat;
use swatch_common::sanitize::Sanitized;

use super::report::Reports;

/// Bytes collected before they are written, in one pass over a file.
const BUFFER: usize = 64 * 1024;

/// The colours of `echo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorChoice {
    /// Colours are written, also to a file, as the original does.
    Always,
    /// No colours.
    Never,
}

/// Standard output of a watch. Text is collected until [`Output::flush`], so that a pass over a
/// file does not cost a system call per line.
pub struct Output {
    buffer: Vec<u8>,
    color: ColorChoice,
    /// Control characters of the log must not reach a terminal.
    terminal: bool,
    is_file: bool,
    /// A reader that goes away ends the program, which is then reported once for all.
    ends_with_reader: bool,
    failed: Option<String>,
}

impl Output {
    /// The standard output of this process.
    pub fn new(color: ColorChoice, ends_with_reader: bool) -> Self {
        Self {
            buffer: Vec::new(),
            color,
            terminal: std::io::stdout().is_terminal(),
            is_file: fstat(std::io::stdout()).is_ok_and(|stat| stat.st_mode & S_IFMT == S_IFREG),
            ends_with_reader,
            failed: None,
        }
    }

    /// The text and a newline; the reset sequence stands after the newline, as in the original.
    pub fn echo(&mut self, text: &[u8], sgr: Option<&str>) {
        let sgr = sgr.filter(|_| self.color == ColorChoice::Always);
        if let Some(sgr) = sgr {
            self.buffer.extend_from_slice(b"\x1b[");
            self.buffer.extend_from_slice(sgr.as_bytes());
            self.buffer.push(b'm');
        }
        if self.terminal {
            self.buffer
                .extend_from_slice(Sanitized(text).to_string().as_bytes());
        } else {
            self.buffer.extend_from_slice(text);
        }
        self.buffer.push(b'\n');
        if sgr.is_some() {
            self.buffer.extend_from_slice(b"\x1b[0m");
        }
        if self.buffer.len() >= BUFFER {
            self.write_out();
        }
    }

    /// The output of a command, as it is.
    pub(super) fn pass_on(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.write_out();
        }
    }

    /// BEL characters with a pause after each.
    pub fn bell(&mut self, rings: u32, delay: Duration) {
        for _ in 0..rings {
            self.buffer.push(7);
            self.write_out();
            std::thread::sleep(delay);
        }
    }

    /// True if [`Output::flush`] may have to wait for a reader.
    pub fn may_block(&self) -> bool {
        !self.buffer.is_empty() && !self.is_file
    }

    /// Writes the collected text. Returns the error since the last call, if any; the watch
    /// continues, because its other actions do not need standard output.
    pub fn flush(&mut self) -> Option<String> {
        self.write_out();
        self.failed.take()
    }

    /// A child shares standard output: text echoed before it must precede its output.
    pub(super) fn flush_before_child(&mut self, reports: &mut Reports) {
        if let Some(problem) = self.flush() {
            reports.failure("standard output", &problem);
        }
    }

    fn write_out(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let mut out = std::io::stdout().lock();
        match out.write_all(&self.buffer).and_then(|()| out.flush()) {
            Err(e) if e.kind() == ErrorKind::BrokenPipe && self.ends_with_reader => {}
            Err(e) => self.failed = Some(e.to_string()),
            Ok(()) => {}
        }
        self.buffer.clear();
    }
}
