//! Log text in a message: bounded, and without anything that a terminal obeys.

use std::fmt::Write as _;

/// At most about `limit` bytes of `text`; control characters, invisible ones, backslashes and bytes that are no UTF-8
/// come as escapes (`\u{1b}`, `\xff`), and an ellipsis stands for what was cut off.
pub(super) fn visible(text: &[u8], limit: usize) -> String {
    let mut out = String::new();
    for chunk in text[..text.len().min(limit + 4)].utf8_chunks() {
        for c in chunk.valid().chars() {
            if out.len() >= limit {
                return out + "…";
            }
            match c {
                '"' | '\'' => out.push(c),
                other => out.extend(other.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            if out.len() >= limit {
                return out + "…";
            }
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    if text.len() > limit + 4 {
        out.push('…');
    }
    out
}
