//! The history of decisions: one line for each event that was counted, locked, renewed, refused or
//! ignored, with its reason and the rule that led to it.
//!
//! One file a day (UTC) in `history/` of the state directory, a JSON object a line. An event costs
//! one append and no database. The locks themselves, with their beginnings and ends, are in the
//! [state](crate::state); `show` and `report` read both.
//!
//! The files are bounded: a day's file takes counted and ignored events up to [`LARGEST_DAY`], and
//! decisions about locks up to twice that; `expire` and `check` remove what is older than the
//! setting `keep_history`, and the oldest files where all together are larger than [`LARGEST_ALL`].

use std::{
    borrow::Cow,
    cell::RefCell,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use chrono::DateTime;
use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

use crate::{
    directory::{self, Directory},
    once,
    settings::Settings,
};

/// From this size in bytes on, a day's file takes no more counted or ignored events; from twice
/// this size on, nothing.
pub const LARGEST_DAY: u64 = 16 << 20;

/// The size in bytes of all files together from which on the oldest are removed.
pub const LARGEST_ALL: u64 = 512 << 20;

/// The longest log line that is kept with a decision, in characters.
pub const MAX_LINE: usize = 200;

const DIRECTORY: &str = "history";

/// A decision on an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The line was counted, and that was all.
    Counted,
    /// The address was locked.
    Locked,
    /// The address was locked already; the lock was made sure of.
    Renewed,
    /// A lock was due and was not made.
    Refused,
    /// The line was not counted.
    Ignored,
}

impl Decision {
    /// The word for it in files and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Locked => "locked",
            Self::Renewed => "renewed",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        }
    }
}

/// A line of the history. All texts are sanitised before they get here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// In seconds since 1970.
    pub time: i64,
    /// The decision.
    pub event: Decision,
    /// The counted address or network; empty where the line names none.
    #[serde(borrow, default)]
    pub address: Cow<'a, str>,
    /// The locked network, where it is another one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<Cow<'a, str>>,
    /// The count of lines with this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u64,
    /// The watcher's rule, as `FILE:LINE`; empty where the caller names none.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub rule: Cow<'a, str>,
    /// The way to the address, as in [`Lock::rule`](crate::state::Lock): `10 (sshd)`, `hand`, ….
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub place: Cow<'a, str>,
    /// The end of the lock, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The reason for the decision, or for the length of the lock.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub why: Cow<'a, str>,
    /// The machine that decided, where it was another one.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub host: Cow<'a, str>,
    /// The log line, at most [`MAX_LINE`] characters of it.
    #[serde(borrow, default, skip_serializing_if = "str::is_empty")]
    pub line: Cow<'a, str>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Record<'_> {
    /// A record without anything but its decision.
    #[must_use]
    pub fn new(time: i64, event: Decision) -> Self {
        Self {
            time,
            event,
            address: Cow::Borrowed(""),
            locked: None,
            count: 0,
            rule: Cow::Borrowed(""),
            place: Cow::Borrowed(""),
            until: None,
            why: Cow::Borrowed(""),
            host: Cow::Borrowed(""),
            line: Cow::Borrowed(""),
        }
    }

    /// A copy that lives on its own.
    #[must_use]
    pub fn owned(&self) -> Record<'static> {
        let own = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
        Record {
            time: self.time,
            event: self.event,
            address: own(&self.address),
            locked: self.locked.as_ref().map(own),
            count: self.count,
            rule: own(&self.rule),
            place: own(&self.place),
            until: self.until,
            why: own(&self.why),
            host: own(&self.host),
            line: own(&self.line),
        }
    }
}

/// A decision that could not be noted. Nothing depends on the history, so the event goes on.
#[derive(Debug, thiserror::Error)]
#[error("no history is kept for `show` and `report`: cannot write to {}: {source}", path.display())]
pub struct HistoryError {
    path: PathBuf,
    source: io::Error,
}

/// Appends a decision to the day's file.
///
/// # Errors
/// [`HistoryError`].
pub fn note(settings: &Settings, record: &Record<'_>) -> Result<(), HistoryError> {
    if settings.keep_history.0 == 0 {
        return Ok(());
    }
    let path = day_file(&settings.state_dir, record.time);
    write(settings, &path, record).map_err(|source| HistoryError { path, source })
}

thread_local! {
    /// The day's file, which stays open for the next event.
    static OPEN: RefCell<Option<(PathBuf, File)>> = const { RefCell::new(None) };
}

fn write(settings: &Settings, path: &Path, record: &Record<'_>) -> io::Result<()> {
    let kept = OPEN.take().and_then(|(of, file)| {
        let there = path.symlink_metadata().ok().filter(|_| of == path)?;
        let meta = file.metadata().ok()?;
        let is_it = (meta.dev(), meta.ino()) == (there.dev(), there.ino());
        is_it.then_some((file, meta))
    });
    let (file, meta) = match kept {
        Some(kept) => kept,
        None => {
            let file = open_or_create(settings, path)?;
            let meta = file.metadata()?;
            (file, meta)
        }
    };
    let result = append(path, &file, &meta, record);
    OPEN.set(Some((path.into(), file)));
    result
}

/// Closes the file that stays open for the next event.
pub(crate) fn close() {
    OPEN.take();
}

fn open_or_create(settings: &Settings, path: &Path) -> io::Result<File> {
    match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            directory::prepare(&settings.state_dir, Directory::State).map_err(io::Error::other)?;
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o750)
                .create(settings.state_dir.join(DIRECTORY))?;
            open(path)
        }
        other => other,
    }
}

fn append(path: &Path, mut file: &File, meta: &Metadata, record: &Record<'_>) -> io::Result<()> {
    let limit = match record.event {
        Decision::Counted | Decision::Ignored => LARGEST_DAY,
        Decision::Locked | Decision::Renewed | Decision::Refused => 2 * LARGEST_DAY,
    };
    if meta.len() >= limit {
        return Ok(());
    }
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    if once::written(path, file, false).is_some() {
        return Ok(());
    }
    once::tell(path, meta, &line, record.time);
    // One write: those of concurrent processes do not mix.
    file.write_all(&line)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o640)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)
}

fn day_file(state_dir: &Path, time: i64) -> PathBuf {
    let day = DateTime::from_timestamp(time, 0).unwrap_or_default();
    state_dir
        .join(DIRECTORY)
        .join(format!("{}.jsonl", day.format("%Y-%m-%d")))
}

/// The history of a length of time, read into memory a day at a time.
#[derive(Debug)]
pub struct History {
    days: Vec<PathBuf>,
    since: i64,
}

/// Remarks on what was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Days, as `2026-11-29`, whose file was full.
    pub full: Vec<String>,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<String>,
    /// Lines that are not records: cut off by a full disk, or edited.
    pub broken: usize,
}

impl History {
    /// The history since a time, in seconds since 1970.
    #[must_use]
    pub fn since(state_dir: &Path, since: i64) -> Self {
        let first = day_file(state_dir, since);
        let mut days = files(state_dir);
        days.retain(|day| day.file_name() >= first.file_name());
        Self { days, since }
    }

    /// Passes each record to `take`, in the order in which they were written.
    pub fn each(&self, mut take: impl FnMut(Record<'_>)) -> Gaps {
        let mut gaps = Gaps::default();
        for path in &self.days {
            let text = match fs::read(path) {
                Ok(text) => text,
                Err(error) => {
                    gaps.unreadable.push(format!("{}: {error}", path.display()));
                    continue;
                }
            };
            if text.len() as u64 >= LARGEST_DAY {
                gaps.full.extend(day_of(path).map(str::to_owned));
            }
            for line in text.split(|&byte| byte == b'\n') {
                if line.is_empty() {
                    continue;
                }
                match serde_json::from_slice::<Record<'_>>(line) {
                    Ok(record) if record.time >= self.since => take(record),
                    Ok(_) => {}
                    Err(_) => gaps.broken += 1,
                }
            }
        }
        gaps
    }

    /// The time of the first record; `None` where there is no history.
    #[must_use]
    pub fn beginning(state_dir: &Path) -> Option<i64> {
        let text = fs::read(files(state_dir).first()?).ok()?;
        text.split(|&byte| byte == b'\n')
            .find_map(|line| serde_json::from_slice::<Record<'_>>(line).ok())
            .map(|record| record.time)
    }
}

/// The files, the oldest first.
fn files(state_dir: &Path) -> Vec<PathBuf> {
    let mut days: Vec<PathBuf> = fs::read_dir(state_dir.join(DIRECTORY))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| day_of(path).is_some())
        .collect();
    days.sort_unstable();
    days
}

/// The date in a file's name; `None` for a file of another name.
fn day_of(path: &Path) -> Option<&str> {
    let day = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(day)
}

/// Removes what is too old or too much. Errors are ignored: it is tried again next time.
pub fn prune(settings: &Settings, now: i64) {
    let oldest = day_file(
        &settings.state_dir,
        now.saturating_sub(settings.keep_history.seconds()),
    );
    let mut days = files(&settings.state_dir);
    let keep_none = settings.keep_history.0 == 0;
    days.retain(|day| {
        let old = keep_none || day.file_name() < oldest.file_name();
        !(old && fs::remove_file(day).is_ok())
    });
    let size = |day: &PathBuf| day.symlink_metadata().map_or(0, |meta| meta.len());
    let mut all: u64 = days.iter().map(size).sum();
    for day in &days {
        if all <= LARGEST_ALL {
            break;
        }
        let freed = size(day);
        if fs::remove_file(day).is_ok() {
            all -= freed;
        }
    }
}

#[cfg(test)]
mod tests;
