//! Finding the files again that were followed before the stop.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::context::Context;
use super::name::{Name, Others};
use super::opened::{self, Failure, Opened, is_want_of_descriptors};
use super::packed::{Packing, Unpacker, unpack_from};
use super::rotation::{self, Before, Gone, Sibling};
use super::seen::Known;
use super::stream::{Start, Stream};
use crate::checkpoint::{Progress, Saved};
use crate::fingerprint::FileId;
use crate::notice::Notice;

/// How many generations are opened again although they were read to their ends: a writer that
/// did not notice the rotation may still have them.
const WATCHED: usize = 4;

/// A saved position whose file has not been found yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) saved: Saved,
    pub(super) progress: Arc<Progress>,
}

impl Pending {
    pub(super) fn id(&self) -> FileId {
        self.saved.id
    }
}

/// Where a file was found.
enum Found {
    Plain(Opened),
    Packed(Unpacker, Start, FileId, PathBuf),
    Nowhere,
}

impl Name {
    /// Takes up the saved positions of this name, oldest generation first. Those for which there
    /// is no descriptor left stay pending.
    pub(super) fn resume(&mut self, context: &mut Context, others: &Others<'_>) {
        self.pending.sort_by_key(|pending| !pending.saved.replaced);
        let siblings = match rotation::siblings(&self.path) {
            Ok(siblings) => siblings,
            Err(failure) => return self.missing(failure, context),
        };
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
            {
                // Read to its end, and replaced long ago: nobody writes to it now.
                remember(&pending, context);
                continue;
            }
            match self.stream_of(&pending, found, context) {
                Ok(Some(stream)) => {
                    self.streams.push_back(stream);
                    self.gone = None;
                    if pending.saved.print.head.length == 0 && !pending.saved.replaced {
                        // It was empty: what was written and truncated since may be in a copy.
                        self.copied_unread(self.streams.len() - 1, context, others);
                    }
                }
                Ok(None) => self.not_found(&pending, context),
                Err(error) => {
                    context.tell(Notice::RotatedUnreadable {
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
        if let Err(Failure::Absent) = opened::identify(&self.path)
            && let Ok(between) = self.between(FileId::NONE, context, others)
            && !between.is_empty()
        {
            self.streams.iter_mut().for_each(Stream::lose_name);
            self.streams.extend(between);
            self.keep_order(context);
            self.gone = None;
            if let Some(last) = self.streams.back_mut() {
                last.regain_name();
            }
        }
    }

    /// Looks for a file: by its inode, then by its content, then in compressed files.
    fn locate(
        &self,
        pending: &Pending,
        siblings: &[Sibling],
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Found, Failure> {
        let (saved, id) = (&pending.saved, pending.id());
        let free = |id: FileId| !self.streams.iter().any(|s| s.id == id) && !others.read(id);
        let fits = |opened: &Opened| {
            opened.size >= saved.offset && saved.print.matches(&opened.file).unwrap_or(false)
        };
        if !free(id) {
            return Ok(Found::Nowhere);
        }
        let plain = || siblings.iter().filter(|s| s.packing.is_none());
        let place = saved
            .place
            .as_ref()
            .and_then(|p| Some(p.parent()?.to_owned()));
        let directories = self.entries.iter().map(|(dir, _)| dir.clone());
        let mut paths = vec![self.path.clone()];
        for directory in directories.chain(place) {
            paths.extend(rotation::names_of(id.inode, &directory)?);
        }
        for path in paths {
            let Some(opened) = try_open(&path)?.filter(|opened| opened.id == id) else {
                continue;
            };
            if let (Some(packing), _) = Packing::of_name(path.as_os_str().as_bytes()) {
                let found = self.unpack(pending, opened, packing, context)?;
                return Ok(found.unwrap_or(Found::Nowhere));
            }
            if fits(&opened) {
                return Ok(Found::Plain(opened));
            }
        }
        let is_read = saved.replaced && !saved.unread;
        if is_read && self.pending.len() > WATCHED || saved.print.head.length == 0 {
            return Ok(Found::Nowhere);
        }
        let made_since = |s: &&Sibling| {
            // Of what was read to its end only that matters which was written to since.
            let since = saved.modified + u64::from(is_read);
            s.is_touched_since(since) && s.is_created_since(saved.opened)
        };
        // Something else at this name must be recognized by its content alone.
        let here = Some(&self.path).filter(|_| saved.print.is_telling());
        let copies = plain().filter(made_since).map(|s| &s.path);
        for path in here.into_iter().chain(copies) {
            if let Some(opened) = try_open(path)?
                && free(opened.id)
                && fits(&opened)
            {
                return Ok(Found::Plain(opened));
            }
        }
        for sibling in siblings.iter().filter(made_since) {
            let Some(packing) = sibling.packing.filter(|_| free(sibling.id)) else {
                continue;
            };
            if let Some(opened) = try_open(&sibling.path)?
                && let Some(found) = self.unpack(pending, opened, packing, context)?
            {
                return Ok(found);
            }
        }
        Ok(Found::Nowhere)
    }

    /// Unpacks a compressed file, if it is the one that is looked for.
    fn unpack(
        &self,
        pending: &Pending,
        opened: Opened,
        packing: Packing,
        context: &mut Context,
    ) -> Result<Option<Found>, Failure> {
        let (id, path) = (opened.id, opened.path);
        let saved = &pending.saved;
        match unpack_from(opened.file, packing, &saved.print, saved.offset) {
            Ok(found) => {
                Ok(found.map(|(unpacker, start)| Found::Packed(unpacker, start, id, path)))
            }
            Err(error) if is_want_of_descriptors(&error) => Err(Failure::NoDescriptors),
            Err(error) => {
                context.tell(Notice::RotatedUnreadable {
                    path: self.path.clone(),
                    rotated: path,
                    reason: error.to_string(),
                });
                Ok(None)
            }
        }
    }

    fn stream_of(
        &mut self,
        pending: &Pending,
        found: Found,
        context: &mut Context,
    ) -> std::io::Result<Option<Stream>> {
        let saved = &pending.saved;
        let progress = pending.progress.clone();
        let split = &context.options.split;
        let (mut stream, more) = match found {
            Found::Nowhere => return Ok(None),
            Found::Plain(opened) => {
                let (id, place) = (opened.id, opened.path.clone());
                let more = opened.size > saved.offset;
                let start = Start::read(&opened.file, saved.offset)?;
                let mut stream = Stream::plain(opened, start, split, progress);
                // A copy was made of what was truncated then; nobody writes to it.
                stream.settled = place != self.path && id != pending.id();
                stream.replaced = saved.replaced;
                stream.watch = stream.file().and_then(|f| context.watcher.watch_file(f));
                (stream, more)
            }
            Found::Packed(unpacker, start, id, place) => {
                let stream = Stream::packed(unpacker, id, place, start, split, progress);
                (stream, true)
            }
        };
        stream.progress.moved_to(stream.id);
        if stream.place != self.path && more {
            stream.announce.push_back(Notice::RotatedRead {
                path: self.path.clone(),
                rotated: stream.place.clone(),
                from: saved.offset,
            });
        }
        if stream.id != pending.id() {
            self.note_truncation(pending);
        }
        Ok(Some(stream))
    }

    fn not_found(&mut self, pending: &Pending, context: &mut Context) {
        let saved = &pending.saved;
        if saved.replaced && !saved.unread {
            // Removed or compressed since; if it is found in another place, it is known.
            return remember(pending, context);
        }
        pending.progress.forget();
        let is_read = saved.replaced || saved.offset == 0;
        if !self.note_truncation(pending) && (saved.unread || !is_read) {
            context.tell(Notice::Lost {
                path: self.path.clone(),
                from: saved.offset,
            });
        }
        let before = Before {
            id: pending.id(),
            since: saved.opened,
        };
        self.gone = Some(Gone {
            before,
            print: saved.print,
            is_intact: false,
        });
    }

    /// Whether the file still has the name, but not its content.
    fn note_truncation(&mut self, pending: &Pending) -> bool {
        let id = pending.id();
        let is_here = opened::identify(&self.path).is_ok_and(|(now, _)| now == id);
        if is_here {
            self.truncated = Some((id, pending.saved.offset));
        }
        is_here
    }
}

/// It needs no stream, but is known if it comes back.
fn remember(pending: &Pending, context: &mut Context) {
    context.seen.remember(Known {
        id: pending.id(),
        print: pending.saved.print,
        head: Vec::new(),
        position: pending.saved.offset,
        progress: pending.progress.clone(),
    });
}

/// Only the want of descriptors is worth waiting for; what cannot be read is not what we look
/// for.
fn try_open(path: &std::path::Path) -> Result<Option<Opened>, Failure> {
    match opened::open(path) {
        Ok(opened) => Ok(Some(opened)),
        Err(Failure::NoDescriptors) => Err(Failure::NoDescriptors),
        Err(_) => Ok(None),
    }
}
