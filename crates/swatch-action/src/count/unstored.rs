//! Events that could not be written to the log of their address, because the disk is full,
//! read-only or broken.
//!
//! They are noted in one small file on another disk, in memory if need be, so that an attacker who
//! fills the disk is still counted. The first event of the address that can be written again takes
//! them over into the log.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use swatch_common::{
    file_lock::{FileLock, FileLockError},
    sanitize,
};

use crate::{
    directory::{self, Directory},
    network,
    settings::Settings,
};

/// The longest wait for another process that holds a file. It does so for one write.
const PATIENCE: Duration = Duration::from_secs(2);

/// The largest size of a file, in bytes: about 30,000 events. Then its older half is dropped.
const LARGEST: u64 = 1 << 20;

/// After this time without such an event the next one is reported again.
const REPORTED: Duration = Duration::from_secs(3600);

/// An event was noted.
#[derive(Debug)]
pub(super) struct Noted {
    /// The file.
    pub(super) path: PathBuf,
    /// True for the first one, which has to be reported.
    pub(super) first: bool,
}

/// An event could not be noted anywhere: the reason for each place.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub(super) struct NowhereError(Vec<String>);

/// Notes an event.
pub(super) fn add(settings: &Settings, net: IpNet, now: i64) -> Result<Noted, NowhereError> {
    let mut refusals = Vec::new();
    for path in files(settings) {
        match add_to(&path, settings, net, now) {
            Ok(first) => return Ok(Noted { path, first }),
            Err(why) => refusals.push(format!("{}: {why}", sanitize::path(&path))),
        }
    }
    Err(NowhereError(refusals))
}

fn add_to(path: &Path, settings: &Settings, net: IpNet, now: i64) -> io::Result<bool> {
    prepare(path, settings)?;
    let file = lock(path)?;
    let meta = file.metadata()?;
    let age = meta
        .modified()
        .ok()
        .and_then(|time| SystemTime::now().duration_since(time).ok());
    let first = meta.len() == 0 || age.is_some_and(|age| age > REPORTED);
    if meta.len() > LARGEST {
        let mut text = String::new();
        file.file().read_to_string(&mut text)?;
        let half = text.len() / 2;
        let from = text.as_bytes()[half..]
            .iter()
            .position(|&byte| byte == b'\n');
        let kept = from.map_or("", |from| &text[half + from + 1..]);
        file.set_len(0)?;
        file.file().write_all(kept.as_bytes())?;
    }
    let length = file.metadata()?.len();
    let line = format!("{} {now}\n", network::text(net));
    if let Err(error) = file.file().write_all(line.as_bytes()) {
        let _ = file.set_len(length);
        return Err(error);
    }
    Ok(first)
}

/// The times of the noted events of a network.
pub(super) fn events(settings: &Settings, net: IpNet) -> Vec<i64> {
    let name = network::text(net);
    let mut times = Vec::new();
    for path in files(settings) {
        // Almost always there is none.
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let found = text.lines().filter_map(|line| {
            let (of, time) = line.split_once(' ')?;
            (of == name).then(|| time.parse::<i64>().ok())?
        });
        times.extend(found);
    }
    times
}

/// Forgets the noted events of a network, after they were taken over into its log. A failure leaves
/// them to be counted twice, which locks early rather than late.
pub(super) fn forget(settings: &Settings, net: IpNet) {
    let name = network::text(net);
    for path in files(settings).into_iter().filter(|path| path.exists()) {
        let Ok(file) = lock(&path) else { continue };
        let mut text = String::new();
        if file.file().read_to_string(&mut text).is_err() {
            continue;
        }
        let kept: String = text
            .split_inclusive('\n')
            .filter(|line| line.split(' ').next() != Some(&name))
            .collect();
        if kept.is_empty() {
            let _ = std::fs::remove_file(&path);
        } else if file.set_len(0).is_ok() {
            let _ = file.file().write_all(kept.as_bytes());
        }
    }
}

/// The networks that have noted events.
pub(super) fn networks(settings: &Settings) -> Vec<IpNet> {
    let mut all = Vec::new();
    for path in files(settings) {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let names = text.lines().filter_map(|line| line.split(' ').next());
        all.extend(names.filter_map(|name| network::parse(name).ok()));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// A file name that stands for a path or a text, where those of several may come together.
pub(crate) fn key(of: &(impl Hash + ?Sized)) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The files, in the order in which they are tried.
fn files(settings: &Settings) -> Vec<PathBuf> {
    let name = format!("unstored-{}", key(&settings.log_dir));
    std::iter::once(settings.state_dir.clone())
        .chain(directory::in_memory())
        .map(|dir| dir.join(&name))
        .collect()
}

fn prepare(path: &Path, settings: &Settings) -> io::Result<()> {
    match path.parent() {
        Some(dir) if dir == settings.state_dir => {
            directory::prepare(dir, Directory::State).map_err(io::Error::other)
        }
        Some(dir) => directory::prepare_private(dir),
        None => Ok(()),
    }
}

fn lock(path: &Path) -> io::Result<FileLock> {
    FileLock::acquire(path, 0o600, PATIENCE).map_err(|error| match error {
        FileLockError::Io { source, .. } => source,
        other => io::Error::other(other),
    })
}
