//! The original's first lines on standard output.

use chrono::{DateTime, Local};

/// `*** swatchdog version 3.2.4 (pid:N) started at DATE`, between empty lines: scripts of the
/// original's users skip these lines, or look for them. The date is as date(1) prints it.
pub(super) fn text() -> String {
    let now = Local::now();
    format!(
        "\n*** swatchdog version 3.2.4 (pid:{}) started at {} {} {}\n\n",
        std::process::id(),
        now.format("%a %b %e %H:%M:%S"),
        zone_name(now),
        now.format("%Y"),
    )
}

/// `JST`; chrono knows the offset of the local zone but not its name, so this comes from tz-rs.
/// A zone that is not known by name: its offset.
fn zone_name(now: DateTime<Local>) -> String {
    let zone = match std::env::var("TZ") {
        // As tzset(3) has it.
        Ok(name) if name.is_empty() => return "UTC".into(),
        Ok(name) => tz::TimeZone::from_posix_tz(&name),
        Err(_) => tz::TimeZone::local(),
    };
    let name = zone.ok().and_then(|zone| {
        let kind = zone.find_local_time_type(now.timestamp()).ok()?;
        Some(kind.time_zone_designation().to_owned())
    });
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| now.format("%Z").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compared with date(1), in the zone of the machine that runs the test.
    #[test]
    fn the_zone_is_named_as_date_names_it() {
        let date = std::process::Command::new("date").arg("+%Z").output();
        let date = date.expect("date(1) is everywhere");
        let named = String::from_utf8_lossy(&date.stdout);
        assert_eq!(zone_name(Local::now()), named.trim_end());
        assert!(
            text().contains(&format!(" {} ", named.trim_end())),
            "{}",
            text()
        );
    }
}
