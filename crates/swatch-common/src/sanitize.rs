//! Untrusted text made safe for a terminal, a message or a log.
//!
//! Log lines, file names and the output of other programs may hold escape sequences that drive a
//! terminal, line breaks that forge a second message, and bidirectional or invisible characters
//! that make text read as something else. This module escapes all of them in one style:
//!
//! | input | output |
//! |---|---|
//! | line feed, carriage return | `\n`, `\r` |
//! | other ASCII control characters | `\x1b` |
//! | C1 controls, bidirectional and invisible format characters | `\u{202e}` |
//! | bytes that are not UTF-8 | `\xff` |
//!
//! Tabs are kept: they cannot do harm and log lines are full of them. Backslashes are not
//! doubled; the result is for people, not for parsers.
//!
//! Sanitise each untrusted *piece* as it enters a message, never the finished message, whose own
//! line breaks must survive.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Text on one line, safe to print. Bytes that are not UTF-8 are escaped.
#[must_use]
pub fn text(untrusted: &[u8]) -> String {
    Sanitized(untrusted).to_string()
}

/// [`text`], for a path.
#[must_use]
pub fn path(untrusted: &Path) -> String {
    text(untrusted.as_os_str().as_bytes())
}

/// Text that may span several lines, such as the output of a program: each line is sanitised as
/// [`text`], the line breaks are kept. A carriage return before a line feed is dropped.
#[must_use]
pub fn lines(untrusted: &[u8]) -> String {
    let mut out = String::with_capacity(untrusted.len());
    for (number, line) in untrusted.split(|&byte| byte == b'\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        push(&mut out, line.strip_suffix(b"\r").unwrap_or(line));
    }
    out
}

/// The start of a text for a message: sanitised, and at most `limit` characters long. An
/// ellipsis stands for what was cut off.
#[must_use]
pub fn excerpt(untrusted: &[u8], limit: usize) -> String {
    // No character takes more than four bytes.
    let bound = limit.saturating_add(1).saturating_mul(4);
    let cut = untrusted.len() > bound;
    let mut shown = text(&untrusted[..untrusted.len().min(bound)]);
    match shown.char_indices().nth(limit) {
        Some((end, _)) => shown.truncate(end),
        None if !cut => return shown,
        None => {}
    }
    shown.push('…');
    shown
}

/// A line that is stored for later viewing: escaped as [`text`], except that text in an older
/// 8-bit or multi-byte encoding stays as it is. Only the bytes 0x80 to 0x9f, which an 8-bit
/// terminal obeys, are escaped in it.
#[must_use]
pub fn bytes(untrusted: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(untrusted.len());
    let mut piece = String::new();
    for chunk in untrusted.utf8_chunks() {
        piece.clear();
        for c in chunk.valid().chars() {
            push_char(&mut piece, c);
        }
        out.extend_from_slice(piece.as_bytes());
        for &byte in chunk.invalid() {
            match byte {
                0xa0.. => out.push(byte),
                _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
            }
        }
    }
    out
}

/// Appends [`text`] to a string.
pub fn push(out: &mut String, untrusted: &[u8]) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{}", Sanitized(untrusted));
}

/// Appends one character, escaped where it must be.
fn push_char(out: &mut String, c: char) {
    let _ = write_char(out, c);
}

/// True if a character is escaped.
fn is_unsafe(c: char) -> bool {
    c != '\t' && (c.is_control() || is_format_character(c))
}

/// Displays bytes as [`text`] does, without an allocation.
#[derive(Debug, Clone, Copy)]
pub struct Sanitized<'a>(pub &'a [u8]);

impl<'a> Sanitized<'a> {
    /// For text that is a string already.
    #[must_use]
    pub fn of(untrusted: &'a str) -> Self {
        Self(untrusted.as_bytes())
    }

    /// For a path.
    #[must_use]
    pub fn path(untrusted: &'a Path) -> Self {
        Self(untrusted.as_os_str().as_bytes())
    }
}

impl fmt::Display for Sanitized<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_unsafe(c)) {
                out.write_str(&rest[..at])?;
                write_char(out, c)?;
                rest = &rest[at + c.len_utf8()..];
            }
            out.write_str(rest)?;
            for byte in chunk.invalid() {
                write!(out, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// [`text`] without a copy where nothing has to be escaped.
#[must_use]
pub fn cow(untrusted: &str) -> Cow<'_, str> {
    match untrusted.chars().any(is_unsafe) {
        true => Cow::Owned(text(untrusted.as_bytes())),
        false => Cow::Borrowed(untrusted),
    }
}

fn write_char(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        c if !is_unsafe(c) => out.write_char(c),
        c if c.is_ascii() => write!(out, "\\x{:02x}", u32::from(c)),
        c => write!(out, "\\u{{{:x}}}", u32::from(c)),
    }
}

/// Characters without a shape of their own that reorder, hide or join the text around them:
/// Unicode's format characters (Cf), its line and paragraph separators, fillers that look like
/// spaces or like nothing, and tags. Signs of scripts that are visible although their category is
/// Cf (Arabic number signs and the like) are not among them, nor are the variation selectors of
/// emoji.
fn is_format_character(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
