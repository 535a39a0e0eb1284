//! The program's own messages: events on standard error, as text or as JSON.

use std::fmt::Display;
use std::io::Write;
use std::sync::OnceLock;

use swatch_common::event_log::{FORMAT_VARIABLE, LEVEL_VARIABLE, LogFormat, LogSettings};
use swatch_common::sanitize::Sanitized;

pub use swatch_common::event_log::{EventKind, Level, LogEvent};

static SETTINGS: OnceLock<LogSettings> = OnceLock::new();

/// Sets the format and the level, once the command line is understood.
pub fn configure(settings: LogSettings) {
    // A second call would be a mistake without consequences.
    let _ = SETTINGS.set(settings);
}

/// Until the command line is understood, the environment decides.
fn settings() -> LogSettings {
    match SETTINGS.get() {
        Some(settings) => *settings,
        None => LogSettings::from_environment(),
    }
}

/// True if events are written as JSON.
pub fn is_json() -> bool {
    settings().format == LogFormat::Json
}

/// True if events of this level are written.
pub fn is_enabled(level: Level) -> bool {
    level <= settings().least()
}

/// Variables that make swatch-action write its events as this program does.
pub fn environment() -> Vec<(&'static str, String)> {
    let settings = settings();
    let mut variables = Vec::new();
    if settings.format != LogFormat::default() {
        variables.push((FORMAT_VARIABLE, settings.format.to_string()));
    }
    if let Some(level) = settings.level {
        variables.push((LEVEL_VARIABLE, level.to_string()));
    }
    variables
}

/// Logs that something was not done.
pub fn error(text: impl Display) {
    log(Level::Error, text);
}

/// Logs something that needs attention.
pub fn warning(text: impl Display) {
    log(Level::Warning, text);
}

/// Logs something worth knowing.
pub fn notice(text: impl Display) {
    log(Level::Notice, text);
}

/// Logs an event without a kind of its own.
pub fn log(level: Level, text: impl Display) {
    write(&LogEvent::new(level, EventKind::Message, text));
}

/// As [`write`], for an event of a watch, whose name is put in front of the text.
pub fn write_of(watch: &str, mut event: LogEvent) {
    event.message = format!("{watch}: {}", event.message);
    write(&event.with("watch", watch));
}

/// Writes an event to standard error: as JSON, or as `swatch-rs: TEXT` with the priority in front
/// if systemd reads it.
///
/// Text from outside has to be sanitised where it enters the message. What is left of control
/// characters is escaped here all the same, except the message's own line breaks. Errors are
/// ignored: a standard error that is closed is no reason to stop.
pub fn write(event: &LogEvent) {
    if !is_enabled(event.level) {
        return;
    }
    let out = match is_json() {
        true => event.json("swatch-rs"),
        false => text(event),
    };
    let _ = std::io::stderr().lock().write_all(out.as_bytes());
}

fn text(event: &LogEvent) -> String {
    static UNDER_SYSTEMD: OnceLock<bool> = OnceLock::new();
    let systemd = *UNDER_SYSTEMD.get_or_init(|| std::env::var_os("JOURNAL_STREAM").is_some());
    let mut out = String::new();
    for (n, line) in event.message.lines().enumerate() {
        let line = Sanitized::of(line);
        let prefix = match event.level {
            level if systemd => format!("<{}>", level as u8),
            _ if n > 0 => String::new(),
            Level::Error => "swatch-rs: error: ".to_owned(),
            Level::Warning => "swatch-rs: warning: ".to_owned(),
            _ => "swatch-rs: ".to_owned(),
        };
        out.push_str(&format!("{prefix}{line}\n"));
    }
    out
}
