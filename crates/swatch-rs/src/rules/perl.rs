//! Rules that a Perl of their own decides.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use swatch_config::{Config, Diagnostic, Severity};
use swatch_engine::{ClockReading, Effect, Program, RuleTrace, State};

use super::RulesOptions;
use super::match_events::MatchEvents;
use crate::explain::{self, Explain};
use crate::log;
use crate::perl::{PerlError, PerlWatch};

/// A rule chain in Perl, and the state of its throttles and thresholds, which is kept here.
pub struct PerlRules {
    watch: PerlWatch,
    state: State,
    explain: Option<Explain>,
    events: Option<MatchEvents>,
}

/// Why no further record can be decided.
#[derive(Debug, thiserror::Error)]
pub enum PerlFailure {
    /// Perl cannot be started again, or was stopped: the record is decided at the next start.
    #[error(transparent)]
    Undecided(PerlError),
    /// Code of the configuration called `exit` with this status, for a record that is done.
    #[error("Perl code ended the watch with status {0}")]
    Exit(i32),
}

/// Says what is wrong with a configuration; none of its code is run but what `use` runs.
pub(super) fn check(config: &Config, options: &RulesOptions) -> Result<(), Vec<Diagnostic>> {
    PerlWatch::check(config, &options.perl()).map_err(findings)
}

impl PerlRules {
    pub(super) fn start(config: &Config, options: &RulesOptions) -> Result<Self, Vec<Diagnostic>> {
        let watch = PerlWatch::start(config, &options.perl()).map_err(findings)?;
        Ok(Self {
            state: State::new(watch.program()),
            watch,
            explain: options.explain,
            events: None,
        })
    }

    /// Decides a record; each effect is to be performed, and what it wrote flushed, at once.
    ///
    /// # Errors
    /// No further record can be decided.
    pub fn decide(
        &mut self,
        record: &[u8],
        now: &ClockReading,
        perform: &mut dyn FnMut(&Effect),
    ) -> Result<(), PerlFailure> {
        let decided = if self.explain.is_some() {
            self.watch
                .explain(&mut self.state, record, now, &mut |_| {})
        } else {
            self.watch
                .decide(&mut self.state, record, now, &mut |effect| perform(&effect))
        };
        let decided = decided.map_err(|e| {
            if matches!(e, PerlError::Stopped) {
                log::warning(&e);
            }
            PerlFailure::Undecided(e)
        })?;
        if let Some(events) = &mut self.events {
            events.decided(self.watch.program(), &self.state, record);
        }
        for fault in &decided.faults {
            log::warning(fault);
        }
        if let Some(form) = self.explain {
            explain::print(record, &decided.traces, self.watch.program(), now, form);
        } else if decided.quit {
            perform(&Effect::Quit);
        }
        match decided.exit_status {
            Some(0) => {
                log::notice("Perl code ended the watch");
                Ok(())
            }
            Some(status) => Err(PerlFailure::Exit(status)),
            None => Ok(()),
        }
    }

    pub(super) fn trace(
        &mut self,
        record: &[u8],
        now: &ClockReading,
    ) -> Result<Vec<RuleTrace>, PerlFailure> {
        let mut state = State::new(self.watch.program());
        let decided = self
            .watch
            .explain(&mut state, record, now, &mut |_| {})
            .map_err(PerlFailure::Undecided)?;
        for fault in &decided.faults {
            log::warning(fault);
        }
        match decided.exit_status {
            Some(status) => Err(PerlFailure::Exit(status)),
            None => Ok(decided.traces),
        }
    }

    /// Once the flag is set, Perl code that is running has a second to end.
    pub fn stop_on(&mut self, flag: Arc<AtomicBool>) {
        self.watch.stop_on(flag);
    }

    pub(super) fn carry_over(&mut self, old: State) {
        self.state = old.carry_over(self.watch.program());
    }

    pub(super) fn log_as(&mut self, watch: &str) {
        self.events = MatchEvents::new(watch, &self.state);
    }

    pub(super) fn into_state(self) -> State {
        self.state
    }

    pub(super) fn parts(&self) -> (&Program, &State) {
        (self.watch.program(), &self.state)
    }
}

fn findings(error: PerlError) -> Vec<Diagnostic> {
    match error {
        PerlError::Refused(found) => found,
        other => vec![Diagnostic {
            severity: Severity::Error,
            message: other.to_string(),
            span: None,
            label: String::new(),
            help: None,
        }],
    }
}
