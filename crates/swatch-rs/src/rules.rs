//! The rules of a watch at work: a program, and what its throttles and thresholds remember.

mod native;
mod perl;

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use swatch_config::{Config, Diagnostic};
use swatch_engine::perl::PerlModules;
use swatch_engine::{Options, Program, State};

use crate::log::{Level, tell, visible};
use crate::perl::PerlOptions;
pub use native::{Compiled, Decider, Native};
pub use perl::PerlRules;

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
    /// Only say what is wrong: no Perl code of the configuration is run.
    pub check_only: bool,
}

impl RulesOptions {
    fn compile(&self) -> Options {
        Options {
            awk_fields: self.awk_fields,
            max_keys: self.max_keys,
            ..Options::default()
        }
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
    /// All in this process.
    Native(Box<Native>),
    /// Decided by a Perl of their own.
    Perl(Box<PerlRules>),
    /// Found to be right, and not to be run.
    Checked,
}

impl Rules {
    /// Compiles a configuration, and starts Perl if it needs one.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(config: &Config, options: &RulesOptions) -> Result<Self, Vec<Diagnostic>> {
        if config.perl_needs.is_empty() && options.modules.is_empty() {
            let native = Native::compile(config, options)?;
            return Ok(Rules::Native(Box::new(native)));
        }
        if options.check_only {
            return perl::check(config, options).map(|()| Rules::Checked);
        }
        let perl = PerlRules::start(config, options)?;
        Ok(Rules::Perl(Box::new(perl)))
    }

    /// Takes over what the rules before have counted, as far as they are the same.
    pub fn carry_over(&mut self, old: Rules) {
        let Some(state) = old.into_state() else {
            return;
        };
        match self {
            Rules::Native(native) => native.carry_over(state),
            Rules::Perl(perl) => perl.carry_over(state),
            Rules::Checked => {}
        }
    }

    fn into_state(self) -> Option<State> {
        match self {
            Rules::Native(native) => Some(native.into_state()),
            Rules::Perl(perl) => Some(perl.into_state()),
            Rules::Checked => None,
        }
    }

    /// Counters of each rule, a line each, for USR1.
    pub fn status(&self) -> Vec<String> {
        match self {
            Rules::Native(native) => native.status(),
            Rules::Perl(perl) => perl.status(),
            Rules::Checked => Vec::new(),
        }
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
                visible(&rule.text),
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

/// Tells, once for each rule, of a search that was given up.
fn tell_faults(program: &Program, state: &mut State) {
    for rule in state.take_faults() {
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
