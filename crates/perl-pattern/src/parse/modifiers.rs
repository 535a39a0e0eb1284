//! Mode within a pattern: `(?i)`, `(?^x-s:…)`.

use super::{Mode, Parser, Read};
use crate::classes::Charset;

impl Parser<'_> {
    /// Reads modifiers up to a `:` or `)`, which is left; `start` is where the group begins.
    pub(super) fn modifiers(&mut self, start: usize) -> Read<Mode> {
        let mut modifiers = self.mode;
        let mut on = true;
        let mut charsets: Vec<u8> = Vec::new();
        if self.eat(b"^") {
            modifiers = Mode {
                ignore_case: false,
                multi_line: false,
                dot_all: false,
                extended: false,
                extended_more: false,
                no_capture: false,
                charset: self.default_charset(),
            };
        }
        let negatable = self.source[start..self.at].last() != Some(&b'^');
        loop {
            let Some(letter) = self.peek() else {
                return self.refuse(start, "the group `(?` has no `)`");
            };
            match letter {
                b':' | b')' => return Ok(modifiers),
                b'i' => modifiers.ignore_case = on,
                b'm' => modifiers.multi_line = on,
                b's' => modifiers.dot_all = on,
                b'n' => modifiers.no_capture = on,
                b'x' => {
                    let twice = self.peek_at(1) == Some(b'x');
                    self.at += usize::from(twice);
                    modifiers.extended = on;
                    modifiers.extended_more = on && twice;
                }
                // They say nothing about how a pattern matches.
                b'p' | b'o' | b'g' | b'c' => {}
                b'-' if on && negatable => on = false,
                b'l' if on => {
                    return self.unsupported(
                        self.at,
                        "the modifier `l` makes the meaning depend on the locale, and is not supported",
                        "leave the `l` out",
                    );
                }
                b'a' | b'd' | b'u' if on => {
                    charsets.push(letter);
                    modifiers.charset = self.charset(&charsets)?;
                }
                b'a' | b'd' | b'l' | b'u' => {
                    let letter = char::from(letter);
                    return self.refuse(
                        self.at,
                        format!("the modifier `{letter}` may not stand behind the `-`"),
                    );
                }
                _ => {
                    let text = Self::shown(&self.source[start..=self.at]);
                    return self.refuse_with(
                        start,
                        format!("`{text}` begins no kind of group that Perl knows"),
                        "write `\\(` for the character",
                    );
                }
            }
            self.at += 1;
        }
    }

    fn default_charset(&self) -> Charset {
        if self.unicode {
            Charset::Unicode
        } else {
            Charset::Depends
        }
    }

    fn charset(&self, letters: &[u8]) -> Read<Charset> {
        Ok(match letters {
            b"a" => Charset::Ascii,
            b"aa" => Charset::AsciiStrict,
            b"d" => self.default_charset(),
            b"u" => Charset::Unicode,
            _ => {
                let text = Self::shown(letters);
                return self.refuse(
                    self.at,
                    format!("the modifiers `{text}` exclude each other"),
                );
            }
        })
    }
}
