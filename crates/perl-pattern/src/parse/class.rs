//! Bracketed classes.

use super::{Parser, Read};
use crate::byte_set::ByteSet;
use crate::classes::{self, Named};

/// A member of a class: one code point, which may begin a range, or a set, which may not.
enum Member {
    Point(u32),
    Set(ByteSet),
}

impl Parser<'_> {
    /// Reads `[…]`.
    pub(super) fn class(&mut self) -> Read<ByteSet> {
        let start = self.at;
        self.at += 1;
        self.skip_class_blanks();
        let negated = self.eat(b"^");
        let mut set = ByteSet::EMPTY;
        let mut first = true;
        loop {
            self.skip_class_blanks();
            let Some(byte) = self.peek() else {
                return self.refuse_with(
                    start,
                    "the class that this `[` opens has no `]`",
                    "write `\\[` for the character",
                );
            };
            if byte == b']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            let from_at = self.at;
            let from = match self.class_member(start)? {
                Member::Set(members) => {
                    set = set.union(members).union(self.false_range());
                    continue;
                }
                Member::Point(from) => from,
            };
            let Some(to) = self.range_end(start)? else {
                set = set.union(self.points(from, from));
                continue;
            };
            match to {
                // `[a-\d]` is no range: Perl takes the three as they are.
                Member::Set(members) => {
                    set = set.union(members).union(self.points(from, from));
                    set = set.union(ByteSet::single(b'-')).union(self.false_range());
                }
                Member::Point(to) if to < from => {
                    let text = Self::shown(&self.source[from_at..self.at]);
                    return self.refuse_with(
                        from_at,
                        format!("the range `{text}` runs backwards"),
                        "put the `-` at the end of the class if it stands for itself",
                    );
                }
                Member::Point(to) => set = set.union(self.points(from, to)),
            }
        }
        Ok(if negated { set.negated() } else { set })
    }

    /// A `-` behind a set, as in `[\w-.]`, stands for itself and begins no range either.
    fn false_range(&mut self) -> ByteSet {
        match self.rest() {
            [b'-', next, ..] if *next != b']' => {
                self.at += 1;
                ByteSet::single(b'-')
            }
            _ => ByteSet::EMPTY,
        }
    }

    /// What follows a `-`, if the `-` makes a range.
    fn range_end(&mut self, start: usize) -> Read<Option<Member>> {
        let before = self.at;
        self.skip_class_blanks();
        if !self.eat(b"-") {
            self.at = before;
            return Ok(None);
        }
        self.skip_class_blanks();
        match self.peek() {
            None | Some(b']') => {
                self.at = before;
                Ok(None)
            }
            Some(_) => self.class_member(start).map(Some),
        }
    }

    fn skip_class_blanks(&mut self) {
        while self.mode.extended_more && matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// The bytes of a range of code points under the modifiers in force.
    fn points(&self, from: u32, to: u32) -> ByteSet {
        let charset = self.mode.charset;
        let mut set = match (u8::try_from(from), u8::try_from(to)) {
            (Ok(from), Ok(to)) => ByteSet::range(from, to),
            (Ok(from), Err(_)) => ByteSet::range(from, 0xff),
            _ => ByteSet::EMPTY,
        };
        if self.mode.ignore_case {
            set = classes::fold(set, charset);
            if to > 0xff {
                set = set.union(classes::fold_from_above(from.max(0x100), to, charset));
            }
        }
        set
    }

    fn class_member(&mut self, start: usize) -> Read<Member> {
        let Some(byte) = self.peek() else {
            return self.refuse(start, "the class that this `[` opens has no `]`");
        };
        match byte {
            b'[' => {
                if let Some(set) = self.posix_class()? {
                    return Ok(Member::Set(set));
                }
            }
            b'\\' => return self.class_escape(),
            _ => {}
        }
        self.at += 1;
        Ok(Member::Point(u32::from(byte)))
    }

    fn class_escape(&mut self) -> Read<Member> {
        let Some(letter) = self.peek_at(1) else {
            return self.refuse(self.at, "the pattern ends in a backslash");
        };
        if let Some(set) = self.shorthand(letter)? {
            return Ok(Member::Set(set));
        }
        if letter == b'b' {
            self.at += 2;
            return Ok(Member::Point(0x08));
        }
        self.character_escape().map(Member::Point)
    }

    /// `[:alpha:]`, `[:^alpha:]`.
    fn posix_class(&mut self) -> Read<Option<ByteSet>> {
        let start = self.at;
        let rest = self.rest();
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
            return self.refuse(start, format!("`[{mark} {mark}]` has no meaning in Perl"));
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
            let name = Self::shown(inner);
            return self.refuse_with(
                start,
                format!("there is no class `[:{name}:]`"),
                "known are alnum, alpha, ascii, blank, cntrl, digit, graph, lower, print, \
                 punct, space, upper, word, xdigit",
            );
        };
        self.at += length + 4;
        // Either case has all letters under /i.
        let named = match named {
            Named::Lower | Named::Upper if self.mode.ignore_case => {
                let both = Named::Lower
                    .set(self.mode.charset)
                    .union(Named::Upper.set(self.mode.charset));
                return Ok(Some(if negated { both.negated() } else { both }));
            }
            named => named.set(self.mode.charset),
        };
        Ok(Some(if negated { named.negated() } else { named }))
    }
}
