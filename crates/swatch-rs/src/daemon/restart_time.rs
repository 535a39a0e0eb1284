//! `--restart-time`: when the rules are read again without a signal.

use std::time::{Duration, Instant};

use chrono::{DateTime, Days, Local, NaiveTime, TimeDelta, TimeZone};
use swatch_common::sanitize::Sanitized;

/// A parsed `--restart-time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartTime {
    /// `+H:MM`: at this interval.
    Every(TimeDelta),
    /// `HH:MM[:SS][am|pm]`: every day at this local time.
    Daily(NaiveTime),
}

/// A time in none of the formats. The beginnings of the messages are the original's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseTimeError {
    /// After a `+`.
    #[error("Unrecognized delta time format \"{}\"; expected +H:MM", Sanitized::of(.0))]
    Interval(String),
    /// A time of day.
    #[error(
        "Unrecognized time format \"{}\"; expected HH:MM, HH:MM:SS, H:MMpm or Hpm",
        Sanitized::of(.0)
    )]
    TimeOfDay(String),
}

/// Reads swatchdog's formats.
///
/// # Errors
/// [`ParseTimeError`].
pub fn parse(text: &str) -> Result<RestartTime, ParseTimeError> {
    if let Some(delta) = text.strip_prefix('+') {
        let bad = || ParseTimeError::Interval(text.to_owned());
        let (hours, minutes) = delta.split_once(':').ok_or_else(bad)?;
        let number = |digits: &str, most: usize| {
            let ok =
                (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            ok.then(|| digits.parse::<i64>().ok())
                .flatten()
                .ok_or_else(bad)
        };
        let minutes = number(hours, 4)? * 60 + number(minutes, 2)?;
        return Ok(RestartTime::Every(TimeDelta::minutes(minutes)));
    }
    daily(text).ok_or_else(|| ParseTimeError::TimeOfDay(text.to_owned()))
}

fn daily(text: &str) -> Option<RestartTime> {
    let lower = text.to_ascii_lowercase();
    let (clock, half) = match lower.strip_suffix("am") {
        Some(clock) => (clock, Some(0)),
        None => match lower.strip_suffix("pm") {
            Some(clock) => (clock, Some(12)),
            None => (lower.as_str(), None),
        },
    };
    let parts: Vec<u32> = clock
        .trim_end()
        .split(':')
        .map(|p| (1..=2).contains(&p.len()).then(|| p.parse().ok()).flatten())
        .collect::<Option<_>>()?;
    let (hour, minute, second) = match parts[..] {
        [hour] if half.is_some() => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, second).map(RestartTime::Daily)
}

impl RestartTime {
    /// The next time after `now`. None for `+0:00`, which the original ignores as well.
    pub fn next(self, now: DateTime<Local>) -> Option<DateTime<Local>> {
        match self {
            RestartTime::Every(delta) if delta.is_zero() => None,
            RestartTime::Every(delta) => Some(now + delta),
            RestartTime::Daily(time) => {
                let today = now.date_naive();
                [today, today + Days::new(1), today + Days::new(2)]
                    .into_iter()
                    // A time skipped by a change to daylight saving comes a day later.
                    .filter_map(|day| Local.from_local_datetime(&day.and_time(time)).earliest())
                    .find(|at| *at > now)
            }
        }
    }
}

/// The next restart on the monotonic clock, for the loop that waits.
pub struct Schedule {
    time: RestartTime,
    due: Option<(Instant, DateTime<Local>)>,
}

impl Schedule {
    /// Counts from now.
    pub fn new(time: RestartTime) -> Self {
        let mut schedule = Self { time, due: None };
        schedule.restart();
        schedule
    }

    /// Counts from now again.
    pub fn restart(&mut self) {
        let now = Local::now();
        self.due = self.time.next(now).map(|at| {
            let wait = (at - now).to_std().unwrap_or(Duration::ZERO);
            (Instant::now() + wait, at)
        });
    }

    /// The next restart.
    pub fn due(&self) -> Option<Instant> {
        self.due.map(|(instant, _)| instant)
    }

    /// The original's announcement, `Will restart at Mon Nov 23 13:00:00 2026`.
    pub fn announcement(&self) -> Option<String> {
        self.due
            .map(|(_, at)| format!("Will restart at {}", at.format("%a %b %e %H:%M:%S %Y")))
    }
}

#[cfg(test)]
mod tests;
