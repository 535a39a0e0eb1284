//! The running rules of a watch: a program, and the state of its throttles and thresholds.

mod match_events;
mod native;
mod perl;

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use swatch_common::sanitize;
use swatch_config::{Config, Diagnostic};
use swatch_engine::perl::PerlModules;
use swatch_engine::{ClockReading, Options, Program, RuleTrace, State};

use crate::explain::Explain;
use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::counts::RuleCounts;
use crate::perl::PerlOptions;
pub use native::{Compiled, Decider, Native};
pub use perl::{PerlFailure, PerlRules};

/// The options for compiling rules.
#[derive(Debug, Clone, Default)]
pub struct RulesOptions {
    /// `$N` in commands is a field.
    pub awk_fields: bool,
    /// The most keys that each throttle and threshold keeps.
    pub max_keys: usize,
    /// Perl modules with actions.
    pub modules: Vec<String>,
    /// Directories of such modules.
    pub include_dirs: Vec<PathBuf>,
    /// Print for each record how it was decided.
    pub explain: Option<Explain>,
}

impl RulesOptions {
    fn compile(&self) -> Options {
        Options {
            awk_fields: self.awk_fields,
            max_keys: self.max_keys,
            ..Options::default()
        }
    }

    fn needs_perl(&self, config: &Config) -> bool {
        !config.perl_needs.is_empty() || !self.modules.is_empty()
    }

    fn perl(&self) -> PerlOptions {
        PerlOptions {
            modules: PerlModules {
                modules: self
                    .modules
                    .iter()
                    .map(|m| m.clone().into_bytes())
                    .collect(),
                include_dirs: self
                    .include_dirs
                    .iter()
                    .map(|d| d.as_os_str().as_bytes().to_vec())
                    .collect(),
            },
            compile: self.compile(),
            ..PerlOptions::default()
        }
    }
}

/// Compiled rules and their state.
pub enum Rules {
    /// Decided in this process.
    Native(Box<Native>),
    /// Decided by a Perl process.
    Perl(Box<PerlRules>),
}

impl Rules {
    /// Compiles a configuration, and starts Perl if it needs one.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(config: &Config, options: &RulesOptions) -> Result<Self, Vec<Diagnostic>> {
        if options.needs_perl(config) {
            let perl = PerlRules::start(config, options)?;
            return Ok(Rules::Perl(Box::new(perl)));
        }
        let native = Native::compile(config, options)?;
        Ok(Rules::Native(Box::new(native)))
    }

    /// Compiles a configuration without running it: of its Perl code only `use` and `BEGIN` run.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(config: &Config, options: &RulesOptions) -> Result<(), Vec<Diagnostic>> {
        match options.needs_perl(config) {
            true => perl::check(config, options),
            false => Native::compile(config, options).map(drop),
        }
    }

    /// The rules that take a record as the first one after a start, in order. Nothing is
    /// performed, except that Perl code of the rules runs.
    ///
    /// # Errors
    /// Perl cannot decide it.
    pub fn trace(
        &mut self,
        record: &[u8],
        now: &ClockReading,
    ) -> Result<Vec<RuleTrace>, PerlFailure> {
        match self {
            Rules::Native(native) => Ok(native.trace(record, now)),
            Rules::Perl(perl) => perl.trace(record, now),
        }
    }

    /// Takes over the counts of the previous rules, as far as the rules are the same.
    pub fn carry_over(&mut self, old: Rules) {
        let state = old.into_state();
        match self {
            Rules::Native(native) => native.carry_over(state),
            Rules::Perl(perl) => perl.carry_over(state),
        }
    }

    /// Once the flag is set, the record being decided must come to an end.
    pub fn stop_on(&mut self, flag: &Arc<AtomicBool>) {
        if let Rules::Perl(perl) = self {
            perl.stop_on(Arc::clone(flag));
        }
    }

    /// Rules that match are logged in the name of this watch, if such events are written.
    pub fn log_as(&mut self, watch: &str) {
        match self {
            Rules::Native(native) => native.log_as(watch),
            Rules::Perl(perl) => perl.log_as(watch),
        }
    }

    /// Shows these rules and their figures.
    pub fn show(&self, counts: &RuleCounts) {
        let (program, state) = self.parts();
        counts.replace(program, state.counters());
    }

    /// Shows the figures as they are now.
    pub fn publish(&self, counts: &RuleCounts) {
        counts.publish(self.parts().1.counters());
    }

    /// The program and its state.
    pub fn parts(&self) -> (&Program, &State) {
        match self {
            Rules::Native(native) => native.parts(),
            Rules::Perl(perl) => perl.parts(),
        }
    }

    fn into_state(self) -> State {
        match self {
            Rules::Native(native) => native.into_state(),
            Rules::Perl(perl) => perl.into_state(),
        }
    }

    /// Counters of each rule, a line each, for USR1.
    pub fn status(&self) -> Vec<String> {
        let (program, state) = self.parts();
        counters(program, state)
    }
}

fn counters(program: &Program, state: &State) -> Vec<String> {
    let rules = program.rules().iter().zip(state.counters());
    let mut lines: Vec<String> = rules
        .map(|(rule, counters)| {
            format!(
                "{}:{}: {} matched, {} acted, {} held back, {} given up: {}",
                rule.path.display(),
                rule.line,
                counters.matched,
                counters.acted,
                counters.held,
                counters.gave_up,
                sanitize::text(&rule.text),
            )
        })
        .collect();
    lines.push(format!(
        "{} keys remembered, {} forgotten at the bound (--max-keys)",
        state.remembered_keys(),
        state.forgotten_keys()
    ));
    lines
}

/// Warns, once for each rule, of a search that was given up.
fn report_faults(program: &Program, state: &mut State) {
    for rule in state.take_faults() {
        let rule = &program.rules()[rule];
        let (path, text) = (sanitize::path(&rule.path), sanitize::text(&rule.text));
        let message = format!(
            "{path}:{}: the search for {text} was given up on a record that would take too long: \
             counted as no match; make the pattern simpler",
            rule.line,
        );
        let event = LogEvent::new(Level::Warning, EventKind::GaveUp, message)
            .with("file", path)
            .with("line", rule.line)
            .with("rule", text);
        log::write(&event);
    }
}
