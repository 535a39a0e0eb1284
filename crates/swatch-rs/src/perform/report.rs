//! Failures of actions: told once per cause, then counted.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use super::process::Ended;
use crate::log::{Level, tell};

/// How often a cause that goes on failing is told again, with its count.
const AGAIN: Duration = Duration::from_secs(60);

/// Causes that are remembered; an attacker chooses the arguments of commands and so could make
/// causes without end.
const CAUSES: usize = 256;

/// The failures of one watch.
pub(super) struct Reports {
    watch: String,
    causes: HashMap<String, Cause>,
}

struct Cause {
    told: Instant,
    untold: u64,
}

impl Reports {
    pub(super) fn new(watch: &str) -> Self {
        Self {
            watch: watch.to_owned(),
            causes: HashMap::new(),
        }
    }

    /// Something could not be done at all.
    pub(super) fn failure(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.add(format!("{what}: {why}"));
    }

    /// A command has ended: well, or badly.
    pub(super) fn outcome(&mut self, command: &str, result: io::Result<Ended>) {
        match result {
            Ok(ended) => {
                if let Some(why) = ended.failure() {
                    self.add(format!("{command}: {why}"));
                }
            }
            Err(e) => self.add(format!("{command}: {e}")),
        }
    }

    /// Tells the counts that were not told yet.
    pub(super) fn summary(&mut self) {
        for (cause, state) in &mut self.causes {
            if state.untold > 0 {
                tell_again(&self.watch, cause, state.untold);
                state.untold = 0;
            }
        }
    }

    fn add(&mut self, cause: String) {
        let now = Instant::now();
        if let Some(state) = self.causes.get_mut(&cause) {
            state.untold += 1;
            if now.duration_since(state.told) >= AGAIN {
                tell_again(&self.watch, &cause, state.untold);
                state.told = now;
                state.untold = 0;
            }
            return;
        }
        tell(Level::Warning, format_args!("{}: {cause}", self.watch));
        if self.causes.len() >= CAUSES {
            self.summary();
            self.causes.clear();
        }
        self.causes.insert(
            cause,
            Cause {
                told: now,
                untold: 0,
            },
        );
    }
}

fn tell_again(watch: &str, cause: &str, times: u64) {
    let s = if times == 1 { "" } else { "s" };
    tell(
        Level::Warning,
        format_args!("{watch}: {cause} ({times} more time{s})"),
    );
}
