//! One followed name, and the generations of the file behind it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::inotify::WatchDescriptor;

use super::context::Context;
use super::opened::Opened;
use super::resume::Pending;
use super::rotation::{self, Before, Gone};
use super::stream::{Look, Stream};
use super::{Event, FileStatus};
use crate::assemble::Piece;
use crate::fingerprint::FileId;
use crate::notice::Notice;

/// A name that is followed.
///
/// `streams` holds the generations, oldest first. If `named`, the last one is the file that has
/// the name now.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) path: PathBuf,
    /// Found by a glob pattern: not waited for when it is gone.
    pub(super) from_glob: bool,
    pub(super) streams: VecDeque<Stream>,
    pub(super) named: bool,
    /// The name must be looked up.
    pub(super) check: bool,
    /// Where a file is begun that nothing is known about.
    pub(super) begin: Begin,
    /// Told with the first file that gets the name.
    pub(super) appears: bool,
    pub(super) absent_since: Option<Instant>,
    pub(super) absence_told: bool,
    /// What has been told about a file that cannot be opened.
    pub(super) trouble: Option<String>,
    pub(super) descriptors_told: bool,
    /// Saved positions that are still to be taken up.
    pub(super) pending: Vec<Pending>,
    /// The generation that had the name before, where none is open any more.
    pub(super) gone: Option<Gone>,
    /// The file that had the name before the start was truncated since.
    pub(super) truncated: Option<(FileId, u64)>,
    /// The directory entries that decide which file has the name.
    pub(super) entries: Vec<(PathBuf, OsString)>,
}

/// Where a new file is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// What it holds is old: it was there when following started.
    End,
    /// As [`Begin::End`], but the file could not be opened then; it had this size.
    Size(FileId, u64),
    Start,
    /// As [`Begin::Start`]; and generations that came and lost the name since this time, in
    /// milliseconds since 1970, are to be read before.
    Since(u64),
}

/// The names that are followed besides one.
pub(super) struct Others<'a> {
    pub(super) left: &'a [Name],
    pub(super) right: &'a [Name],
}

impl Others<'_> {
    fn names(&self) -> impl Iterator<Item = &Name> {
        self.left.iter().chain(self.right)
    }

    /// Whether another name's lines are read from this file.
    pub(super) fn read(&self, id: FileId) -> bool {
        let mut streams = self.names().flat_map(|name| &name.streams);
        streams.any(|s| s.id == id && !s.over)
    }

    /// Whether they are, or may be once its saved positions have been taken up.
    pub(super) fn hold(&self, id: FileId) -> bool {
        let mut pending = self.names().flat_map(|name| &name.pending);
        self.read(id) || pending.any(|p| p.id() == id)
    }

    /// Whether `path` is what a rotation makes of another name.
    pub(super) fn rotate_to(&self, path: &Path) -> bool {
        self.names()
            .any(|name| rotation::is_sibling(&name.path, path))
    }

    /// Whether it is a copy of what another name's lines are read from.
    pub(super) fn hold_original_of(&self, copy: &Opened) -> bool {
        let mut streams = self.names().flat_map(|name| &name.streams);
        streams.any(|s| s.print().is_copy(&copy.file).unwrap_or(false))
    }
}

/// What came of asking a name for more.
pub(super) enum More {
    Event(Event),
    /// Something was read, but no record is whole yet: ask again.
    Again,
    Nothing,
}

impl Name {
    pub(super) fn new(path: PathBuf, from_glob: bool, begin: Begin) -> Self {
        Name {
            entries: rotation::entries(&path),
            path,
            from_glob,
            streams: VecDeque::new(),
            named: false,
            check: true,
            begin,
            appears: false,
            absent_since: None,
            absence_told: false,
            trouble: None,
            descriptors_told: false,
            pending: Vec::new(),
            gone: match begin {
                Begin::Since(since) => Some(Gone::nothing(since)),
                _ => None,
            },
            truncated: None,
        }
    }

    pub(super) fn has_work(&self) -> bool {
        self.check || self.streams.iter().any(Stream::has_work)
    }

    /// The next event of this name: of the oldest generation that has one. The name must have
    /// been examined before if it had to.
    pub(super) fn more(&mut self, context: &mut Context, others: &Others<'_>) -> More {
        let mut at = 0;
        while at < self.streams.len() {
            let stream = &mut self.streams[at];
            if let Some(notice) = stream.announce.pop_front() {
                return More::Event(Event::Notice(notice));
            }
            match stream.take() {
                Some(Piece::Block(block)) => return More::Event(Event::Records(block)),
                Some(Piece::Cut { end, kept, skipped }) => {
                    return More::Event(Event::Notice(Notice::RecordTooLong {
                        path: Some(self.path.clone()),
                        end,
                        kept,
                        skipped,
                    }));
                }
                None => {}
            }
            if stream.over {
                self.retire(at, context);
                continue;
            }
            if !stream.dirty {
                at += 1;
                continue;
            }
            match stream.look(&mut context.spare) {
                Ok(Look::Grown) => {
                    self.readable(at);
                    return More::Again;
                }
                Ok(Look::Quiet) => {
                    stream.dirty = false;
                    if stream.settled {
                        stream.finish();
                    }
                }
                Ok(Look::Unread) => self.copied_unread(at, context, others),
                Ok(Look::Ended) => stream.finish(),
                Ok(Look::Rewritten) => self.rewritten(at, context, others),
                Err(error) => self.unreadable(at, &error),
            }
        }
        More::Nothing
    }

    /// A file that is open cannot be read.
    fn unreadable(&mut self, at: usize, error: &io::Error) {
        let stream = &mut self.streams[at];
        stream.look_again();
        if stream.replaced {
            stream.announce.push_back(Notice::RotatedUnreadable {
                path: self.path.clone(),
                rotated: stream.place.clone(),
                reason: error.to_string(),
            });
            stream.finish();
        } else if self.trouble.as_deref() != Some(&error.to_string()) {
            self.trouble = Some(error.to_string());
            stream.announce.push_back(Notice::Unreadable {
                path: self.path.clone(),
                reason: error.to_string(),
            });
        }
    }

    /// A file that could not be read can be, again.
    fn readable(&mut self, at: usize) {
        if self.named && at + 1 == self.streams.len() && self.trouble.take().is_some() {
            let path = self.path.clone();
            self.streams[at]
                .announce
                .push_back(Notice::Readable { path });
        }
    }

    /// Keeps the positions in the order of the generations, for the restart.
    pub(super) fn keep_order(&self, context: &Context) {
        let in_order: Vec<_> = self.streams.iter().map(|s| &s.progress).collect();
        context.checkpoint.order(&in_order);
    }

    /// Lets go of a generation that is over.
    fn retire(&mut self, at: usize, context: &mut Context) {
        let Some(stream) = self.streams.remove(at) else {
            return;
        };
        if let Some(watch) = stream.watch
            && !self.streams.iter().any(|s| s.watch == Some(watch))
        {
            context.watcher.forget_file(watch);
        }
        if self.named && at == self.streams.len() {
            self.named = false;
            self.check = true;
        }
        stream.progress.set_replaced(true);
        if self.streams.is_empty() {
            let before = Before {
                id: stream.id,
                since: stream.progress.opened(),
            };
            self.gone = Some(Gone {
                before,
                print: stream.print(),
                is_intact: true,
            });
        }
        context.seen.remember(stream.known());
        // Another name may have waited for this file.
        context.released = true;
    }

    /// Ends the generations that lost the name and have been quiet for long enough.
    pub(super) fn expire(&mut self, quiet: Duration, context: &mut Context) {
        for at in 0..self.streams.len() {
            let stream = &mut self.streams[at];
            let is_idle = stream.replaced && !stream.dirty && !stream.over;
            if is_idle && stream.stirred.elapsed() >= quiet {
                match stream.look(&mut context.spare) {
                    Ok(Look::Grown) => stream.dirty = true,
                    Ok(_) => stream.finish(),
                    Err(error) => self.unreadable(at, &error),
                }
            }
        }
        if self.from_glob
            && self
                .absent_since
                .is_some_and(|since| since.elapsed() >= quiet)
        {
            // Nobody waits for this name; what is left of it goes the way of rotated files.
            self.streams.iter_mut().for_each(|s| {
                if !s.replaced {
                    s.lose_name();
                }
            });
        }
    }

    /// Whether nothing is left of a file that a glob pattern had found.
    pub(super) fn is_vanished(&self, quiet: Duration) -> bool {
        self.from_glob
            && self.streams.is_empty()
            && self
                .absent_since
                .is_some_and(|since| since.elapsed() >= quiet)
    }

    /// When [`expire`](Self::expire) has something to do next.
    pub(super) fn next_expiry(&self, quiet: Duration) -> Option<Instant> {
        let waiting = self.streams.iter().filter(|s| s.replaced && !s.over);
        waiting.map(|s| s.stirred + quiet).min()
    }

    /// Looks whether anything has changed, without events.
    pub(super) fn glance(&mut self) {
        self.check = true;
        self.streams.iter_mut().for_each(Stream::glance);
    }

    /// The name is not followed any more.
    pub(super) fn drop_all(self, context: &mut Context) {
        for stream in self.streams {
            stream.progress.forget();
            if let Some(watch) = stream.watch {
                context.watcher.forget_file(watch);
            }
        }
        for pending in self.pending {
            pending.progress.forget();
        }
    }

    /// Something happened to the file of this watch.
    pub(super) fn hint_file(&mut self, watch: WatchDescriptor) {
        for stream in &mut self.streams {
            if stream.watch == Some(watch) {
                stream.dirty = true;
            }
        }
    }

    /// Something happened to this directory entry.
    pub(super) fn hint_entry(&mut self, directory: &Path, entry: &OsString) {
        let is_ours = |(dir, name): &(PathBuf, OsString)| dir == directory && name == entry;
        self.check |= self.entries.iter().any(is_ours);
    }

    /// Everything is to be looked at.
    pub(super) fn hint_all(&mut self) {
        self.check = true;
        self.streams.iter_mut().for_each(|s| s.dirty = true);
    }

    pub(super) fn status(&self) -> impl Iterator<Item = FileStatus> + '_ {
        self.streams.iter().map(|stream| FileStatus {
            path: self.path.clone(),
            read: stream.position(),
            size: stream.size(),
            replaced: stream.replaced,
        })
    }
}
