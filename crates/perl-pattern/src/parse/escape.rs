//! Escapes that name one character: `\n`, `\x41`, `\012`, `\cA`, `\N{U+41}`.

use super::{Parser, Read};

impl Parser<'_> {
    /// The code point of the escape that begins here, which is known to be no class, reference or
    /// assertion. An unknown letter stands for itself, as in Perl.
    pub(super) fn character_escape(&mut self) -> Read<u32> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else {
            return self.refuse(start, "the pattern ends in a backslash");
        };
        self.at += 1;
        let point = match letter {
            b'a' => 0x07,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'c' => self.control(start)?,
            b'x' => self.hexadecimal(start)?,
            b'o' => self.braced_octal(start)?,
            b'N' => self.named_character(start)?,
            b'0'..=b'7' => {
                self.at -= 1;
                self.octal()
            }
            letter => u32::from(letter),
        };
        if point > 0xff {
            self.need_unicode()?;
        }
        Ok(point)
    }

    /// Up to three octal digits.
    fn octal(&mut self) -> u32 {
        let digits = self.rest().iter().take(3);
        let digits = digits.take_while(|digit| matches!(digit, b'0'..=b'7'));
        let (length, value) = digits.fold((0, 0), |(length, value), digit| {
            (length + 1, value * 8 + u32::from(digit - b'0'))
        });
        self.at += length;
        value
    }

    fn control(&mut self, start: usize) -> Read<u32> {
        match self.peek() {
            Some(b'{') => self.refuse_with(start, "`\\c{` is not allowed", "write `;`"),
            Some(byte @ 0x20..=0x7e) => {
                self.at += 1;
                Ok(u32::from(byte.to_ascii_uppercase() ^ 0x40))
            }
            _ => self.refuse_with(
                start,
                "a printable ASCII character must follow `\\c`",
                "`\\cA` is the byte 1",
            ),
        }
    }

    fn hexadecimal(&mut self, start: usize) -> Read<u32> {
        if self.peek() == Some(b'{') {
            self.at += 1;
            let Some(digits) = self.until(b'}') else {
                return self.refuse(start, "`\\x{` has no `}`");
            };
            return self.number(start, digits, 16);
        }
        let digits = self.rest().iter().take(2);
        let length = digits.take_while(|digit| digit.is_ascii_hexdigit()).count();
        let digits = &self.rest()[..length];
        self.at += length;
        self.number(start, digits, 16)
    }

    fn braced_octal(&mut self, start: usize) -> Read<u32> {
        let digits = if self.eat(b"{") {
            self.until(b'}')
        } else {
            None
        };
        match digits.map(super::quantifier::trim) {
            Some([]) => self.refuse(start, "`\\o{}` is empty"),
            Some(digits) => self.number(start, digits, 8),
            None => self.refuse_with(
                start,
                "`\\o` needs a number in braces",
                "write it as `\\o{101}`",
            ),
        }
    }

    /// Perl reads the digits up to the first character that is none; no digit is 0.
    fn number(&self, start: usize, text: &[u8], radix: u32) -> Read<u32> {
        let mut value = 0u32;
        for &byte in super::quantifier::trim(text) {
            let digit = match byte {
                b'_' => continue,
                byte => char::from(byte).to_digit(radix),
            };
            let Some(digit) = digit else { break };
            value = match value.checked_mul(radix).and_then(|v| v.checked_add(digit)) {
                Some(value) if value < 0x8000_0000 => value,
                _ => return self.refuse(start, "this code point is too large"),
            };
        }
        Ok(value)
    }

    fn named_character(&mut self, start: usize) -> Read<u32> {
        if !self.eat(b"{") {
            return self.refuse_with(
                start,
                "`\\N` stands for a class here, and cannot be part of one",
                "write `[^\\n]` for it",
            );
        }
        let Some(name) = self.until(b'}') else {
            return self.refuse(start, "`\\N{` has no `}`");
        };
        let name = super::quantifier::trim(name);
        let Some(digits) = name.strip_prefix(b"U+") else {
            return self.unsupported(
                start,
                "characters by their Unicode name are not supported",
                "write the code point: `\\x{20}`",
            );
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
            return self.refuse(start, "`\\N{U+…}` needs a hexadecimal number");
        }
        self.need_unicode_if_unsaid()?;
        self.number(start, digits, 16)
    }
}
