//! Files that were read and closed, remembered in case they come back.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::file::OpenFile;
use crate::checkpoint::Progress;
use crate::fingerprint::{FileId, Fingerprint, read_window};

/// The number of files remembered for each name, and in total.
pub(super) const PER_NAME: usize = 16;
const ALTOGETHER: usize = 256;

/// A file that is not open any more.
#[derive(Debug)]
pub(super) struct ClosedFile {
    pub(super) id: FileId,
    pub(super) fingerprint: Fingerprint,
    /// Its first bytes; none of a file that was read by an earlier process.
    pub(super) head: Vec<u8>,
    /// Up to where it has been read.
    pub(super) position: u64,
    pub(super) progress: Arc<Progress>,
    /// It was found again, with lines that have not been read.
    pub(super) has_rest: bool,
}

impl ClosedFile {
    /// True if this is a copy of its beginning, and more was read: between the copying and a
    /// truncation.
    pub(super) fn has_part(&self, copy: &OpenFile) -> bool {
        let is_alike = || match self.head.is_empty() {
            true => self.fingerprint.is_copy(&copy.file),
            false => read_window(&copy.file, 0, self.head.len())
                .map(|begin| self.head.starts_with(&begin)),
        };
        copy.size > 0
            && copy.size < self.position
            && self.fingerprint.is_telling()
            && is_alike().unwrap_or(false)
    }
}

/// The files that were closed last.
#[derive(Debug, Default)]
pub(super) struct RecentlyClosed {
    known: Vec<ClosedFile>,
}

impl RecentlyClosed {
    pub(super) fn remember(&mut self, known: ClosedFile) {
        let path = known.progress.path().to_owned();
        self.known.push(known);
        let of_name = self.known.iter().filter(|k| k.progress.path() == path);
        if of_name.count() > PER_NAME {
            self.drop_first(|k| k.progress.path() == path && !k.has_rest);
        } else if self.known.len() > ALTOGETHER {
            self.drop_first(|k| !k.has_rest);
        }
    }

    /// Remembers a file of which there is more to read.
    pub(super) fn put_back(&mut self, known: ClosedFile) {
        self.remember(ClosedFile {
            has_rest: true,
            ..known
        });
    }

    /// Takes out a file that had this name and has a rest, for which the search, by its content and
    /// its position, succeeds.
    pub(super) fn take_rest<T>(
        &mut self,
        name: &Path,
        search: impl Fn(&Fingerprint, u64) -> io::Result<Option<T>>,
    ) -> io::Result<Option<(ClosedFile, T)>> {
        for at in 0..self.known.len() {
            let known = &self.known[at];
            if known.has_rest
                && known.progress.path() == name
                && let Some(found) = search(&known.fingerprint, known.position)?
            {
                return Ok(Some((self.known.remove(at), found)));
            }
        }
        Ok(None)
    }

    fn drop_first(&mut self, which: impl Fn(&ClosedFile) -> bool) {
        if let Some(first) = self.known.iter().position(which) {
            self.known.remove(first).progress.forget();
        }
    }

    /// Takes out what is known of this file: the same inode with the same content, or a copy of
    /// the content under a name that suggests rotation (`may_be_copy`). Where there is too little
    /// content to tell, it must have been born at the same time: inode numbers are used again.
    pub(super) fn recognize(&mut self, opened: &OpenFile, may_be_copy: bool) -> Option<ClosedFile> {
        let found = self.known.iter().rposition(|known| {
            let is_telling = known.fingerprint.is_telling();
            let is_it = known.id.is_same_birth(&opened.id)
                || (is_telling && (may_be_copy || known.id == opened.id));
            is_it
                && opened.size >= known.position
                && known.fingerprint.matches(&opened.file).unwrap_or(false)
        })?;
        Some(self.known.remove(found))
    }

    /// True if this file was read to its end.
    pub(super) fn has(&self, id: FileId) -> bool {
        let mut read = self.known.iter().filter(|known| !known.has_rest);
        read.any(|known| known.id.is_same_birth(&id))
    }

    /// True if the test holds for any file that had this name and was read to its end.
    pub(super) fn any_of(&self, name: &Path, test: impl Fn(&Fingerprint) -> bool) -> bool {
        let is_meant = |known: &&ClosedFile| known.progress.path() == name && !known.has_rest;
        let mut read = self.known.iter().filter(is_meant);
        read.any(|known| test(&known.fingerprint))
    }

    /// True if this is a copy of the beginning of a file that had this name, was read further, and
    /// then truncated.
    pub(super) fn has_part(&self, name: &Path, copy: &OpenFile) -> bool {
        let mut of_name = self.known.iter().filter(|k| k.progress.path() == name);
        of_name.any(|known| known.id == FileId::NONE && known.has_part(copy))
    }

    /// These names are not followed any more.
    pub(super) fn forget(&mut self, mut which: impl FnMut(&Path) -> bool) {
        self.known.retain(|known| {
            let gone = which(known.progress.path());
            if gone {
                known.progress.forget();
            }
            !gone
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Saved};
    use crate::fingerprint::Window;
    use crate::follow::file;

    /// Remembers a file that began with this text, as if `age` nanoseconds older than `opened`.
    fn remembered(opened: &OpenFile, text: &[u8], age: u64) -> RecentlyClosed {
        let mut id = opened.id;
        id.created = id.created.map(|created| created - age);
        let fingerprint = Fingerprint {
            head: Window::of(text, text.len() as u64),
            mark: Window::of(text, text.len() as u64),
        };
        let saved = Saved {
            path: opened.path.clone(),
            place: None,
            id,
            offset: text.len() as u64,
            opened: 0,
            modified: 0,
            replaced: true,
            unread: false,
            fingerprint,
        };
        let progress = Checkpoint::in_memory().keep(saved);
        let mut closed = RecentlyClosed::default();
        closed.remember(ClosedFile {
            id,
            fingerprint,
            head: text.to_vec(),
            position: text.len() as u64,
            progress,
            has_rest: false,
        });
        closed
    }

    #[test]
    fn an_inode_number_that_is_used_again_is_not_the_empty_file_that_had_it() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let text = b"a line that is long enough";
        std::fs::write(named.path(), text).unwrap();
        let opened = file::open(named.path()).unwrap();
        if opened.id.created.is_none() {
            println!("skipped: the file system does not record when a file was created");
            return;
        }
        let is_known = |text: &[u8], age| {
            let mut closed = remembered(&opened, text, age);
            closed.recognize(&opened, false).is_some()
        };
        assert!(is_known(b"", 0));
        assert!(!is_known(b"", 1));
        // On overlayfs the time changes, but the content tells.
        assert!(is_known(text, 1));
    }
}
