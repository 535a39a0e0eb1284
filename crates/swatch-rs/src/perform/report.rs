//! Failures of actions: each cause is logged once, then counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::log;

/// The interval in which a cause that persists is logged again, with its count.
const AGAIN: Duration = Duration::from_secs(60);

/// Causes that are remembered. An attacker who chooses arguments of commands could create causes
/// without end.
const CAUSES: usize = 256;

/// The failures of one watch.
pub(super) struct Reports {
    watch: String,
    causes: HashMap<String, Cause>,
}

struct Cause {
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

    /// Something was not done.
    pub(super) fn failure(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.add(format!("{what}: {why}"));
    }

    /// Logs the counts that have not been logged yet.
    pub(super) fn summary(&mut self) {
        for (cause, state) in &mut self.causes {
            if state.unlogged > 0 {
                log_again(&self.watch, cause, state.unlogged);
                state.unlogged = 0;
            }
        }
    }

    fn add(&mut self, cause: String) {
        let now = Instant::now();
        if let Some(state) = self.causes.get_mut(&cause) {
            state.unlogged += 1;
            if now.duration_since(state.logged) >= AGAIN {
                log_again(&self.watch, &cause, state.unlogged);
                state.logged = now;
                state.unlogged = 0;
            }
            return;
        }
        log::warning(format_args!("{}: {cause}", self.watch));
        if self.causes.len() >= CAUSES {
            self.summary();
            self.causes.clear();
        }
        self.causes.insert(
            cause,
            Cause {
                logged: now,
                unlogged: 0,
            },
        );
    }
}

fn log_again(watch: &str, cause: &str, times: u64) {
    let s = if times == 1 { "" } else { "s" };
    log::warning(format_args!("{watch}: {cause} ({times} more time{s})"));
}
