//! One atom: a character, a class, an escape or a group.

use super::{Parser, Read};
use crate::ast::{Assert, Node};
use crate::byte_set::ByteSet;
use crate::classes::{self, Charset, HORIZONTAL, NOT_NEWLINE, Named, VERTICAL};

impl Parser<'_> {
    /// Reads an atom; none where modifiers alone were read.
    pub(super) fn atom(&mut self) -> Read<Option<Node>> {
        let start = self.at;
        let Some(byte) = self.peek() else {
            return Ok(None);
        };
        match byte {
            b'(' => return self.group(),
            b'[' => return self.class().map(|set| Some(Node::set(set))),
            b'\\' => {
                let node = self.escape();
                self.letter_escape = (self.at == start + 2).then_some(self.at);
                return node;
            }
            b'*' | b'+' | b'?' => {
                return self.refuse_with(
                    start,
                    format!("the quantifier `{}` follows nothing", char::from(byte)),
                    format!("write `\\{}` for the character", char::from(byte)),
                );
            }
            b'{' => self.check_brace()?,
            _ => {}
        }
        self.at += 1;
        Ok(Some(match byte {
            b'.' if self.mode.dot_all => Node::Set(ByteSet::ALL),
            b'.' => Node::Set(NOT_NEWLINE),
            b'^' if self.mode.multi_line => Node::Assert(Assert::LineStart),
            b'^' => Node::Assert(Assert::TextStart),
            b'$' if self.mode.multi_line => Node::Assert(Assert::LineEnd),
            b'$' => Node::Assert(Assert::TextEndOrNewline),
            byte => self.character(u32::from(byte)),
        }))
    }

    /// Perl takes a stray `{` literally, but not behind a backslash and a letter, which may get
    /// a meaning one day.
    fn check_brace(&self) -> Read<()> {
        let [before @ .., letter] = &self.source[..self.at] else {
            return Ok(());
        };
        // Perl looks one byte back alone, so it refuses `\\d{` too, except under /i.
        let escaped = self.letter_escape == Some(self.at);
        let refused = escaped || (before.ends_with(b"\\") && !self.mode.ignore_case);
        if !letter.is_ascii_alphabetic() || !refused {
            return Ok(());
        }
        let letter = char::from(*letter);
        self.refuse_with(
            self.at,
            format!("this `{{` is not allowed behind `\\{letter}`"),
            "write `\\{` for the character",
        )
    }

    /// A character by its code point, under the modifiers in force.
    pub(super) fn character(&self, point: u32) -> Node {
        let charset = self.mode.charset;
        match u8::try_from(point) {
            Ok(byte) if self.mode.ignore_case => {
                Node::Set(classes::fold(ByteSet::single(byte), charset))
            }
            Ok(byte) => Node::byte(byte),
            Err(_) if self.mode.ignore_case => {
                Node::set(classes::fold_from_above(point, point, charset))
            }
            Err(_) => Node::Fail,
        }
    }

    /// An escape outside of a class.
    fn escape(&mut self) -> Read<Option<Node>> {
        let start = self.at;
        let Some(letter) = self.peek_at(1) else {
            return self.refuse_with(
                start,
                "the pattern ends in a backslash",
                "write `\\\\` for a backslash",
            );
        };
        if let Some(node) = self.reference(letter)? {
            return Ok(Some(node));
        }
        if let Some(set) = self.shorthand(letter)? {
            return Ok(Some(Node::set(set)));
        }
        self.at += 2;
        let latin = self.mode.charset == Charset::Unicode;
        let assert = |assert| Ok(Some(Node::Assert(assert)));
        match letter {
            b'A' | b'G' => return assert(Assert::TextStart),
            b'z' => return assert(Assert::TextEnd),
            b'Z' => return assert(Assert::TextEndOrNewline),
            b'b' | b'B' if self.peek() == Some(b'{') => return self.boundary(start),
            b'b' | b'B' => {
                return assert(Assert::Word {
                    negated: letter == b'B',
                    latin,
                });
            }
            b'K' if self.look_depth > 0 => {
                return self.refuse(start, "`\\K` is not allowed in look-around");
            }
            b'K' => return assert(Assert::Keep),
            b'N' if self.peek() != Some(b'{')
                || super::quantifier::braces(self.rest()).is_some() =>
            {
                return Ok(Some(Node::Set(NOT_NEWLINE)));
            }
            b'R' => return Ok(Some(Node::Newline)),
            b'X' => return Ok(Some(Node::Grapheme)),
            b'C' => {
                return self.refuse_with(
                    start,
                    "`\\C` is no longer part of Perl",
                    "write `.` (with the modifier `s` for a newline too)",
                );
            }
            _ => {}
        }
        self.at = start;
        let point = self.character_escape()?;
        Ok(Some(self.character(point)))
    }

    /// `\b{wb}` and the like.
    fn boundary(&mut self, start: usize) -> Read<Option<Node>> {
        self.at += 1;
        let Some(name) = self.until(b'}') else {
            return self.refuse_with(
                start,
                "`\\b{` has no `}`",
                "write `\\b` for a word boundary, and `\\{` for the character",
            );
        };
        match super::quantifier::trim(name) {
            b"gcb" | b"g" | b"lb" | b"sb" | b"wb" => self.unsupported(
                start,
                "boundaries of Unicode text are not supported, as log records are bytes",
                "write `\\b` for a word boundary",
            ),
            name => {
                let name = Self::shown(name);
                self.refuse(start, format!("`{name}` is no kind of boundary"))
            }
        }
    }

    /// `\w`, `\d` and the like, also within a class. Passes over it if it is one.
    pub(super) fn shorthand(&mut self, letter: u8) -> Read<Option<ByteSet>> {
        let charset = self.mode.charset;
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
            b'p' | b'P' => return self.property().map(Some),
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some(set))
    }
}
