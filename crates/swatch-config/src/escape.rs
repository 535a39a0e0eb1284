//! Backslashes of Perl's double-quoted strings, and the case operators `\L \U \Q \l \u \E`.

use crate::text::is_word;

/// What a backslash begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// One byte.
    Byte(u8),
    /// A character above 255, as UTF-8.
    Wide(char),
    /// `\L`, `\U`, `\Q`, `\F`, `\l`, `\u`, `\E`.
    Case(u8),
    /// A letter that means nothing in a string.
    Unknown(u8),
}

/// Reads what stands at a backslash: what it is, and how many bytes it takes.
pub(crate) fn scan(text: &[u8]) -> (Escape, usize) {
    let Some(&letter) = text.get(1) else {
        return (Escape::Byte(b'\\'), 1);
    };
    let simple = |byte| (Escape::Byte(byte), 2);
    match letter {
        b'n' => simple(b'\n'),
        b't' => simple(b'\t'),
        b'r' => simple(b'\r'),
        b'f' => simple(0x0c),
        b'b' => simple(0x08),
        b'a' => simple(0x07),
        b'e' => simple(0x1b),
        b'0'..=b'7' => octal(text),
        b'o' if text.get(2) == Some(&b'{') => braces(text, 8),
        b'x' if text.get(2) == Some(&b'{') => braces(text, 16),
        b'x' => {
            let hex = text[2..].iter().take(2);
            let length = hex.take_while(|b| b.is_ascii_hexdigit()).count();
            number(&text[2..2 + length], 16, 2 + length)
        }
        b'c' if text.len() > 2 => (Escape::Byte(text[2].to_ascii_uppercase() ^ 64), 3),
        b'L' | b'U' | b'Q' | b'F' | b'l' | b'u' | b'E' => (Escape::Case(letter), 2),
        _ if letter.is_ascii_alphanumeric() => (Escape::Unknown(letter), 2),
        _ => simple(letter),
    }
}

/// Text from a command line with the escapes of a Perl string replaced: `\\t`, `\\n`, `\\x41`.
/// Case operators and letters that mean nothing stand for themselves, without the backslash.
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if text[at] != b'\\' {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let (escape, length) = scan(&text[at..]);
        at += length;
        match escape {
            Escape::Byte(byte) | Escape::Case(byte) | Escape::Unknown(byte) => out.push(byte),
            Escape::Wide(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

fn octal(text: &[u8]) -> (Escape, usize) {
    let digits = text[1..].iter().take(3);
    let length = digits.take_while(|b| (b'0'..=b'7').contains(b)).count();
    number(&text[1..1 + length], 8, 1 + length)
}

fn braces(text: &[u8], radix: u32) -> (Escape, usize) {
    match text.iter().position(|&b| b == b'}') {
        Some(close) => number(&text[3..close], radix, close + 1),
        None => (Escape::Unknown(text[1]), 2),
    }
}

fn number(digits: &[u8], radix: u32, length: usize) -> (Escape, usize) {
    let digits = std::str::from_utf8(digits).unwrap_or_default().trim();
    let value = u32::from_str_radix(digits, radix).unwrap_or(0);
    match u8::try_from(value) {
        Ok(byte) => (Escape::Byte(byte), length),
        Err(_) => {
            let wide = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
            (Escape::Wide(wide), length)
        }
    }
}

/// The case operators that are in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cases {
    stack: Vec<u8>,
    next: Option<u8>,
}

impl Cases {
    /// Takes note of an operator.
    pub(crate) fn apply(&mut self, operator: u8) {
        match operator {
            b'E' => {
                self.stack.pop();
            }
            b'l' | b'u' => self.next = Some(operator),
            _ => self.stack.push(operator),
        }
    }

    /// Whether text passes unchanged.
    pub(crate) fn idle(&self) -> bool {
        self.stack.is_empty() && self.next.is_none()
    }

    /// Appends text as the operators change it. `raw` is text whose backslashes already have
    /// their meaning, which `\Q` must not change twice.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        for &byte in text {
            let mut byte = byte;
            for operator in self.stack.iter() {
                byte = match operator {
                    b'L' | b'F' => byte.to_ascii_lowercase(),
                    b'U' => byte.to_ascii_uppercase(),
                    _ => byte,
                };
            }
            byte = match self.next.take() {
                Some(b'l') => byte.to_ascii_lowercase(),
                Some(_) => byte.to_ascii_uppercase(),
                None => byte,
            };
            // Bytes of a multi-byte character need no backslash, and no engine wants one there.
            if self.stack.contains(&b'Q') && !is_word(byte) && byte.is_ascii() {
                out.push(b'\\');
            }
            out.push(byte);
        }
    }

    /// A Perl expression for a variable that the operators change.
    pub(crate) fn around(&self, variable: &[u8]) -> Vec<u8> {
        let mut out = b"\"".to_vec();
        for operator in self.stack.iter().chain(&self.next) {
            out.extend([b'\\', *operator]);
        }
        out.extend(variable);
        out.push(b'"');
        out
    }
}
