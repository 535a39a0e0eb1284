//! From a [`Config`] to a [`Program`].

use std::collections::HashMap;

use swatch_config::ast::{self, ActionKind, Item, Pattern, Template, Threshold, Throttle};
use swatch_config::{Config, Diagnostic, Sources};

use crate::command::Plan;
use crate::condition::{Condition, add_pattern};
use crate::lookup::Text;
use crate::matching::{Patterns, diagnostic};
use crate::program::{
    Act, Layout, Options, Program, Rule, RuleInfo, Step, ThresholdPlan, ThrottlePlan,
    is_default_key,
};
use crate::state::threshold::Window;
use crate::state::throttle::Rate;
use perl_pattern::PatternError;

impl Program {
    /// Compiles all that is native; what is not becomes [`Act::Foreign`] and the like.
    pub(crate) fn compile_any(config: &Config, options: &Options, errors: &mut Errors<'_>) -> Self {
        let mut compiler = Compiler {
            patterns: Patterns::new(options.limits),
            layout: Layout {
                throttles: vec![Vec::new()],
                max_keys: options.max_keys,
                ..Layout::default()
            },
            twins: HashMap::new(),
            awk_fields: options.awk_fields,
            errors,
        };
        let mut rules = Vec::new();
        let mut infos = Vec::new();
        for item in &config.items {
            let Item::Rule(rule) = item else { continue };
            let (line, _) = config.sources.line_column(rule.span);
            infos.push(RuleInfo {
                kind: rule.kind,
                text: rule.text.clone(),
                path: config.sources.path(rule.span.file).to_owned(),
                line,
                span: rule.span,
            });
            rules.push(compiler.rule(rule));
        }
        Program {
            rules,
            patterns: compiler.patterns,
            infos,
            layout: compiler.layout,
            pid: options.pid,
        }
    }
}

/// The errors of a configuration so far.
pub(crate) struct Errors<'c> {
    sources: &'c Sources,
    pub(crate) list: Vec<Diagnostic>,
    /// Conditions are for the Perl engine: their patterns are not looked at.
    pub(crate) foreign: bool,
}

impl<'c> Errors<'c> {
    pub(crate) fn of(config: &'c Config) -> Self {
        Self {
            sources: &config.sources,
            list: Vec::new(),
            foreign: false,
        }
    }

    pub(crate) fn refused(&mut self, error: PatternError, pattern: &Pattern) {
        let text = self.sources.slice(pattern.span);
        self.list.push(diagnostic(error, pattern, text));
    }
}

struct Compiler<'e, 'c> {
    patterns: Patterns,
    layout: Layout,
    /// How often each text of a rule was there.
    twins: HashMap<Vec<u8>, u64>,
    awk_fields: bool,
    errors: &'e mut Errors<'c>,
}

impl Compiler<'_, '_> {
    fn rule(&mut self, rule: &ast::Rule) -> Rule {
        // Rules of the same text are told apart by their order among themselves.
        let twins = self.twins.entry(rule.text.clone()).or_default();
        let mut id = twins.to_le_bytes().to_vec();
        *twins += 1;
        id.extend_from_slice(&rule.text);
        self.layout.rules.push(id.clone());
        let condition = match self.errors.foreign {
            true => Condition::Foreign,
            false => Condition::compile(&rule.condition, &mut self.patterns, self.errors),
        };
        Rule {
            kind: rule.kind,
            condition,
            // Of several lines the last counts, as in the original.
            throttle: rule.throttles.last().map(|t| self.throttle(t, &id)),
            threshold: rule.thresholds.last().map(|t| self.threshold(t, &id, 0)),
            steps: rule
                .actions
                .iter()
                .enumerate()
                .map(|(i, a)| self.step(a, &id, i))
                .collect(),
            go_on: rule.go_on,
            quit: rule.quit,
        }
    }

    fn throttle(&mut self, throttle: &Throttle, id: &[u8]) -> ThrottlePlan {
        let key = throttle.key.as_ref().filter(|k| !is_default_key(k));
        let table = match key {
            Some(_) => 0,
            None => {
                self.layout.throttles.push(id.to_vec());
                self.layout.throttles.len() - 1
            }
        };
        let time_regex = throttle.time_regex.as_ref().and_then(|p| self.pattern(p));
        let cuts = throttle.extra_cuts.iter();
        let cuts = cuts.filter_map(|p| self.pattern(p)).collect();
        ThrottlePlan {
            rate: Rate {
                hold: throttle.hold.or(throttle.delay),
                threshold: throttle.threshold,
            },
            key: key.map(Text::compile),
            table,
            time_regex,
            cuts,
            time_from_record: throttle.time_from_record,
            message: throttle.message.as_ref().map(Text::compile),
        }
    }

    /// `place` is 0 for the rule's own threshold, else 1 and the number of the action.
    fn threshold(&mut self, threshold: &Threshold, id: &[u8], place: usize) -> ThresholdPlan {
        let mut table = place.to_le_bytes().to_vec();
        table.extend_from_slice(id);
        self.layout.thresholds.push(table);
        ThresholdPlan {
            window: Window {
                kind: threshold.kind,
                count: threshold.count,
                seconds: threshold.seconds,
            },
            track_by: Text::compile(&threshold.track_by),
            table: self.layout.thresholds.len() - 1,
        }
    }

    fn step(&mut self, action: &ast::Action, id: &[u8], number: usize) -> Step {
        let text = |t: &Template| Text::compile(t);
        // Fields of the record are known in `exec` and `pipe` alone, as in the original.
        let with_fields = |c: &ast::Command| Plan::compile(c, self.awk_fields);
        let with_groups = |c: &ast::Command| Plan::compile(c, false);
        let act = match &action.kind {
            ActionKind::Echo { sgr } => Act::Echo { sgr: sgr.clone() },
            ActionKind::Bell { rings, delay_ms } => Act::Bell {
                rings: *rings,
                delay_ms: *delay_ms,
            },
            ActionKind::Exec { command } => Act::Exec(with_fields(command)),
            ActionKind::Pipe { command, keep_open } => Act::Pipe {
                command: with_fields(command),
                keep_open: *keep_open,
            },
            ActionKind::Mail {
                addresses,
                subject,
                mailer,
            } => Act::Mail {
                to: addresses.as_ref().map(text),
                subject: subject.as_ref().map(text),
                mailer: mailer.as_ref().map(with_groups),
            },
            ActionKind::Write { users, program } => Act::Write {
                users: text(users),
                program: program.as_ref().map(with_groups),
            },
            ActionKind::Custom { .. } | ActionKind::Perl(_) => Act::Foreign,
        };
        let threshold = action.threshold.as_ref();
        Step {
            when: action.when,
            threshold: threshold.map(|t| self.threshold(t, id, number + 1)),
            message: action.message.as_ref().map(text),
            act,
            span: action.span,
        }
    }

    fn pattern(&mut self, pattern: &Pattern) -> Option<usize> {
        add_pattern(pattern, &mut self.patterns, self.errors)
    }
}
