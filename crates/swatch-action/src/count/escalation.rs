//! Attackers who change their IPv6 prefix with each attempt: a /48 contains 65,536 networks of
//! length /64, each good for two attempts below a count of three.
//!
//! For each /48 the recent /64s with events are remembered. When enough distinct ones of a /56 or
//! of the /48 have come within a window, that network is locked as a whole.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use swatch_common::{atomic_file::AtomicFile, file_lock::FileLock};

use super::unstored;
use crate::{
    directory,
    network::{self, widened},
    settings::{Escalation, Settings},
};

pub(super) const DIRECTORY: &str = ".prefixes";

/// The longest wait for another process that holds a file.
const PATIENCE: Duration = Duration::from_secs(2);

/// At most this many networks are remembered for a /48, the most recent ones.
const MOST: usize = 4096;

/// A network that is to be locked because many of its parts have events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escalated {
    /// The network.
    pub net: IpNet,
    /// The number of its parts that have events.
    pub parts: usize,
}

/// Remembers an event of `net`, and returns the widest network that has become due with it.
///
/// # Errors
/// The file could be written neither in the log directory nor in memory.
pub(super) fn add(settings: &Settings, net: IpNet, now: i64) -> io::Result<Option<Escalated>> {
    let Some(wide) = watched(&settings.ipv6_escalation, net) else {
        return Ok(None);
    };
    let name = network::file_name(wide);
    let mut last = Ok(None);
    for dir in places(settings) {
        last = add_to(&dir, &name, settings, net, now);
        if last.is_ok() {
            break;
        }
    }
    last
}

/// The network whose parts are watched; `None` where nothing is escalated: IPv4, networks as wide
/// as that already, and addresses whose neighbours in a prefix are strangers (see
/// [`network::is_shared`]).
fn watched(escalation: &Escalation, net: IpNet) -> Option<IpNet> {
    let IpAddr::V6(address) = net.addr() else {
        return None;
    };
    let (_, widest) = levels(escalation)
        .into_iter()
        .filter(|&(at, _)| at > 0)
        .min_by_key(|&(_, prefix)| prefix)?;
    let wide = widened(address.into(), 32, widest);
    (net.prefix_len() > widest && !network::is_shared(address)).then_some(wide)
}

fn levels(escalation: &Escalation) -> [(usize, u8); 2] {
    [
        (escalation.at_48 as usize, 48),
        (escalation.at_56 as usize, 56),
    ]
}

fn add_to(
    dir: &Path,
    name: &str,
    settings: &Settings,
    net: IpNet,
    now: i64,
) -> io::Result<Option<Escalated>> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(name);
    let lock = FileLock::acquire(&path, 0o640, PATIENCE).map_err(io::Error::other)?;
    let mut text = String::new();
    lock.file().read_to_string(&mut text)?;
    let escalation = &settings.ipv6_escalation;
    let oldest = now.saturating_sub(escalation.window.seconds());
    let mut parts: BTreeMap<IpNet, i64> = text
        .lines()
        .filter_map(|line| {
            let (net, time) = line.split_once(' ')?;
            // A time in the future is from before the clock was set back.
            let time = time.parse::<i64>().ok()?.min(now);
            Some((net.parse().ok()?, time)).filter(|&(_, time)| time > oldest)
        })
        .collect();
    let before = parts.insert(net, now);
    let due = levels(escalation).into_iter().find_map(|(at, prefix)| {
        let wide = widened(net.addr(), 32, prefix);
        let count = parts.keys().filter(|part| wide.contains(*part)).count();
        (at > 0 && net.prefix_len() > prefix && count >= at).then_some(Escalated {
            net: wide,
            parts: count,
        })
    });
    // A flood from one network is not worth a write each time.
    if before.is_none_or(|before| now - before > escalation.window.seconds() / 8) {
        write(&path, parts)?;
    }
    Ok(due)
}

fn write(path: &Path, parts: BTreeMap<IpNet, i64>) -> io::Result<()> {
    let mut parts: Vec<(IpNet, i64)> = parts.into_iter().collect();
    parts.sort_by_key(|&(_, time)| time);
    let from = parts.len().saturating_sub(MOST);
    let lines = parts[from..]
        .iter()
        .map(|(net, time)| format!("{net} {time}\n"));
    let text: String = lines.collect();
    AtomicFile::new(path)
        .mode(0o640)
        .temporary_suffix(".new")
        .write(text.as_bytes())
        .map_err(|error| error.source)
}

/// The directories that are tried in turn.
fn places(settings: &Settings) -> Vec<PathBuf> {
    let name = format!("prefixes-{}", unstored::key(&settings.log_dir));
    let memory = directory::in_memory()
        .into_iter()
        .filter(|dir| directory::prepare_private(dir).is_ok())
        .map(|dir| dir.join(&name));
    std::iter::once(settings.log_dir.join(DIRECTORY))
        .chain(memory)
        .collect()
}
