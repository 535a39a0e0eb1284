//! One generation of a followed file.

mod read;

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::inotify::WatchDescriptor;

pub(super) use read::Change;

use super::file::{FileStamp, OpenFile};
use super::recently_closed::ClosedFile;
use crate::SplitOptions;
use crate::checkpoint::{Progress, kernel_time};
use crate::compressed::Decompressor;
use crate::event::FileEvent;
use crate::fingerprint::{FileId, Fingerprint, Tail, WINDOW, Window, read_window};
use crate::records::assembler::{Assembled, Assembler};
use crate::records::block::Origin;

/// A file that is being read: the one that has the name now, or one that had it.
#[derive(Debug)]
pub(super) struct Generation {
    body: Body,
    pub(super) id: FileId,
    /// The path it was found at, which may name another file by now.
    pub(super) place: PathBuf,
    assembler: Assembler,
    /// Up to where it has been read, whole records or not.
    position: u64,
    stamp: FileStamp,
    /// The first bytes of the file, as far as they are known, read or not.
    head: Vec<u8>,
    /// The bytes before `position`.
    before: Tail,
    /// The bytes before the end of what was handed over.
    handed: Tail,
    handed_end: u64,
    pub(super) progress: Arc<Progress>,
    /// Reported before its first record.
    pub(super) announce: VecDeque<FileEvent>,
    pub(super) watch: Option<WatchDescriptor>,
    /// There may be something to read.
    pub(super) dirty: bool,
    /// When its content was last seen to be what was read, in milliseconds since 1970.
    pub(super) intact: u64,
    /// When it last grew, or lost its name.
    pub(super) stirred: Instant,
    /// Set while it is kept beyond the time after which a rotated file is left.
    kept: Option<Kept>,
    pub(super) replaced: bool,
    /// No process writes to it any more: it is over as soon as it has been read.
    pub(super) settled: bool,
    /// It has been read to its end, for good.
    pub(super) over: bool,
    /// It is compressed and was not complete when it was read last.
    is_incomplete: bool,
    /// Begins after a truncation: a writer that kept its offset leaves a hole there.
    pub(super) after_truncation: bool,
}

/// Why a rotated file is still watched.
#[derive(Debug, Clone, Copy)]
struct Kept {
    next_check: Instant,
    /// Another process had it open for writing, or wrote to it.
    has_writer: bool,
}

/// The longest time between two checks for a writer of a rotated file. Lines written to it are
/// still seen at once.
const MAX_PAUSE: Duration = Duration::from_secs(300);

#[derive(Debug)]
enum Body {
    Plain(File),
    Compressed(Decompressor),
    /// The next generation has the file.
    Detached,
}

/// The known bytes of a file at the position where reading starts.
#[derive(Debug, Default)]
pub(super) struct StartPoint {
    pub(super) at: u64,
    pub(super) head: Vec<u8>,
    pub(super) before: Vec<u8>,
}

impl StartPoint {
    /// Reads the bytes before `at`.
    pub(super) fn read(file: &File, at: u64) -> io::Result<Self> {
        let length = at.min(WINDOW as u64);
        Ok(StartPoint {
            at,
            head: read_window(file, 0, length as usize)?,
            before: read_window(file, at - length, length as usize)?,
        })
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            head: Window::of(&self.head, self.head.len() as u64),
            mark: Window::of(&self.before, self.at),
        }
    }
}

impl Generation {
    /// Begins to read a plain file.
    pub(super) fn plain(
        opened: OpenFile,
        start: StartPoint,
        split: &SplitOptions,
        progress: Arc<Progress>,
    ) -> Self {
        let body = Body::Plain(opened.file);
        let mut generation = Generation::new(body, opened.id, opened.path, start, split, progress);
        generation.set_stamp(opened.stamp);
        generation.know_head(opened.head);
        generation
    }

    fn set_stamp(&mut self, stamp: FileStamp) {
        self.stamp = stamp;
        self.progress.looked_at(stamp.size, stamp.modified());
    }

    /// Gets to know the beginning of the file before it is read: by it the file is recognized if
    /// it is copied, truncated or compressed until then.
    fn read_ahead(&mut self) {
        if let Body::Plain(file) = &self.body
            && self.head.len() < WINDOW
            && let Ok(head) = read_window(file, 0, WINDOW)
        {
            self.know_head(head);
        }
    }

    fn know_head(&mut self, head: Vec<u8>) {
        if head.len() > self.head.len() && head.starts_with(&self.head) {
            self.progress.set_head(Window::of(&head, head.len() as u64));
            self.head = head;
        }
    }

    /// Begins to read a compressed file, of which the decompressor has skipped what is before the
    /// start.
    pub(super) fn compressed(
        decompressor: Decompressor,
        id: FileId,
        place: PathBuf,
        start: StartPoint,
        split: &SplitOptions,
        progress: Arc<Progress>,
    ) -> Self {
        // Its size is not known; but there is something left until its end was seen.
        progress.set_size(u64::MAX);
        let mut generation = Generation::new(
            Body::Compressed(decompressor),
            id,
            place,
            start,
            split,
            progress,
        );
        generation.lose_name();
        generation
    }

    fn new(
        body: Body,
        id: FileId,
        place: PathBuf,
        start: StartPoint,
        split: &SplitOptions,
        progress: Arc<Progress>,
    ) -> Self {
        let mut assembler = Assembler::new(split.clone(), start.at);
        assembler.set_origin(Origin {
            progress: progress.clone(),
        });
        let before = Tail::new(start.before);
        Generation {
            body,
            id,
            place,
            assembler,
            position: start.at,
            stamp: FileStamp::default(),
            head: start.head,
            handed: before.clone(),
            handed_end: start.at,
            before,
            progress,
            announce: VecDeque::new(),
            watch: None,
            dirty: true,
            intact: kernel_time(),
            stirred: Instant::now(),
            kept: None,
            replaced: false,
            settled: false,
            over: false,
            is_incomplete: false,
            after_truncation: false,
        }
    }

    /// Takes the next piece that is ready to be handed over.
    pub(super) fn take(&mut self) -> Option<Assembled> {
        let piece = self.assembler.take()?;
        if let Assembled::Block(block) = &piece {
            let end = block.end_offset();
            match block.start_offset() {
                Some(start) => {
                    if start != self.handed_end {
                        self.handed = Tail::default();
                    }
                    self.handed.push(block.bytes());
                }
                // The head of a record that is too long: the bytes before its end are unknown.
                None => self.handed = Tail::default(),
            }
            self.handed_end = end;
            self.progress
                .handed_over(Window::of(self.handed.bytes(), end));
        }
        Some(piece)
    }

    /// True if there is something to hand over or to read.
    pub(super) fn has_work(&self) -> bool {
        self.dirty || self.over || !self.announce.is_empty() || self.assembler.has_pieces()
    }

    /// When it is time to leave it, if it has lost the path.
    pub(super) fn expires_at(&self, quiet: Duration) -> Option<Instant> {
        let is_leaving = self.replaced && !self.over;
        let check = self.kept.map(|kept| kept.next_check);
        is_leaving.then(|| check.unwrap_or(self.stirred + quiet))
    }

    /// Goes on watching it, although it has been quiet for long. The next check is as far away
    /// again.
    pub(super) fn keep(&mut self, quiet: Duration, has_writer: bool) {
        let pause = self.stirred.elapsed().clamp(quiet, MAX_PAUSE.max(quiet));
        let had_writer = self.has_late_writer();
        self.kept = Some(Kept {
            next_check: Instant::now() + pause,
            has_writer: has_writer || had_writer,
        });
    }

    /// True if a writer was seen after the rotation.
    pub(super) fn has_late_writer(&self) -> bool {
        self.kept.is_some_and(|kept| kept.has_writer) && !self.over
    }

    /// The name that its file has now.
    pub(super) fn current_name(&self) -> PathBuf {
        let link = |file: &File| std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let name = self.file().and_then(|file| link(file).ok());
        name.unwrap_or_else(|| self.place.clone())
    }

    /// Hands over an unfinished last line, because it may never be finished.
    pub(super) fn hand_over_rest(&mut self) {
        self.assembler.finish();
    }

    /// Ends this generation: an unfinished line is handed over.
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
            // Should this process end before it is read, it must be known that there is more.
            if let Some(meta) = self.file().and_then(|file| file.metadata().ok()) {
                let stamp = FileStamp::of(&meta);
                self.progress.looked_at(stamp.size, stamp.modified());
            }
            self.read_ahead();
        }
        self.dirty = true;
    }

    /// The name is this file's again.
    pub(super) fn regain_name(&mut self) {
        self.replaced = false;
        self.dirty = true;
        self.progress.set_replaced(false);
    }

    /// Continues in the copy that was made of it before it was truncated. Returns the file.
    pub(super) fn move_to(&mut self, copy: OpenFile) -> Option<File> {
        self.set_stamp(copy.stamp);
        self.settled = true;
        self.replace_body(Body::Plain(copy.file), copy.id, copy.path)
    }

    /// As [`move_to`](Self::move_to), where the copy is compressed.
    pub(super) fn move_to_compressed(
        &mut self,
        decompressor: Decompressor,
        id: FileId,
        place: PathBuf,
    ) -> Option<File> {
        self.progress.set_size(u64::MAX);
        self.replace_body(Body::Compressed(decompressor), id, place)
    }

    fn replace_body(&mut self, body: Body, id: FileId, place: PathBuf) -> Option<File> {
        self.progress.moved_to(id);
        self.id = id;
        self.place = place;
        self.lose_name();
        match std::mem::replace(&mut self.body, body) {
            Body::Plain(file) => Some(file),
            Body::Compressed(_) | Body::Detached => None,
        }
    }

    /// The record that is kept of it after it is closed.
    pub(super) fn known(&self) -> ClosedFile {
        ClosedFile {
            id: self.id,
            fingerprint: self.fingerprint(),
            head: self.head.clone(),
            position: self.position(),
            progress: self.progress.clone(),
            has_rest: false,
        }
    }

    /// Gives its file away; it is over.
    pub(super) fn detach(&mut self) -> Option<File> {
        self.id = FileId::NONE;
        self.lose_name();
        self.finish();
        match std::mem::replace(&mut self.body, Body::Detached) {
            Body::Plain(file) => Some(file),
            Body::Compressed(_) | Body::Detached => None,
        }
    }

    /// Its file, if it is not compressed.
    pub(super) fn file(&self) -> Option<&File> {
        match &self.body {
            Body::Plain(file) => Some(file),
            Body::Compressed(_) | Body::Detached => None,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn size(&self) -> u64 {
        self.stamp.size.max(self.position)
    }

    /// As [`fingerprint`](Self::fingerprint), but with the head of the file as it is by now, read
    /// or not.
    pub(super) fn whole_fingerprint(&self) -> Fingerprint {
        let mut fingerprint = self.fingerprint();
        if let Body::Plain(file) = &self.body
            && let Ok(head) = read_window(file, 0, WINDOW)
            && head.starts_with(&self.head)
        {
            fingerprint.head = Window::of(&head, head.len() as u64);
        }
        fingerprint
    }

    /// The fingerprint up to the position that was read.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            head: Window::of(&self.head, self.head.len() as u64),
            mark: Window::of(self.before.bytes(), self.position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Saved};
    use crate::follow::file;

    #[test]
    fn the_beginning_is_that_of_the_file_as_it_was_opened() {
        let named = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(named.path(), "a line that will be copied\n").unwrap();
        let opened = file::open(named.path()).unwrap();
        let copy = file::open(named.path()).unwrap();
        let copied = Fingerprint {
            head: Window::of(&copy.head, copy.head.len() as u64),
            mark: Window::default(),
        };
        // Copied and truncated before it is known what came before it.
        std::fs::write(named.path(), "a line that was written since\n").unwrap();
        let start = StartPoint::default();
        let progress = Checkpoint::in_memory().keep(Saved {
            path: opened.path.clone(),
            place: None,
            id: opened.id,
            offset: 0,
            opened: opened.before,
            modified: 0,
            replaced: false,
            unread: false,
            fingerprint: start.fingerprint(),
        });
        let generation = Generation::plain(opened, start, &SplitOptions::default(), progress);
        assert_eq!(generation.fingerprint().head, copied.head);
        assert_eq!(generation.progress.saved().fingerprint.head, copied.head);
        assert!(generation.is_rewritten());
    }
}
