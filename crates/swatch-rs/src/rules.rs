//! The rules of a watch at work: a program, and what its throttles and thresholds remember.

use std::path::PathBuf;
use std::sync::Arc;

use swatch_config::{Config, Diagnostic};
use swatch_engine::search::{Found, Hit, Scratch, Search};
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
    compiled: Arc<Compiled>,
    scratch: Scratch,
    decider: Decider,
}

/// What never changes while records are decided, and may be shared by threads that search.
pub struct Compiled {
    /// The rules.
    pub program: Program,
    /// The search for all of them at once.
    pub search: Search,
}

/// What changes with each record that is decided.
pub struct Decider {
    compiled: Arc<Compiled>,
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
        let compiled = Arc::new(Compiled {
            search: Search::new(&program),
            program,
        });
        Ok(Self {
            scratch: Scratch::new(),
            decider: Decider {
                state: State::new(&compiled.program),
                compiled: Arc::clone(&compiled),
                effects: Vec::new(),
                explain: options.explain,
            },
            compiled,
        })
    }

    /// Finds the records that can concern a rule: in a text of whole lines, or in one record of
    /// another kind.
    pub fn search(&mut self, text: &[u8], lines: bool, found: &mut Found) {
        let Compiled { program, search } = &*self.compiled;
        if lines {
            search.block(program, &mut self.scratch, text, found);
        } else {
            search.record(program, &mut self.scratch, text, found);
        }
    }

    /// What decides the records that were found.
    pub fn decider(&mut self) -> &mut Decider {
        &mut self.decider
    }

    /// The part that threads may share.
    pub fn compiled(&self) -> Arc<Compiled> {
        Arc::clone(&self.compiled)
    }

    /// Takes over what the rules before have counted, as far as they are the same.
    pub fn carry_over(&mut self, old: Rules) {
        self.decider.state = old.decider.state.carry_over(&self.compiled.program);
    }

    /// Counters of each rule, a line each, for USR1.
    pub fn status(&self) -> Vec<String> {
        self.decider.status()
    }
}

impl Decider {
    /// Decides a record that a search has found, and hands over what is to be done, in order.
    pub fn decide(
        &mut self,
        hit: &Hit<'_>,
        record: &[u8],
        now: &Moment,
        perform: &mut dyn FnMut(&Effect),
    ) {
        let Compiled { program, search } = &*self.compiled;
        self.effects.clear();
        if self.explain {
            let traces = program.explain(&mut self.state, record, now, &mut self.effects);
            explain::print(record, &traces, program, now);
            return;
        }
        program.decide_hit(search, hit, &mut self.state, record, now, &mut self.effects);
        for effect in &self.effects {
            perform(effect);
        }
        for rule in self.state.take_faults() {
            let rule = &program.rules()[rule];
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

    fn status(&self) -> Vec<String> {
        let program = &self.compiled.program;
        let rules = program.rules().iter().zip(self.state.counters());
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
