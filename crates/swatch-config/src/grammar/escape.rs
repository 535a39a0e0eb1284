//! Backslashes of Perl's double-quoted strings, and the case operators `\L \U \Q \l \u \E`.

use crate::lines::located::is_word;

/// The meaning of a backslash and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// One byte.
    Byte(u8),
    /// A character above 255, as UTF-8.
    Wide(char),
    /// `\L`, `\U`, `\Q`, `\F`, `\l`, `\u`, `\E`.
    Case(u8),
    /// A letter without a meaning in a string.
    Unknown(u8),
}

/// Reads an escape at a backslash; returns it and its length.
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
/// Case operators and letters without a meaning stand for themselves, without the backslash.
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

/// The stack and the operator for the next letter, at an earlier point.
type Before = (Vec<u8>, Option<(u8, usize)>);

/// The case operators that are in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseOperators {
    /// Those that act until `\E`, the outermost first.
    stack: Vec<u8>,
    /// `\l` or `\u` for the next letter, and the number of operators around it.
    next: Option<(u8, usize)>,
    /// The state before the last operator, if no text has followed it.
    fresh: Option<Before>,
    /// `\Q` does not escape bytes above 127: no engine wants a backslash there.
    ascii: bool,
}

impl CaseOperators {
    /// For patterns.
    pub(crate) fn of_pattern() -> Self {
        Self {
            ascii: true,
            ..Self::default()
        }
    }

    /// Applies an operator.
    pub(crate) fn apply(&mut self, operator: u8) {
        let fresh = self.fresh.take();
        if operator == b'E' {
            match fresh {
                // Operators without any text are undone.
                Some(before) => (self.stack, self.next) = before,
                None if self.next.take().is_some() => {}
                None => {
                    self.stack.pop();
                }
            }
            return;
        }
        let before = (self.stack.clone(), self.next);
        match operator {
            b'l' | b'u' if self.next.is_some() => {}
            b'l' | b'u' => {
                // `\L\u` means `\u\L`.
                let top = self.stack.last().copied();
                let turned = matches!((top, operator), (Some(b'L'), b'u') | (Some(b'U'), b'l'));
                let outer = self.stack.len() - usize::from(turned && fresh.is_some());
                self.next = Some((operator, outer));
            }
            b'Q' => self.stack.push(operator),
            _ => {
                // Only one of these can act; a second one ends the first.
                while self.stack.iter().any(|open| *open != b'Q') {
                    self.stack.pop();
                }
                self.stack.push(operator);
            }
        }
        self.fresh = Some(before);
    }

    /// Returns true if text passes unchanged.
    pub(crate) fn idle(&self) -> bool {
        self.stack.is_empty() && self.next.is_none()
    }

    /// Appends text with the operators applied, the innermost first.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        for &byte in text {
            let (next, outer) = self.next.take().unwrap_or((0, 0));
            let mut letter = byte;
            for (level, &operator) in self.stack.iter().enumerate().rev() {
                if level + 1 == outer {
                    letter = one(next, letter);
                }
                letter = one(operator, letter);
            }
            if outer == 0 || outer > self.stack.len() {
                letter = one(next, letter);
            }
            let quoted = self.stack.contains(&b'Q') && !is_word(letter);
            if quoted && (letter.is_ascii() || !self.ascii) {
                out.push(b'\\');
            }
            out.push(letter);
        }
        if !text.is_empty() {
            self.fresh = None;
        }
    }

    /// A Perl expression that applies the operators to a variable.
    pub(crate) fn around(&mut self, variable: &[u8]) -> Vec<u8> {
        let (next, outer) = self.next.take().unzip();
        self.fresh = None;
        let mut operators = self.stack.clone();
        if let (Some(next), Some(outer)) = (next, outer) {
            operators.insert(outer.min(operators.len()), next);
        }
        let mut out = b"\"".to_vec();
        for operator in operators {
            out.extend([b'\\', operator]);
        }
        out.extend(variable);
        out.push(b'"');
        out
    }
}

fn one(operator: u8, byte: u8) -> u8 {
    match operator {
        b'L' | b'F' | b'l' => byte.to_ascii_lowercase(),
        b'U' | b'u' => byte.to_ascii_uppercase(),
        _ => byte,
    }
}
