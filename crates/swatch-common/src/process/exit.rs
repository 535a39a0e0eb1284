//! The end of a program and its output.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// The end of a program.
#[derive(Debug)]
pub enum Exit {
    /// By itself, with this code; 0 is success.
    Code(i32),
    /// By a signal that was not sent for its time limit.
    Signal(i32),
    /// It was still running after this time, and was ended with its process group.
    TimedOut(Duration),
    /// It was still running when the caller [cancelled](super::Cancel) it, and was ended with its
    /// process group.
    Cancelled,
    /// It could not be started.
    NotStarted(io::Error),
}

impl Exit {
    /// True if it ended with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(out, "exited with code {code}"),
            Self::Signal(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(out, "was killed by {signal}"),
                Err(_) => write!(out, "was killed by signal {number}"),
            },
            Self::TimedOut(limit) => {
                write!(
                    out,
                    "did not finish within {} and was killed",
                    Rounded(*limit)
                )
            }
            Self::Cancelled => out.write_str("did not finish before the shutdown and was killed"),
            Self::NotStarted(error) => write!(out, "could not be started: {error}"),
        }
    }
}

/// A time limit for a message: `10 s`, `250 ms`.
struct Rounded(Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_millis() {
            0 => write!(out, "{} s", self.0.as_secs()),
            _ => write!(out, "{} ms", self.0.as_millis()),
        }
    }
}

/// The part of an output stream that was kept.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The first bytes, up to the limit.
    pub bytes: Vec<u8>,
    /// The number of further bytes, which were dropped.
    pub dropped: u64,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The end of the program.
    pub exit: Exit,
    /// Its standard output, if that was captured.
    pub stdout: Captured,
    /// Its standard error, if that was captured.
    pub stderr: Captured,
    /// The number of bytes of its input that it did not take.
    pub unread: usize,
}

impl Finished {
    pub(super) fn not_started(error: io::Error) -> Self {
        Self {
            exit: Exit::NotStarted(error),
            stdout: Captured::default(),
            stderr: Captured::default(),
            unread: 0,
        }
    }
}
