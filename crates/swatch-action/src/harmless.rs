//! Log text made fit to be stored and shown: no byte of it can drive a terminal.

/// Replaces control characters by `\xNN`: C0 (ESC, BEL, …), DEL, and C1 both as UTF-8 (`U+0080` to `U+009F`) and as the
/// lone bytes 0x80 to 0x9F that an 8-bit terminal obeys. All else stays as it is, also text that is not UTF-8.
#[must_use]
pub fn bytes(text: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                escape(&mut clean, u32::from(character));
            } else {
                let mut buffer = [0; 4];
                clean.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
        }
        for &byte in chunk.invalid() {
            if byte < 0xA0 {
                escape(&mut clean, u32::from(byte));
            } else {
                clean.push(byte);
            }
        }
    }
    clean
}

/// [`bytes`] for places that want a string: what is not UTF-8 becomes `U+FFFD`.
#[must_use]
pub fn text(text: &[u8]) -> String {
    String::from_utf8_lossy(&bytes(text)).into_owned()
}

/// [`text`], with line breaks and tabs kept: for whole texts such as a program's messages or a whois answer.
#[must_use]
pub fn lines(whole: &[u8]) -> String {
    let mut clean = String::with_capacity(whole.len());
    for (number, line) in whole.split(|&byte| byte == b'\n').enumerate() {
        if number > 0 {
            clean.push('\n');
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        for (column, part) in line.split(|&byte| byte == b'\t').enumerate() {
            if column > 0 {
                clean.push('\t');
            }
            clean.push_str(&text(part));
        }
    }
    clean
}

/// The start of a text for a message: harmless, and no longer than `limit` characters.
#[must_use]
pub fn excerpt(whole: &[u8], limit: usize) -> String {
    let shown = text(&whole[..whole.len().min(limit.saturating_mul(4))]);
    match shown.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

fn escape(clean: &mut Vec<u8>, code: u32) {
    clean.extend_from_slice(format!("\\x{code:02x}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_lose_their_power() {
        assert_eq!(
            bytes(b"a\x1b]0;t\x07b\x7f"),
            b"a\\x1b]0;t\\x07b\\x7f".to_vec()
        );
        assert_eq!(bytes("\u{9b}31m".as_bytes()), b"\\x9b31m".to_vec());
        assert_eq!(bytes(b"\x9b31m"), b"\\x9b31m".to_vec());
    }

    #[test]
    fn other_text_stays() {
        assert_eq!(bytes("日本語 é".as_bytes()), "日本語 é".as_bytes());
        // EUC-JP, as an old syslog may hold it.
        assert_eq!(bytes(b"\xc6\xfc\xcb\xdc"), b"\xc6\xfc\xcb\xdc".to_vec());
        assert_eq!(lines(b"a\tb\r\nc\x1b\n"), "a\tb\nc\\x1b\n");
        assert_eq!(excerpt("ééé".as_bytes(), 2), "éé…");
    }
}
