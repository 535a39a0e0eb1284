//! Modifiers within a pattern: `(?i)`, `(?^x-s:…)`.

use super::{Mode, Parser, Read, shown};
use crate::classes::Charset;

/// Reads modifiers up to a `:` or `)`, which is not consumed. `start` is the start of the group.
pub(super) fn modifiers(parser: &mut Parser<'_>, start: usize) -> Read<Mode> {
    let mut modifiers = parser.mode;
    let mut on = true;
    let mut charsets: Vec<u8> = Vec::new();
    if parser.eat(b"^") {
        modifiers = Mode {
            ignore_case: false,
            multi_line: false,
            dot_all: false,
            extended: false,
            extended_more: false,
            no_capture: false,
            charset: default_charset(parser),
        };
    }
    let negatable = parser.source[start..parser.at].last() != Some(&b'^');
    loop {
        let Some(letter) = parser.peek() else {
            return parser.refuse(start, "the group `(?` has no `)`");
        };
        match letter {
            b':' | b')' => return Ok(modifiers),
            b'i' => modifiers.ignore_case = on,
            b'm' => modifiers.multi_line = on,
            b's' => modifiers.dot_all = on,
            b'n' => modifiers.no_capture = on,
            b'x' => {
                let twice = parser.peek_at(1) == Some(b'x');
                parser.at += usize::from(twice);
                modifiers.extended = on;
                modifiers.extended_more = on && twice;
            }
            // These do not affect how a pattern matches.
            b'p' | b'o' | b'g' | b'c' => {}
            b'-' if on && negatable => on = false,
            b'l' if on => {
                return parser.unsupported(
                    parser.at,
                    "the modifier `l` makes the meaning depend on the locale, and is not supported",
                    "leave the `l` out",
                );
            }
            b'a' | b'd' | b'u' if on => {
                charsets.push(letter);
                modifiers.charset = charset(parser, &charsets)?;
            }
            b'a' | b'd' | b'l' | b'u' => {
                let letter = char::from(letter);
                return parser.refuse(
                    parser.at,
                    format!("the modifier `{letter}` must not follow the `-`"),
                );
            }
            _ => {
                let text = shown(&parser.source[start..=parser.at]);
                return parser.refuse_with(
                    start,
                    format!("`{text}` does not start a kind of group that Perl knows"),
                    "write `\\(` for the character",
                );
            }
        }
        parser.at += 1;
    }
}

fn default_charset(parser: &Parser<'_>) -> Charset {
    if parser.unicode {
        Charset::Unicode
    } else {
        Charset::Depends
    }
}

fn charset(parser: &Parser<'_>, letters: &[u8]) -> Read<Charset> {
    Ok(match letters {
        b"a" => Charset::Ascii,
        b"aa" => Charset::AsciiStrict,
        b"d" => default_charset(parser),
        b"u" => Charset::Unicode,
        _ => {
            let text = shown(letters);
            return parser.refuse(
                parser.at,
                format!("the modifiers `{text}` exclude each other"),
            );
        }
    })
}
