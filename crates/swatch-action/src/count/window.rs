//! When the last events of an address were, for the setting `window`: log lines carry no year, so their own dates
//! cannot be trusted for this.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use ipnet::IpNet;

use super::{CountError, io_error};
use swatch_common::{atomic_file::AtomicFile, duration::Seconds};

use crate::network;

const DIRECTORY: &str = ".times";

/// More than this are not remembered: a count beyond it is shown as this.
const MOST: usize = 100_000;

/// Adds an event and returns how many the window holds. The caller holds the lock of the log.
///
/// The first line names the log's inode: a log that was deleted or rotated away starts to count afresh, as it does
/// without a window.
pub(super) fn add(
    dir: &Path,
    net: IpNet,
    inode: u64,
    span: Seconds,
    now: i64,
) -> Result<u64, CountError> {
    let path = place(dir, net);
    let mut times = read(&path, Some(inode));
    times.retain(|&time| inside(time, span, now));
    times.push(now);
    let from = times.len().saturating_sub(MOST);
    let mut text = format!("{inode}\n");
    for time in &times[from..] {
        text.push_str(&time.to_string());
        text.push('\n');
    }
    let failed = |source| io_error("write to", &path, source);
    DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(dir.join(DIRECTORY))
        .map_err(failed)?;
    // Not synced: after a power failure some events of the window are forgotten, and a sync for
    // each event would let an attacker keep the disk busy.
    AtomicFile::new(&path)
        .mode(0o640)
        .temporary_suffix(".new")
        .write(text.as_bytes())
        .map_err(|error| failed(error.source))?;
    Ok((times.len() - from) as u64)
}

/// How many events the window holds.
pub(super) fn within(dir: &Path, net: IpNet, span: Seconds, now: i64) -> u64 {
    let mut times = read(&place(dir, net), None);
    times.retain(|&time| inside(time, span, now));
    times.len() as u64
}

/// A time in the future is the trace of a clock that was set back: it counts, for it was an event.
fn inside(time: i64, span: Seconds, now: i64) -> bool {
    time > now.saturating_sub(span.seconds())
}

fn place(dir: &Path, net: IpNet) -> PathBuf {
    dir.join(DIRECTORY).join(network::file_name(net))
}

fn read(path: &Path, inode: Option<u64>) -> Vec<i64> {
    let Ok(text) = std::fs::read_to_string(path) else {
        return Vec::new();
    };
    let mut lines = text.lines();
    let of = lines.next().and_then(|first| first.parse::<u64>().ok());
    if inode.is_some() && of != inode {
        return Vec::new();
    }
    lines.filter_map(|line| line.parse().ok()).collect()
}
