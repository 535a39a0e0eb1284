//! The program's own messages: one line on standard error each.

use std::fmt::Display;
use std::io::Write;
use std::sync::OnceLock;

use swatch_common::sanitize::Sanitized;

/// The importance of a message, with its number in syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was not done.
    Error = 3,
    /// Something needs attention.
    Warning = 4,
    /// For information.
    Notice = 5,
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

/// Writes `swatch-rs: TEXT` to standard error, with the priority in front if systemd reads it.
///
/// Text from outside has to be sanitised where it enters the message. What is left of control
/// characters is escaped here all the same, except the message's own line breaks. Errors are
/// ignored: a standard error that is closed is no reason to stop.
pub fn log(level: Level, text: impl Display) {
    static UNDER_SYSTEMD: OnceLock<bool> = OnceLock::new();
    let systemd = *UNDER_SYSTEMD.get_or_init(|| std::env::var_os("JOURNAL_STREAM").is_some());
    let mut out = String::new();
    for (n, line) in text.to_string().lines().enumerate() {
        let line = Sanitized::of(line);
        let prefix = match level {
            _ if systemd => format!("<{}>", level as u8),
            _ if n > 0 => String::new(),
            Level::Error => "swatch-rs: error: ".to_owned(),
            Level::Warning => "swatch-rs: warning: ".to_owned(),
            Level::Notice => "swatch-rs: ".to_owned(),
        };
        out.push_str(&format!("{prefix}{line}\n"));
    }
    let _ = std::io::stderr().lock().write_all(out.as_bytes());
}
