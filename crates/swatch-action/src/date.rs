//! Dates as `date` prints them under `LANG=C`, with the time zone's name.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, FixedOffset};

/// The present time in seconds since 1970, UTC. A clock set before 1970 counts as 1970.
#[must_use]
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

/// `Sun Nov 22 20:03:36 UTC 2026` in the local time zone: `TZ`, else `/etc/localtime`, else UTC.
///
/// chrono knows the offset of the local zone but not its name, which `date` prints; so the zone comes from tz-rs.
#[must_use]
pub fn long(seconds: i64) -> String {
    let (time, zone) = local(seconds);
    format!(
        "{} {zone} {}",
        time.format("%a %b %e %H:%M:%S"),
        time.format("%Y")
    )
}

/// `2026-11-22 20:03:36` in the local time zone, for tables.
#[must_use]
pub fn short(seconds: i64) -> String {
    local(seconds).0.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// RFC 3339 in UTC, for JSON.
#[must_use]
pub fn utc(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn local(seconds: i64) -> (DateTime<FixedOffset>, String) {
    let zone = match std::env::var("TZ") {
        Ok(name) if name.is_empty() => Ok(tz::TimeZone::utc()),
        Ok(name) => tz::TimeZone::from_posix_tz(&name),
        Err(_) => tz::TimeZone::local(),
    }
    .unwrap_or_else(|_| tz::TimeZone::utc());
    let kind = zone.find_local_time_type(seconds).ok();
    let (shift, name) = kind.map_or((0, String::new()), |kind| {
        (kind.ut_offset(), kind.time_zone_designation().to_owned())
    });
    let name = if name.is_empty() {
        "UTC".to_owned()
    } else {
        name
    };
    let offset = FixedOffset::east_opt(shift)
        .or_else(|| FixedOffset::east_opt(0))
        .expect("an offset of zero is valid");
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    (time.with_timezone(&offset), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compared with date(1) itself, in the zone of the machine that runs the test.
    #[test]
    fn the_same_as_date_prints() {
        for seconds in [0, 1_700_000_000, 1_751_328_009, now()] {
            let output = std::process::Command::new("date")
                .env("LANG", "C")
                .env("LC_ALL", "C")
                .args(["-d", &format!("@{seconds}")])
                .output();
            let Ok(output) = output else {
                println!("skipped: there is no date(1) here");
                return;
            };
            assert_eq!(
                long(seconds),
                String::from_utf8_lossy(&output.stdout).trim_end()
            );
        }
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
    }
}
