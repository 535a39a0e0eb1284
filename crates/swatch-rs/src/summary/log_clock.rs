//! The clock of a log: its time stamps.

use chrono::{DateTime, Datelike, Local, Offset, TimeZone, Timelike};
use log_timestamp::Reference;
use swatch_engine::ClockReading;

/// Gives the time of records. It never goes back, as the clock of a watcher never does.
#[derive(Debug, Default)]
pub(super) struct LogClock {
    /// When the log was last written: the year of stamps without one.
    written: i64,
    /// The offset of the local zone, in seconds, at the last time.
    offset: i32,
    reading: Option<ClockReading>,
}

impl LogClock {
    /// Another log follows, which was last written at this time, in seconds since 1970.
    pub(super) fn begin(&mut self, written: i64) {
        self.written = written;
        self.offset = local(written).offset().fix().local_minus_utc();
    }

    /// The time stamp of a record, in seconds since 1970.
    pub(super) fn stamp(&self, record: &[u8]) -> Option<i64> {
        let reference = Reference {
            now: self.written,
            offset: self.offset,
        };
        log_timestamp::find(record)?.unix_seconds(reference)
    }

    /// The time at which a record with this stamp is decided; without one it is that of the record
    /// before.
    pub(super) fn at(&mut self, stamp: Option<i64>) -> ClockReading {
        let seconds = match (stamp, self.reading) {
            (Some(seconds), Some(before)) if seconds > before.seconds => seconds,
            (_, Some(before)) => return before,
            (Some(seconds), None) => seconds,
            (None, None) => self.written,
        };
        let local = local(seconds);
        self.offset = local.offset().fix().local_minus_utc();
        *self.reading.insert(ClockReading {
            seconds,
            wall: seconds,
            weekday: local.weekday().num_days_from_sunday() as u8,
            hour: local.hour() as u8,
        })
    }
}

/// A time that cannot be expressed counts as 1970.
fn local(seconds: i64) -> DateTime<Local> {
    let time = Local.timestamp_opt(seconds, 0).earliest();
    time.unwrap_or_else(|| DateTime::UNIX_EPOCH.with_timezone(&Local))
}
