//! Everything that is told of a running watcher, at one moment.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::time::SystemTime;

use chrono::{Local, SecondsFormat};
use log_timestamp::Reference;
use nix::fcntl::OFlag;
use serde_json::{Value, json};
use swatch_common::sanitize;
use swatch_tail::Position;

use super::Monitor;
use super::ReloadReport;
use super::counts::RuleCount;
use crate::pipeline::View;

/// The bytes of a line that are searched for its time stamp.
const STAMP: usize = 4096;

/// The state of the program.
pub struct Snapshot {
    /// The name of this instance.
    pub name: String,
    /// When it was started.
    pub started: SystemTime,
    /// The watches.
    pub watches: Vec<WatchSnapshot>,
    /// Reloads by result: done, refused.
    pub reloads: (u64, u64),
    /// The last one.
    pub last_reload: Option<ReloadReport>,
}

/// The state of a watch.
pub struct WatchSnapshot {
    /// The name of the configuration.
    pub name: String,
    /// Its path.
    pub config: String,
    /// The log, command or journal that it reads.
    pub input: String,
    /// Empty while it runs; else its end.
    pub ended: Option<String>,
    /// Records seen.
    pub records: u64,
    /// Blocks that are read and wait.
    pub queue: u64,
    /// Seconds for which the action in progress has run.
    pub busy_seconds: Option<f64>,
    /// Followed files.
    pub files: Vec<FileSnapshot>,
    /// The rules.
    pub rules: Vec<RuleSnapshot>,
    /// Actions by keyword and result.
    pub actions: Vec<(&'static str, &'static str, u64)>,
}

/// The state of a followed file.
pub struct FileSnapshot {
    /// The path that is followed.
    pub path: String,
    /// The offset up to which all is done, in bytes.
    pub position: u64,
    /// Its size.
    pub size: u64,
    /// True if it is the old file of a rotation.
    pub replaced: bool,
    /// The age of the first line that is not done, by its time stamp, in seconds; 0 if all is done.
    /// None if the line has no stamp that is known, or cannot be read any more.
    pub lag_seconds: Option<f64>,
}

/// The state of a rule.
pub struct RuleSnapshot {
    /// Its file.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// Its condition as written, sanitised.
    pub text: String,
    /// The figures.
    pub counters: swatch_engine::Counters,
    /// Its last match.
    pub last: Option<SystemTime>,
}

impl FileSnapshot {
    /// Bytes that are not done.
    pub fn lag_bytes(&self) -> u64 {
        self.size.saturating_sub(self.position)
    }

    fn of(position: &Position) -> Self {
        let on_disk = match position.replaced {
            false => fs::metadata(&position.path).map_or(0, |meta| meta.len()),
            true => 0,
        };
        let size = position.size.max(position.read).max(on_disk);
        let behind = size > position.done;
        Self {
            path: sanitize::path(&position.path),
            position: position.done,
            size,
            replaced: position.replaced,
            lag_seconds: match behind {
                false => Some(0.0),
                true => age(position),
            },
        }
    }
}

/// The age of the line at a position.
fn age(position: &Position) -> Option<f64> {
    if position.replaced {
        return None;
    }
    // A pipe that has the name now must not be waited for.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
    let file = options.open(&position.path).ok()?;
    let mut line = vec![0; STAMP];
    let length = file.read_at(&mut line, position.done).ok()?;
    let line = line[..length].split(|byte| *byte == b'\n').next()?;
    let now = Local::now();
    let reader = Reference {
        now: now.timestamp(),
        offset: now.offset().local_minus_utc(),
    };
    let stamp = log_timestamp::find(line)?;
    let seconds = stamp.unix_seconds(reader)? as f64 + f64::from(stamp.nanoseconds) / 1e9;
    Some((now.timestamp_micros() as f64 / 1e6 - seconds).max(0.0))
}

impl WatchSnapshot {
    /// Bytes of all files that are not done.
    pub fn lag_bytes(&self) -> u64 {
        self.files.iter().map(FileSnapshot::lag_bytes).sum()
    }

    /// The longest lag of a file, in seconds.
    pub fn lag_seconds(&self) -> Option<f64> {
        let known = self.files.iter().filter_map(|file| file.lag_seconds);
        known.reduce(f64::max)
    }

    fn of(view: &View) -> Self {
        let rule = |rule: RuleCount| RuleSnapshot {
            file: sanitize::path(&rule.path),
            line: rule.line,
            text: sanitize::text(&rule.text),
            counters: rule.counters,
            last: rule.last,
        };
        Self {
            name: view.name().to_owned(),
            config: sanitize::path(view.config()),
            input: sanitize::text(view.input().as_bytes()),
            ended: view.ended(),
            records: view.records(),
            queue: view.queue(),
            busy_seconds: view.busy().map(|busy| busy.as_secs_f64()),
            files: view.positions().iter().map(FileSnapshot::of).collect(),
            rules: view.rules().into_iter().map(rule).collect(),
            actions: view.actions(),
        }
    }

    fn json(&self) -> Value {
        let file = |file: &FileSnapshot| {
            json!({
                "path": file.path,
                "position": file.position,
                "size": file.size,
                "replaced": file.replaced,
                "lag_bytes": file.lag_bytes(),
                "lag_seconds": file.lag_seconds,
            })
        };
        let rule = |rule: &RuleSnapshot| {
            json!({
                "file": rule.file,
                "line": rule.line,
                "rule": rule.text,
                "matched": rule.counters.matched,
                "acted": rule.counters.acted,
                "throttled": rule.counters.held,
                "gave_up": rule.counters.gave_up,
                "last_match": rule.last.map(date),
            })
        };
        let action = |(action, result, count): &(&str, &str, u64)| json!({"action": action, "result": result, "count": count});
        json!({
            "name": self.name,
            "config": self.config,
            "input": self.input,
            "ended": self.ended,
            "records": self.records,
            "queue": self.queue,
            "busy_seconds": self.busy_seconds,
            "lag_bytes": self.lag_bytes(),
            "lag_seconds": self.lag_seconds(),
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
            "rules": self.rules.iter().map(rule).collect::<Vec<_>>(),
            "actions": self.actions.iter().map(action).collect::<Vec<_>>(),
        })
    }
}

impl Snapshot {
    /// The state now.
    pub fn of(monitor: &Monitor) -> Self {
        // Files are looked at without the lock.
        let views = monitor.watches.lock().unwrap().clone();
        let reloads = monitor.reloads.lock().unwrap().clone();
        Self {
            name: monitor.name.clone(),
            started: monitor.started,
            watches: views.iter().map(WatchSnapshot::of).collect(),
            reloads: (reloads.done, reloads.refused),
            last_reload: reloads.last,
        }
    }

    /// As an object.
    pub fn json(&self) -> Value {
        let watches: Vec<Value> = self.watches.iter().map(WatchSnapshot::json).collect();
        json!({
            "name": self.name,
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "started": date(self.started),
            "watches": watches,
            "reloads": {"done": self.reloads.0, "refused": self.reloads.1},
            "last_reload": self.last_reload.as_ref().map(ReloadReport::json),
        })
    }
}

/// RFC 3339, with the zone.
fn date(time: SystemTime) -> String {
    chrono::DateTime::<Local>::from(time).to_rfc3339_opts(SecondsFormat::Secs, false)
}
