//! Finding the end of a record, for each kind of separator.

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

use crate::Separator;
use crate::records::block::{Index, Span};

/// Finds record ends. Positions are relative to the start of an unfinished record.
#[derive(Debug)]
pub(super) enum Scanner {
    Lines,
    Literal(Finder<'static>),
    /// The finder looks for two line feeds.
    Paragraphs(Finder<'static>),
}

/// The knowledge so far about the length of the first record.
pub(super) enum First {
    /// It is within the bound, or may yet be.
    Fits,
    /// It ends at `end`, its separator at `next`, and is longer than the bound.
    TooLong { end: usize, next: usize },
    /// It has not ended, and is certainly longer than the bound.
    Open,
}

impl Scanner {
    pub(super) fn new(separator: Separator) -> Self {
        match separator {
            Separator::Newline => Scanner::Lines,
            Separator::Literal(bytes) => Scanner::Literal(Finder::new(&bytes).into_owned()),
            Separator::Paragraph => Scanner::Paragraphs(Finder::new(b"\n\n").into_owned()),
        }
    }

    /// The number of bytes at the end of the searched data that may begin a separator.
    pub(super) fn overlap(&self) -> usize {
        match self {
            Scanner::Lines => 0,
            Scanner::Literal(finder) | Scanner::Paragraphs(finder) => finder.needle().len() - 1,
        }
    }

    /// The start of the first record at or after `at`: after the line feeds between two paragraphs;
    /// with the other separators, `at` itself.
    pub(super) fn begin(&self, data: &[u8], at: usize) -> usize {
        match self {
            Scanner::Paragraphs(_) => {
                let feeds = data[at..].iter().take_while(|&&b| b == b'\n').count();
                at + feeds
            }
            _ => at,
        }
    }

    /// The whole records in `data`, which starts with a record: how long they are together, and
    /// where they are. Before `from` no record ends.
    pub(super) fn whole(&self, data: &[u8], from: usize) -> Option<(usize, Index)> {
        let finder = match self {
            Scanner::Lines => {
                let last = memrchr(b'\n', &data[from..])?;
                return Some((from + last + 1, Index::Lines));
            }
            Scanner::Literal(finder) | Scanner::Paragraphs(finder) => finder,
        };
        let mut spans = Vec::new();
        let mut start = 0;
        let mut at = from.saturating_sub(self.overlap());
        while let Some(found) = finder.find(&data[at..]) {
            let end = at + found;
            let next = self.begin(data, end + finder.needle().len());
            spans.push(Span { start, end, next });
            start = next;
            at = next;
        }
        let length = spans.last()?.next;
        Some((length, Index::Spans(spans)))
    }

    /// True if the first record in `data`, which is longer than `max`, is too long.
    pub(super) fn first(&self, data: &[u8], from: usize, max: usize) -> First {
        match self.end(data, from.saturating_sub(self.overlap())) {
            Some((end, _)) if end <= max => First::Fits,
            Some((end, next)) => First::TooLong { end, next },
            None if data.len() - self.overlap().min(data.len()) > max => First::Open,
            None => First::Fits,
        }
    }

    /// The first end of a record from `from` on, and of its separator.
    pub(super) fn end(&self, data: &[u8], from: usize) -> Option<(usize, usize)> {
        match self {
            Scanner::Lines => {
                let end = from + memchr(b'\n', &data[from..])?;
                Some((end, end + 1))
            }
            Scanner::Literal(finder) | Scanner::Paragraphs(finder) => {
                let end = from + finder.find(&data[from..])?;
                Some((end, end + finder.needle().len()))
            }
        }
    }

    /// The length of the last record in the data left at the end of a source.
    pub(super) fn last(&self, data: &[u8]) -> usize {
        match self {
            Scanner::Lines | Scanner::Literal(_) => data.len(),
            Scanner::Paragraphs(_) => {
                data.len() - data.iter().rev().take_while(|&&b| b == b'\n').count()
            }
        }
    }
}
