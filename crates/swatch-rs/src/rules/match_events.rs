//! An event for each rule that matched a record, for `--log-level debug`.

use swatch_common::sanitize;
use swatch_engine::{Counters, Program, State};

use crate::log::{self, EventKind, Level, LogEvent};

/// The longest record in an event, in characters.
const SHOWN: usize = 1000;

/// Notices by the counters which rules a record has matched.
pub(super) struct MatchEvents {
    watch: String,
    seen: Vec<Counters>,
}

impl MatchEvents {
    /// None if such events are not written.
    pub(super) fn new(watch: &str, state: &State) -> Option<Self> {
        log::is_enabled(Level::Debug).then(|| Self {
            watch: watch.to_owned(),
            seen: state.counters().to_vec(),
        })
    }

    /// Writes the events of a record that has been decided.
    pub(super) fn decided(&mut self, program: &Program, state: &State, record: &[u8]) {
        let rules = program.rules().iter().zip(state.counters());
        for ((rule, now), seen) in rules.zip(&mut self.seen) {
            let before = std::mem::replace(seen, *now);
            if now.matched == before.matched {
                continue;
            }
            let write = |kind, what: &str| {
                let path = sanitize::path(&rule.path);
                let record = sanitize::excerpt(record, SHOWN);
                let text = format!("{path}:{} {what}: {record}", rule.line);
                let event = LogEvent::new(Level::Debug, kind, text)
                    .with("file", path)
                    .with("line", rule.line)
                    .with("rule", sanitize::text(&rule.text))
                    .with("record", record);
                log::write_of(&self.watch, event);
            };
            write(EventKind::Matched, "matched");
            if now.held > before.held {
                write(EventKind::Throttled, "was held back");
            }
        }
    }
}
