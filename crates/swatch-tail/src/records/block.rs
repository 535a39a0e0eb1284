//! Blocks: many records in one buffer.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use memchr::{memchr, memrchr};

use crate::checkpoint::Progress;

/// A buffer of whole records, separators included, in the order in which they were written.
///
/// A later stage may search [`bytes`](Block::bytes) as a whole and ask
/// [`record_at`](Block::record_at) for the record around a hit, or walk through
/// [`records`](Block::records). With [`Separator::Newline`](crate::Separator::Newline) neither
/// needs an index: the lines are found when they are asked for, so that a block in which
/// nothing is of interest is never split at all.
#[derive(Debug)]
pub struct Block {
    buffer: Vec<u8>,
    /// The range of the records in `buffer`; the bytes before and after it are scratch space.
    window: Range<usize>,
    index: Index,
    /// Offset in the file or stream of the first byte of `window`.
    base: u64,
    origin: Option<Origin>,
}

/// The way to find the records of a block.
#[derive(Debug)]
pub(crate) enum Index {
    /// Every line feed ends one; bytes after the last line feed are a record too.
    Lines,
    /// They were found when the block was made, and lie here, in order.
    Spans(Vec<Span>),
    /// The whole block is the head of one record that was too long, which ends at this offset
    /// of the file.
    Cut(u64),
}

/// One record in a block: where it starts, where it ends, and where its separator ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) next: usize,
}

/// One record of a [`Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    bytes: &'a [u8],
    start: usize,
    end_offset: u64,
}

impl<'a> Record<'a> {
    /// The record without its separator.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The range of [`bytes`](Record::bytes) in [`Block::bytes`].
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }

    /// The offset, in bytes from the start of the file or stream, at which the record ends,
    /// separator included. Pass it to [`Origin::ack`].
    pub fn end_offset(&self) -> u64 {
        self.end_offset
    }
}

impl Block {
    pub(crate) fn new(
        buffer: Vec<u8>,
        window: Range<usize>,
        index: Index,
        base: u64,
        origin: Option<Origin>,
    ) -> Self {
        Block {
            buffer,
            window,
            index,
            base,
            origin,
        }
    }

    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// All records with their separators. The last one has none if its file or stream ended
    /// without, or if it is the head of a record that was too long.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.window.clone()]
    }

    /// The records in order. A block always holds at least one.
    pub fn records(&self) -> Records<'_> {
        Records { block: self, at: 0 }
    }

    /// The number of records. With newlines this counts them, so it is not free.
    pub fn count(&self) -> usize {
        match &self.index {
            Index::Lines => {
                let bytes = self.bytes();
                let open = usize::from(bytes.last().is_some_and(|&b| b != b'\n'));
                bytecount::count(bytes, b'\n') + open
            }
            Index::Spans(spans) => spans.len(),
            Index::Cut(_) => 1,
        }
    }

    /// The record that holds the byte at `at` of [`bytes`](Block::bytes), where a separator
    /// counts as part of the record that it ends. `None` if `at` is past the end.
    pub fn record_at(&self, at: usize) -> Option<Record<'_>> {
        let bytes = self.bytes();
        if at >= bytes.len() {
            return None;
        }
        match &self.index {
            Index::Lines => {
                let start = memrchr(b'\n', &bytes[..at]).map_or(0, |p| p + 1);
                Some(self.line_from(start))
            }
            Index::Spans(spans) => {
                let nth = spans.partition_point(|span| span.next <= at);
                let span = spans.get(nth)?;
                Some(self.spanned(*span))
            }
            Index::Cut(_) => Some(self.whole()),
        }
    }

    /// The followed file that the records come from; `None` for a one-pass source.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// The offset at which the last record ends, separator included.
    pub fn end_offset(&self) -> u64 {
        match self.index {
            Index::Cut(end) => end,
            _ => self.base + self.window.len() as u64,
        }
    }

    /// The offset at which the first record starts. `None` if this is the head of a record that
    /// was too long.
    pub(crate) fn start_offset(&self) -> Option<u64> {
        (!matches!(self.index, Index::Cut(_))).then_some(self.base)
    }

    fn line_from(&self, start: usize) -> Record<'_> {
        let bytes = self.bytes();
        let (end, next) = match memchr(b'\n', &bytes[start..]) {
            Some(length) => (start + length, start + length + 1),
            None => (bytes.len(), bytes.len()),
        };
        self.spanned(Span { start, end, next })
    }

    fn spanned(&self, span: Span) -> Record<'_> {
        Record {
            bytes: &self.bytes()[span.start..span.end],
            start: span.start,
            end_offset: self.base + span.next as u64,
        }
    }

    fn whole(&self) -> Record<'_> {
        Record {
            bytes: self.bytes(),
            start: 0,
            end_offset: self.end_offset(),
        }
    }
}

/// The records of a [`Block`], in order.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    block: &'a Block,
    /// With lines: the byte at which the next one starts; else: the number of the next one.
    at: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let block = self.block;
        match &block.index {
            Index::Lines => {
                if self.at >= block.window.len() {
                    return None;
                }
                let record = block.line_from(self.at);
                self.at = (record.end_offset - block.base) as usize;
                Some(record)
            }
            Index::Spans(spans) => {
                let span = spans.get(self.at)?;
                self.at += 1;
                Some(block.spanned(*span))
            }
            Index::Cut(_) => {
                let first = self.at == 0;
                self.at = 1;
                first.then(|| block.whole())
            }
        }
    }
}

/// The followed file that a block was read from: one generation of it, so that positions in
/// the file before a rotation and in the one after it are never mixed up.
///
/// Cloning is cheap; a worker may keep one for as long as its action takes.
#[derive(Debug, Clone)]
pub struct Origin {
    pub(crate) progress: Arc<Progress>,
}

impl Origin {
    /// The path that is followed. For late lines of a rotated file this is the name under which
    /// it was followed, not the one that it has now.
    pub fn path(&self) -> &Path {
        self.progress.path()
    }

    /// Says that the actions of all records that end at `offset` or before it are done, so that
    /// they need not be seen again after a restart. May be called from any thread, in any
    /// order; the greatest offset counts. Costs one atomic operation.
    pub fn ack(&self, offset: u64) {
        self.progress.ack(offset);
    }
}
