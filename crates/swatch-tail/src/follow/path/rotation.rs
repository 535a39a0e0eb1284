//! The handling of a rotation.
//!
//! 1. [`poll`](FollowedPath::poll) finds that the path names another file, or none.
//! 2. Was the last generation truncated before that (`truncation`)? Then the copy that was made
//!    of it is found first.
//! 3. The last generation loses the path. It is read to its end and left once nothing writes to it
//!    any more ([`expire`](FollowedPath::expire)).
//! 4. Generations that came and went between two looks are found among the rotated files
//!    (`missed_generations`, which orders them with `siblings`).
//! 5. The new file is read: from its beginning, or where it was left if it is known
//!    (`recently_closed`).
//!
//! After a restart, `recovery` first finds the files of the saved positions.

use std::time::Instant;

use super::super::context::Context;
use super::super::file::{self, OpenError, OpenFile};
use super::super::generation::{Generation, StartPoint};
use super::super::missed_generations::LastGeneration;
use super::super::siblings;
use super::{Begin, FollowedPath, Others};
use crate::checkpoint::{REREAD, kernel_time};
use crate::event::FileEvent;
use crate::fingerprint::{FileId, read_window};

impl FollowedPath {
    /// Looks the name up.
    pub(in crate::follow) fn poll(&mut self, context: &mut Context, others: &Others<'_>) {
        self.check = false;
        if !self.pending.is_empty() {
            self.resume(context, others);
            if !self.pending.is_empty() {
                return;
            }
        }
        if !self.open_unseen(context, others) {
            return;
        }
        let id = match file::identify(&self.path) {
            Ok((id, _)) => id,
            Err(failure) => {
                self.missing(failure, context);
                return self.rotated_unseen(context, others);
            }
        };
        if self.named && self.generations.back().is_some_and(|s| s.id == id) {
            return;
        }
        // Before the last generation counts as replaced: what was written to it after a
        // truncation is a generation of its own.
        if let Some(at) = self.generations.len().checked_sub(1)
            && !self.generations[at].replaced
        {
            if self.generations[at].is_rewritten() {
                self.rewritten(at, context, others);
            } else if self.generations[at].position() == 0 {
                self.copied_unread(at, context, others);
            }
        }
        if let Some(at) = self.own(id) {
            return self.take_back(at, context);
        }
        if others.hold(id) {
            // It belongs to another name, as the rotated file of that one, or through a link. Once
            // that one has closed it, it is polled again.
            self.lose_name();
            self.present();
            return;
        }
        match file::open(&self.path) {
            Ok(opened) if opened.id != id => self.check = true,
            Ok(opened) => self.take_on(opened, context, others),
            Err(failure) => self.missing(failure, context),
        }
    }

    /// One of the open generations that may be written to.
    fn own(&self, id: FileId) -> Option<usize> {
        let is_it = |s: &Generation| s.id == id && !s.over && !s.settled;
        self.generations.iter().position(is_it)
    }

    /// A generation that is still open has the name again, as when a link moves back.
    fn take_back(&mut self, at: usize, context: &mut Context) {
        self.lose_name();
        if let Some(mut generation) = self.generations.remove(at) {
            generation.regain_name();
            if self.absence_reported {
                let path = self.path.clone();
                generation.announce.push_back(FileEvent::Appeared { path });
            }
            self.generations.push_back(generation);
            self.named = true;
        }
        self.present();
        self.watch_entries(context);
    }

    /// Another file has the name.
    fn take_on(&mut self, opened: OpenFile, context: &mut Context, others: &Others<'_>) {
        let between = match self.between(opened.id, context, others) {
            Ok(between) => between,
            Err(failure) => return self.missing(failure, context),
        };
        let id = opened.id;
        let mut generation = match self.begin(opened, context, others) {
            Ok(generation) => generation,
            Err(error) => {
                context.put_back(between);
                return self.missing(error.into(), context);
            }
        };
        let path = self.path.clone();
        if self.warning.is_some() {
            generation.announce.push_back(FileEvent::Readable { path });
        } else if let Some((was, read)) = self.truncated
            && was == id
        {
            generation.after_truncation = true;
            generation
                .announce
                .push_back(FileEvent::Truncated { path, read });
        } else if self.absence_reported || self.appears {
            generation.announce.push_back(FileEvent::Appeared { path });
        } else if !self.generations.is_empty()
            || self.gone.is_some_and(|gone| gone.before.id != FileId::NONE)
        {
            generation.announce.push_back(FileEvent::Replaced { path });
        }
        self.lose_name();
        self.generations.extend(between);
        generation.watch = generation
            .file()
            .and_then(|f| context.subscription.watch_file(f));
        self.generations.push_back(generation);
        self.keep_order(context);
        self.named = true;
        self.begin = Begin::Start;
        self.gone = None;
        self.truncated = None;
        self.appears = false;
        self.present();
        self.watch_entries(context);
    }

    /// Begins to read a file, where it was left if it is known.
    fn begin(
        &mut self,
        opened: OpenFile,
        context: &mut Context,
        others: &Others<'_>,
    ) -> std::io::Result<Generation> {
        let may_be_copy = self.from_glob && others.rotate_to(&self.path);
        let split = context.options.split.clone();
        if let Some(known) = context.recently_closed.recognize(&opened, may_be_copy) {
            let start = StartPoint::read(&opened.file, known.position)?;
            let progress = if known.progress.path() == self.path {
                known.progress.set_replaced(false);
                known.progress
            } else {
                known.progress.forget();
                context.keep(&self.path, opened.id, &start, opened.before, false)
            };
            return Ok(Generation::plain(opened, start, &split, progress));
        }
        let at = match self.begin {
            Begin::End => opened.size,
            Begin::Lost => start_of_last(REREAD, &opened)?,
            Begin::Size(id, size) if id == opened.id && size <= opened.size => size,
            _ if may_be_copy && others.hold_original_of(&opened) => opened.size,
            _ => 0,
        };
        let start = StartPoint::read(&opened.file, at)?;
        let progress = context.keep(&self.path, opened.id, &start, opened.before, false);
        Ok(Generation::plain(opened, start, &split, progress))
    }

    /// No generation has the name any more, nor may get it back.
    fn lose_name(&mut self) {
        self.named = false;
        for generation in &mut self.generations {
            if !generation.replaced {
                generation.lose_name();
            }
        }
    }

    /// There is a file of this name.
    fn present(&mut self) {
        self.absent_since = None;
        self.absence_reported = false;
        self.descriptors_reported = false;
        self.warning = None;
    }

    /// There is no file of this name that can be read.
    pub(in crate::follow) fn missing(&mut self, failure: OpenError, context: &mut Context) {
        let path = self.path.clone();
        let at_start = std::mem::replace(&mut self.begin, Begin::Start);
        match failure {
            OpenError::Absent => {
                let since = *self.absent_since.get_or_insert_with(Instant::now);
                // A rotation is not worth a report; an absence that lasts is, once.
                let lasts = since.elapsed() >= context.options.stat_interval;
                let at_once = self.generations.is_empty() && !self.from_glob;
                if !self.absence_reported && !self.from_glob && (lasts || at_once) {
                    self.absence_reported = true;
                    context.report(FileEvent::Absent { path });
                }
                self.warning = None;
                if self.generations.is_empty() && self.gone.is_none() {
                    // A file may appear and be rotated away before the next look.
                    self.gone = Some(LastGeneration::nothing(kernel_time()));
                }
            }
            OpenError::Changing => {
                self.begin = at_start;
                context.retry(&failure);
            }
            OpenError::NoDescriptors => {
                self.begin = self.remember_size(at_start);
                if !self.descriptors_reported {
                    self.descriptors_reported = true;
                    context.report(FileEvent::NoDescriptors { path });
                }
            }
            OpenError::NotAFile(kind) => {
                self.warn(format!("it is {}", kind.name), context);
            }
            OpenError::Unreadable(error) => {
                self.begin = self.remember_size(at_start);
                self.warn(error.to_string(), context);
            }
        }
        // The file that had the name is still read; it is not replaced until there is another.
        self.named = false;
        self.watch_entries(context);
    }

    /// Nothing has had the name for a while: a generation that came and went between two looks is
    /// not to wait for the next one. After a while only, so that a rotation which is under way
    /// (renaming, compressing) is over.
    fn rotated_unseen(&mut self, context: &mut Context, others: &Others<'_>) {
        let lasts = |since: Instant| since.elapsed() >= context.options.stat_interval;
        let was_there = match self.gone {
            Some(gone) => gone.before.id != FileId::NONE,
            None => !self.generations.is_empty(),
        };
        if !was_there || !self.absent_since.is_some_and(lasts) {
            return;
        }
        match self.between(FileId::NONE, context, others) {
            Ok(unseen) if unseen.is_empty() => {}
            Ok(unseen) => {
                self.lose_name();
                self.generations.extend(unseen);
                self.gone = None;
                self.keep_order(context);
            }
            Err(failure) => self.report_retry(&failure, context),
        }
    }

    /// The content of a file that cannot be opened at the start is old all the same.
    fn remember_size(&self, begin: Begin) -> Begin {
        match (begin, file::identify(&self.path)) {
            (Begin::End, Ok((id, size))) => Begin::Size(id, size),
            _ => begin,
        }
    }

    fn warn(&mut self, reason: String, context: &mut Context) {
        if self.warning.as_ref() != Some(&reason) {
            self.warning = Some(reason.clone());
            let path = self.path.clone();
            context.report(FileEvent::Unreadable { path, reason });
        }
    }

    /// Watches the directories of the path and of the file that it leads to.
    fn watch_entries(&mut self, context: &mut Context) {
        self.entries = siblings::entries(&self.path);
        context.subscription.add_entries(&self.entries);
    }
}

/// The offset of the first line that begins in the last `length` bytes of a file.
fn start_of_last(length: u64, opened: &OpenFile) -> std::io::Result<u64> {
    let mut at = opened.size.saturating_sub(length);
    while at > 0 {
        let bytes = read_window(&opened.file, at - 1, 64 * 1024)?;
        if let Some(newline) = memchr::memchr(b'\n', &bytes) {
            return Ok(at + newline as u64);
        }
        if bytes.is_empty() {
            break;
        }
        at += bytes.len() as u64;
    }
    Ok(at)
}
