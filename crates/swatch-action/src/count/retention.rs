//! Removes the logs of addresses that have had no events for a long time.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use swatch_common::file_lock::FileLock;

use super::{escalation, line_count, window};
use crate::{network, settings::Settings};

/// Removes the logs of addresses without an event for longer than the setting `keep_counts`, and
/// the notes beside them. Returns how many logs that were.
///
/// Only files named after an address are touched: a log that another program has rotated is that
/// program's business. Errors are ignored: the file is examined again next time.
pub(super) fn prune(settings: &Settings) -> usize {
    let keep = settings.keep_counts.duration();
    if keep.is_zero() {
        return 0;
    }
    let dir = &settings.log_dir;
    let mut removed = 0;
    for (path, _) in named_after_a_network(dir) {
        // The lock keeps an event from being written to a file that is about to go.
        if is_older(&path, keep)
            && let Ok(_lock) = FileLock::acquire(&path, 0o640, Duration::ZERO)
            && is_older(&path, keep)
            && fs::remove_file(&path).is_ok()
        {
            removed += 1;
        }
    }
    for beside in [line_count::DIRECTORY, window::DIRECTORY] {
        for (path, net) in named_after_a_network(&dir.join(beside)) {
            if !dir.join(network::file_name(net)).exists() {
                let _ = fs::remove_file(&path);
            }
        }
    }
    for (path, _) in named_after_a_network(&dir.join(escalation::DIRECTORY)) {
        if is_older(&path, settings.ipv6_escalation.window.duration()) {
            let _ = fs::remove_file(&path);
        }
    }
    removed
}

fn named_after_a_network(dir: &Path) -> impl Iterator<Item = (PathBuf, IpNet)> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let net = network::from_file_name(entry.file_name().to_str()?)?;
            Some((entry.path(), net))
        })
}

fn is_older(path: &Path, keep: Duration) -> bool {
    let Ok(meta) = path.symlink_metadata() else {
        return false;
    };
    let age = meta
        .modified()
        .ok()
        .and_then(|time| SystemTime::now().duration_since(time).ok());
    meta.is_file() && age.is_some_and(|age| age > keep)
}
