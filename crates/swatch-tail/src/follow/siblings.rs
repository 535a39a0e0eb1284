//! Where rotated files go: the siblings of a log, and their order.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::DirEntry;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};

use super::file::{FileStamp, OpenError};
use crate::compressed::Compression;
use crate::fingerprint::{FileId, Fingerprint};

/// A file whose name says that it may be a rotated generation of a log.
#[derive(Debug, Clone)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) size: u64,
    pub(super) compression: Option<Compression>,
    /// Its place in the order, if the name tells one.
    key: Option<Key>,
    modified: u64,
}

/// What rotation programs append, without a compression suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    /// `.1` is younger than `.2`.
    Count(u32),
    /// `-20261122`, `.2026-11-22`, `-1795305600`: digits that grow.
    Date(Vec<u8>),
}

impl Key {
    /// `suffix` begins with its `.` or `-`.
    fn parse(suffix: &[u8]) -> Option<Key> {
        let (mark, text) = suffix.split_first()?;
        if text == b"old" {
            return Some(Key::Count(1));
        }
        if !text.first()?.is_ascii_digit() {
            return None;
        }
        let number = || std::str::from_utf8(text).ok()?.parse().ok();
        if *mark == b'.'
            && text.len() <= 3
            && let Some(number) = number()
        {
            return Some(Key::Count(number));
        }
        let is_stamp = |b: &u8| b.is_ascii_digit() || b"-_.:TZ+".contains(b);
        text.iter().all(is_stamp).then(|| Key::Date(text.to_vec()))
    }

    /// Whether a file with this key was rotated after one with `older`. Only keys of the same
    /// kind can be compared.
    fn is_younger_than(&self, older: &Key) -> bool {
        match (self, older) {
            (Key::Count(a), Key::Count(b)) => a < b,
            (Key::Date(a), Key::Date(b)) => a > b,
            _ => false,
        }
    }
}

/// The siblings of a log, those last that were written to last, in its directory and in that of
/// the file which a symbolic link of this name leads to.
///
/// # Errors
/// Only [`OpenError::NoDescriptors`]; a directory that cannot be read has no siblings to offer.
pub(super) fn siblings(path: &Path) -> Result<Vec<Sibling>, OpenError> {
    let mut found = BTreeMap::new();
    list(path, &mut found)?;
    if let Some(real) = target(path) {
        list(&real, &mut found)?;
    }
    let mut siblings: Vec<Sibling> = found.into_values().collect();
    siblings.sort_by_key(|sibling| sibling.modified);
    Ok(siblings)
}

/// The file that a symbolic link of this name leads to.
pub(super) fn target(path: &Path) -> Option<PathBuf> {
    path.is_symlink()
        .then(|| path.canonicalize().ok())
        .flatten()
}

fn list(path: &Path, found: &mut BTreeMap<PathBuf, Sibling>) -> Result<(), OpenError> {
    let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
        return Ok(());
    };
    let here = Path::new(".");
    let listed = if parent.as_os_str().is_empty() {
        here
    } else {
        parent
    };
    for entry in read_directory(listed)?.flatten() {
        let entry_name = entry.file_name();
        let (compression, plain_name) = Compression::of_name(entry_name.as_bytes());
        let Some(suffix) = rotation_suffix(name.as_bytes(), plain_name) else {
            continue;
        };
        let Ok(meta) = entry.metadata() else {
            continue;
        };
        if meta.is_file() {
            let path = parent.join(OsStr::from_bytes(entry_name.as_bytes()));
            let sibling = Sibling {
                id: FileId::of(&meta),
                size: meta.len(),
                compression,
                key: Key::parse(suffix),
                modified: FileStamp::of(&meta).modified(),
                path: path.clone(),
            };
            found.insert(path, sibling);
        }
    }
    Ok(())
}

/// What a rotation put behind the name of the log (`log.1`, `log-20261122`), or before its
/// extension (`app-20261122.log`).
fn rotation_suffix<'a>(log: &[u8], name: &'a [u8]) -> Option<&'a [u8]> {
    let is_suffix = |s: &&[u8]| s.len() > 1 && matches!(s[0], b'.' | b'-');
    if let Some(suffix) = name.strip_prefix(log) {
        return Some(suffix).filter(is_suffix);
    }
    let dot = log
        .iter()
        .rposition(|&b| b == b'.')
        .filter(|&dot| dot > 0)?;
    let (stem, extension) = log.split_at(dot);
    let suffix = name.strip_prefix(stem)?.strip_suffix(extension)?;
    Some(suffix).filter(is_suffix)
}

/// Whether `path` is what a rotation makes of `log`.
pub(super) fn is_sibling(log: &Path, path: &Path) -> bool {
    let (Some(name), Some(other)) = (log.file_name(), path.file_name()) else {
        return false;
    };
    log.parent() == path.parent()
        && rotation_suffix(name.as_bytes(), other.as_bytes())
            .is_some_and(|suffix| Key::parse(suffix).is_some())
}

/// The directory entries that decide which file has a name: its own, and, where that is a
/// symbolic link, that of the file which it leads to.
pub(super) fn entries(path: &Path) -> Vec<(PathBuf, OsString)> {
    let mut entries = Vec::new();
    let target = target(path);
    for path in [Some(path), target.as_deref()].into_iter().flatten() {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            let here = Path::new(".");
            let parent = if parent.as_os_str().is_empty() {
                here
            } else {
                parent
            };
            entries.push((parent.to_owned(), name.to_owned()));
        }
    }
    entries
}

/// The names that an inode has in a directory: those of any kind, because a file can be found by
/// its inode and its content, whatever was made of its name.
pub(super) fn names_of(inode: u64, directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let is_it = |entry: &DirEntry| entry.ino() == inode;
    let entries = read_directory(directory)?.flatten().filter(is_it);
    Ok(entries.map(|entry| entry.path()).collect())
}

fn read_directory(path: &Path) -> Result<impl Iterator<Item = io::Result<DirEntry>>, OpenError> {
    match std::fs::read_dir(path).map_err(OpenError::from) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(OpenError::NoDescriptors) => Err(OpenError::NoDescriptors),
        Err(_) => Ok(None.into_iter().flatten()),
    }
}

/// What is known of the generation that had the name before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Predecessor {
    pub(super) id: FileId,
    /// Since when it had the name as far as we know, in milliseconds since 1970: what came
    /// after it is younger.
    pub(super) since: u64,
}

impl Predecessor {
    /// Nothing had the name.
    pub(super) fn nothing(since: u64) -> Self {
        let id = FileId::NONE;
        Predecessor { id, since }
    }
}

/// The generation that had the name before, where it is not open any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastGeneration {
    pub(super) before: Predecessor,
    pub(super) fingerprint: Fingerprint,
    /// Whether it has its content still: if so, its place tells what came after it.
    pub(super) is_intact: bool,
}

impl LastGeneration {
    /// Nothing had the name.
    pub(super) fn nothing(since: u64) -> Self {
        LastGeneration {
            before: Predecessor::nothing(since),
            fingerprint: Fingerprint::default(),
            is_intact: false,
        }
    }
}

/// Between which siblings the generations that are meant stand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Selector<'a> {
    pub(super) younger_than: Option<&'a Sibling>,
    pub(super) older_than: Option<&'a Sibling>,
}

/// The generations that came after the one `before`, and that lost the name themselves before
/// anybody looked; oldest first.
pub(super) fn after<'a>(
    siblings: &'a [Sibling],
    which: Selector<'_>,
    before: Predecessor,
) -> Vec<&'a Sibling> {
    let is_meant = |key: &Key, sibling: &Sibling| {
        let is_late = match which.younger_than.map(|other| &other.key) {
            // What came after a place in the order needs no other proof of its age.
            Some(other) => other
                .as_ref()
                .is_some_and(|other| key.is_younger_than(other)),
            None => sibling.id == before.id || sibling.is_created_since(before.since),
        };
        is_late
            && which.older_than.is_none_or(|other| {
                let other = other.key.as_ref();
                other.is_some_and(|other| other.is_younger_than(key))
            })
    };
    let mut found: Vec<(&Key, &Sibling)> = siblings
        .iter()
        .filter(|s| s.is_touched_since(before.since))
        .filter_map(|s| Some((s.key.as_ref()?, s)))
        .filter(|(key, sibling)| is_meant(key, sibling))
        .collect();
    let counts = found.iter().filter(|(key, _)| matches!(key, Key::Count(_)));
    let is_mixed = !matches!(counts.count(), n if n == 0 || n == found.len());
    if is_mixed {
        found.sort_by_key(|(_, sibling)| sibling.modified);
    } else {
        found.sort_by(|(a, _), (b, _)| a.is_younger_than(b).cmp(&b.is_younger_than(a)));
    }
    found.into_iter().map(|(_, sibling)| sibling).collect()
}

impl Sibling {
    /// Whether it was written to after this time.
    pub(super) fn is_touched_since(&self, since: u64) -> bool {
        self.modified >= since
    }

    /// Whether it was made after this time, if the file system tells. A compressed file is
    /// always made later than what is in it, which keeps its time of modification.
    pub(super) fn is_created_since(&self, since: u64) -> bool {
        self.id
            .created
            .is_none_or(|created| created / 1_000_000 >= since)
    }
}
