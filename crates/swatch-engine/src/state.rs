//! The state that a program keeps from record to record.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::effect::Effect;
use crate::memory::Memory;
use crate::program::{Layout, Program};
use crate::rate_limit::table::{Keys, Table};
use crate::rate_limit::{threshold, throttle};

/// The most buffers that are kept for the texts of effects, and their largest size in bytes.
const SPARES: usize = 8;
const LARGEST_SPARE: usize = 16 << 10;

/// Counters of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Records that its condition matched.
    pub matched: u64,
    /// Those for which its actions were run.
    pub acted: u64,
    /// Those that a throttle or threshold suppressed.
    pub held: u64,
    /// Searches of its patterns that were given up at the limit of the backtracking engine; they
    /// count as no match.
    pub gave_up: u64,
}

/// Throttles, thresholds and counters of a program.
#[derive(Debug)]
pub struct State {
    layout: Arc<Layout>,
    pub(crate) keys: Keys,
    pub(crate) memory: Memory,
    pub(crate) throttles: Vec<Table<throttle::Record>>,
    pub(crate) thresholds: Vec<Table<threshold::Record>>,
    pub(crate) counters: Vec<Counters>,
    /// Rules whose first search was given up, not yet reported.
    pub(crate) faults: Vec<usize>,
    /// Working memory: the rules to try on a record.
    pub(crate) candidates: Vec<u32>,
    /// Working memory: empty buffers for the texts of effects.
    pub(crate) spare: Vec<Vec<u8>>,
}

impl State {
    /// The initial state.
    pub fn new(program: &Program) -> Self {
        let layout = Arc::clone(&program.layout);
        let limit = layout.max_keys;
        Self {
            keys: Keys::default(),
            memory: Memory::new(limit),
            throttles: layout.throttles.iter().map(|_| Table::new(limit)).collect(),
            thresholds: layout
                .thresholds
                .iter()
                .map(|_| Table::new(limit))
                .collect(),
            counters: vec![Counters::default(); layout.rules.len()],
            faults: Vec::new(),
            candidates: Vec::new(),
            spare: Vec::new(),
            layout,
        }
    }

    /// The state for a program that replaces another. Rules with the same condition keep theirs.
    pub fn carry_over(mut self, program: &Program) -> Self {
        let mut new = Self::new(program);
        let limit = new.layout.max_keys;
        take_same(
            &self.layout.throttles,
            &mut self.throttles,
            &new.layout.throttles,
            &mut new.throttles,
        );
        take_same(
            &self.layout.thresholds,
            &mut self.thresholds,
            &new.layout.thresholds,
            &mut new.thresholds,
        );
        take_same(
            &self.layout.rules,
            &mut self.counters,
            &new.layout.rules,
            &mut new.counters,
        );
        new.throttles.iter_mut().for_each(|t| t.set_limit(limit));
        new.thresholds.iter_mut().for_each(|t| t.set_limit(limit));
        new.keys = self.keys;
        new.memory = self.memory;
        new.memory.set_limit(limit);
        new
    }

    /// For each rule, in the order of [`Program::rules`].
    pub fn counters(&self) -> &[Counters] {
        &self.counters
    }

    /// Takes back effects that have been performed: their buffers are used for the next ones.
    pub fn reuse(&mut self, effects: &mut Vec<Effect>) {
        for effect in effects.drain(..) {
            if let Effect::Echo { mut text, .. } = effect
                && self.spare.len() < SPARES
                && text.capacity() <= LARGEST_SPARE
            {
                text.clear();
                self.spare.push(text);
            }
        }
    }

    /// The number of keys that throttles and thresholds remember.
    pub fn remembered_keys(&self) -> usize {
        let throttles: usize = self.throttles.iter().map(Table::len).sum();
        let thresholds: usize = self.thresholds.iter().map(Table::len).sum();
        throttles + thresholds + self.memory.len()
    }

    /// The number of keys that were evicted at the limit although they still mattered.
    pub fn forgotten_keys(&self) -> u64 {
        let throttles: u64 = self.throttles.iter().map(|t| t.forgotten).sum();
        let thresholds: u64 = self.thresholds.iter().map(|t| t.forgotten).sum();
        throttles + thresholds + self.memory.forgotten
    }

    /// Rules of which a search was given up for the first time since the last call: each deserves
    /// one warning.
    pub fn take_faults(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.faults)
    }

    pub(crate) fn count_gave_up(&mut self, rule: usize, times: u32) {
        let counter = &mut self.counters[rule].gave_up;
        if *counter == 0 {
            self.faults.push(rule);
        }
        *counter += u64::from(times);
    }
}

/// Moves items with the same name from the old list to the new one.
fn take_same<N: Eq + Hash, T>(old_names: &[N], old: &mut [T], names: &[N], new: &mut [T]) {
    let places: HashMap<&N, usize> = old_names.iter().zip(0..).collect();
    for (name, slot) in names.iter().zip(new) {
        if let Some(&at) = places.get(name) {
            std::mem::swap(slot, &mut old[at]);
        }
    }
}
