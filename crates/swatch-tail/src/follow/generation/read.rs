//! Reading new data from a file, and checking that it is still the same file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use super::super::file::{FileStamp, may_grow};
use super::super::sparse::end_of_hole;
use super::{Body, Generation, StartPoint};
use crate::checkpoint::kernel_time;
use crate::fingerprint::{FileId, Tail, WINDOW, Window, read_window};
use crate::records::block::Block;

/// The result of looking at a file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::follow) enum Change {
    /// Something was read.
    Grown,
    /// It has changed before anything was read. Perhaps what was in it was copied and truncated
    /// already; the next look reads what is there now.
    Unread,
    /// Nothing new.
    Quiet,
    /// It is no longer the file that was read: it was truncated or rewritten.
    Rewritten,
    /// A compressed file has come to its end.
    Ended,
    /// A compressed file ends too early, or is damaged; but it may still be being written.
    Incomplete,
}

impl Generation {
    /// Reads new data, at most one block. A compressed file that was written to within the time
    /// `quiet` may be incomplete.
    pub(in crate::follow) fn read_new(
        &mut self,
        spare: &mut Vec<Block>,
        quiet: Duration,
    ) -> io::Result<Change> {
        let file = match &mut self.body {
            Body::Plain(file) => file,
            Body::Compressed(decompressor) => {
                let reopened = match self.is_incomplete {
                    true => decompressor.reopen(self.position),
                    false => Ok(()),
                };
                let room = self.assembler.room(None);
                let count = match reopened.and_then(|()| decompressor.read(room)) {
                    Ok(count) => count,
                    Err(_) if may_grow(decompressor.file(), quiet) => {
                        self.is_incomplete = true;
                        self.stirred = Instant::now();
                        return Ok(Change::Incomplete);
                    }
                    Err(error) => return Err(error),
                };
                self.is_incomplete = false;
                if count == 0 {
                    return Ok(Change::Ended);
                }
                self.grown(count);
                return Ok(Change::Grown);
            }
            Body::Detached => return Ok(Change::Ended),
        };
        let looked = kernel_time();
        let stamp = FileStamp::of(&file.metadata()?);
        let has_changed = self.stamp != stamp;
        self.stamp = stamp;
        if stamp.size < self.position || read_window(file, 0, self.head.len())? != self.head {
            return Ok(Change::Rewritten);
        }
        if has_changed && self.position == 0 {
            self.progress.looked_at(stamp.size, stamp.modified());
            if !self.replaced {
                return Ok(Change::Unread);
            }
        }
        if self.after_truncation && self.position == 0 && stamp.size > 0 {
            let hole = end_of_hole(file, stamp.size)?;
            let start = StartPoint::read(file, hole)?;
            self.restart(start);
            return self.read_new(spare, quiet);
        }
        let fresh = stamp.size - self.position;
        if fresh > SMALL
            && let Some(block) = spare.pop()
        {
            self.assembler.recycle(block);
        }
        let Body::Plain(file) = &self.body else {
            return Ok(Change::Quiet);
        };
        let back = self.before.bytes().len();
        // Always one byte more than is known, to see what was written since.
        let room = self.assembler.room_behind(back, Some(fresh + 1));
        let count = read_at(file, room, self.position - back as u64)?;
        if count < back || room[..back] != *self.before.bytes() {
            self.assembler.restore(self.before.bytes());
            return Ok(Change::Rewritten);
        }
        self.intact = looked;
        if has_changed {
            // Not of a file that was rewritten: after a restart, what was read is searched for in
            // files that are not older than this.
            self.progress.looked_at(stamp.size, stamp.modified());
        }
        if count == back {
            return Ok(Change::Quiet);
        }
        self.grown(count - back);
        Ok(Change::Grown)
    }

    /// Takes in the bytes that were read.
    fn grown(&mut self, count: usize) {
        let head_was = self.head.len();
        let bytes = self.assembler.fresh_bytes(count);
        let known = (head_was as u64).saturating_sub(self.position) as usize;
        if head_was < WINDOW && self.position <= head_was as u64 && known < count {
            let more = (count - known).min(WINDOW - head_was);
            self.head.extend_from_slice(&bytes[known..known + more]);
        }
        self.before.push(bytes);
        self.position += count as u64;
        self.stirred = Instant::now();
        if let Some(kept) = &mut self.kept {
            kept.has_writer = true;
        }
        if self.head.len() > head_was {
            let head = Window::of(&self.head, self.head.len() as u64);
            self.progress.set_head(head);
        }
        self.assembler.fill(count);
    }

    /// Starts over in the same generation, of which nothing was read yet.
    fn restart(&mut self, start: StartPoint) {
        self.after_truncation = false;
        self.position = start.at;
        self.assembler.rebase(start.at);
        self.head = start.head;
        self.before = Tail::new(start.before);
        self.handed = self.before.clone();
        self.handed_end = start.at;
        self.progress
            .reset_head(Window::of(&self.head, self.head.len() as u64));
        self.progress.ack(start.at);
    }

    /// Marks it for reading if its metadata has changed.
    pub(in crate::follow) fn check_metadata(&mut self) {
        let looked = kernel_time();
        self.dirty |= self.is_incomplete;
        if let Body::Plain(file) = &self.body
            && !self.dirty
        {
            match file.metadata() {
                Ok(meta) if FileStamp::of(&meta) == self.stamp => self.intact = looked,
                _ => self.dirty = true,
            }
        }
    }

    /// Counts it as changed at the next look.
    pub(in crate::follow) fn look_again(&mut self) {
        self.stamp = FileStamp::default();
    }

    /// Reads it again at the next periodic check.
    pub(in crate::follow) fn retry_later(&mut self) {
        self.dirty = false;
        self.stamp = FileStamp::default();
    }

    /// True if the file has other content than was read. One that cannot be read has not.
    pub(in crate::follow) fn is_rewritten(&self) -> bool {
        let Body::Plain(file) = &self.body else {
            return false;
        };
        !self.is_still(file).unwrap_or(true)
    }

    /// True if what was read of it is no longer in its file, nor in a copy that is known.
    pub(in crate::follow) fn is_truncated(&self) -> bool {
        self.id == FileId::NONE || self.is_rewritten()
    }

    /// Its file, if that holds what was read of it.
    pub(in crate::follow) fn original(&self) -> Option<&File> {
        self.file().filter(|_| !self.is_truncated())
    }

    fn is_still(&self, file: &File) -> io::Result<bool> {
        let before = self.before.bytes();
        let start = self.position - before.len() as u64;
        Ok(file.metadata()?.len() >= self.position
            && read_window(file, 0, self.head.len())? == self.head
            && read_window(file, start, before.len())? == before)
    }
}

/// Below this a buffer of just the right size is better than a used one.
const SMALL: u64 = 32 * 1024;

fn read_at(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(room, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
