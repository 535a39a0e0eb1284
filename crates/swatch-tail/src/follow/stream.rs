//! One generation of a followed file.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use nix::sys::inotify::WatchDescriptor;

use super::opened::{FileId, Opened};
use super::packed::Unpacker;
use crate::SplitOptions;
use crate::assemble::{Assembler, Piece};
use crate::block::{Block, Origin};
use crate::checkpoint::Progress;
use crate::fingerprint::{Print, Tail, WINDOW, Window, read_window};
use crate::notice::Notice;

/// A file that is being read: the one that has the name now, or one that had it.
#[derive(Debug)]
pub(super) struct Stream {
    body: Body,
    pub(super) id: FileId,
    /// Where it was found; the name may be another's by now.
    pub(super) place: PathBuf,
    assembler: Assembler,
    /// Up to where it has been read, whole records or not.
    position: u64,
    stamp: Stamp,
    head: Vec<u8>,
    /// The bytes before `position`.
    before: Tail,
    /// The bytes before the end of what was handed over.
    handed: Tail,
    handed_end: u64,
    pub(super) progress: Arc<Progress>,
    /// Told before its first record.
    pub(super) announce: VecDeque<Notice>,
    pub(super) watch: Option<WatchDescriptor>,
    /// There may be something to read.
    pub(super) dirty: bool,
    /// When it last grew, or lost its name.
    pub(super) stirred: Instant,
    pub(super) replaced: bool,
    /// Nobody writes to it any more: it is over as soon as it has been read.
    pub(super) settled: bool,
    /// It has been read to its end, for good.
    pub(super) over: bool,
    /// Begins after a truncation: a writer that kept its offset leaves a hole there.
    pub(super) after_truncation: bool,
}

#[derive(Debug)]
enum Body {
    Plain(File),
    Packed(Unpacker),
    /// The next generation has the file.
    Gone,
}

/// What tells without reading that a file may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(meta: &Metadata) -> Self {
        Stamp {
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// What a look at a file found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Something was read.
    Grown,
    /// Nothing new.
    Quiet,
    /// It is not the file any more that was read: truncated, or written anew.
    Rewritten,
    /// An unpacked file has come to its end.
    Ended,
}

/// What is known of a file at the place where reading starts.
#[derive(Debug, Default)]
pub(super) struct Start {
    pub(super) at: u64,
    pub(super) head: Vec<u8>,
    pub(super) before: Vec<u8>,
}

impl Start {
    /// Looks at what stands before `at`.
    pub(super) fn read(file: &File, at: u64) -> io::Result<Self> {
        let length = at.min(WINDOW as u64);
        Ok(Start {
            at,
            head: read_window(file, 0, length as usize)?,
            before: read_window(file, at - length, length as usize)?,
        })
    }

    pub(super) fn print(&self) -> Print {
        Print {
            head: Window::of(&self.head, self.head.len() as u64),
            mark: Window::of(&self.before, self.at),
        }
    }
}

impl Stream {
    /// Begins to read a plain file.
    pub(super) fn plain(
        opened: Opened,
        start: Start,
        split: &SplitOptions,
        progress: Arc<Progress>,
    ) -> Self {
        progress.set_size(opened.size);
        Stream::new(
            Body::Plain(opened.file),
            opened.id,
            opened.path,
            start,
            split,
            progress,
        )
    }

    /// Begins to read a compressed file, of which the unpacker has skipped what is before the
    /// start.
    pub(super) fn packed(
        unpacker: Unpacker,
        id: FileId,
        place: PathBuf,
        start: Start,
        split: &SplitOptions,
        progress: Arc<Progress>,
    ) -> Self {
        // Its size is not known; but there is something left until its end was seen.
        progress.set_size(u64::MAX);
        let mut stream = Stream::new(Body::Packed(unpacker), id, place, start, split, progress);
        stream.replaced = true;
        stream
    }

    fn new(
        body: Body,
        id: FileId,
        place: PathBuf,
        start: Start,
        split: &SplitOptions,
        progress: Arc<Progress>,
    ) -> Self {
        let mut assembler = Assembler::new(split.clone(), start.at);
        assembler.set_origin(Origin {
            progress: progress.clone(),
        });
        let before = Tail::new(start.before);
        Stream {
            body,
            id,
            place,
            assembler,
            position: start.at,
            stamp: Stamp::default(),
            head: start.head,
            handed: before.clone(),
            handed_end: start.at,
            before,
            progress,
            announce: VecDeque::new(),
            watch: None,
            dirty: true,
            stirred: Instant::now(),
            replaced: false,
            settled: false,
            over: false,
            after_truncation: false,
        }
    }

    /// Reads what is new, at most one block.
    pub(super) fn look(&mut self, spare: &mut Vec<Block>) -> io::Result<Look> {
        let file = match &mut self.body {
            Body::Plain(file) => file,
            Body::Packed(unpacker) => {
                let count = unpacker.read(self.assembler.room(None))?;
                if count == 0 {
                    return Ok(Look::Ended);
                }
                self.grown(count);
                return Ok(Look::Grown);
            }
            Body::Gone => return Ok(Look::Ended),
        };
        let stamp = Stamp::of(&file.metadata()?);
        if stamp.size != self.stamp.size {
            self.progress.set_size(stamp.size);
        }
        self.stamp = stamp;
        if stamp.size < self.position || read_window(file, 0, self.head.len())? != self.head {
            return Ok(Look::Rewritten);
        }
        if self.after_truncation && self.position == 0 && stamp.size > 0 {
            let hole = super::hole::end_of_hole(file, stamp.size)?;
            let start = Start::read(file, hole)?;
            self.restart(start);
            return self.look(spare);
        }
        let fresh = stamp.size - self.position;
        if fresh > SMALL
            && let Some(block) = spare.pop()
        {
            self.assembler.recycle(block);
        }
        let Body::Plain(file) = &self.body else {
            return Ok(Look::Quiet);
        };
        let back = self.before.bytes().len();
        // Always one byte more than is known, to see what was written since.
        let room = self.assembler.room_behind(back, Some(fresh + 1));
        let count = read_at(file, room, self.position - back as u64)?;
        if count < back || room[..back] != *self.before.bytes() {
            self.assembler.restore(self.before.bytes());
            return Ok(Look::Rewritten);
        }
        if count == back {
            return Ok(Look::Quiet);
        }
        self.grown(count - back);
        Ok(Look::Grown)
    }

    /// Takes in what was read.
    fn grown(&mut self, count: usize) {
        let head_was = self.head.len();
        let bytes = self.assembler.fresh_bytes(count);
        if head_was < WINDOW && self.position == head_was as u64 {
            let more = count.min(WINDOW - head_was);
            self.head.extend_from_slice(&bytes[..more]);
        }
        self.before.push(bytes);
        self.position += count as u64;
        self.stirred = Instant::now();
        if self.head.len() > head_was {
            let head = Window::of(&self.head, self.head.len() as u64);
            self.progress.set_head(head);
        }
        self.assembler.fill(count);
    }

    /// Starts anew in the same generation, of which nothing was read yet.
    fn restart(&mut self, start: Start) {
        self.after_truncation = false;
        self.position = start.at;
        self.assembler.rebase(start.at);
        self.head = start.head;
        self.before = Tail::new(start.before);
        self.handed = self.before.clone();
        self.handed_end = start.at;
        self.progress
            .set_head(Window::of(&self.head, self.head.len() as u64));
        self.progress.done(start.at);
    }

    /// What is ready to be handed over.
    pub(super) fn take(&mut self) -> Option<Piece> {
        let piece = self.assembler.take()?;
        if let Piece::Block(block) = &piece {
            let end = block.end_offset();
            match block.start_offset() {
                Some(start) => {
                    if start != self.handed_end {
                        self.handed = Tail::default();
                    }
                    self.handed.push(block.bytes());
                }
                // The head of a record that is too long: what stands before its end is unknown.
                None => self.handed = Tail::default(),
            }
            self.handed_end = end;
            self.progress
                .handed_over(Window::of(self.handed.bytes(), end));
        }
        Some(piece)
    }

    /// Whether there is something to hand over or to read.
    pub(super) fn has_work(&self) -> bool {
        self.dirty || self.over || !self.announce.is_empty() || self.assembler.has_pieces()
    }

    /// Marks it for reading if it looks as if it had changed.
    pub(super) fn glance(&mut self) {
        if let Body::Plain(file) = &self.body
            && !self.dirty
            && !file
                .metadata()
                .is_ok_and(|meta| Stamp::of(&meta) == self.stamp)
        {
            self.dirty = true;
        }
    }

    /// The end of this generation: what is unfinished is handed over.
    pub(super) fn finish(&mut self) {
        self.assembler.finish();
        self.progress.set_size(self.position);
        self.dirty = false;
        self.over = true;
    }

    /// The name is another file's now.
    pub(super) fn lose_name(&mut self) {
        if !self.replaced {
            self.replaced = true;
            self.stirred = Instant::now();
            self.progress.set_replaced(true);
        }
        self.dirty = true;
    }

    /// The name is this file's again.
    pub(super) fn regain_name(&mut self) {
        self.replaced = false;
        self.dirty = true;
        self.progress.set_replaced(false);
    }

    /// Goes on in the copy that was made of it before it was truncated. Returns the file.
    pub(super) fn move_to(&mut self, copy: Opened) -> Option<File> {
        self.progress.moved_to(copy.id.device, copy.id.inode);
        self.progress.set_size(copy.size);
        self.id = copy.id;
        self.place = copy.path;
        self.settled = true;
        self.lose_name();
        match std::mem::replace(&mut self.body, Body::Plain(copy.file)) {
            Body::Plain(file) => Some(file),
            Body::Packed(_) | Body::Gone => None,
        }
    }

    /// Gives its file away; it is over.
    pub(super) fn detach(&mut self) -> Option<File> {
        self.id = FileId::NONE;
        self.lose_name();
        self.finish();
        match std::mem::replace(&mut self.body, Body::Gone) {
            Body::Plain(file) => Some(file),
            Body::Packed(_) | Body::Gone => None,
        }
    }

    /// Reads it again when all files are looked at next.
    pub(super) fn look_again(&mut self) {
        self.dirty = false;
        self.stamp = Stamp::default();
    }

    /// Whether the file has other content than was read. One that cannot be read has not.
    pub(super) fn is_rewritten(&self) -> bool {
        let Body::Plain(file) = &self.body else {
            return false;
        };
        !self.is_still(file).unwrap_or(true)
    }

    fn is_still(&self, file: &File) -> io::Result<bool> {
        let before = self.before.bytes();
        let start = self.position - before.len() as u64;
        Ok(file.metadata()?.len() >= self.position
            && read_window(file, 0, self.head.len())? == self.head
            && read_window(file, start, before.len())? == before)
    }

    /// Its file, if it is not compressed.
    pub(super) fn file(&self) -> Option<&File> {
        match &self.body {
            Body::Plain(file) => Some(file),
            Body::Packed(_) | Body::Gone => None,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn size(&self) -> u64 {
        self.stamp.size.max(self.position)
    }

    /// What it looks like up to what was read.
    pub(super) fn print(&self) -> Print {
        Print {
            head: Window::of(&self.head, self.head.len() as u64),
            mark: Window::of(self.before.bytes(), self.position),
        }
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
