//! The messages of a program about its own work, as text or as one JSON object a line.
//!
//! Both programs write the events of one closed list, [`EventKind`], which `docs/events.schema.json`
//! describes with the fields of each. The text form of an event is its message.

mod kind;

use std::fmt;
use std::str::FromStr;

use chrono::{Local, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sanitize;

pub use kind::EventKind;

/// The environment variable by which swatch-rs tells its commands the format.
pub const FORMAT_VARIABLE: &str = "SWATCH_LOG_FORMAT";

/// The environment variable by which swatch-rs tells its commands the level.
pub const LEVEL_VARIABLE: &str = "SWATCH_LOG_LEVEL";

/// The importance of an event, with its number in syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something was not done.
    Error = 3,
    /// Something needs attention.
    Warning = 4,
    /// For information.
    Notice = 5,
    /// The ordinary course of work; the least that is written as JSON by default.
    Info = 6,
    /// Each line that matches, and each action.
    Debug = 7,
}

/// The form of the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, and for the journal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// A word that is no level or format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct UnknownWord {
    expected: &'static str,
}

/// The format and the least level, as far as they are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// The form.
    pub format: LogFormat,
    /// The least important level that is written; by default [`LogFormat::default_level`].
    pub level: Option<Level>,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text. It is sanitised when it is written.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A fraction.
    Fraction(f64),
    /// Yes or no.
    Flag(bool),
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// The importance.
    pub level: Level,
    /// The kind, which fixes the fields.
    pub kind: EventKind,
    /// The text form, without the program's name. Untrusted pieces in it are sanitised already.
    pub message: String,
    fields: Vec<(&'static str, Value)>,
}

impl LogEvent {
    /// An event without fields.
    #[must_use]
    pub fn new(level: Level, kind: EventKind, message: impl fmt::Display) -> Self {
        Self {
            level,
            kind,
            message: message.to_string(),
            fields: Vec::new(),
        }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Adds a field if there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The event as JSON, with its newline. All text is sanitised, so that a program that prints a
    /// value raw does no harm.
    #[must_use]
    pub fn json(&self, program: &str) -> String {
        let time = Local::now().to_rfc3339_opts(SecondsFormat::Micros, false);
        let mut out = format!(
            "{{\"time\":\"{time}\",\"level\":\"{}\",\"program\":\"{program}\",\"pid\":{},\"event\":\"{}\",\"message\":",
            self.level,
            std::process::id(),
            self.kind.name(),
        );
        push_text(&mut out, &sanitize::lines(self.message.as_bytes()));
        for (name, value) in &self.fields {
            out.push_str(&format!(",\"{name}\":"));
            match value {
                Value::Text(text) => push_text(&mut out, &sanitize::cow(text)),
                Value::Number(number) => out.push_str(&number.to_string()),
                Value::Fraction(number) if number.is_finite() => {
                    out.push_str(&format!("{number:?}"));
                }
                Value::Fraction(_) => out.push_str("null"),
                Value::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            }
        }
        out.push_str("}\n");
        out
    }
}

/// Appends a JSON string.
fn push_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

impl LogFormat {
    /// The level from which on events are written unless another is asked for. Text stays as quiet
    /// as swatchdog was.
    #[must_use]
    pub fn default_level(self) -> Level {
        match self {
            Self::Text => Level::Notice,
            Self::Json => Level::Info,
        }
    }
}

impl LogSettings {
    /// From the environment; a word that is not understood counts as absent.
    #[must_use]
    pub fn from_environment() -> Self {
        fn variable<T: FromStr>(name: &str) -> Option<T> {
            std::env::var(name).ok()?.parse().ok()
        }
        Self {
            format: variable(FORMAT_VARIABLE).unwrap_or_default(),
            level: variable(LEVEL_VARIABLE),
        }
    }

    /// The least important level that is written.
    #[must_use]
    pub fn least(&self) -> Level {
        self.level.unwrap_or(self.format.default_level())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}

impl FromStr for Level {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [
            Self::Error,
            Self::Warning,
            Self::Notice,
            Self::Info,
            Self::Debug,
        ];
        let found = all.into_iter().find(|level| level.to_string() == word);
        found.ok_or(UnknownWord {
            expected: "error, warning, notice, info or debug",
        })
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnknownWord {
                expected: "text or json",
            }),
        }
    }
}

macro_rules! as_word {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = String::deserialize(from)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_word!(Level);
as_word!(LogFormat);

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Fraction(number)
    }
}

macro_rules! from_number {
    ($($type:ty)*) => {
        $(impl From<$type> for Value {
            fn from(number: $type) -> Self {
                Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
            }
        })*
    };
}

from_number!(i32 i64 u16 u32 u64 usize);

#[cfg(test)]
mod tests;
