//! Files that were read and closed, remembered in case they come back.

use std::path::Path;
use std::sync::Arc;

use super::file::OpenFile;
use crate::checkpoint::Progress;
use crate::fingerprint::{FileId, Fingerprint, read_window};

/// The number of files remembered for each name, and in total.
const PER_NAME: usize = 16;
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
}

impl ClosedFile {
    /// True if this is a copy of its beginning, and more was read: between the copying and a
    /// truncation.
    pub(super) fn has_part(&self, copy: &OpenFile) -> bool {
        copy.size > 0
            && copy.size < self.position
            && !self.head.is_empty()
            && self.fingerprint.is_telling()
            && read_window(&copy.file, 0, self.head.len())
                .is_ok_and(|begin| self.head.starts_with(&begin))
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
            self.drop_first(|k| k.progress.path() == path);
        } else if self.known.len() > ALTOGETHER {
            self.drop_first(|_| true);
        }
    }

    fn drop_first(&mut self, which: impl Fn(&ClosedFile) -> bool) {
        if let Some(first) = self.known.iter().position(which) {
            self.known.remove(first).progress.forget();
        }
    }

    /// Takes out what is known of this file: the same inode with the same content, or a copy of
    /// the content under a name that suggests rotation (`may_be_copy`).
    pub(super) fn recognize(&mut self, opened: &OpenFile, may_be_copy: bool) -> Option<ClosedFile> {
        let found = self.known.iter().rposition(|known| {
            let by_content = may_be_copy && known.fingerprint.is_telling();
            (known.id == opened.id || by_content)
                && opened.size >= known.position
                && known.fingerprint.matches(&opened.file).unwrap_or(false)
        })?;
        Some(self.known.remove(found))
    }

    /// True if this file was read.
    pub(super) fn has(&self, id: FileId) -> bool {
        self.known.iter().any(|known| known.id.is_same_birth(&id))
    }

    /// True if the test holds for any file that had this name.
    pub(super) fn any_of(&self, name: &Path, test: impl Fn(&Fingerprint) -> bool) -> bool {
        let mut of_name = self.known.iter().filter(|k| k.progress.path() == name);
        of_name.any(|known| test(&known.fingerprint))
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
