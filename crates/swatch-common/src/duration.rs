//! Lengths of time as people write them: `45s`, `30m`, `2h`, `24hour`, `7 days`, `1w`, `1h30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time in whole seconds, at most [`Seconds::MAX`].
///
/// Read from text or from a settings file, it needs a unit: `lock_time = 24` would be 24 seconds
/// where most who write it mean hours, so a bare number is an error that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub u64);

/// The reason why a text is not a length of time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DurationError {
    /// It is empty, or does not begin with a digit.
    #[error("a length of time is a number with a unit, such as 90s, 30m, 24h or 7d; got {0:?}")]
    NoNumber(String),
    /// A number without a unit.
    #[error("{0:?} has no unit: write {number}s, {number}m, {number}h or {number}d", number = .0.trim())]
    NoUnit(String),
    /// A fraction, such as `1.5h`.
    #[error("{0:?} has a fraction: use a smaller unit, such as 90m for one and a half hours")]
    Fraction(String),
    /// The unit is unknown.
    #[error("unknown unit {unit:?} in {text:?}: use s, m, h, d or w")]
    Unit {
        /// The whole text.
        text: String,
        /// The unit.
        unit: String,
    },
    /// It does not fit.
    #[error("{0:?} is too long: at most 3650 days")]
    TooLong(String),
}

impl Seconds {
    /// Ten years. Beyond that, arithmetic on dates and the `at` program are no longer reliable.
    pub const MAX: Self = Self(3650 * 86_400);

    /// As the standard library counts it.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }

    /// In seconds, signed, for arithmetic on dates.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// This length `factor` times: never shorter than it was, never longer than [`Self::MAX`].
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        // The cast saturates, and turns NaN into zero, which `clamp` lifts to the length itself.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let grown = (self.0 as f64 * factor) as u64;
        Self(grown.clamp(self.0.min(Self::MAX.0), Self::MAX.0))
    }
}

impl FromStr for Seconds {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let too_long = || DurationError::TooLong(text.to_owned());
        let mut total = 0_u64;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(DurationError::NoNumber(text.to_owned()));
        }
        while !rest.is_empty() {
            let (number, after) = split_while(rest, |c| c.is_ascii_digit());
            if number.is_empty() {
                return Err(DurationError::NoNumber(text.to_owned()));
            }
            if after.starts_with(['.', ',']) {
                return Err(DurationError::Fraction(text.to_owned()));
            }
            let (unit, after) = split_while(after.trim_start(), |c| c.is_ascii_alphabetic());
            let scale = match unit {
                "" => return Err(DurationError::NoUnit(text.to_owned())),
                other => scale(other).ok_or_else(|| DurationError::Unit {
                    text: text.to_owned(),
                    unit: other.to_owned(),
                })?,
            };
            let number: u64 = number.parse().map_err(|_| too_long())?;
            total = number
                .checked_mul(scale)
                .and_then(|part| total.checked_add(part))
                .filter(|&sum| sum <= Self::MAX.0)
                .ok_or_else(too_long)?;
            rest = after.trim_start();
        }
        Ok(Self(total))
    }
}

fn split_while(text: &str, wanted: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// Seconds in a unit. Small letters only: `M` would be months to some and minutes to others.
fn scale(unit: &str) -> Option<u64> {
    Some(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    })
}

impl fmt::Display for Seconds {
    /// In the largest unit that leaves no rest: `1d`, `90m`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = match self.0 {
            0 => ("s", 1),
            n if n.is_multiple_of(86_400) => ("d", 86_400),
            n if n.is_multiple_of(3600) => ("h", 3600),
            n if n.is_multiple_of(60) => ("m", 60),
            _ => ("s", 1),
        };
        write!(out, "{}{unit}", self.0 / scale)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecondsVisitor)
    }
}

struct SecondsVisitor;

impl de::Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a length of time such as \"90s\", \"30m\", \"24h\" or \"7d\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Seconds, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Seconds, E> {
        Err(E::custom(unquoted(number)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Seconds, E> {
        Err(E::custom(unquoted(number)))
    }
}

fn unquoted(number: impl fmt::Display) -> String {
    format!(
        "{number} has no unit: write \"{number}s\", \"{number}m\", \"{number}h\" or \"{number}d\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (text, seconds) in [
            ("45s", 45),
            ("0s", 0),
            ("30m", 1800),
            ("24hour", 86_400),
            ("7 days", 604_800),
            (" 1h30m ", 5400),
            ("1h 30m", 5400),
            ("1w", 604_800),
        ] {
            assert_eq!(text.parse(), Ok(Seconds(seconds)), "{text}");
        }
        assert_eq!(Seconds(86_400).to_string(), "1d");
        assert_eq!(Seconds(5400).to_string(), "90m");
        assert_eq!(Seconds(0).to_string(), "0s");
    }

    #[test]
    fn errors_name_the_fix() {
        for (text, message) in [
            ("24", "\"24\" has no unit: write 24s, 24m, 24h or 24d"),
            ("1h30", "\"1h30\" has no unit"),
            ("", "such as 90s, 30m, 24h or 7d; got \"\""),
            ("h", "got \"h\""),
            ("-5m", "got \"-5m\""),
            ("1.5h", "use a smaller unit"),
            (
                "5 parsecs",
                "unknown unit \"parsecs\" in \"5 parsecs\": use s, m, h, d or w",
            ),
            ("5M", "unknown unit \"M\""),
            ("99999999999999999999s", "is too long: at most 3650 days"),
            ("4000d", "is too long"),
        ] {
            let error = text.parse::<Seconds>().expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn a_settings_file_needs_the_unit_too() {
        #[derive(Debug, Deserialize)]
        struct Settings {
            time: Seconds,
        }
        let read = |text: &str| toml::from_str::<Settings>(text).map(|settings| settings.time);
        assert_eq!(read("time = '24h'").ok(), Some(Seconds(86_400)));
        for text in ["time = 24", "time = '24'", "time = 1.5", "time = true"] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.contains("24h"), "{text}: {error}");
        }
    }

    #[test]
    fn growth_never_shortens_and_never_overflows() {
        assert_eq!(Seconds(60).times(2.5), Seconds(150));
        assert_eq!(Seconds(60).times(0.0), Seconds(60));
        assert_eq!(Seconds(60).times(f64::NAN), Seconds(60));
        assert_eq!(Seconds(60).times(f64::INFINITY), Seconds::MAX);
    }
}
