//! Rotated files: which directory entries are generations of a log, and in which order they were
//! written.

mod suffix;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{DirEntry, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{self, FileStamp, OpenError, OpenFile};
use super::reactor::DirectoryEntry;
use crate::compressed::{Compression, Decompressor};
use crate::fingerprint::{FileId, WINDOW, read_window};

use suffix::Suffix;

/// The maximum number of directories searched for rotated files that were moved.
const MAX_DIRECTORIES: usize = 64;

/// The maximum number of listings of a directory until two agree, and the pause in between.
const LISTINGS: usize = 20;
const PAUSE: Duration = Duration::from_millis(2);

/// A second in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// A file whose name says that it may be a rotated generation of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sibling {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) size: u64,
    pub(super) compression: Option<Compression>,
    /// The suffix that the rotation added to the name of the log; `None` if it says nothing about
    /// the order.
    suffix: Option<Suffix>,
    /// When it was last written to, in nanoseconds since 1970.
    modified: u64,
}

/// The siblings of a log, ordered by the time of their last write.
///
/// They are searched for in the directory of the log and in that of the file which a symbolic
/// link of this name leads to. If there are none, they may have been moved (logrotate's
/// `olddir`): to a directory in that of the log, else to one beside it. As the latter may hold the
/// logs of others, with the same names and the same first lines, it must not hold a log of this
/// name itself, and one of its files must be known for certain (`is_known`).
///
/// # Errors
/// [`OpenError::NoDescriptors`], and [`OpenError::Changing`] while files are renamed all the time; a
/// directory that cannot be read has no siblings to offer.
pub(super) fn siblings(
    log: &Path,
    is_known: impl Fn(&Sibling) -> bool,
) -> Result<Vec<Sibling>, OpenError> {
    stable(
        || list_all(log, &is_known),
        |one, other| is_same_listing(one, other),
    )
}

/// True if the siblings of a log have the names that they had in this listing.
pub(super) fn is_current(
    log: &Path,
    is_known: impl Fn(&Sibling) -> bool,
    listed: &[Sibling],
) -> Result<bool, OpenError> {
    let now = siblings(log, is_known)?;
    Ok(is_same_listing(&now, listed))
}

/// True if the same files have the same names: one that is written to is listed in another place.
fn is_same_listing(one: &[Sibling], other: &[Sibling]) -> bool {
    let is_in = |s: &Sibling, listing: &[Sibling]| {
        let is_it = |o: &Sibling| o.path == s.path && o.id.is_same_birth(&s.id);
        listing.iter().any(is_it)
    };
    one.len() == other.len() && one.iter().all(|sibling| is_in(sibling, other))
}

/// Lists a directory until two listings agree: one that is listed while files are renamed may show
/// one of them not at all.
fn stable<T>(
    list: impl Fn() -> Result<T, OpenError>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<T, OpenError> {
    let mut found = list()?;
    for _ in 0..LISTINGS {
        let again = list()?;
        if is_same(&found, &again) {
            return Ok(again);
        }
        found = again;
        std::thread::sleep(PAUSE);
    }
    Err(OpenError::Changing)
}

fn list_all(log: &Path, is_known: &impl Fn(&Sibling) -> bool) -> Result<Vec<Sibling>, OpenError> {
    let mut found = BTreeMap::new();
    let names = [Some(log.to_owned()), target(log)];
    for log in names.iter().flatten() {
        list(log, directory_of(log), &mut found)?;
    }
    let is_rotated =
        |found: &BTreeMap<PathBuf, Sibling>| found.values().any(|sibling| sibling.suffix.is_some());
    if !is_rotated(&found) {
        for log in names.iter().flatten() {
            let home = directory_of(log);
            for directory in directories_in(home, home)? {
                list(log, &directory, &mut found)?;
            }
        }
    }
    if !is_rotated(&found) {
        for log in names.iter().flatten() {
            let home = directory_of(log);
            for directory in directories_in(directory_of(home), home)? {
                if log
                    .file_name()
                    .is_none_or(|name| directory.join(name).exists())
                {
                    continue;
                }
                let mut moved = BTreeMap::new();
                list(log, &directory, &mut moved)?;
                if moved.values().any(is_known) {
                    found.append(&mut moved);
                }
            }
        }
    }
    let mut siblings: Vec<Sibling> = found.into_values().collect();
    siblings.sort_by_key(|sibling| sibling.modified);
    Ok(siblings)
}

/// The file that a symbolic link of this name leads to.
pub(super) fn target(path: &Path) -> Option<PathBuf> {
    let is_link = path.is_symlink();
    is_link.then(|| path.canonicalize().ok()).flatten()
}

pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The directories in `parent` that are as well protected as `home`: a user who can write there
/// could have a file of their own read as a part of the log.
fn directories_in(parent: &Path, home: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let Ok(own) = std::fs::metadata(home) else {
        return Ok(Vec::new());
    };
    let is_protected = |meta: &Metadata| {
        meta.is_dir()
            && (meta.uid() == own.uid() || meta.uid() == 0)
            && meta.mode() & 0o022 & !own.mode() == 0
            && (meta.mode() & 0o020 == 0 || meta.gid() == own.gid())
    };
    let entries = read_directory(parent)?.flatten();
    Ok(entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| entry.metadata().is_ok_and(|meta| is_protected(&meta)))
        .map(|entry| entry.path())
        .filter(|path| path != home)
        .take(MAX_DIRECTORIES)
        .collect())
}

fn list(
    log: &Path,
    directory: &Path,
    found: &mut BTreeMap<PathBuf, Sibling>,
) -> Result<(), OpenError> {
    let Some(log_name) = log.file_name() else {
        return Ok(());
    };
    for entry in read_directory(directory)?.flatten() {
        let name = entry.file_name();
        let (compression, plain_name) = Compression::of_name(name.as_bytes());
        let Some(added) = added_by_rotation(log_name.as_bytes(), plain_name) else {
            continue;
        };
        let Ok(meta) = entry.metadata() else {
            continue;
        };
        if meta.is_file() {
            // As the log was named: a relative path stays one.
            let parent = match directory == directory_of(log) {
                true => log.parent().unwrap_or(directory),
                false => directory,
            };
            let path = parent.join(OsStr::from_bytes(name.as_bytes()));
            let sibling = Sibling {
                id: FileId::of(&meta),
                size: meta.len(),
                compression,
                suffix: Suffix::parse(added),
                modified: FileStamp::of(&meta).modified_nanos(),
                path: path.clone(),
            };
            found.insert(path, sibling);
        }
    }
    Ok(())
}

/// The part that a rotation added to the name of a log: at its end (`log.1`, `log-20261122`), or
/// before its extension (`app-20261122.log`). It begins with its `.` or `-`.
fn added_by_rotation<'a>(log: &[u8], name: &'a [u8]) -> Option<&'a [u8]> {
    let is_addition = |s: &&[u8]| s.len() > 1 && matches!(s[0], b'.' | b'-');
    if let Some(added) = name.strip_prefix(log) {
        return Some(added).filter(is_addition);
    }
    let dot = log.iter().rposition(|&b| b == b'.').filter(|&at| at > 0)?;
    let (stem, extension) = log.split_at(dot);
    let added = name.strip_prefix(stem)?.strip_suffix(extension)?;
    Some(added).filter(is_addition)
}

/// True if a rotation of `log` would produce `path`.
pub(super) fn is_sibling(log: &Path, path: &Path) -> bool {
    let (Some(name), Some(other)) = (log.file_name(), path.file_name()) else {
        return false;
    };
    log.parent() == path.parent()
        && added_by_rotation(name.as_bytes(), other.as_bytes())
            .is_some_and(|added| Suffix::parse(added).is_some())
}

/// The directory entries that decide which file a path names: its own, and, where that is a
/// symbolic link, that of the file which it leads to.
pub(super) fn entries(path: &Path) -> Vec<DirectoryEntry> {
    let target = target(path);
    [Some(path), target.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(|path| Some((directory_of(path).to_owned(), path.file_name()?.to_owned())))
        .collect()
}

/// The names that an inode has in a directory: of any kind, because a file can be found by its
/// inode and its content, whatever it is called now.
pub(super) fn names_of(inode: u64, directory: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let is_it = |entry: &DirEntry| entry.ino() == inode;
    let list = || -> Result<Vec<PathBuf>, OpenError> {
        let entries = read_directory(directory)?.flatten().filter(is_it);
        let mut names: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        names.sort();
        Ok(names)
    };
    stable(list, Vec::eq)
}

fn read_directory(path: &Path) -> Result<impl Iterator<Item = io::Result<DirEntry>>, OpenError> {
    match std::fs::read_dir(path).map_err(OpenError::from) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(OpenError::NoDescriptors) => Err(OpenError::NoDescriptors),
        Err(_) => Ok(None.into_iter().flatten()),
    }
}

impl Sibling {
    /// Opens it. Under its name there may be another file by now, or none.
    pub(super) fn open(&self) -> Result<OpenFile, OpenError> {
        match file::open(&self.path) {
            Ok(opened) if opened.id == self.id => Ok(opened),
            Ok(_) | Err(OpenError::Absent) => Err(OpenError::Changing),
            Err(failure) => Err(failure),
        }
    }

    /// True if it is the compressed form, or the beginning of it, of one of these that is still
    /// there: a compressor removes the original only when it is done.
    pub(super) fn is_packed_copy_in(&self, siblings: &[Sibling]) -> bool {
        let Some(plain_path) = self.plain_path() else {
            return false;
        };
        let plain = siblings.iter().find(|other| other.path == plain_path);
        // It may have been renamed since the listing: opening it tells.
        let opened = plain.and_then(|plain| plain.open().ok());
        opened.is_some_and(|plain| self.is_packed_copy_of(&plain.file))
    }

    /// The path of the file that it was made of.
    pub(super) fn plain_path(&self) -> Option<PathBuf> {
        self.compression?;
        let name = self.path.file_name()?;
        let (_, plain_name) = Compression::of_name(name.as_bytes());
        Some(self.path.with_file_name(OsStr::from_bytes(plain_name)))
    }

    /// True if it is the compressed form of a file, or the beginning of it.
    pub(super) fn is_packed_copy_of(&self, plain: &File) -> bool {
        let (Some(compression), Ok(packed)) = (self.compression, self.open()) else {
            return false;
        };
        let Ok(begin) = read_window(plain, 0, WINDOW) else {
            return false;
        };
        let head = Decompressor::new(packed.file, compression).and_then(|d| d.head(WINDOW));
        // One that cannot be read is not yet written so far.
        head.map_or(true, |head| {
            begin.starts_with(&head) || head.starts_with(&begin)
        })
    }

    /// True if it was written to after this time, in milliseconds since 1970. bzip2 keeps the time
    /// of a file in whole seconds only.
    pub(super) fn is_touched_since(&self, since: u64) -> bool {
        let since = match self.modified.is_multiple_of(SECOND) {
            true => since / 1000 * 1000,
            false => since,
        };
        self.modified / 1_000_000 >= since
    }

    /// True if it was created after this time, if the file system records it. A compressed file is
    /// created later than what is in it was written, but keeps the time of the last write.
    pub(super) fn is_created_since(&self, since: u64) -> bool {
        let created = self.id.created.map(|created| created / 1_000_000);
        created.is_none_or(|created| created >= since)
    }

    /// True if this generation is younger than `other`. If only the time decides, files of the same
    /// clock tick may be. Suffixes of different kinds say nothing about each other.
    pub(super) fn is_younger_than(&self, other: &Sibling) -> bool {
        let by_name = match (&self.suffix, &other.suffix) {
            (Some(a), Some(b)) => a.cmp_age(b),
            _ => None,
        };
        let age = by_name.map(|age| age.then_with(|| self.cmp_time(other)));
        self.id != other.id && age.is_some_and(|age| age != Ordering::Less)
    }

    /// Orders by time alone. Of files that were renamed but not copied the time of creation is
    /// the better one: the last write may have been late.
    fn cmp_time(&self, other: &Sibling) -> Ordering {
        let created = |sibling: &Sibling| match sibling.compression {
            None => sibling.id.created,
            Some(_) => None,
        };
        match (created(self), created(other)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ if self.modified.is_multiple_of(SECOND) || other.modified.is_multiple_of(SECOND) => {
                (self.modified / SECOND).cmp(&(other.modified / SECOND))
            }
            _ => self.modified.cmp(&other.modified),
        }
    }
}

/// Keeps the siblings that a rotation has made, and puts them in order, oldest first: by the
/// numbers or dates in their names where these agree on an order, else by time.
pub(super) fn in_order(siblings: Vec<&Sibling>) -> Vec<&Sibling> {
    let mut named: Vec<(&Suffix, &Sibling)> = siblings
        .into_iter()
        .filter_map(|sibling| Some((sibling.suffix.as_ref()?, sibling)))
        .collect();
    let is_ordered = named
        .iter()
        .all(|(suffix, _)| suffix.cmp_age(named[0].0).is_some());
    let are_plain = named
        .iter()
        .all(|(_, s)| s.compression.is_none() && s.id.created.is_some());
    named.sort_by(|(a, sibling), (b, other)| {
        let by_name = a.cmp_age(b).filter(|_| is_ordered);
        let by_time = || match are_plain {
            true => sibling.cmp_time(other),
            false => sibling.modified.cmp(&other.modified),
        };
        by_name.unwrap_or(Ordering::Equal).then_with(by_time)
    });
    named.into_iter().map(|(_, sibling)| sibling).collect()
}
