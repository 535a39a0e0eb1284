//! Escapes that name one character: `\n`, `\x41`, `\012`, `\cA`, `\N{U+41}`.

use super::{Parser, Read, property};
use crate::byte_set::ByteSet;
use crate::classes::{HORIZONTAL, Named, VERTICAL};

/// The code point of the escape at this position, which is not a class, a reference or an
/// assertion. An unknown letter stands for itself, as in Perl.
pub(super) fn character_escape(parser: &mut Parser<'_>) -> Read<u32> {
    let start = parser.at;
    parser.at += 1;
    let Some(letter) = parser.peek() else {
        return parser.refuse(start, "the pattern ends in a backslash");
    };
    parser.at += 1;
    let point = match letter {
        b'a' => 0x07,
        b'e' => 0x1b,
        b'f' => 0x0c,
        b'n' => 0x0a,
        b'r' => 0x0d,
        b't' => 0x09,
        b'c' => control(parser, start)?,
        b'x' => hexadecimal(parser, start)?,
        b'o' => braced_octal(parser, start)?,
        b'N' => named_character(parser, start)?,
        b'0'..=b'7' => {
            parser.at -= 1;
            octal(parser)
        }
        letter => u32::from(letter),
    };
    if point > 0xff {
        parser.need_unicode()?;
    }
    Ok(point)
}

/// Up to three octal digits.
fn octal(parser: &mut Parser<'_>) -> u32 {
    let digits = parser.rest().iter().take(3);
    let digits = digits.take_while(|digit| matches!(digit, b'0'..=b'7'));
    let (length, value) = digits.fold((0, 0), |(length, value), digit| {
        (length + 1, value * 8 + u32::from(digit - b'0'))
    });
    parser.at += length;
    value
}

fn control(parser: &mut Parser<'_>, start: usize) -> Read<u32> {
    match parser.peek() {
        Some(b'{') => parser.refuse_with(start, "`\\c{` is not allowed", "write `;`"),
        Some(byte @ 0x20..=0x7e) => {
            parser.at += 1;
            Ok(u32::from(byte.to_ascii_uppercase() ^ 0x40))
        }
        _ => parser.refuse_with(
            start,
            "a printable ASCII character must follow `\\c`",
            "`\\cA` is the byte 1",
        ),
    }
}

fn hexadecimal(parser: &mut Parser<'_>, start: usize) -> Read<u32> {
    if parser.peek() == Some(b'{') {
        parser.at += 1;
        let Some(digits) = parser.until(b'}') else {
            return parser.refuse(start, "`\\x{` has no `}`");
        };
        return number(parser, start, digits, 16);
    }
    let digits = parser.rest().iter().take(2);
    let length = digits.take_while(|digit| digit.is_ascii_hexdigit()).count();
    let digits = &parser.rest()[..length];
    parser.at += length;
    number(parser, start, digits, 16)
}

fn braced_octal(parser: &mut Parser<'_>, start: usize) -> Read<u32> {
    let digits = if parser.eat(b"{") {
        parser.until(b'}')
    } else {
        None
    };
    match digits.map(super::quantifier::trim) {
        Some([]) => parser.refuse(start, "`\\o{}` is empty"),
        Some(digits) => number(parser, start, digits, 8),
        None => parser.refuse_with(
            start,
            "`\\o` needs a number in braces",
            "write it as `\\o{101}`",
        ),
    }
}

/// Perl reads digits up to the first other character; no digits mean 0.
fn number(parser: &Parser<'_>, start: usize, text: &[u8], radix: u32) -> Read<u32> {
    let mut value = 0u32;
    for &byte in super::quantifier::trim(text) {
        let digit = match byte {
            b'_' => continue,
            byte => char::from(byte).to_digit(radix),
        };
        let Some(digit) = digit else { break };
        value = match value.checked_mul(radix).and_then(|v| v.checked_add(digit)) {
            Some(value) if value < 0x8000_0000 => value,
            _ => return parser.refuse(start, "this code point is too large"),
        };
    }
    Ok(value)
}

fn named_character(parser: &mut Parser<'_>, start: usize) -> Read<u32> {
    if !parser.eat(b"{") {
        return parser.refuse_with(
            start,
            "`\\N` stands for a class here, and cannot be part of one",
            "write `[^\\n]` for it",
        );
    }
    let Some(name) = parser.until(b'}') else {
        return parser.refuse(start, "`\\N{` has no `}`");
    };
    let name = super::quantifier::trim(name);
    let Some(digits) = name.strip_prefix(b"U+") else {
        return parser.unsupported(
            start,
            "characters by their Unicode name are not supported",
            "write the code point: `\\x{20}`",
        );
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return parser.refuse(start, "`\\N{U+…}` needs a hexadecimal number");
    }
    parser.need_unicode_if_unsaid()?;
    number(parser, start, digits, 16)
}

/// `\w`, `\d` and the like, inside or outside a class. Consumes it if it is one.
pub(super) fn shorthand(parser: &mut Parser<'_>, letter: u8) -> Read<Option<ByteSet>> {
    let charset = parser.mode.charset;
    let set = match letter {
        b'w' => Named::Word.set(charset),
        b'W' => Named::Word.set(charset).negated(),
        b'd' => Named::Digit.set(charset),
        b'D' => Named::Digit.set(charset).negated(),
        b's' => Named::Space.set(charset),
        b'S' => Named::Space.set(charset).negated(),
        b'h' => HORIZONTAL,
        b'H' => HORIZONTAL.negated(),
        b'v' => VERTICAL,
        b'V' => VERTICAL.negated(),
        b'p' | b'P' => return property::property(parser).map(Some),
        _ => return Ok(None),
    };
    parser.at += 2;
    Ok(Some(set))
}
