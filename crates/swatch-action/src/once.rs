//! No line of an event is written twice, even if the event comes again because this process was
//! killed: the memory of what was about to be written is with the watcher.
//!
//! A process of its own for one event has no such memory, and all of this does nothing.

use std::{
    cell::RefCell,
    fs::{File, Metadata},
    hash::{DefaultHasher, Hasher},
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt},
    },
    path::Path,
};

use swatch_common::resident::Write;

use crate::date;

/// The event that this thread is at.
struct Current {
    /// The write that an earlier helper was about to do.
    earlier: Vec<Write>,
    time: i64,
    tell: Box<dyn FnMut(Write)>,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Begins an event, or continues one. `tell` takes what is about to be written to a safe place; it
/// returns only if that was done.
pub(crate) fn begin(earlier: Vec<Write>, tell: impl FnMut(Write) + 'static) {
    let time = earlier.first().map_or_else(date::now, |first| first.time);
    CURRENT.set(Some(Current {
        earlier,
        time,
        tell: Box::new(tell),
    }));
}

/// Ends it, and gives back what is left of the earlier helper's writes.
pub(crate) fn end() -> Vec<Write> {
    CURRENT.take().map(|it| it.earlier).unwrap_or_default()
}

/// The time of the event: that of its first attempt, in seconds since 1970.
pub(crate) fn time() -> i64 {
    CURRENT.with_borrow(|current| {
        let replayed = current.as_ref().filter(|it| !it.earlier.is_empty());
        replayed.map_or_else(date::now, |it| it.time)
    })
}

/// Tells that a text is about to be added to a file. `before` is the file's state.
pub(crate) fn tell(path: &Path, before: &Metadata, text: &[u8], time: i64) {
    pass_on(path, identity(before), text, time);
}

/// Tells that a file is about to be replaced.
pub(crate) fn tell_replacing(path: &Path, time: i64) {
    let before = path.symlink_metadata().map(|meta| identity(&meta));
    pass_on(path, before.unwrap_or_default(), b"", time);
}

fn pass_on(path: &Path, file: [u64; 4], text: &[u8], time: i64) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(current) = current {
            (current.tell)(Write {
                time,
                path: path.as_os_str().as_bytes().to_vec(),
                file,
                length: text.len() as u64,
                digest: digest(text),
            });
        }
    });
}

fn digest(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text);
    hasher.finish()
}

/// The offset behind the text that an earlier helper has added to a file in spite of its end;
/// `None` if it has not. The text may differ from what would be added now: what was decided then
/// for a lock is a renewal now.
///
/// With `exact`, nobody else could write in between, so it stands where it was meant to be. Else it
/// is a line somewhere behind that.
pub(crate) fn written(path: &Path, file: &File, exact: bool) -> Option<u64> {
    // Of several attempts only one can have succeeded; those before it are of no more use.
    while let Some(meant) = take(path) {
        if let Some(end) = found(&meant, file, exact) {
            return Some(end);
        }
    }
    None
}

fn found(meant: &Write, file: &File, exact: bool) -> Option<u64> {
    let [device, inode, size, _] = meant.file;
    let now = file.metadata().ok()?;
    let end = size + meant.length;
    if (now.dev(), now.ino()) != (device, inode) || now.len() < end {
        return None;
    }
    let length = if exact {
        meant.length
    } else {
        now.len() - size
    };
    let mut there = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut there, size).ok()?;
    let is_it = |text: &[u8]| text.len() as u64 == meant.length && digest(text) == meant.digest;
    let is_there = match exact {
        true => is_it(&there),
        false => there.split_inclusive(|&byte| byte == b'\n').any(is_it),
    };
    is_there.then_some(end)
}

/// True if an earlier helper has replaced this file in spite of its end.
pub(crate) fn replaced(path: &Path) -> bool {
    let Some(meant) = take(path) else {
        return false;
    };
    let now = path.symlink_metadata().map(|meta| identity(&meta));
    now.is_ok_and(|now| now != meant.file)
}

fn take(path: &Path) -> Option<Write> {
    CURRENT.with_borrow_mut(|current| {
        let earlier = &mut current.as_mut()?.earlier;
        let at = earlier
            .iter()
            .position(|write| write.path == path.as_os_str().as_bytes())?;
        Some(earlier.remove(at))
    })
}

fn identity(meta: &Metadata) -> [u64; 4] {
    let changed = meta.mtime() * 1_000_000_000 + meta.mtime_nsec();
    [meta.dev(), meta.ino(), meta.len(), changed.cast_unsigned()]
}
