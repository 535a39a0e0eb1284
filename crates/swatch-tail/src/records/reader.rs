//! Splitting a source that is read once.

use std::io::{self, Read};

use crate::SplitOptions;
use crate::event::FileEvent;
use crate::records::assembler::{Assembled, Assembler};
use crate::records::block::Block;

/// The result of one read.
#[derive(Debug)]
pub enum Step {
    /// Whole records.
    Records(Block),
    /// Something to report about the records before.
    File(FileEvent),
    /// Something was read, but no record has ended yet.
    More,
    /// The source has ended; its last record has been handed over. Further calls say the same.
    End,
}

/// Splits any [`Read`] into records: a file in one pass, the output of a command, standard input.
///
/// A last record without separator is handed over at the end of the source.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    assembler: Assembler,
    ended: bool,
}

impl<R: Read> RecordReader<R> {
    /// Reads from `source`, which needs no buffer of its own.
    pub fn new(source: R, options: SplitOptions) -> Self {
        RecordReader {
            source,
            assembler: Assembler::new(options, 0),
            ended: false,
        }
    }

    /// Reads at most once, and returns the result. So a caller that must not block can wait with
    /// [`Waker::wait_readable`](crate::Waker::wait_readable) before each call; after anything but
    /// [`Step::More`] and [`Step::End`] it should first call again until one of these comes;
    /// [`has_ready`](RecordReader::has_ready) tells when.
    ///
    /// # Errors
    /// Errors of the source. An interrupted read is [`Step::More`]. After an error the call may be
    /// repeated.
    pub fn step(&mut self) -> io::Result<Step> {
        if let Some(piece) = self.assembler.take() {
            return Ok(piece.into());
        }
        if self.ended {
            return Ok(Step::End);
        }
        match self.source.read(self.assembler.room(None)) {
            Ok(0) => {
                self.ended = true;
                self.assembler.finish();
            }
            Ok(count) => self.assembler.fill(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(match self.assembler.take() {
            Some(piece) => piece.into(),
            None if self.ended => Step::End,
            None => Step::More,
        })
    }

    /// True if the next [`step`](RecordReader::step) has something to say without reading.
    pub fn has_ready(&self) -> bool {
        self.ended || self.assembler.has_pieces()
    }

    /// Reads until there is something to hand over; blocks as the source does. Never
    /// [`Step::More`].
    ///
    /// # Errors
    /// As [`step`](RecordReader::step).
    pub fn advance(&mut self) -> io::Result<Step> {
        loop {
            match self.step()? {
                Step::More => {}
                step => return Ok(step),
            }
        }
    }

    /// Gives back a block that is no longer needed, so that its buffer can be reused. This makes a
    /// pass over a big file faster.
    pub fn recycle(&mut self, block: Block) {
        self.assembler.recycle(block);
    }

    /// The source.
    pub fn source(&self) -> &R {
        &self.source
    }
}

impl From<Assembled> for Step {
    fn from(piece: Assembled) -> Self {
        match piece {
            Assembled::Block(block) => Step::Records(block),
            Assembled::Cut { end, kept, skipped } => Step::File(FileEvent::RecordTooLong {
                path: None,
                end,
                kept,
                skipped,
            }),
        }
    }
}
