//! Finding again the files that were followed before a restart.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::super::compressed::decompress_from;
use super::super::context::Context;
use super::super::file::{self, OpenError, OpenFile, is_want_of_descriptors};
use super::super::generation::{Generation, StartPoint};
use super::super::missed_generations::{Interval, LastGeneration, Predecessor, Selector};
use super::super::recently_closed::ClosedFile;
use super::super::siblings::{self, Sibling};
use super::super::writers;
use super::{FollowedPath, Others, WATCHED};
use crate::checkpoint::{Progress, Saved};
use crate::compressed::{Compression, Decompressor};
use crate::event::FileEvent;
use crate::fingerprint::{FileId, Fingerprint};

/// A saved position whose file has not been found yet.
#[derive(Debug)]
pub(in crate::follow) struct Pending {
    pub(in crate::follow) saved: Saved,
    pub(in crate::follow) progress: Arc<Progress>,
}

impl Pending {
    pub(in crate::follow) fn id(&self) -> FileId {
        self.saved.id
    }
}

/// The place where a file was found.
enum Found {
    Plain(OpenFile),
    Compressed(Decompressor, StartPoint, FileId, PathBuf),
    Nowhere,
}

impl FollowedPath {
    /// Takes up the saved positions of this name, oldest generation first. Those for which there
    /// is no descriptor left stay pending.
    pub(in crate::follow) fn resume(&mut self, context: &mut Context, others: &Others<'_>) {
        self.pending.sort_by_key(|pending| !pending.saved.replaced);
        let siblings = match siblings::siblings(&self.path, |sibling| self.is_pending(sibling)) {
            Ok(siblings) => siblings,
            Err(failure) => return self.missing(failure, context),
        };
        let since = Instant::now();
        while let Some(pending) = self.pending.first() {
            let found = match self.locate(pending, &siblings, context, others) {
                Ok(found) => found,
                Err(failure) => return self.missing(failure, context),
            };
            let pending = self.pending.remove(0);
            if self.pending.len() > WATCHED
                && pending.saved.replaced
                && let Found::Plain(opened) = &found
                && opened.size == pending.saved.offset
                && writers::has_writer(&opened.file, since) != Some(true)
            {
                // Read to its end, and replaced long ago: no process writes to it now.
                remember(&pending, context);
                continue;
            }
            match self.generation_of(&pending, found, context) {
                Ok(Some(generation)) => {
                    self.generations.push_back(generation);
                    self.gone = None;
                    if pending.saved.fingerprint.head.length == 0 && !pending.saved.replaced {
                        // It was empty: what was written and truncated since may be in a copy.
                        self.copied_unread(self.generations.len() - 1, context, others);
                    }
                }
                Ok(None) => self.not_found(&pending, context),
                Err(error) => {
                    context.report(FileEvent::RotatedUnreadable {
                        path: self.path.clone(),
                        rotated: self.path.clone(),
                        reason: error.to_string(),
                    });
                    pending.progress.forget();
                }
            }
        }
        context.released = true;
        // Without a file of this name nothing would bring up what was rotated since; the last of
        // it may be written to until there is one.
        if let Err(OpenError::Absent) = file::identify(&self.path)
            && let Ok(between) = self.between(FileId::NONE, context, others)
            && !between.is_empty()
        {
            self.generations.iter_mut().for_each(Generation::lose_name);
            self.generations.extend(between);
            self.keep_order(context);
            self.gone = None;
            if let Some(last) = self.generations.back_mut() {
                last.regain_name();
            }
        }
    }

    /// True if a file is one of those that were followed before, by its inode or, as it may have
    /// been compressed, by its content.
    fn is_pending(&self, sibling: &Sibling) -> bool {
        self.pending.iter().any(|pending| {
            let fingerprint = &pending.saved.fingerprint;
            if sibling.id.is_same_birth(&pending.id()) {
                return true;
            }
            let Some(compression) = sibling.compression.filter(|_| fingerprint.is_telling()) else {
                return false;
            };
            let opened = file::open(&sibling.path);
            let found = opened
                .ok()
                .map(|o| decompress_from(o.file, compression, fingerprint, pending.saved.offset));
            matches!(found, Some(Ok(Some(_))))
        })
    }

    /// Looks for a file: by its inode, then by its content, then in compressed files.
    fn locate(
        &self,
        pending: &Pending,
        siblings: &[Sibling],
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Found, OpenError> {
        let (saved, id) = (&pending.saved, pending.id());
        let free = |id: FileId| !self.generations.iter().any(|s| s.id == id) && !others.read(id);
        let fits = |opened: &OpenFile| {
            opened.size >= saved.offset && saved.fingerprint.matches(&opened.file).unwrap_or(false)
        };
        if self.generations.iter().any(|g| g.id.is_same_birth(&id)) || others.read_same_birth(id) {
            return Ok(Found::Nowhere);
        }
        let plain = || siblings.iter().filter(|s| s.compression.is_none());
        let place = saved
            .place
            .as_ref()
            .and_then(|p| Some(p.parent()?.to_owned()));
        let directories = self.entries.iter().map(|(dir, _)| dir.clone());
        let mut paths = vec![self.path.clone()];
        for directory in directories.chain(place) {
            paths.extend(siblings::names_of(id.inode, &directory)?);
        }
        let moved = siblings.iter().filter(|s| s.id == id);
        paths.extend(moved.map(|s| s.path.clone()));
        for path in paths {
            let Some(opened) = try_open(&path)?.filter(|o| o.id == id && free(o.id)) else {
                continue;
            };
            // The content of an empty file identifies nothing, and its inode number may belong to
            // another file by now, even to the log itself.
            let is_telling = saved.fingerprint.head.length > 0;
            if !is_telling && !opened.id.is_same_birth(&id) {
                continue;
            }
            if let (Some(compression), _) = Compression::of_name(path.as_os_str().as_bytes()) {
                if let Some(found) = self.decompress(pending, opened, compression, context)? {
                    return Ok(found);
                }
                continue;
            }
            if fits(&opened) {
                return Ok(Found::Plain(opened));
            }
        }
        let is_read = saved.replaced && !saved.unread;
        if saved.fingerprint.head.length == 0 {
            return Ok(Found::Nowhere);
        }
        let made_since = |s: &&Sibling| {
            // A file that was read to its end matters only if it was written to since.
            let since = saved.modified + u64::from(is_read);
            s.is_touched_since(since) && s.is_created_since(saved.opened)
        };
        // Something else at this name must be recognized by its content alone.
        let here = Some(&self.path).filter(|_| saved.fingerprint.is_telling());
        if let Some(path) = here
            && let Some(opened) = try_open(path)?
            && free(opened.id)
            && fits(&opened)
        {
            return Ok(Found::Plain(opened));
        }
        for sibling in plain().filter(made_since).filter(|s| free(s.id)) {
            if let Some(opened) = known_or_retry(sibling.open())?
                && fits(&opened)
            {
                return Ok(Found::Plain(opened));
            }
        }
        for sibling in siblings.iter().filter(made_since) {
            let Some(compression) = sibling.compression.filter(|_| free(sibling.id)) else {
                continue;
            };
            if let Some(opened) = known_or_retry(sibling.open())?
                && let Some(found) = self.decompress(pending, opened, compression, context)?
            {
                return Ok(found);
            }
        }
        Ok(Found::Nowhere)
    }

    /// Decompresses a file, if it is the one that is looked for.
    fn decompress(
        &self,
        pending: &Pending,
        opened: OpenFile,
        compression: Compression,
        context: &mut Context,
    ) -> Result<Option<Found>, OpenError> {
        let (id, path) = (opened.id, opened.path);
        let saved = &pending.saved;
        match decompress_from(opened.file, compression, &saved.fingerprint, saved.offset) {
            Ok(found) => {
                Ok(found
                    .map(|(decompressor, start)| Found::Compressed(decompressor, start, id, path)))
            }
            Err(error) if is_want_of_descriptors(&error) => Err(OpenError::NoDescriptors),
            Err(error) => {
                context.report(FileEvent::RotatedUnreadable {
                    path: self.path.clone(),
                    rotated: path,
                    reason: error.to_string(),
                });
                Ok(None)
            }
        }
    }

    fn generation_of(
        &mut self,
        pending: &Pending,
        found: Found,
        context: &mut Context,
    ) -> std::io::Result<Option<Generation>> {
        let saved = &pending.saved;
        let progress = pending.progress.clone();
        let split = &context.options.split;
        let (mut generation, more) = match found {
            Found::Nowhere => return Ok(None),
            Found::Plain(opened) => {
                let (id, place) = (opened.id, opened.path.clone());
                let more = opened.size > saved.offset;
                let start = StartPoint::read(&opened.file, saved.offset)?;
                let mut generation = Generation::plain(opened, start, split, progress);
                // This is the copy made before the truncation; no process writes to it.
                generation.settled = place != self.path && id != pending.id();
                generation.replaced = saved.replaced;
                generation.watch = generation
                    .file()
                    .and_then(|f| context.subscription.watch_file(f));
                (generation, more)
            }
            Found::Compressed(decompressor, start, id, place) => {
                let generation =
                    Generation::compressed(decompressor, id, place, start, split, progress);
                (generation, true)
            }
        };
        generation.progress.moved_to(generation.id);
        if generation.place != self.path && more {
            generation.announce.push_back(FileEvent::RotatedRead {
                path: self.path.clone(),
                rotated: generation.place.clone(),
                from: saved.offset,
            });
        }
        if generation.id != pending.id() {
            self.note_truncation(pending);
        }
        Ok(Some(generation))
    }

    fn not_found(&mut self, pending: &Pending, context: &mut Context) {
        let saved = &pending.saved;
        if saved.replaced && !saved.unread {
            // Removed or compressed since; if it is found in another place, it is known.
            return remember(pending, context);
        }
        if saved.fingerprint.head.length == 0 {
            // None of its content was known, so it counts as a missed generation.
            pending.progress.forget();
            let since = self.unseen.unwrap_or(u64::MAX).min(saved.opened);
            self.unseen = Some(since);
            if self.generations.is_empty() {
                self.gone = Some(LastGeneration::nothing(since));
            }
            return;
        }
        pending.progress.forget();
        let is_read = saved.replaced || saved.offset == 0;
        if !self.note_truncation(pending) && (saved.unread || !is_read) {
            context.report(FileEvent::Lost {
                path: self.path.clone(),
                from: saved.offset,
            });
        }
        let before = Predecessor {
            id: pending.id(),
            since: saved.opened,
        };
        self.gone = Some(LastGeneration {
            before,
            fingerprint: saved.fingerprint,
            is_intact: false,
        });
    }

    /// Opens the generations of which nothing was known but that they were there. Returns whether
    /// that is done with.
    pub(in crate::follow) fn open_unseen(
        &mut self,
        context: &mut Context,
        others: &Others<'_>,
    ) -> bool {
        let Some(since) = self.unseen else {
            return true;
        };
        let Ok(siblings) = siblings::siblings(&self.path, |sibling| self.holds(sibling.id)) else {
            return false;
        };
        let interval = Interval {
            siblings: &siblings,
            before: Predecessor::nothing(since),
            which: Selector::default(),
            fingerprint: Fingerprint::default(),
            now: file::identify(&self.path).map_or(FileId::NONE, |(id, _)| id),
        };
        let Ok(found) = self.open_between(&interval, context, others) else {
            return false;
        };
        self.unseen = None;
        self.generations.extend(found);
        self.keep_order(context);
        true
    }

    /// True if the file still has the name, but not its content.
    fn note_truncation(&mut self, pending: &Pending) -> bool {
        let id = pending.id();
        let is_here = file::identify(&self.path).is_ok_and(|(now, _)| now.is_same_birth(&id));
        if is_here {
            self.truncated = Some((id, pending.saved.offset));
        }
        is_here
    }
}

/// It needs no generation, but is known if it comes back.
fn remember(pending: &Pending, context: &mut Context) {
    context.recently_closed.remember(ClosedFile {
        id: pending.id(),
        fingerprint: pending.saved.fingerprint,
        head: Vec::new(),
        position: pending.saved.offset,
        progress: pending.progress.clone(),
    });
}

/// A file that can never be opened is not the one that is looked for; other failures are worth a
/// retry.
fn known_or_retry(opened: Result<OpenFile, OpenError>) -> Result<Option<OpenFile>, OpenError> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(failure @ (OpenError::NoDescriptors | OpenError::Renamed)) => Err(failure),
        Err(_) => Ok(None),
    }
}

fn try_open(path: &Path) -> Result<Option<OpenFile>, OpenError> {
    known_or_retry(file::open(path))
}
