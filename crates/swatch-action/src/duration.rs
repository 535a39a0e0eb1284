//! Lengths of time as people write them: `90`, `45s`, `30m`, `2h`, `24hour`, `7 days`, `1w`, `1h30m`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time in whole seconds. A bare number counts seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// What is wrong with a length of time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpanError {
    /// It is empty, or a unit stands without a number.
    #[error("a length of time is a number with a unit, such as 90s, 30m, 24h or 7d; got {0:?}")]
    NoNumber(String),
    /// The unit is unknown.
    #[error("unknown unit {unit:?} in {text:?}: use s, m, h, d or w")]
    Unit {
        /// The whole text.
        text: String,
        /// The unit that is unknown.
        unit: String,
    },
    /// It does not fit.
    #[error("{0:?} is too long: at most 3650 days")]
    TooLong(String),
}

/// Ten years; beyond it, arithmetic on dates and `at` are no longer safe.
const LONGEST: u64 = 3650 * 86_400;

impl Span {
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

    /// This length `factor` times, at most ten years.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        // Casting saturates, and a factor that is no number gives zero, which `max` lifts to the length itself.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let grown = (self.0 as f64 * factor) as u64;
        Self(grown.clamp(self.0.min(LONGEST), LONGEST))
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let mut total = 0_u64;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(SpanError::NoNumber(text.to_owned()));
        }
        while !rest.is_empty() {
            let digits = rest
                .find(|character: char| !character.is_ascii_digit())
                .unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            if number.is_empty() {
                return Err(SpanError::NoNumber(text.to_owned()));
            }
            let after = after.trim_start();
            let letters = after
                .find(|character: char| !character.is_ascii_alphabetic())
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            let scale = match unit {
                "" | "s" | "sec" | "secs" | "second" | "seconds" => 1,
                "m" | "min" | "mins" | "minute" | "minutes" => 60,
                "h" | "hour" | "hours" => 3600,
                "d" | "day" | "days" => 86_400,
                "w" | "week" | "weeks" => 604_800,
                other => {
                    return Err(SpanError::Unit {
                        text: text.to_owned(),
                        unit: other.to_owned(),
                    });
                }
            };
            total = number
                .parse::<u64>()
                .ok()
                .and_then(|number| number.checked_mul(scale))
                .and_then(|part| total.checked_add(part))
                .filter(|&sum| sum <= LONGEST)
                .ok_or_else(|| SpanError::TooLong(text.to_owned()))?;
            rest = after.trim_start();
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, scale) = match self.0 {
            0 => ("s", 1),
            n if n % 86_400 == 0 => ("d", 86_400),
            n if n % 3600 == 0 => ("h", 3600),
            n if n % 60 == 0 => ("m", 60),
            _ => ("s", 1),
        };
        write!(out, "{}{unit}", self.0 / scale)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Seconds(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Seconds(seconds) if seconds <= LONGEST => Ok(Self(seconds)),
            Written::Seconds(seconds) => {
                Err(D::Error::custom(SpanError::TooLong(seconds.to_string())))
            }
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (text, seconds) in [
            ("90", 90),
            ("45s", 45),
            ("30m", 1800),
            ("24hour", 86_400),
            ("7 days", 604_800),
            ("1h30m", 5400),
            ("1w", 604_800),
        ] {
            assert_eq!(text.parse(), Ok(Span(seconds)), "{text}");
        }
        for text in ["", "h", "5 parsecs", "99999999999999999999", "4000d", "-5"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!(Span(86_400).to_string(), "1d");
        assert_eq!(Span(5400).to_string(), "90m");
    }

    #[test]
    fn growth_never_shortens_and_never_overflows() {
        assert_eq!(Span(60).times(2.5), Span(150));
        assert_eq!(Span(60).times(f64::NAN), Span(60));
        assert_eq!(Span(60).times(f64::INFINITY), Span(LONGEST));
    }
}
