//! What the watcher says about itself: one line on standard error for each thing.

use std::io::Write;
use std::sync::OnceLock;

/// How much it matters, with the number of syslog(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was not done.
    Error = 3,
    /// Something needs a look.
    Warning = 4,
    /// Something to know.
    Notice = 5,
}

/// Writes a line to standard error: `swatch-rs: TEXT`. Control characters are made visible,
/// since the text may quote the log. Under systemd the line carries its priority.
///
/// A standard error that is closed is no reason to stop: the line is then lost.
pub fn tell(level: Level, text: impl std::fmt::Display) {
    static UNDER_SYSTEMD: OnceLock<bool> = OnceLock::new();
    let systemd = *UNDER_SYSTEMD.get_or_init(|| std::env::var_os("JOURNAL_STREAM").is_some());
    let prefix = match level {
        _ if systemd => format!("<{}>", level as u8),
        Level::Error => "error: ".to_owned(),
        Level::Warning => "warning: ".to_owned(),
        Level::Notice => String::new(),
    };
    let text = text.to_string();
    let line = if systemd {
        format!("{prefix}{}\n", visible(text.as_bytes()))
    } else {
        format!("swatch-rs: {prefix}{}\n", visible(text.as_bytes()))
    };
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// The text with control characters as `^X`, and other bytes that are no UTF-8 as `\xNN`.
/// Tabs stay.
pub fn visible(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' => out.push(c),
                '\0'..='\x1f' => {
                    out.push('^');
                    out.push(char::from(c as u8 + 0x40));
                }
                '\x7f' => out.push_str("^?"),
                // C1 controls: a terminal may obey them as it does ESC sequences.
                '\u{80}'..='\u{9f}' => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
                _ => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
