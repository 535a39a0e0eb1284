//! Keys and seconds that a throttle takes from a message.

use log_timestamp::{Format, Reference, Stamp};
use perl_pattern::Captures;

use crate::patterns::Patterns;
use crate::program::ThrottlePlan;

/// The message without its time stamp and the parts that `extra_cuts=` matches.
pub(crate) fn default_key(patterns: &Patterns, plan: &ThrottlePlan, text: &[u8]) -> Vec<u8> {
    let cut = match plan.time_regex {
        Some(pattern) => patterns.matchers[pattern].find(text),
        None => find_stamp(text).map(|stamp| stamp.cut),
    };
    let mut key = match cut {
        Some(cut) => [&text[..cut.start], &text[cut.end..]].concat(),
        None => text.to_vec(),
    };
    for &pattern in &plan.cuts {
        let matcher = &patterns.matchers[pattern];
        let mut rest = Vec::with_capacity(key.len());
        let mut at = 0;
        // An empty match removes nothing and advances by one byte.
        let mut from = 0;
        while from <= key.len() {
            let Some(found) = matcher.find_at(&key, from) else {
                break;
            };
            rest.extend_from_slice(&key[at..found.start]);
            at = found.end;
            from = if found.is_empty() { at + 1 } else { at };
        }
        rest.extend_from_slice(&key[at..]);
        key = rest;
    }
    key
}

/// The second of a message's time stamp.
pub(crate) fn second_of(
    patterns: &Patterns,
    plan: &ThrottlePlan,
    text: &[u8],
    wall: i64,
) -> Option<i64> {
    // Only differences of seconds matter, so that a stamp without a zone may count as UTC.
    let reference = Reference {
        now: wall,
        offset: 0,
    };
    match plan.time_regex {
        Some(pattern) => {
            let matcher = &patterns.matchers[pattern];
            let mut captures = Captures::new();
            if !matcher.captures_into(text, &mut captures).is_match() {
                return None;
            }
            let mut stamp = text[captures.get(1).or(captures.get(0))?].to_vec();
            stamp.push(b' ');
            find_stamp(&stamp)?.unix_seconds(reference)
        }
        None => find_stamp(text)?.unix_seconds(reference),
    }
}

/// The time stamp of a message. swatchdog knows only the classic one of syslog, and leaves that
/// where it is if a priority (`<13>`) stands before it.
fn find_stamp(text: &[u8]) -> Option<Stamp> {
    log_timestamp::find(text)
        .filter(|stamp| stamp.format != Format::Syslog || !text.starts_with(b"<"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        let cut = find_stamp(text.as_bytes()).map_or(0..0, |stamp| stamp.cut);
        format!("{}{}", &text[..cut.start], &text[cut.end..])
    }

    #[test]
    fn every_known_stamp_is_cut() {
        for format in Format::ALL {
            for sample in format.samples().iter().filter(|s| !s.starts_with("<34>J")) {
                let key = key(sample);
                for part in ["2024", "12:00", "14:00", "1717243200", "123456789"] {
                    assert!(!key.contains(part), "{sample}: {key}");
                }
            }
        }
    }

    #[test]
    fn what_swatchdog_cuts_and_leaves() {
        for (text, left) in [
            ("Jan  2 03:04:05 host a: m", "host a: m"),
            ("Xyz 9 03:04:05   m", "m"),
            ("<13>Jan  2 03:04:05 m", "<13>Jan  2 03:04:05 m"),
            (" Jan  2 03:04:05 m", " Jan  2 03:04:05 m"),
            ("Jan 2 2024 03:04:05 m", "Jan 2 2024 03:04:05 m"),
        ] {
            assert_eq!(key(text), left);
        }
    }
}
