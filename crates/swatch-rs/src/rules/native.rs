//! Rules that need no Perl.

use std::sync::Arc;

use swatch_config::{Config, Diagnostic};
use swatch_engine::prefilter::{Hit, Hits, Prefilter, Scratch};
use swatch_engine::{ClockReading, Effect, Program, RuleTrace, State, decide_hit};

use super::RulesOptions;
use super::match_events::MatchEvents;
use crate::explain::{self, Explain};
use crate::monitor::counts::RuleCounts;

/// Compiled rules and their state.
pub struct Native {
    compiled: Arc<Compiled>,
    scratch: Scratch,
    decider: Decider,
}

/// The part that never changes while records are decided, and may be shared by threads that search.
pub struct Compiled {
    /// The rules.
    pub program: Program,
    /// The search for all of them at once.
    pub prefilter: Prefilter,
}

/// The part that changes with each record that is decided.
pub struct Decider {
    compiled: Arc<Compiled>,
    state: State,
    effects: Vec<Effect>,
    explain: Option<Explain>,
    events: Option<MatchEvents>,
}

impl Native {
    pub(super) fn compile(
        config: &Config,
        options: &RulesOptions,
    ) -> Result<Self, Vec<Diagnostic>> {
        let program = Program::compile(config, &options.compile())?;
        let compiled = Arc::new(Compiled {
            prefilter: Prefilter::new(&program),
            program,
        });
        Ok(Self {
            scratch: Scratch::new(),
            decider: Decider {
                state: State::new(&compiled.program),
                compiled: Arc::clone(&compiled),
                effects: Vec::new(),
                explain: options.explain,
                events: None,
            },
            compiled,
        })
    }

    /// Finds the records that can concern a rule: in a text of whole lines, or in one record of
    /// another kind.
    pub fn search(&mut self, text: &[u8], lines: bool, found: &mut Hits) {
        let Compiled { program, prefilter } = &*self.compiled;
        if lines {
            prefilter.block(program, &mut self.scratch, text, found);
        } else {
            prefilter.record(program, &mut self.scratch, text, found);
        }
    }

    /// The part that decides the records found by a search.
    pub fn decider(&mut self) -> &mut Decider {
        &mut self.decider
    }

    /// The part that threads may share.
    pub fn compiled(&self) -> Arc<Compiled> {
        Arc::clone(&self.compiled)
    }

    pub(super) fn trace(&self, record: &[u8], now: &ClockReading) -> Vec<RuleTrace> {
        let program = &self.compiled.program;
        let mut state = State::new(program);
        swatch_engine::explain(program, &mut state, record, now, &mut Vec::new())
    }

    pub(super) fn carry_over(&mut self, old: State) {
        self.decider.state = old.carry_over(&self.compiled.program);
    }

    pub(super) fn log_as(&mut self, watch: &str) {
        self.decider.events = MatchEvents::new(watch, &self.decider.state);
    }

    pub(super) fn into_state(self) -> State {
        self.decider.state
    }

    pub(super) fn parts(&self) -> (&Program, &State) {
        (&self.compiled.program, &self.decider.state)
    }
}

impl Decider {
    /// Shows the figures as they are now.
    pub fn publish(&self, counts: &RuleCounts) {
        counts.publish(self.state.counters());
    }

    /// Decides a record that a search has found, and hands over what is to be done, in order.
    pub fn decide(
        &mut self,
        hit: &Hit<'_>,
        record: &[u8],
        now: &ClockReading,
        perform: &mut dyn FnMut(&Effect),
    ) {
        let Compiled { program, prefilter } = &*self.compiled;
        self.effects.clear();
        if let Some(form) = self.explain {
            let traces =
                swatch_engine::explain(program, &mut self.state, record, now, &mut self.effects);
            explain::print(record, &traces, program, now, form);
            return;
        }
        decide_hit(
            program,
            prefilter,
            hit,
            &mut self.state,
            record,
            now,
            &mut self.effects,
        );
        if let Some(events) = &mut self.events {
            events.decided(program, &self.state, record);
        }
        for effect in &self.effects {
            perform(effect);
        }
        self.state.reuse(&mut self.effects);
        super::report_faults(program, &mut self.state);
    }
}
