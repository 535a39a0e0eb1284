//! The clock on which decisions are based.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{Datelike, Local, Timelike};
use swatch_engine::ClockReading;

/// Hands out [`ClockReading`]s.
///
/// Seconds run on the monotonic clock, so that setting the clock neither opens nor closes a
/// throttle; they start as the wall clock's, so that whole seconds change where users see them
/// change. Local time is looked up once per second.
pub struct Clock {
    start: Instant,
    wall_at_start: Duration,
    last: Option<ClockReading>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            wall_at_start: since_epoch(),
            last: None,
        }
    }
}

impl Clock {
    /// The current time.
    pub fn now(&mut self) -> ClockReading {
        let seconds = (self.wall_at_start + self.start.elapsed()).as_secs() as i64;
        if let Some(last) = self.last.filter(|last| last.seconds == seconds) {
            return last;
        }
        let local = Local::now();
        let reading = ClockReading {
            seconds,
            wall: since_epoch().as_secs() as i64,
            weekday: local.weekday().num_days_from_sunday() as u8,
            hour: local.hour() as u8,
        };
        self.last = Some(reading);
        reading
    }
}

/// A clock set before 1970 counts as 1970.
fn since_epoch() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
