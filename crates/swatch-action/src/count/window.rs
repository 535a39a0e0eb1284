//! The times of the recent events of an address, for the setting `window`. The dates of the log
//! lines cannot be used for this: most have no year, and an attacker may choose them.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use swatch_common::{atomic_file::AtomicFile, duration::Seconds};

use super::{CountError, io_error};
use crate::{network, once};

pub(super) const DIRECTORY: &str = ".times";

/// At most this many events are remembered; a higher count is shown as this.
const MOST: usize = 100_000;

/// Adds events and returns how many the window holds. The caller holds the lock of the log.
///
/// The first line of the file names the log's inode: a log that was deleted or rotated away starts
/// to count from zero, as it does without a window.
pub(super) fn add(
    dir: &Path,
    net: IpNet,
    inode: u64,
    span: Seconds,
    events: impl Iterator<Item = i64>,
    now: i64,
) -> Result<u64, CountError> {
    let path = place(dir, net);
    let mut times = read(&path, Some(inode));
    times.extend(events);
    let times = inside(times, span, now);
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
    once::tell_replacing(&path, now);
    // Not synced: after a power failure some events of the window are forgotten, and a sync for
    // each event would let an attacker keep the disk busy.
    AtomicFile::new(&path)
        .mode(0o640)
        .temporary_suffix(".new")
        .write(text.as_bytes())
        .map_err(|error| failed(error.source))?;
    Ok((times.len() - from) as u64)
}

/// True if a helper had added this event when it was killed.
pub(super) fn was_added(dir: &Path, net: IpNet) -> bool {
    once::replaced(&place(dir, net))
}

/// The number of events in the window.
pub(super) fn within(dir: &Path, net: IpNet, span: Seconds, now: i64) -> u64 {
    inside(read(&place(dir, net), None), span, now).len() as u64
}

/// The events of the window. One in the future was recorded before the clock was set back: it
/// counts from now on, so that it leaves the window like any other.
pub(super) fn inside(mut times: Vec<i64>, span: Seconds, now: i64) -> Vec<i64> {
    times.retain_mut(|time| {
        *time = (*time).min(now);
        *time > now.saturating_sub(span.seconds())
    });
    times
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
