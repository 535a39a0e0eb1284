//! The local time zone with its name, as `date(1)` prints it.
//!
//! chrono knows the offset of the local zone but not its name, so the zone is read by tz-rs: from
//! `TZ`, else from `/etc/localtime`, else it is UTC.

use std::cell::RefCell;
use std::ffi::OsString;
use std::rc::Rc;

use chrono::{DateTime, FixedOffset};

use crate::file_version::FileVersion;

thread_local! {
    /// The zone, for as long as its source is the same: to read it takes longer than to use it.
    static ZONE: RefCell<Option<(Place, Rc<tz::TimeZone>)>> = const { RefCell::new(None) };
}

/// The source of the zone: the value of `TZ`, or the version of the file.
#[derive(PartialEq, Eq)]
enum Place {
    Variable(OsString),
    File(Option<FileVersion>),
}

impl Place {
    fn now() -> Self {
        if let Some(name) = std::env::var_os("TZ") {
            return Self::Variable(name);
        }
        let meta = std::fs::metadata("/etc/localtime").ok();
        Self::File(meta.as_ref().map(FileVersion::of))
    }
}

/// A time in the local zone, and the zone's name at that time (`JST`, `CEST`).
///
/// `seconds` counts from 1970-01-01 00:00:00 UTC. A time beyond what chrono can express counts
/// as 1970.
#[must_use]
pub fn local(seconds: i64) -> (DateTime<FixedOffset>, String) {
    let zone = ZONE.with_borrow_mut(|known| {
        let place = Place::now();
        match known {
            Some((of, zone)) if *of == place => Rc::clone(zone),
            _ => Rc::clone(&known.insert((place, Rc::new(zone()))).1),
        }
    });
    let kind = zone.find_local_time_type(seconds).ok();
    let (shift, name) = kind.map_or((0, ""), |kind| {
        (kind.ut_offset(), kind.time_zone_designation())
    });
    let name = match name {
        "" => "UTC".to_owned(),
        name => name.to_owned(),
    };
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    let local = match FixedOffset::east_opt(shift) {
        Some(offset) => time.with_timezone(&offset),
        None => time.fixed_offset(),
    };
    (local, name)
}

/// `Sun Nov 22 20:03:36 UTC 2026`, as `LANG=C date` prints it.
#[must_use]
pub fn date(seconds: i64) -> String {
    let (time, zone) = local(seconds);
    let (day, year) = (time.format("%a %b %e %H:%M:%S"), time.format("%Y"));
    format!("{day} {zone} {year}")
}

fn zone() -> tz::TimeZone {
    let zone = match std::env::var("TZ") {
        // As tzset(3) has it.
        Ok(name) if name.is_empty() => Ok(tz::TimeZone::utc()),
        Ok(name) => tz::TimeZone::from_posix_tz(&name),
        Err(_) => tz::TimeZone::local(),
    };
    zone.unwrap_or_else(|_| tz::TimeZone::utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compared with date(1) itself, in the zone of the machine that runs the test.
    #[test]
    fn the_same_as_date_prints() {
        for seconds in [0, 1_700_000_000, 1_751_328_009, 1_764_369_334] {
            let output = std::process::Command::new("date")
                .envs([("LANG", "C"), ("LC_ALL", "C")])
                .args(["-d", &format!("@{seconds}")])
                .output()
                .expect("date(1) is everywhere");
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(date(seconds), printed.trim_end());
        }
    }

    #[test]
    fn no_time_is_too_far_away() {
        for seconds in [i64::MIN, i64::MAX] {
            assert!(!date(seconds).is_empty());
        }
    }
}
