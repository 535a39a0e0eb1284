//! A piece of a logical line that knows the place of each byte in the file.

use std::ops::Range;

use crate::source::{FileId, Span};

/// A logical line: physical lines joined at their backslashes, trimmed.
#[derive(Debug, Clone)]
pub(crate) struct LogicalLine {
    bytes: Vec<u8>,
    offsets: OwnOffsets,
    file: FileId,
}

/// Offsets in the file.
#[derive(Debug, Clone)]
enum OwnOffsets {
    /// Of the first byte; the others follow it.
    From(usize),
    /// Of each byte, and of the end.
    Each(Vec<usize>),
}

impl LogicalLine {
    /// Joins pieces of a file; `end` is the offset after the last of them.
    pub(crate) fn new(file: FileId, bytes: Vec<u8>, mut offsets: Vec<usize>, end: usize) -> Self {
        offsets.push(end);
        Self {
            bytes,
            offsets: OwnOffsets::Each(offsets),
            file,
        }
    }

    /// A single piece of a file's text.
    pub(crate) fn piece(file: FileId, text: &[u8], range: Range<usize>) -> Self {
        Self {
            offsets: OwnOffsets::From(range.start),
            bytes: text[range].to_vec(),
            file,
        }
    }

    /// The whole line.
    pub(crate) fn text(&self) -> Located<'_> {
        Located {
            bytes: &self.bytes,
            offsets: match &self.offsets {
                OwnOffsets::From(start) => Offsets::From(*start),
                OwnOffsets::Each(offsets) => Offsets::Each(offsets),
            },
            file: self.file,
        }
    }
}

/// A borrowed piece of a [`LogicalLine`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located<'a> {
    /// The bytes, with continuations already joined.
    pub(crate) bytes: &'a [u8],
    offsets: Offsets<'a>,
    file: FileId,
}

/// As [`OwnOffsets`].
#[derive(Debug, Clone, Copy)]
enum Offsets<'a> {
    From(usize),
    Each(&'a [usize]),
}

impl Offsets<'_> {
    /// The offset of the byte at an index, or of the end.
    fn at(self, index: usize) -> usize {
        match self {
            Offsets::From(start) => start + index,
            Offsets::Each(offsets) => offsets[index],
        }
    }
}

impl<'a> Located<'a> {
    /// A part of it.
    pub(crate) fn sub(&self, range: Range<usize>) -> Self {
        Self {
            bytes: &self.bytes[range.start..range.end],
            offsets: match self.offsets {
                Offsets::From(start) => Offsets::From(start + range.start),
                Offsets::Each(offsets) => Offsets::Each(&offsets[range.start..=range.end]),
            },
            file: self.file,
        }
    }

    /// From an offset to the end.
    pub(crate) fn from(&self, start: usize) -> Self {
        self.sub(start..self.bytes.len())
    }

    /// Up to an offset.
    pub(crate) fn to(&self, end: usize) -> Self {
        self.sub(0..end)
    }

    /// The place of all of it.
    pub(crate) fn span(&self) -> Span {
        self.at(0..self.bytes.len())
    }

    /// The place of a part. An empty part has an empty place.
    pub(crate) fn at(&self, range: Range<usize>) -> Span {
        let start = self.offsets.at(range.start);
        let end = match range.is_empty() {
            true => start,
            false => self.offsets.at(range.end - 1) + 1,
        };
        Span {
            file: self.file,
            start,
            end,
        }
    }

    /// Trims both ends.
    pub(crate) fn trim(&self) -> Self {
        self.trim_start().trim_end()
    }

    /// Trims the start.
    pub(crate) fn trim_start(&self) -> Self {
        let spaces = self.bytes.iter().take_while(|&&b| is_space(b)).count();
        self.from(spaces)
    }

    /// Trims the end.
    pub(crate) fn trim_end(&self) -> Self {
        let spaces = self.bytes.iter().rev();
        let spaces = spaces.take_while(|&&b| is_space(b)).count();
        self.to(self.bytes.len() - spaces)
    }

    /// A copy without the backslashes before a byte.
    pub(crate) fn without_backslash(&self, hidden: u8) -> LogicalLine {
        let (mut bytes, mut offsets) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < self.bytes.len() {
            let pair = self.bytes.get(at + 1).copied();
            if self.bytes[at] == b'\\' && pair.is_some() {
                if pair != Some(hidden) {
                    bytes.push(b'\\');
                    offsets.push(self.offsets.at(at));
                }
                at += 1;
            }
            bytes.push(self.bytes[at]);
            offsets.push(self.offsets.at(at));
            at += 1;
        }
        LogicalLine::new(self.file, bytes, offsets, self.offsets.at(self.bytes.len()))
    }

    /// Returns true if there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The offset of `rest`, which must be a tail of this text.
    pub(crate) fn offset_of(&self, rest: &[u8]) -> usize {
        self.bytes.len() - rest.len()
    }
}

/// Perl's `\s` in a byte string: space, tab, line feed, vertical tab, form feed, carriage return.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// Perl's `\w` in a byte string.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns true for a byte that can start an identifier.
pub(crate) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// Length of the identifier (with `::` in it) at the start of a text; 0 if there is none.
pub(crate) fn name_length(text: &[u8]) -> usize {
    let mut at = 0;
    if !text.first().copied().is_some_and(is_name_start) {
        return 0;
    }
    loop {
        at += text[at..].iter().take_while(|&&b| is_word(b)).count();
        let next = text.get(at + 2).copied();
        match text[at..].starts_with(b"::") && next.is_some_and(is_name_start) {
            true => at += 2,
            false => return at,
        }
    }
}
