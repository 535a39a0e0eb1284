//! A compiled configuration.

use std::path::Path;
use std::sync::Arc;

use swatch_config::Span;
use swatch_config::ast::{RuleKind, When};

use crate::condition::Condition;
use crate::env::Variable;
use crate::patterns::Patterns;
use crate::rate_limit::threshold::Window;
use crate::rate_limit::throttle::Rate;
use crate::shell::CompiledCommand;
use crate::text::CompiledText;
use perl_pattern::Limits;

/// Options of the compilation.
#[derive(Debug, Clone)]
pub struct Options {
    /// `--awk-field-syntax`: in commands `$N` is field N of the record.
    pub awk_fields: bool,
    /// The value of `$$`; see also [`Program::set_pid`].
    pub pid: u32,
    /// Bounds for the patterns.
    pub limits: Limits,
    /// The most keys that each throttle and each threshold keeps; the least recently used are
    /// evicted.
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

/// Information about a rule for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// `watchfor` or `ignore`.
    pub kind: RuleKind,
    /// The condition as written.
    pub text: Arc<[u8]>,
    /// The file that contains it.
    pub path: Arc<Path>,
    /// The line of the condition, from 1.
    pub line: usize,
    /// The place of the condition.
    pub span: Span,
}

/// A compiled configuration. It is immutable while records are decided.
#[derive(Debug)]
pub struct Program {
    pub(crate) rules: Vec<Rule>,
    pub(crate) patterns: Patterns,
    pub(crate) infos: Vec<RuleInfo>,
    pub(crate) layout: Arc<Layout>,
    pub(crate) pid: u32,
}

/// The tables that a program needs, each identified by what stays the same across reloads as long
/// as the rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rules: Vec<RuleId>,
    /// Number 0 belongs to all throttles with a `key=` of their own: they share their keys.
    pub(crate) throttles: Vec<Vec<u8>>,
    pub(crate) thresholds: Vec<Vec<u8>>,
    pub(crate) max_keys: usize,
}

/// A rule by its condition as written. Rules with the same text are distinguished by their order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RuleId {
    pub(crate) text: Arc<[u8]>,
    pub(crate) twin: u64,
}

impl RuleId {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.twin.to_le_bytes(), &*self.text].concat()
    }
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) remember: Option<Box<RememberPlan>>,
    pub(crate) kind: RuleKind,
    pub(crate) condition: Condition,
    pub(crate) throttle: Option<Box<ThrottlePlan>>,
    pub(crate) threshold: Option<Box<ThresholdPlan>>,
    pub(crate) steps: Vec<Step>,
    pub(crate) go_on: Option<When>,
    pub(crate) quit: Option<When>,
}

#[derive(Debug)]
pub(crate) struct ThrottlePlan {
    pub(crate) rate: Rate,
    /// `None`: the message without its time stamp.
    pub(crate) key: Option<CompiledText>,
    pub(crate) table: usize,
    pub(crate) time_regex: Option<usize>,
    pub(crate) cuts: Vec<usize>,
    pub(crate) time_from_record: bool,
    pub(crate) message: Option<CompiledText>,
}

/// The values that a rule stores under a key, and those that it waits for.
#[derive(Debug)]
pub(crate) struct RememberPlan {
    pub(crate) key: CompiledText,
    pub(crate) seconds: u64,
    pub(crate) values: Vec<(Vec<u8>, CompiledText)>,
    pub(crate) need: Vec<Vec<u8>>,
    pub(crate) forget: Vec<Vec<u8>>,
    pub(crate) end: bool,
}

#[derive(Debug)]
pub(crate) struct ThresholdPlan {
    pub(crate) window: Window,
    pub(crate) track_by: CompiledText,
    pub(crate) table: usize,
}

/// One action of a rule.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) when: Option<When>,
    pub(crate) threshold: Option<Box<ThresholdPlan>>,
    pub(crate) message: Option<CompiledText>,
    pub(crate) act: StepKind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum StepKind {
    Echo {
        sgr: Option<String>,
    },
    Bell {
        rings: u32,
        delay_ms: u64,
    },
    Exec(CompiledCommand),
    Pipe {
        command: CompiledCommand,
        keep_open: bool,
    },
    Mail(Box<MailPlan>),
    Write {
        users: CompiledText,
        program: Option<CompiledCommand>,
    },
    /// Perl code and functions, which the Perl engine runs itself.
    Foreign,
}

#[derive(Debug)]
pub(crate) struct MailPlan {
    pub(crate) to: Option<CompiledText>,
    pub(crate) subject: Option<CompiledText>,
    pub(crate) mailer: Option<CompiledCommand>,
}

impl Program {
    /// The rules in the order in which they are tried.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.infos
    }

    /// The place of an action of a rule, as [`Skipped`](crate::Skipped) counts them.
    pub fn action_span(&self, rule: usize, action: usize) -> Option<Span> {
        Some(self.rules.get(rule)?.steps.get(action)?.span)
    }

    /// Sets the value of `$$`, for a process that forks after it has compiled.
    pub fn set_pid(&mut self, pid: u32) {
        self.pid = pid;
    }
}

impl Rule {
    /// The variables that Perl must evaluate before the rule's threshold and throttle are
    /// consulted.
    pub(crate) fn gate_sources(&self) -> Vec<Variable> {
        let mut sources = Vec::new();
        if let Some(plan) = &self.remember {
            let values = plan.values.iter().map(|(_, value)| value);
            let texts = std::iter::once(&plan.key).chain(values);
            texts.for_each(|t| t.add_sources(&mut sources));
        }
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
    /// The variables that Perl must evaluate before the action is performed.
    pub(crate) fn sources(&self) -> Vec<Variable> {
        let mut sources = Vec::new();
        let out = &mut sources;
        self.threshold
            .iter()
            .for_each(|t| t.track_by.add_sources(out));
        self.message.iter().for_each(|m| m.add_sources(out));
        match &self.act {
            StepKind::Exec(command) | StepKind::Pipe { command, .. } => command.add_sources(out),
            StepKind::Mail(plan) => {
                let texts = plan.to.iter().chain(&plan.subject);
                texts.for_each(|t| t.add_sources(out));
                plan.mailer.iter().for_each(|m| m.add_sources(out));
            }
            StepKind::Write { users, program } => {
                users.add_sources(out);
                program.iter().for_each(|p| p.add_sources(out));
            }
            StepKind::Echo { .. } | StepKind::Bell { .. } | StepKind::Foreign => {}
        }
        sources
    }
}
