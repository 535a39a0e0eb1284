//! Figures that the threads of a watch publish.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use swatch_engine::{Counters, Effect, Program};

/// The keywords of actions that are counted.
pub const ACTIONS: [&str; 6] = ["echo", "bell", "exec", "pipe", "mail", "write"];

/// The results of actions.
pub const RESULTS: [&str; 3] = ["ok", "failed", "timed_out"];

/// The result of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionResult {
    /// Done; a command ended with status 0.
    Ok = 0,
    /// Not done, or not as it should be.
    Failed = 1,
    /// Ended at its time limit.
    TimedOut = 2,
}

/// Actions of a watch by their result. Only the thread that performs writes.
#[derive(Debug, Default)]
pub struct ActionCounts([[AtomicU64; RESULTS.len()]; ACTIONS.len()]);

impl ActionCounts {
    /// Counts the result of an action, by its number in [`ACTIONS`].
    pub fn add(&self, action: usize, result: ActionResult) {
        if let Some(counts) = self.0.get(action) {
            let count = &counts[result as usize];
            // A single writer needs no locked instruction.
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    /// Each action and result with its count.
    pub fn all(&self) -> Vec<(&'static str, &'static str, u64)> {
        let mut all = Vec::new();
        for (action, counts) in ACTIONS.iter().zip(&self.0) {
            for (result, count) in RESULTS.iter().zip(counts) {
                all.push((*action, *result, count.load(Ordering::Relaxed)));
            }
        }
        all
    }
}

/// The number of an effect's action in [`ACTIONS`]; `quit` has one that is not there.
pub fn number(effect: &Effect) -> usize {
    match effect {
        Effect::Echo { .. } => 0,
        Effect::Bell { .. } => 1,
        Effect::Exec(_) => 2,
        Effect::Pipe { .. } => 3,
        Effect::Mail { .. } => 4,
        Effect::Write { .. } => 5,
        Effect::Quit => ACTIONS.len(),
    }
}

/// One rule with its figures.
#[derive(Debug, Clone)]
pub struct RuleCount {
    /// The file that contains it.
    pub path: Arc<Path>,
    /// Its line there.
    pub line: usize,
    /// Its condition as written.
    pub text: Arc<[u8]>,
    /// The figures.
    pub counters: Counters,
    /// When it last matched, as far as this process knows.
    pub last: Option<SystemTime>,
}

/// The rules of a watch as last published.
#[derive(Debug, Default)]
pub struct RuleCounts(Mutex<Vec<RuleCount>>);

impl RuleCounts {
    /// The rules are these from now on. Rules with the same text keep the time of their last match.
    pub fn replace(&self, program: &Program, counters: &[Counters]) {
        let mut rules = self.0.lock().unwrap();
        let known = rules.iter().rev();
        let known = known.map(|old| (Arc::clone(&old.text), old.last));
        let known: HashMap<_, _> = known.collect();
        let new = program.rules().iter().zip(counters);
        *rules = new
            .map(|(info, counters)| RuleCount {
                path: Arc::clone(&info.path),
                line: info.line,
                text: Arc::clone(&info.text),
                counters: *counters,
                last: known.get(&info.text).copied().flatten(),
            })
            .collect();
    }

    /// Takes over the figures.
    pub fn publish(&self, counters: &[Counters]) {
        let mut now = None;
        let mut rules = self.0.lock().unwrap();
        for (rule, counters) in rules.iter_mut().zip(counters) {
            if rule.counters.matched != counters.matched {
                rule.last = Some(*now.get_or_insert_with(SystemTime::now));
            }
            rule.counters = *counters;
        }
    }

    /// A copy.
    pub fn all(&self) -> Vec<RuleCount> {
        self.0.lock().unwrap().clone()
    }
}
