//! The figures of a watch, for threads that show them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use swatch_tail::Position;

use super::{Outcome, Shared};
use crate::monitor::counts::RuleCount;

/// A watch as seen from outside. It shows the last figures of a watch that has ended.
#[derive(Clone)]
pub struct View(pub(super) Arc<Shared>);

impl View {
    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The configuration.
    pub fn config(&self) -> &Path {
        &self.0.config
    }

    /// The log, command or journal that it reads.
    pub fn input(&self) -> &str {
        &self.0.input
    }

    /// Its end, if it has ended.
    pub fn ended(&self) -> Option<String> {
        let outcome = self.0.outcome.lock().unwrap().clone();
        outcome.map(|outcome| match outcome {
            Outcome::Finished => "finished".to_owned(),
            Outcome::Failed(why) => why,
        })
    }

    /// Records seen.
    pub fn records(&self) -> u64 {
        self.0.counters.seen.load(Ordering::Relaxed)
    }

    /// Blocks that are read and wait.
    pub fn queue(&self) -> u64 {
        self.0.counters.queued.load(Ordering::Relaxed)
    }

    /// The time for which the action in progress has run.
    pub fn busy(&self) -> Option<Duration> {
        let since = self.0.busy.load(Ordering::Relaxed);
        let millis = || self.0.millis().saturating_sub(since);
        (since > 0).then(|| Duration::from_millis(millis()))
    }

    /// Positions in followed files.
    pub fn positions(&self) -> Vec<Position> {
        self.0.checkpoint.positions()
    }

    /// The rules with their figures.
    pub fn rules(&self) -> Vec<RuleCount> {
        self.0.counters.rules.all()
    }

    /// Actions by keyword and result.
    pub fn actions(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.0.counters.actions.all()
    }
}
