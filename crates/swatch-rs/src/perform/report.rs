//! Failures of actions: each cause is logged once, then counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::log::{self, EventKind, Level, LogEvent};

/// The interval in which a cause that persists is logged again, with its count.
const AGAIN: Duration = Duration::from_secs(60);

/// Causes that are remembered. An attacker who chooses arguments of commands could create causes
/// without end.
const CAUSES: usize = 256;

/// The failures of one watch.
pub(super) struct Reports {
    watch: String,
    causes: HashMap<Cause, Count>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cause {
    kind: EventKind,
    what: String,
    why: String,
}

struct Count {
    logged: Instant,
    unlogged: u64,
}

impl Reports {
    pub(super) fn new(watch: &str) -> Self {
        Self {
            watch: watch.to_owned(),
            causes: HashMap::new(),
        }
    }

    /// The name of the watch.
    pub(super) fn watch(&self) -> &str {
        &self.watch
    }

    /// An action was not done, or not as it should be.
    pub(super) fn failure(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.add(Cause {
            kind: EventKind::ActionFailed,
            what: what.to_owned(),
            why: why.to_string(),
        });
    }

    /// The position could not be saved.
    pub(super) fn position(&mut self, why: &dyn std::fmt::Display) {
        self.add(Cause {
            kind: EventKind::Positions,
            what: "cannot save the position".to_owned(),
            why: why.to_string(),
        });
    }

    /// Logs the counts that have not been logged yet.
    pub(super) fn summary(&mut self) {
        for (cause, count) in &mut self.causes {
            if count.unlogged > 0 {
                cause.log_again(&self.watch, count.unlogged);
                count.unlogged = 0;
            }
        }
    }

    fn add(&mut self, cause: Cause) {
        let now = Instant::now();
        if let Some(count) = self.causes.get_mut(&cause) {
            count.unlogged += 1;
            if now.duration_since(count.logged) >= AGAIN {
                cause.log_again(&self.watch, count.unlogged);
                count.logged = now;
                count.unlogged = 0;
            }
            return;
        }
        cause.log(&self.watch, "", 1);
        if self.causes.len() >= CAUSES {
            self.summary();
            self.causes.clear();
        }
        let first = Count {
            logged: now,
            unlogged: 0,
        };
        self.causes.insert(cause, first);
    }
}

impl Cause {
    fn log_again(&self, watch: &str, times: u64) {
        let s = if times == 1 { "" } else { "s" };
        self.log(watch, &format!(" ({times} more time{s})"), times);
    }

    fn log(&self, watch: &str, suffix: &str, times: u64) {
        let text = format!("{}: {}{suffix}", self.what, self.why);
        let event = LogEvent::new(Level::Warning, self.kind, text)
            .with("reason", self.why.as_str())
            .with("times", times);
        let event = match self.kind {
            EventKind::ActionFailed => event.with("command", self.what.as_str()),
            _ => event,
        };
        log::write_of(watch, event);
    }
}
