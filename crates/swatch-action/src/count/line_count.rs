//! The note beside a long log: how many lines it had when it was last written.

use std::{
    fs::{DirBuilder, Metadata, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use nix::fcntl::OFlag;

use crate::network;

/// Reads the note; `None` where there is none or where it speaks of another state of the file.
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

/// Writes the note. A failure is none of the caller's: the file is then counted next time.
pub(super) fn write(dir: &Path, net: IpNet, meta: &Metadata, lines: u64) {
    let path = place(dir, net);
    let text = format!("{lines} {}\n", seal(meta));
    let open = || {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o640)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
    };
    let file = open().or_else(|_| {
        DirBuilder::new().mode(0o750).create(dir.join(DIRECTORY))?;
        open()
    });
    if let Ok(mut file) = file {
        // One write: a reader holds the log's lock as we do, and a torn note does not parse.
        let _ = file.write_all(text.as_bytes());
    }
}

const DIRECTORY: &str = ".lines";

fn place(dir: &Path, net: IpNet) -> PathBuf {
    dir.join(DIRECTORY).join(network::file_name(net))
}

/// What the note holds for: this very file, untouched since.
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
