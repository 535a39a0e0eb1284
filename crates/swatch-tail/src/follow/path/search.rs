//! The search for the file of a saved position: by its inode, by its content, and in compressed
//! files.
//!
//! Files may be renamed and compressed meanwhile. So everything that was listed and is not there
//! any more, and everything that is still being written, means that the search is done again; and
//! a file counts as gone only if the listing is still true.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::super::compressed::{decompress_from, failed};
use super::super::context::Context;
use super::super::file::{self, OpenError, OpenFile};
use super::super::generation::StartPoint;
use super::super::siblings::{self, Sibling};
use super::recovery::Pending;
use super::{FollowedPath, Others};
use crate::checkpoint::Saved;
use crate::compressed::{Compression, Decompressor};
use crate::event::FileEvent;
use crate::fingerprint::FileId;

/// The place where a file was found.
pub(super) enum Found {
    Plain(OpenFile),
    Compressed(Decompressor, StartPoint, FileId, PathBuf),
    Nowhere,
}

impl FollowedPath {
    /// The siblings of this name.
    pub(super) fn list(&self) -> Result<Vec<Sibling>, OpenError> {
        siblings::siblings(&self.path, |sibling| self.is_followed(sibling))
    }

    /// True if a file is one of those that were followed before, by its inode or, as it may have
    /// been compressed, by its content.
    fn is_followed(&self, sibling: &Sibling) -> bool {
        if self.holds(sibling.id) {
            return true;
        }
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
    ///
    /// # Errors
    /// [`OpenError::Changing`] if files are being renamed or written, so that it may be missed.
    pub(super) fn locate(
        &self,
        pending: &Pending,
        siblings: &[Sibling],
        context: &mut Context,
        others: &Others<'_>,
    ) -> Result<Found, OpenError> {
        let (saved, id) = (&pending.saved, pending.id());
        if self.generations.iter().any(|g| g.id.is_same_birth(&id)) || others.read_same_birth(id) {
            return Ok(Found::Nowhere);
        }
        let free = |id: FileId| !self.generations.iter().any(|s| s.id == id) && !others.read(id);
        let search = Search {
            path: &self.path,
            saved,
            siblings,
        };
        let paths = self.paths_of(saved, siblings)?;
        for path in &paths {
            let opened = try_open(path)?.filter(|opened| opened.id == id);
            let Some(opened) = opened.filter(|opened| free(opened.id)) else {
                continue;
            };
            // The content of an empty file identifies nothing, and its inode number may belong to
            // another file by now, even to the log itself.
            if saved.fingerprint.head.length == 0 && !opened.id.is_same_birth(&id) {
                continue;
            }
            if let (Some(compression), _) = Compression::of_name(path.as_os_str().as_bytes()) {
                if let Some(found) = search.decompress(opened, compression, context)? {
                    return Ok(found);
                }
            } else if search.fits(&opened) {
                return Ok(Found::Plain(opened));
            }
        }
        let by_content = match saved.fingerprint.head.length {
            0 => None,
            _ => search.by_content(context, free)?,
        };
        if let Some(found) = by_content {
            return Ok(found);
        }
        let is_current = paths == self.paths_of(saved, siblings)?
            && siblings::is_current(&self.path, |s| self.is_followed(s), siblings)?;
        match is_current {
            true => Ok(Found::Nowhere),
            false => Err(OpenError::Changing),
        }
    }

    /// The names that may be those of the inode of a saved position.
    fn paths_of(&self, saved: &Saved, siblings: &[Sibling]) -> Result<Vec<PathBuf>, OpenError> {
        let place = saved
            .place
            .as_ref()
            .and_then(|p| Some(p.parent()?.to_owned()));
        let directories = self.entries.iter().map(|(dir, _)| dir.clone());
        let mut paths = vec![self.path.clone()];
        for directory in directories.chain(place) {
            paths.extend(siblings::names_of(saved.id.inode, &directory)?);
        }
        let moved = siblings.iter().filter(|s| s.id == saved.id);
        paths.extend(moved.map(|s| s.path.clone()));
        Ok(paths)
    }
}

/// One search for a file.
struct Search<'a> {
    path: &'a Path,
    saved: &'a Saved,
    siblings: &'a [Sibling],
}

impl Search<'_> {
    /// True if a plain file has the content that was read.
    fn fits(&self, opened: &OpenFile) -> bool {
        opened.size >= self.saved.offset
            && self
                .saved
                .fingerprint
                .matches(&opened.file)
                .unwrap_or(false)
    }

    /// Finds a file that has another inode now.
    fn by_content(
        &self,
        context: &mut Context,
        free: impl Fn(FileId) -> bool,
    ) -> Result<Option<Found>, OpenError> {
        let saved = self.saved;
        let made_since = |s: &&Sibling| {
            // A file that was read to its end matters only if it was written to since.
            let since = saved.modified + u64::from(saved.replaced && !saved.unread);
            // The original is read while it is compressed, so the compressed file may be older than
            // the first look at the original.
            let is_packed = s.compression.is_some() && saved.modified > 0;
            s.is_touched_since(since) && (is_packed || s.is_created_since(saved.opened))
        };
        // Something else at this name must be recognized by its content alone.
        if saved.fingerprint.is_telling()
            && let Some(opened) = try_open(self.path)?
            && free(opened.id)
            && self.fits(&opened)
        {
            return Ok(Some(Found::Plain(opened)));
        }
        let plain = self.siblings.iter().filter(|s| s.compression.is_none());
        for sibling in plain.filter(made_since).filter(|s| free(s.id)) {
            if let Some(opened) = known_or_retry(sibling.open())?
                && self.fits(&opened)
            {
                return Ok(Some(Found::Plain(opened)));
            }
        }
        let mut is_changing = false;
        for sibling in self.siblings.iter().filter(made_since) {
            let Some(compression) = sibling.compression.filter(|_| free(sibling.id)) else {
                continue;
            };
            if sibling.is_packed_copy_in(self.siblings) {
                continue;
            }
            let Some(opened) = known_or_retry(sibling.open())? else {
                continue;
            };
            match self.decompress(opened, compression, context) {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                // Another one may be the file that is looked for.
                Err(OpenError::Changing) => is_changing = true,
                Err(failure) => return Err(failure),
            }
        }
        match is_changing {
            true => Err(OpenError::Changing),
            false => Ok(None),
        }
    }

    /// Decompresses a file, if it is the one that is looked for.
    fn decompress(
        &self,
        opened: OpenFile,
        compression: Compression,
        context: &mut Context,
    ) -> Result<Option<Found>, OpenError> {
        let (id, path) = (opened.id, opened.path);
        let file = opened.file.try_clone()?;
        match decompress_from(
            file,
            compression,
            &self.saved.fingerprint,
            self.saved.offset,
        ) {
            Ok(found) => {
                Ok(found
                    .map(|(decompressor, start)| Found::Compressed(decompressor, start, id, path)))
            }
            Err(error) => match failed(error, &opened.file, context.options.quiet) {
                OpenError::Unreadable(error) => {
                    context.report(FileEvent::RotatedUnreadable {
                        path: self.path.to_owned(),
                        rotated: path,
                        reason: error.to_string(),
                    });
                    Ok(None)
                }
                failure => Err(failure),
            },
        }
    }
}

/// A file that can never be opened is not the one that is looked for; other failures are worth a
/// retry.
fn known_or_retry(opened: Result<OpenFile, OpenError>) -> Result<Option<OpenFile>, OpenError> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(failure @ (OpenError::NoDescriptors | OpenError::Changing)) => Err(failure),
        Err(_) => Ok(None),
    }
}

fn try_open(path: &Path) -> Result<Option<OpenFile>, OpenError> {
    known_or_retry(file::open(path))
}
