//! Bracketed classes.

use super::{Parser, Read, escape, shown};
use crate::byte_set::ByteSet;
use crate::classes::{self, Named};

/// A member of a class: one code point, which may begin a range, or a set, which may not.
enum Member {
    Point(u32),
    Set(ByteSet),
}

/// Reads `[…]`.
pub(super) fn class(parser: &mut Parser<'_>) -> Read<ByteSet> {
    let start = parser.at;
    parser.at += 1;
    skip_class_blanks(parser);
    let negated = parser.eat(b"^");
    let mut set = ByteSet::EMPTY;
    let mut first = true;
    loop {
        skip_class_blanks(parser);
        let Some(byte) = parser.peek() else {
            return parser.refuse_with(
                start,
                "this `[` has no matching `]`",
                "write `\\[` for the character",
            );
        };
        if byte == b']' && !first {
            parser.at += 1;
            break;
        }
        first = false;
        let from_at = parser.at;
        let from = match class_member(parser, start)? {
            Member::Set(members) => {
                set = set.union(members).union(false_range(parser));
                continue;
            }
            Member::Point(from) => from,
        };
        let Some(to) = range_end(parser, start)? else {
            set = set.union(points(parser, from, from));
            continue;
        };
        match to {
            // `[a-\d]` is not a range: Perl takes the three literally.
            Member::Set(members) => {
                set = set.union(members).union(points(parser, from, from));
                set = set.union(ByteSet::single(b'-')).union(false_range(parser));
            }
            Member::Point(to) if to < from => {
                let text = shown(&parser.source[from_at..parser.at]);
                return parser.refuse_with(
                    from_at,
                    format!("the range `{text}` runs backwards"),
                    "put the `-` at the end of the class if it stands for itself",
                );
            }
            Member::Point(to) => set = set.union(points(parser, from, to)),
        }
    }
    Ok(if negated { set.negated() } else { set })
}

/// A `-` after a set, as in `[\w-.]`, stands for itself and does not start a range.
fn false_range(parser: &mut Parser<'_>) -> ByteSet {
    match parser.rest() {
        [b'-', next, ..] if *next != b']' => {
            parser.at += 1;
            ByteSet::single(b'-')
        }
        _ => ByteSet::EMPTY,
    }
}

/// The member after a `-`, if the `-` makes a range.
fn range_end(parser: &mut Parser<'_>, start: usize) -> Read<Option<Member>> {
    let before = parser.at;
    skip_class_blanks(parser);
    if !parser.eat(b"-") {
        parser.at = before;
        return Ok(None);
    }
    skip_class_blanks(parser);
    match parser.peek() {
        None | Some(b']') => {
            parser.at = before;
            Ok(None)
        }
        Some(_) => class_member(parser, start).map(Some),
    }
}

fn skip_class_blanks(parser: &mut Parser<'_>) {
    while parser.mode.extended_more && matches!(parser.peek(), Some(b' ' | b'\t')) {
        parser.at += 1;
    }
}

/// The bytes of a range of code points under the modifiers in force.
fn points(parser: &Parser<'_>, from: u32, to: u32) -> ByteSet {
    let charset = parser.mode.charset;
    let mut set = match (u8::try_from(from), u8::try_from(to)) {
        (Ok(from), Ok(to)) => ByteSet::range(from, to),
        (Ok(from), Err(_)) => ByteSet::range(from, 0xff),
        _ => ByteSet::EMPTY,
    };
    if parser.mode.ignore_case {
        set = classes::fold(set, charset);
        if to > 0xff {
            set = set.union(classes::fold_from_above(from.max(0x100), to, charset));
        }
    }
    set
}

fn class_member(parser: &mut Parser<'_>, start: usize) -> Read<Member> {
    let Some(byte) = parser.peek() else {
        return parser.refuse(start, "this `[` has no matching `]`");
    };
    match byte {
        b'[' => {
            if let Some(set) = posix_class(parser)? {
                return Ok(Member::Set(set));
            }
        }
        b'\\' => return class_escape(parser),
        _ => {}
    }
    parser.at += 1;
    Ok(Member::Point(u32::from(byte)))
}

fn class_escape(parser: &mut Parser<'_>) -> Read<Member> {
    let Some(letter) = parser.peek_at(1) else {
        return parser.refuse(parser.at, "the pattern ends in a backslash");
    };
    if let Some(set) = escape::shorthand(parser, letter)? {
        return Ok(Member::Set(set));
    }
    if letter == b'b' {
        parser.at += 2;
        return Ok(Member::Point(0x08));
    }
    escape::character_escape(parser).map(Member::Point)
}

/// `[:alpha:]`, `[:^alpha:]`.
fn posix_class(parser: &mut Parser<'_>) -> Read<Option<ByteSet>> {
    let start = parser.at;
    let rest = parser.rest();
    let Some(mark @ (b':' | b'.' | b'=')) = rest.get(1).copied() else {
        return Ok(None);
    };
    let Some(length) = memchr::memmem::find(&rest[2..], &[mark, b']']) else {
        return Ok(None);
    };
    let inner = &rest[2..2 + length];
    // Without a further `]` this one must be the end of the class itself.
    let closed = memchr::memchr(b']', &rest[length + 4..]).is_some();
    let (name, negated) = match inner.strip_prefix(b"^") {
        Some(name) => (name, true),
        None => (inner, false),
    };
    if mark != b':' {
        if negated || !closed {
            return Ok(None);
        }
        let mark = char::from(mark);
        return parser.refuse(start, format!("`[{mark} {mark}]` has no meaning in Perl"));
    }
    let Some(named) = Named::by_posix_name(name) else {
        // Perl guesses whether a class was meant; this is close to its guess.
        let meant = name.len() > 2
            && name[0].is_ascii_lowercase()
            && name.iter().all(|&byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-[]:".contains(&byte)
            });
        if !meant || !closed {
            return Ok(None);
        }
        let name = shown(inner);
        return parser.refuse_with(
            start,
            format!("there is no class `[:{name}:]`"),
            "known are alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, \
             punct, space, upper, word, xdigit",
        );
    };
    parser.at += length + 4;
    // Either case has all letters under /i.
    let named = match named {
        Named::Lower | Named::Upper if parser.mode.ignore_case => {
            let both = Named::Lower
                .set(parser.mode.charset)
                .union(Named::Upper.set(parser.mode.charset));
            return Ok(Some(if negated { both.negated() } else { both }));
        }
        named => named.set(parser.mode.charset),
    };
    Ok(Some(if negated { named.negated() } else { named }))
}
