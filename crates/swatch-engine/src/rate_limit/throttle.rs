//! `throttle`: report a key's first message, then count, then say how many there were.
//!
//! The sequences and texts are those of swatchdog 3.2.4, except that `threshold=1` reports every
//! message; swatchdog reports only the first, for ever.

use super::table::{Key, Table};

/// The settings of a `throttle` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Seconds that must be *exceeded* since the last report. `None`: for ever.
    pub(crate) hold: Option<i64>,
    /// Report every Nth message.
    pub(crate) threshold: Option<u32>,
}

/// The state of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// Second of the last report that was due by time.
    last: i64,
    /// Messages since the last report.
    count: u32,
}

/// The verdict on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttled {
    /// The first of its key: unchanged.
    First,
    /// The hold time is over: the message with ` (seen N times)`.
    Seen(u32),
    /// The Nth message: with ` (threshold N exceeded)`.
    Exceeded(u32),
    /// Not reported.
    Held {
        /// Messages of this key since the last report, this one included.
        count: u32,
        /// The second from which the next one is reported. `None`: time does not end it.
        until: Option<i64>,
    },
}

impl Throttled {
    /// The message is not reported.
    pub fn is_held(self) -> bool {
        matches!(self, Throttled::Held { .. })
    }

    /// The text appended to a reported message.
    pub fn suffix(self) -> String {
        match self {
            Throttled::First | Throttled::Held { .. } => String::new(),
            Throttled::Seen(n) => format!(" (seen {n} times)"),
            Throttled::Exceeded(n) => format!(" (threshold {n} exceeded)"),
        }
    }
}

/// One message of a key at second `now`.
pub(crate) fn throttle(table: &mut Table<Record>, key: Key, rate: Rate, now: i64) -> Throttled {
    let Some(record) = table.get(key) else {
        // An entry never expires: even after a long silence the next message reports the count.
        // Only the limit of the table evicts it.
        let first = Record {
            last: now,
            count: 1,
        };
        table.insert(key, first, |_| false);
        return Throttled::First;
    };
    record.count = record.count.saturating_add(1);
    if let Some(n) = rate.threshold
        && record.count >= n
    {
        record.count = 0;
        return Throttled::Exceeded(n);
    }
    let until = rate.hold.map(|hold| record.last.saturating_add(hold));
    // Time stamps of records may be wrong: one in the far future must not silence its key until
    // then.
    let from_future = |hold| now < record.last.saturating_sub(hold);
    if until.is_some_and(|end| now > end) || rate.hold.is_some_and(from_future) {
        let count = record.count;
        record.count = 0;
        record.last = now;
        return Throttled::Seen(count);
    }
    Throttled::Held {
        count: record.count,
        until: until.map(|end| end.saturating_add(1)),
    }
}
