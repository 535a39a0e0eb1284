//! A configuration made ready to decide.

use std::path::PathBuf;

use swatch_config::ast::{RuleKind, Template, When};
use swatch_config::{Config, Diagnostic, Span};

use crate::command::Plan;
use crate::compile::Errors;
use crate::condition::Condition;
use crate::lookup::{Source, Text};
use crate::matching::Patterns;
use crate::state::threshold::Window;
use crate::state::throttle::Rate;
use perl_pattern::Limits;

/// How a configuration is compiled.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--awk-field-syntax`: in commands `$N` is field N of the record.
    pub awk_fields: bool,
    /// The value of `$$`; see also [`Program::set_pid`].
    pub pid: u32,
    /// Bounds for the patterns.
    pub limits: Limits,
    /// Keys that each throttle and each threshold keeps at most; the longest unused are forgotten.
    pub max_keys: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            awk_fields: false,
            pid: std::process::id(),
            limits: Limits::default(),
            max_keys: 100_000,
        }
    }
}

/// What is known of a rule for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// `watchfor` or `ignore`.
    pub kind: RuleKind,
    /// The condition as written.
    pub text: Vec<u8>,
    /// The file it stands in.
    pub path: PathBuf,
    /// The line of the condition, from 1.
    pub line: usize,
    /// The place of the condition.
    pub span: Span,
}

/// A compiled configuration. It never changes while it decides.
#[derive(Debug)]
pub struct Program {
    pub(crate) rules: Vec<Rule>,
    pub(crate) patterns: Patterns,
    pub(crate) infos: Vec<RuleInfo>,
    pub(crate) layout: Layout,
    pub(crate) pid: u32,
}

/// The tables that a program needs: what each is for, as bytes that are the same after a reload
/// as long as the rule is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rules: Vec<Vec<u8>>,
    /// Number 0 is that of all throttles with a `key=` of their own: they share their keys.
    pub(crate) throttles: Vec<Vec<u8>>,
    pub(crate) thresholds: Vec<Vec<u8>>,
    pub(crate) max_keys: usize,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) kind: RuleKind,
    pub(crate) condition: Condition,
    pub(crate) throttle: Option<ThrottlePlan>,
    pub(crate) threshold: Option<ThresholdPlan>,
    pub(crate) steps: Vec<Step>,
    pub(crate) go_on: Option<When>,
    pub(crate) quit: Option<When>,
}

#[derive(Debug)]
pub(crate) struct ThrottlePlan {
    pub(crate) rate: Rate,
    /// Absent: the message without its time stamp.
    pub(crate) key: Option<Text>,
    pub(crate) table: usize,
    pub(crate) time_regex: Option<usize>,
    pub(crate) cuts: Vec<usize>,
    pub(crate) time_from_record: bool,
    pub(crate) message: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct ThresholdPlan {
    pub(crate) window: Window,
    pub(crate) track_by: Text,
    pub(crate) table: usize,
}

/// One action of a rule.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) when: Option<When>,
    pub(crate) threshold: Option<ThresholdPlan>,
    pub(crate) message: Option<Text>,
    pub(crate) act: Act,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum Act {
    Echo {
        sgr: Option<String>,
    },
    Bell {
        rings: u32,
        delay_ms: u64,
    },
    Exec(Plan),
    Pipe {
        command: Plan,
        keep_open: bool,
    },
    Mail {
        to: Option<Text>,
        subject: Option<Text>,
        mailer: Option<Plan>,
    },
    Write {
        users: Text,
        program: Option<Plan>,
    },
    /// Perl code and functions: the Perl engine runs them itself.
    Foreign,
}

impl Program {
    /// Compiles a configuration that needs no Perl.
    ///
    /// # Errors
    /// Every pattern that is refused and every place that needs Perl, each with its span.
    pub fn compile(config: &Config, options: &Options) -> Result<Self, Vec<Diagnostic>> {
        let mut errors = Errors::of(config);
        errors.list = config
            .perl_needs
            .iter()
            .map(|need| {
                let message = format!("{} needs Perl", need.what);
                Diagnostic::error(need.span, message, "only a Perl interpreter can run this")
            })
            .collect();
        let program = Self::compile_any(config, options, &mut errors);
        if errors.list.is_empty() {
            Ok(program)
        } else {
            Err(errors.list)
        }
    }

    /// Compiles what the Perl engine leaves to this one: actions, throttles, thresholds.
    pub(crate) fn compile_for_perl(
        config: &Config,
        options: &Options,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut errors = Errors::of(config);
        errors.foreign = true;
        let program = Self::compile_any(config, options, &mut errors);
        match errors.list.is_empty() {
            true => Ok(program),
            false => Err(errors.list),
        }
    }

    /// The rules in the order in which they are tried.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.infos
    }

    /// Sets the value of `$$`, for a process that forks after it has compiled.
    pub fn set_pid(&mut self, pid: u32) {
        self.pid = pid;
    }
}

impl Rule {
    /// What Perl must give the values of before the rule's threshold and throttle are asked.
    pub(crate) fn gate_sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        if let Some(plan) = &self.threshold {
            plan.track_by.add_sources(&mut sources);
        }
        if let Some(plan) = &self.throttle {
            let texts = plan.key.iter().chain(&plan.message);
            texts.for_each(|t| t.add_sources(&mut sources));
        }
        sources
    }
}

impl Step {
    /// What Perl must give the values of before the action is performed.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        let out = &mut sources;
        self.threshold
            .iter()
            .for_each(|t| t.track_by.add_sources(out));
        self.message.iter().for_each(|m| m.add_sources(out));
        match &self.act {
            Act::Exec(command) | Act::Pipe { command, .. } => command.add_sources(out),
            Act::Mail {
                to,
                subject,
                mailer,
            } => {
                to.iter().chain(subject).for_each(|t| t.add_sources(out));
                mailer.iter().for_each(|m| m.add_sources(out));
            }
            Act::Write { users, program } => {
                users.add_sources(out);
                program.iter().for_each(|p| p.add_sources(out));
            }
            Act::Echo { .. } | Act::Bell { .. } | Act::Foreign => {}
        }
        sources
    }
}

/// `key=log` is the default key by its other name.
pub(crate) fn is_default_key(key: &Template) -> bool {
    Text::compile(key).literal() == Some(b"log")
}
