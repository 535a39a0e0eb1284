//! A note beside a long log that says how many lines it had when it was last written.

use std::{
    fs::{DirBuilder, Metadata, OpenOptions},
    io::Read,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use nix::fcntl::OFlag;
use swatch_common::atomic_file::AtomicFile;

use crate::network;

/// Reads the note; `None` where there is none, or where the log has changed since.
pub(super) fn read(dir: &Path, net: IpNet, meta: &Metadata) -> Option<u64> {
    let mut text = String::new();
    OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(place(dir, net))
        .ok()?
        .take(200)
        .read_to_string(&mut text)
        .ok()?;
    let (lines, seal) = text.strip_suffix('\n')?.split_once(' ')?;
    (seal == self::seal(meta)).then(|| lines.parse().ok())?
}

/// Writes the note. Errors are ignored: the log is then counted again next time.
pub(super) fn write(dir: &Path, net: IpNet, meta: &Metadata, lines: u64) {
    let path = place(dir, net);
    let text = format!("{lines} {}\n", seal(meta));
    let note = AtomicFile::new(&path).mode(0o640).temporary_suffix(".new");
    if note.write(text.as_bytes()).is_err()
        && DirBuilder::new()
            .mode(0o750)
            .create(dir.join(DIRECTORY))
            .is_ok()
    {
        let _ = note.write(text.as_bytes());
    }
}

pub(super) const DIRECTORY: &str = ".lines";

fn place(dir: &Path, net: IpNet) -> PathBuf {
    dir.join(DIRECTORY).join(network::file_name(net))
}

/// Identifies the file in its present state: any write to it changes the size or the time.
fn seal(meta: &Metadata) -> String {
    format!(
        "{}:{} {} {}.{:09}",
        meta.dev(),
        meta.ino(),
        meta.len(),
        meta.mtime(),
        meta.mtime_nsec()
    )
}
