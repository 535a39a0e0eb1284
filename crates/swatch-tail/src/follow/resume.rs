//! Finding the files again that were followed before the stop.

use std::path::PathBuf;
use std::sync::Arc;

use super::context::Context;
use super::name::{Name, Others};
use super::opened::{self, Failure, FileId, Opened};
use super::packed::{Unpacker, unpack_from};
use super::rotation::{self, Before, Sibling};
use super::stream::{Start, Stream};
use crate::checkpoint::{Progress, Saved};
use crate::notice::Notice;

/// A saved position whose file has not been found yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) saved: Saved,
    pub(super) progress: Arc<Progress>,
}

impl Pending {
    pub(super) fn id(&self) -> FileId {
        FileId {
            device: self.saved.device,
            inode: self.saved.inode,
        }
    }
}

/// Where a file was found.
enum Found {
    Plain(Opened),
    Packed(Unpacker, Start, FileId, PathBuf),
    Nowhere,
}

impl Name {
    /// Takes up the saved positions of this name, oldest generation first. Those for which there is no
    /// descriptor left stay pending.
    pub(super) fn resume(&mut self, context: &mut Context, others: &Others<'_>) {
        self.pending.sort_by_key(|pending| !pending.saved.replaced);
        let siblings = rotation::siblings(&self.path);
        while let Some(pending) = self.pending.first() {
            let found = match self.locate(pending, &siblings, context, others) {
                Ok(found) => found,
                Err(failure) => return self.missing(failure, context),
            };
            let pending = self.pending.remove(0);
            match self.stream_of(&pending, found, context) {
                Ok(Some(stream)) => self.streams.push_back(stream),
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
        let rotated = plain().filter(|s| s.id == id).map(|s| &s.path);
        for path in [&self.path].into_iter().chain(rotated) {
            if let Some(opened) = try_open(path)?
                && opened.id == id
                && fits(&opened)
            {
                return Ok(Found::Plain(opened));
            }
        }
        if saved.replaced && !saved.unread || !saved.print.is_telling() {
            return Ok(Found::Nowhere);
        }
        let made_since =
            |s: &&Sibling| s.is_touched_since(saved.opened) && s.is_created_since(saved.opened);
        let copies = plain().filter(made_since).map(|s| &s.path);
        for path in [&self.path].into_iter().chain(copies) {
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
            let Some(opened) = try_open(&sibling.path)? else {
                continue;
            };
            match unpack_from(opened.file, packing, &saved.print, saved.offset) {
                Ok(Some((unpacker, start))) => {
                    return Ok(Found::Packed(unpacker, start, opened.id, opened.path));
                }
                Ok(None) => {}
                Err(error) => context.tell(Notice::RotatedUnreadable {
                    path: self.path.clone(),
                    rotated: sibling.path.clone(),
                    reason: error.to_string(),
                }),
            }
        }
        Ok(Found::Nowhere)
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
        stream.progress.moved_to(stream.id.device, stream.id.inode);
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
        self.gone = Some((before, saved.print));
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

/// Only the want of descriptors is worth waiting for; what cannot be read is not what we look
/// for.
fn try_open(path: &std::path::Path) -> Result<Option<Opened>, Failure> {
    match opened::open(path) {
        Ok(opened) => Ok(Some(opened)),
        Err(Failure::NoDescriptors) => Err(Failure::NoDescriptors),
        Err(_) => Ok(None),
    }
}
