//! One atom: a character, a class, an escape or a group.

use super::{Parser, Read, class, escape, group, refs, shown};
use crate::ast::{Assert, Node};
use crate::byte_set::ByteSet;
use crate::classes::{self, Charset, NOT_NEWLINE};

/// Reads an atom; `None` if only modifiers were read.
pub(super) fn atom(parser: &mut Parser<'_>) -> Read<Option<Node>> {
    let start = parser.at;
    let Some(byte) = parser.peek() else {
        return Ok(None);
    };
    match byte {
        b'(' => return group::group(parser),
        b'[' => return class::class(parser).map(|set| Some(Node::set(set))),
        b'\\' => {
            let node = escape(parser);
            parser.letter_escape = (parser.at == start + 2).then_some(parser.at);
            return node;
        }
        b'*' | b'+' | b'?' => {
            return parser.refuse_with(
                start,
                format!("the quantifier `{}` follows nothing", char::from(byte)),
                format!("write `\\{}` for the character", char::from(byte)),
            );
        }
        b'{' => check_brace(parser)?,
        _ => {}
    }
    parser.at += 1;
    Ok(Some(match byte {
        b'.' if parser.mode.dot_all => Node::Set(ByteSet::ALL),
        b'.' => Node::Set(NOT_NEWLINE),
        b'^' if parser.mode.multi_line => Node::Assert(Assert::LineStart),
        b'^' => Node::Assert(Assert::TextStart),
        b'$' if parser.mode.multi_line => Node::Assert(Assert::LineEnd),
        b'$' => Node::Assert(Assert::TextEndOrNewline),
        byte => character(parser, u32::from(byte)),
    }))
}

/// Perl takes a stray `{` literally, but not after a backslash and a letter, which it reserves.
fn check_brace(parser: &Parser<'_>) -> Read<()> {
    let [before @ .., letter] = &parser.source[..parser.at] else {
        return Ok(());
    };
    // Perl looks back one byte only, so it refuses `\\d{` as well, except under /i.
    let escaped = parser.letter_escape == Some(parser.at);
    let refused = escaped || (before.ends_with(b"\\") && !parser.mode.ignore_case);
    if !letter.is_ascii_alphabetic() || !refused {
        return Ok(());
    }
    let letter = char::from(*letter);
    parser.refuse_with(
        parser.at,
        format!("this `{{` is not allowed after `\\{letter}`"),
        "write `\\{` for the character",
    )
}

/// A character by its code point, under the modifiers in force.
pub(super) fn character(parser: &Parser<'_>, point: u32) -> Node {
    let charset = parser.mode.charset;
    match u8::try_from(point) {
        Ok(byte) if parser.mode.ignore_case => {
            Node::Set(classes::fold(ByteSet::single(byte), charset))
        }
        Ok(byte) => Node::byte(byte),
        Err(_) if parser.mode.ignore_case => {
            Node::set(classes::fold_from_above(point, point, charset))
        }
        Err(_) => Node::Fail,
    }
}

/// An escape outside of a class.
fn escape(parser: &mut Parser<'_>) -> Read<Option<Node>> {
    let start = parser.at;
    let Some(letter) = parser.peek_at(1) else {
        return parser.refuse_with(
            start,
            "the pattern ends in a backslash",
            "write `\\\\` for a backslash",
        );
    };
    if let Some(node) = refs::reference(parser, letter)? {
        return Ok(Some(node));
    }
    if let Some(set) = escape::shorthand(parser, letter)? {
        return Ok(Some(Node::set(set)));
    }
    parser.at += 2;
    let latin = parser.mode.charset == Charset::Unicode;
    let assert = |assert| Ok(Some(Node::Assert(assert)));
    match letter {
        b'A' | b'G' => return assert(Assert::TextStart),
        b'z' => return assert(Assert::TextEnd),
        b'Z' => return assert(Assert::TextEndOrNewline),
        b'b' | b'B' if parser.peek() == Some(b'{') => return boundary(parser, start),
        b'b' | b'B' => {
            return assert(Assert::Word {
                negated: letter == b'B',
                latin,
            });
        }
        b'K' if parser.look_depth > 0 => {
            return parser.refuse(start, "`\\K` is not allowed in look-around");
        }
        b'K' => return assert(Assert::Keep),
        b'N' if parser.peek() != Some(b'{')
            || super::quantifier::braces(parser.rest()).is_some() =>
        {
            return Ok(Some(Node::Set(NOT_NEWLINE)));
        }
        b'R' => return Ok(Some(Node::Newline)),
        b'X' => return Ok(Some(Node::Grapheme)),
        b'C' => {
            return parser.refuse_with(
                start,
                "`\\C` is no longer part of Perl",
                "write `.` (with the modifier `s` for a newline too)",
            );
        }
        _ => {}
    }
    parser.at = start;
    let point = escape::character_escape(parser)?;
    Ok(Some(character(parser, point)))
}

/// `\b{wb}` and the like.
fn boundary(parser: &mut Parser<'_>, start: usize) -> Read<Option<Node>> {
    parser.at += 1;
    let Some(name) = parser.until(b'}') else {
        return parser.refuse_with(
            start,
            "`\\b{` has no `}`",
            "write `\\b` for a word boundary, and `\\{` for the character",
        );
    };
    match super::quantifier::trim(name) {
        b"gcb" | b"g" | b"lb" | b"sb" | b"wb" => parser.unsupported(
            start,
            "boundaries of Unicode text are not supported, as log records are bytes",
            "write `\\b` for a word boundary",
        ),
        name => {
            let name = shown(name);
            parser.refuse(start, format!("`{name}` is not a kind of boundary"))
        }
    }
}
