//! Named sets: `\w`, POSIX classes, `\h`, case folding, and Perl's three ways to read bytes from
//! 0x80 on.
//!
//! A text is a Perl string without the UTF-8 flag: each byte is the code point of that value. The
//! rules in force determine if 0xE9 is a letter: not under the default ("depends")
//! rules nor under `/a`, but yes under `/u`, which a pattern also gets by naming a property
//! (`\p{…}`), a code point above 255 or a `\N{U+…}`.

use crate::byte_set::ByteSet;

/// Perl's character set modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Charset {
    /// `/d`: ASCII for records. `/l` counts as this, as the C locale has it.
    #[default]
    Depends,
    /// `/u`: bytes are Latin-1 characters.
    Unicode,
    /// `/a`: classes are ASCII, case folding is that of `/u`.
    Ascii,
    /// `/aa`: as `/a`, and no folding between ASCII and the rest.
    AsciiStrict,
}

/// A class that has a name in Perl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Alnum,
    Alpha,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Word,
    Xdigit,
}

impl Named {
    /// By the name between `[:` and `:]`.
    pub(crate) fn by_posix_name(name: &[u8]) -> Option<Named> {
        Some(match name {
            b"alnum" => Named::Alnum,
            b"alpha" => Named::Alpha,
            b"ascii" => Named::Ascii,
            b"blank" => Named::Blank,
            b"cntrl" => Named::Cntrl,
            b"digit" => Named::Digit,
            b"graph" => Named::Graph,
            b"lower" => Named::Lower,
            b"print" => Named::Print,
            b"punct" => Named::Punct,
            b"space" => Named::Space,
            b"upper" => Named::Upper,
            b"word" => Named::Word,
            b"xdigit" => Named::Xdigit,
            _ => return None,
        })
    }

    /// The bytes of the class under the given rules.
    pub(crate) fn set(self, charset: Charset) -> ByteSet {
        let ascii = self.ascii();
        match charset {
            Charset::Unicode => ascii.union(self.latin()),
            _ => ascii,
        }
    }

    fn ascii(self) -> ByteSet {
        const DIGIT: ByteSet = ByteSet::range(b'0', b'9');
        const LOWER: ByteSet = ByteSet::range(b'a', b'z');
        const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
        const ALPHA: ByteSet = LOWER.union(UPPER);
        const GRAPH: ByteSet = ByteSet::range(0x21, 0x7e);
        match self {
            Named::Alnum => ALPHA.union(DIGIT),
            Named::Alpha => ALPHA,
            Named::Ascii => ByteSet::range(0, 0x7f),
            Named::Blank => ByteSet::EMPTY.with_all(b" \t"),
            Named::Cntrl => ByteSet::range(0, 0x1f).with_range(0x7f, 0x7f),
            Named::Digit => DIGIT,
            Named::Graph => GRAPH,
            Named::Lower => LOWER,
            Named::Print => GRAPH.with_range(b' ', b' '),
            Named::Punct => GRAPH.minus(ALPHA.union(DIGIT)),
            Named::Space => ByteSet::range(b'\t', b'\r').with_range(b' ', b' '),
            Named::Upper => UPPER,
            Named::Word => ALPHA.union(DIGIT).with_range(b'_', b'_'),
            Named::Xdigit => DIGIT.with_range(b'a', b'f').with_range(b'A', b'F'),
        }
    }

    /// The characters above 0x7f that `/u` adds.
    fn latin(self) -> ByteSet {
        const UPPER: ByteSet = ByteSet::range(0xc0, 0xde).minus(ByteSet::single(0xd7));
        const LOWER: ByteSet = ByteSet::range(0xdf, 0xff)
            .minus(ByteSet::single(0xf7))
            .with_all(&[0xaa, 0xb5, 0xba]);
        const ALPHA: ByteSet = UPPER.union(LOWER);
        match self {
            Named::Alnum | Named::Alpha | Named::Word => ALPHA,
            Named::Ascii | Named::Digit | Named::Xdigit => ByteSet::EMPTY,
            Named::Blank => ByteSet::single(0xa0),
            Named::Cntrl => ByteSet::range(0x80, 0x9f),
            Named::Graph => ByteSet::range(0xa1, 0xff),
            Named::Lower => LOWER,
            Named::Print => ByteSet::range(0xa0, 0xff),
            Named::Punct => ByteSet::EMPTY.with_all(&[0xa1, 0xa7, 0xab, 0xb6, 0xb7, 0xbb, 0xbf]),
            Named::Space => ByteSet::EMPTY.with_all(&[0x85, 0xa0]),
            Named::Upper => UPPER,
        }
    }
}

/// `\h`: the same under all rules.
pub(crate) const HORIZONTAL: ByteSet = ByteSet::EMPTY.with_all(&[b'\t', b' ', 0xa0]);
/// `\v`, and what a single-byte `\R` may be.
pub(crate) const VERTICAL: ByteSet = ByteSet::range(b'\n', b'\r').with_range(0x85, 0x85);
/// The class that `.` stands for without `/s`.
pub(crate) const NOT_NEWLINE: ByteSet = ByteSet::ALL.minus(ByteSet::single(b'\n'));

/// Code points above 255 that fold to a byte: (code point, bytes they equal under `/i`).
const FOLDS_FROM_ABOVE: [(u32, &[u8]); 7] = [
    (0x178, &[0xff]),
    (0x17f, b"sS"),
    (0x39c, &[0xb5]),
    (0x3bc, &[0xb5]),
    (0x1e9e, &[0xdf]),
    (0x212a, b"kK"),
    (0x212b, &[0xe5, 0xc5]),
];

/// The set closed under case folding.
pub(crate) fn fold(set: ByteSet, charset: Charset) -> ByteSet {
    set.with_both_cases(charset != Charset::Depends)
}

/// Bytes that equal a code point between `first` and `last` (both above 255) under `/i`.
pub(crate) fn fold_from_above(first: u32, last: u32, charset: Charset) -> ByteSet {
    FOLDS_FROM_ABOVE
        .iter()
        .filter(|(point, _)| (first..=last).contains(point))
        .flat_map(|(_, bytes)| bytes.iter().copied())
        .filter(|byte| charset != Charset::AsciiStrict || !byte.is_ascii())
        .fold(ByteSet::EMPTY, |set, byte| set.with_range(byte, byte))
}
