//! Finds the time stamp of a log line, says what moment it names, and what follows it.
//!
//! ```
//! use log_timestamp::{Format, Reference, find};
//!
//! let line = b"Jun  1 12:00:00 gate sshd[123]: Connection closed";
//! let stamp = find(line).expect("a time stamp of syslog");
//! assert_eq!(stamp.format, Format::Syslog);
//! assert_eq!(stamp.rest(line), b"gate sshd[123]: Connection closed");
//!
//! // A stamp of syslog has neither year nor zone; the reader's clock supplies them.
//! let reader = Reference { now: 1_717_250_000, offset: 2 * 3600 };
//! assert_eq!(stamp.unix_seconds(reader), Some(1_717_236_000)); // 2024-06-01 10:00:00 UTC
//! ```
//!
//! The formats are those of [`Format`], each with samples. No configuration is needed: the first
//! bytes of a line decide what it can be, and a line without a stamp is rejected after a few of
//! them. Nothing is allocated, lines need not be UTF-8, and no input makes the time more than
//! linear.
//!
//! # Where a stamp can stand
//! At the front of the line, after a syslog priority if there is one, and in brackets or not. Four
//! kinds of lines hold it elsewhere: access logs (the first date in brackets), JSON objects and
//! logfmt (the first field with a name that means time, whatever the strings in the line say), and
//! the Linux audit log (`msg=audit(…)`).
//!
//! # Untrusted lines
//! The writer of a message cannot move a stamp that is at the front, and text in a JSON string or
//! a quoted logfmt value is not taken for a field. In an access log the stamp in front of the
//! quoted request is preferred to one in the user name.

mod civil;
mod cursor;
mod embedded;
mod format;
mod front;

use std::ops::Range;

use civil::StampValue;
pub use format::Format;

/// A time stamp that was found in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The format.
    pub format: Format,
    /// The bytes of the stamp, with the brackets around it if there are any.
    pub range: Range<usize>,
    /// The bytes to remove so that the same message written at another time gives the same text: a
    /// stamp at the front with everything before it (a syslog priority) and the whitespace after
    /// it, the value alone in JSON and logfmt.
    pub cut: Range<usize>,
    /// The fraction of the second, in nanoseconds; finer digits are dropped.
    pub nanoseconds: u32,
    value: StampValue,
}

/// Completes a stamp that has no year or no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The reader's clock, in seconds since 1970-01-01 00:00:00 UTC.
    pub now: i64,
    /// The offset of the writer's zone, in seconds east of Greenwich. It is used for stamps that
    /// have none of their own.
    pub offset: i32,
}

impl Stamp {
    /// The moment, in seconds since 1970-01-01 00:00:00 UTC. Leap seconds count as the second
    /// after them.
    ///
    /// A stamp without a year takes the last one that does not put it more than a day after
    /// `reference.now`: clocks differ, and December's lines are read in January.
    ///
    /// `None` if the stamp counts from the start of a machine ([`Format::Uptime`]), names a month
    /// in a language other than English, or is not a date at all (`Feb 31`).
    #[must_use]
    pub fn unix_seconds(&self, reference: Reference) -> Option<i64> {
        self.value.unix_seconds(reference)
    }

    /// The line after the stamp and the whitespace that follows it; the whole line if the stamp is
    /// not at its front.
    #[must_use]
    pub fn rest<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        match self.cut.start {
            0 if self.is_at_front() => &line[self.cut.end..],
            _ => line,
        }
    }

    /// True if the line begins with the stamp, or with a syslog priority and the stamp.
    #[must_use]
    pub fn is_at_front(&self) -> bool {
        !self.format.is_embedded()
    }
}

/// The time stamp of a line.
#[must_use]
pub fn find(line: &[u8]) -> Option<Stamp> {
    front::find(line).or_else(|| embedded::find(line))
}

/// The time stamp at the front of a line, without a look at the rest of it.
#[must_use]
pub fn find_at_front(line: &[u8]) -> Option<Stamp> {
    front::find(line)
}

#[cfg(test)]
mod tests;
