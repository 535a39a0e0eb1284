//! The rules of a watch at work: a program, and what its throttles and thresholds remember.

use std::path::PathBuf;

use swatch_config::{Config, Diagnostic};
use swatch_engine::{Effect, Moment, Options, Program, State};

use crate::explain;
use crate::message::{Level, tell, visible};

/// How rules are compiled.
#[derive(Debug, Clone, Default)]
pub struct RulesOptions {
    /// `$N` in commands is a field.
    pub awk_fields: bool,
    /// Keys that each throttle and threshold keeps at most.
    pub max_keys: usize,
    /// Perl modules with actions.
    pub modules: Vec<String>,
    /// Folders of such modules.
    pub include_dirs: Vec<PathBuf>,
    /// Say for each record how it was decided, on standard output.
    pub explain: bool,
}

/// Compiled rules and their state.
pub struct Rules {
    program: Program,
    state: State,
    effects: Vec<Effect>,
    explain: bool,
}

impl Rules {
    /// Compiles a configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(config: &Config, options: &RulesOptions) -> Result<Self, Vec<Diagnostic>> {
        let compile = Options {
            awk_fields: options.awk_fields,
            max_keys: options.max_keys,
            ..Options::default()
        };
        let program = Program::compile(config, &compile)?;
        Ok(Self {
            state: State::new(&program),
            program,
            effects: Vec::new(),
            explain: options.explain,
        })
    }

    /// Decides a record, and hands over what is to be done, in order.
    pub fn decide(&mut self, record: &[u8], now: &Moment, perform: &mut dyn FnMut(&Effect)) {
        self.effects.clear();
        if self.explain {
            let traces = self
                .program
                .explain(&mut self.state, record, now, &mut self.effects);
            explain::print(record, &traces, &self.program, now);
            return;
        }
        self.program
            .decide(&mut self.state, record, now, &mut self.effects);
        for effect in &self.effects {
            perform(effect);
        }
        for rule in self.state.take_faults() {
            let rule = &self.program.rules()[rule];
            tell(
                Level::Warning,
                format_args!(
                    "{}:{}: the search for {} was given up on a record that would take too long: counted as no match; make the pattern simpler",
                    rule.path.display(),
                    rule.line,
                    visible(&rule.text),
                ),
            );
        }
    }

    /// Takes over what the rules before have counted, as far as they are the same.
    pub fn carry_over(&mut self, old: Rules) {
        self.state = old.state.carry_over(&self.program);
    }

    /// Counters of each rule, a line each, for USR1.
    pub fn status(&self) -> Vec<String> {
        let rules = self.program.rules().iter().zip(self.state.counters());
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
                    visible(&rule.text),
                )
            })
            .collect();
        lines.push(format!(
            "{} keys remembered, {} forgotten at the bound (--max-keys)",
            self.state.remembered_keys(),
            self.state.forgotten_keys()
        ));
        lines
    }
}
