//! From bytes as they are read to blocks of whole records.

mod scan;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::SplitOptions;
use crate::records::block::{Block, Index, Origin, Span};

use scan::{First, Scanner};

/// Room that is kept free before the first byte of every buffer, so that a reader can reread the
/// bytes just before its position and compare them, without a second system call.
pub(crate) const PAD: usize = 256;

/// The number of used buffers that are kept for the next blocks.
const SPARES: usize = 4;

/// The least that is read at once from a source whose size is not known.
const LEAST: usize = 16 * 1024;

/// A piece of output: records, or the report that the record just before was cut.
#[derive(Debug)]
pub(crate) enum Assembled {
    Block(Block),
    Cut { end: u64, kept: u64, skipped: u64 },
}

/// Collects bytes until records are whole.
///
/// Bytes go in by [`room`](Self::room) (or [`room_behind`](Self::room_behind)) and
/// [`fill`](Self::fill), pieces come out by [`take`](Self::take). Whole records are handed over
/// in the very buffer they were read into; only the unfinished rest is copied.
#[derive(Debug)]
pub(crate) struct Assembler {
    scanner: Scanner,
    max_record: Option<usize>,
    chunk: usize,
    /// The number of bytes to read next if the caller does not know; adapts to the input.
    guess: usize,
    /// `[PAD..filled]` is the unfinished record, the rest is scratch.
    buffer: Vec<u8>,
    filled: usize,
    /// Offset in the file or stream of `buffer[PAD]`.
    base: u64,
    /// The record whose rest is being skipped.
    cut: Option<Cut>,
    pieces: VecDeque<Assembled>,
    spare: Vec<Vec<u8>>,
    origin: Option<Origin>,
}

/// A record that is too long.
#[derive(Debug)]
struct Cut {
    head: Vec<u8>,
    skipped: u64,
}

impl Assembler {
    /// `base` is the offset of the first byte that will come.
    pub(crate) fn new(options: SplitOptions, base: u64) -> Self {
        // No more than the bound is read at once: so only the first record in the buffer can
        // be too long, and the others need not be measured.
        let chunk = options
            .block_size
            .min(options.max_record.unwrap_or(usize::MAX))
            .max(1);
        Assembler {
            scanner: Scanner::new(options.separator.normal()),
            max_record: options.max_record,
            chunk,
            guess: chunk,
            buffer: Vec::new(),
            filled: PAD,
            base,
            cut: None,
            pieces: VecDeque::new(),
            spare: Vec::new(),
            origin: None,
        }
    }

    /// Sets the origin of the blocks that follow.
    pub(crate) fn set_origin(&mut self, origin: Origin) {
        self.origin = Some(origin);
    }

    /// The next piece, if one is ready.
    pub(crate) fn take(&mut self) -> Option<Assembled> {
        self.pieces.pop_front()
    }

    pub(crate) fn has_pieces(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// True if a record has begun and not ended.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.filled > PAD || self.cut.is_some()
    }

    /// The first byte that will come is at this offset after all.
    pub(crate) fn rebase(&mut self, base: u64) {
        debug_assert!(!self.is_unfinished());
        self.base = base;
    }

    /// Keeps the memory of a block for a later one.
    pub(crate) fn recycle(&mut self, block: Block) {
        if self.spare.len() < SPARES {
            self.spare.push(block.into_buffer());
        }
    }

    /// Space to read into. `expected` is the number of bytes available, if known. Never empty.
    pub(crate) fn room(&mut self, expected: Option<u64>) -> &mut [u8] {
        self.room_behind(0, expected)
    }

    /// As [`room`](Self::room), but the space begins `back` bytes (at most [`PAD`]) before the
    /// place where new bytes go: those that a reader wants to see again.
    pub(crate) fn room_behind(&mut self, back: usize, expected: Option<u64>) -> &mut [u8] {
        debug_assert!(back <= PAD);
        let mut size = match expected {
            Some(expected) => usize::try_from(expected).unwrap_or(usize::MAX),
            None => self.guess,
        };
        size = size.clamp(1, self.chunk);
        if self.max_record.is_none() && expected.is_none_or(|e| e > size as u64) {
            // A record without bound: reading as much again as there is keeps the cost linear.
            size = size.max(self.filled - PAD);
        }
        let need = self.filled + size;
        if self.filled == PAD && self.buffer.len() < need {
            self.buffer = self.fresh(need);
        } else if self.buffer.len() < need {
            self.buffer.resize(need, 0);
        }
        &mut self.buffer[self.filled - back..need]
    }

    /// A buffer of at least this size, used before or new.
    fn fresh(&mut self, need: usize) -> Vec<u8> {
        match self.spare.iter().position(|b| b.len() >= need) {
            Some(found) => self.spare.swap_remove(found),
            None => vec![0; need],
        }
    }

    /// The bytes that were just read into the room, before they are [`fill`](Self::fill)ed in.
    pub(crate) fn fresh_bytes(&self, count: usize) -> &[u8] {
        &self.buffer[self.filled..self.filled + count]
    }

    /// Puts back the last unfinished bytes after a read through [`room_behind`](Self::room_behind)
    /// has overwritten them.
    pub(crate) fn restore(&mut self, last: &[u8]) {
        let start = self.filled - last.len();
        self.buffer[start..self.filled].copy_from_slice(last);
    }

    /// Records that `count` bytes were read into the room.
    pub(crate) fn fill(&mut self, count: usize) {
        self.guess = if count >= self.guess {
            (self.guess.saturating_mul(4)).min(self.chunk)
        } else if count < self.guess / 8 {
            (self.guess / 2).max(LEAST.min(self.chunk))
        } else {
            self.guess
        };
        let from = self.filled - PAD;
        self.filled += count;
        if self.cut.is_some() {
            self.skip();
        } else {
            self.split(from);
        }
    }

    /// Ends the source: an unfinished record becomes a whole one.
    pub(crate) fn finish(&mut self) {
        let next = self.unfinished().len();
        let length = self.scanner.last(self.unfinished());
        let end = self.base + next as u64;
        let max = self.max_record.unwrap_or(usize::MAX);
        if let Some(cut) = self.cut.take() {
            self.emit_cut(cut.head, cut.skipped + length as u64, end);
        } else if length > max {
            let head = self.unfinished()[..max].to_vec();
            self.emit_cut(head, (length - max) as u64, end);
        } else if length > 0 {
            let span = Span {
                start: 0,
                end: length,
                next,
            };
            self.emit(next, Index::Spans(vec![span]));
        }
        self.consume(self.unfinished().len());
    }

    /// Hands over the whole records. `from` is where the new bytes begin.
    fn split(&mut self, from: usize) {
        let lead = self.scanner.begin(self.unfinished(), 0);
        self.consume(lead);
        let from = from.saturating_sub(lead);
        let data = self.unfinished();
        if let Some(max) = self.max_record
            && data.len() > max
        {
            match self.scanner.first(data, from, max) {
                First::Fits => {}
                First::TooLong { end, next } => {
                    let head = data[..max].to_vec();
                    let after = self.base + next as u64;
                    self.consume(next);
                    self.emit_cut(head, (end - max) as u64, after);
                    return self.split(0);
                }
                First::Open => {
                    self.cut = Some(Cut {
                        head: data[..max].to_vec(),
                        skipped: 0,
                    });
                    self.consume(max);
                    return self.skip();
                }
            }
        }
        let data = self.unfinished();
        if let Some((length, index)) = self.scanner.whole(data, from) {
            self.emit(length, index);
        }
    }

    /// Skips the rest of a record that is too long.
    fn skip(&mut self) {
        let data = self.unfinished();
        match self.scanner.end(data, 0) {
            Some((end, next)) => {
                let after = self.base + next as u64;
                self.consume(next);
                if let Some(cut) = self.cut.take() {
                    self.emit_cut(cut.head, cut.skipped + end as u64, after);
                }
                self.split(0);
            }
            None => {
                let gone = data.len().saturating_sub(self.scanner.overlap());
                if let Some(cut) = &mut self.cut {
                    cut.skipped += gone as u64;
                }
                self.consume(gone);
            }
        }
    }

    /// Hands over the first `length` bytes, and keeps the rest in a buffer of its own.
    fn emit(&mut self, length: usize, index: Index) {
        let end = PAD + length;
        let rest = self.filled - end;
        let mut next = Vec::new();
        if rest > 0 {
            next = self.fresh(PAD + rest);
            next[PAD..PAD + rest].copy_from_slice(&self.buffer[end..self.filled]);
        }
        let buffer = std::mem::replace(&mut self.buffer, next);
        let block = Block::new(buffer, PAD..end, index, self.base, self.origin.clone());
        self.pieces.push_back(Assembled::Block(block));
        self.base += length as u64;
        self.filled = PAD + rest;
    }

    fn emit_cut(&mut self, head: Vec<u8>, skipped: u64, end: u64) {
        let kept = head.len();
        let block = Block::new(head, 0..kept, Index::Cut(end), 0, self.origin.clone());
        self.pieces.push_back(Assembled::Block(block));
        self.pieces.push_back(Assembled::Cut {
            end,
            kept: kept as u64,
            skipped,
        });
    }

    fn unfinished(&self) -> &[u8] {
        self.buffer.get(PAD..self.filled).unwrap_or_default()
    }

    /// Forgets the first `length` unfinished bytes.
    fn consume(&mut self, length: usize) {
        if length > 0 {
            self.buffer.copy_within(PAD + length..self.filled, PAD);
            self.filled -= length;
            self.base += length as u64;
        }
    }
}
