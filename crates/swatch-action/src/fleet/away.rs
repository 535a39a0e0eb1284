//! The time during which the engine is not asked, because it did not answer.
//!
//! Events come in processes of their own, so this is a small file, `fleet.away`: the time of the
//! next try, the number of failures, and the reason. While it is there, something may be waiting in
//! the queue; no event opens a database to find that out.

use std::path::PathBuf;

use swatch_common::{atomic_file::AtomicFile, sanitize};

use crate::settings::Settings;

/// The waits after the first, second, … failure, in milliseconds.
const WAITS: [i64; 5] = [1000, 2000, 5000, 10_000, 30_000];

/// The engine was away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Away {
    /// When to ask again, in milliseconds since 1970.
    pub(super) until: i64,
    pub(super) failures: usize,
    pub(super) reason: String,
}

fn path(settings: &Settings) -> PathBuf {
    let group = &settings.fleet.group;
    settings.state_dir.join(format!("fleet.away.{group}"))
}

/// The note, if there is one.
pub(super) fn read(settings: &Settings) -> Option<Away> {
    let text = std::fs::read_to_string(path(settings)).ok()?;
    let (first, reason) = text.split_once('\n').unwrap_or((&text, ""));
    let (until, failures) = first.split_once(' ').unwrap_or((first, "1"));
    Some(Away {
        until: until.parse().unwrap_or(0),
        failures: failures.parse().unwrap_or(1),
        reason: sanitize::excerpt(reason.trim_end().as_bytes(), 400),
    })
}

impl Away {
    /// True if it is too early to ask again. A time beyond the longest wait was noted before the
    /// clock was set back.
    pub(super) fn is_too_early(&self, now_ms: i64) -> bool {
        now_ms < self.until && self.until - now_ms <= WAITS[WAITS.len() - 1]
    }
}

/// Notes a failure. Returns true for the first one.
pub(super) fn note(settings: &Settings, reason: &str, now_ms: i64) -> bool {
    let before = read(settings);
    let failures = before.as_ref().map_or(0, |away| away.failures);
    // Several processes may fail at once: that is one failure.
    if before
        .as_ref()
        .is_some_and(|away| away.is_too_early(now_ms))
    {
        return false;
    }
    let wait = WAITS[failures.min(WAITS.len() - 1)];
    let reason = sanitize::excerpt(reason.as_bytes(), 400);
    let text = format!("{} {}\n{reason}\n", now_ms + wait, failures + 1);
    // A note that cannot be written costs the next event a wait.
    let _ = AtomicFile::new(&path(settings))
        .mode(0o640)
        .write(text.as_bytes());
    failures == 0
}

/// The engine is there again, and nothing waits for it.
pub(super) fn forget(settings: &Settings) {
    let _ = std::fs::remove_file(path(settings));
}

/// The engine is there again, and something waits for it: the next event may ask at once.
pub(super) fn relent(settings: &Settings) {
    if read(settings).is_some() {
        let _ = AtomicFile::new(&path(settings)).mode(0o640).write(b"0 0\n");
    }
}
