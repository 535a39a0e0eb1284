//! The present time, and times as they are printed.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Local};
pub use swatch_common::time_zone::date as long;

/// The present time in seconds since 1970, UTC. A clock set before 1970 counts as 1970.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

/// `2026-11-22 20:03:36` in the local time zone, for tables.
#[must_use]
pub fn short(seconds: i64) -> String {
    // Unlike `long`, chrono caches the zone: a list may contain 100,000 times.
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// `2026-11-22 20:03:36 +0900`, for tables without another hint to the time zone.
#[must_use]
pub fn zoned(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S %z")
        .to_string()
}

/// `2026-11-22 20:03 +0900`, for tables that fit a terminal.
#[must_use]
pub fn minute(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M %z")
        .to_string()
}

/// RFC 3339 in UTC, for JSON.
#[must_use]
pub fn utc(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
