//! Rules: their throttles, thresholds and actions.

use std::collections::HashMap;
use std::sync::Arc;

use hashlink::DefaultHashBuilder;
use swatch_config::ast::{self, ActionKind, Template, Threshold, Throttle};

use super::condition;
use super::pattern::PatternCompiler;
use crate::condition::Condition;
use crate::program::{
    Layout, MailPlan, Options, RememberPlan, Rule, RuleId, Step, StepKind, ThresholdPlan,
    ThrottlePlan,
};
use crate::rate_limit::threshold::Window;
use crate::rate_limit::throttle::Rate;
use crate::shell::CompiledCommand;
use crate::text::CompiledText;

/// Compiles the rules of one configuration.
pub(super) struct RuleCompiler<'p, 'c> {
    pub(super) layout: Layout,
    patterns: &'p mut PatternCompiler<'c>,
    /// The number of rules with this condition compiled so far.
    twins: HashMap<Arc<[u8]>, u64, DefaultHashBuilder>,
    awk_fields: bool,
    /// The Perl engine evaluates the conditions.
    for_perl: bool,
}

impl<'p, 'c> RuleCompiler<'p, 'c> {
    pub(super) fn new(
        options: &Options,
        patterns: &'p mut PatternCompiler<'c>,
        for_perl: bool,
    ) -> Self {
        Self {
            layout: Layout {
                throttles: vec![Vec::new()],
                max_keys: options.max_keys,
                ..Layout::default()
            },
            patterns,
            twins: HashMap::default(),
            awk_fields: options.awk_fields,
            for_perl,
        }
    }

    /// Makes room for so many rules.
    pub(super) fn reserve(&mut self, count: usize) {
        self.twins.reserve(count);
        self.layout.rules.reserve(count);
        self.patterns.reserve(count);
    }

    pub(super) fn rule(&mut self, rule: &'c ast::Rule) -> Rule {
        let text: Arc<[u8]> = rule.text.as_slice().into();
        let twins = self.twins.entry(Arc::clone(&text)).or_default();
        let id = RuleId { text, twin: *twins };
        *twins += 1;
        self.layout.rules.push(id.clone());
        let condition = match self.for_perl {
            true => Condition::Foreign,
            false => condition::compile(&rule.condition, self.patterns),
        };
        Rule {
            remember: rule.remember.as_deref().map(|r| Box::new(remember(r))),
            kind: rule.kind,
            condition,
            // Of several lines the last one counts, as in swatchdog.
            throttle: (rule.throttles.last()).map(|t| Box::new(self.throttle(t, &id))),
            threshold: (rule.thresholds.last()).map(|t| Box::new(self.threshold(t, &id, 0))),
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

    fn throttle(&mut self, throttle: &'c Throttle, id: &RuleId) -> ThrottlePlan {
        let key = throttle.key.as_ref().filter(|k| !is_default_key(k));
        let table = match key {
            Some(_) => 0,
            None => {
                self.layout.throttles.push(id.bytes());
                self.layout.throttles.len() - 1
            }
        };
        let time_regex = throttle
            .time_regex
            .as_ref()
            .and_then(|p| self.patterns.add(p));
        let cuts = throttle.extra_cuts.iter();
        let cuts = cuts.filter_map(|p| self.patterns.add(p)).collect();
        ThrottlePlan {
            rate: Rate {
                hold: throttle.hold.or(throttle.delay),
                threshold: throttle.threshold,
            },
            key: key.map(CompiledText::compile),
            table,
            time_regex,
            cuts,
            time_from_record: throttle.time_from_record,
            message: throttle.message.as_ref().map(CompiledText::compile),
        }
    }

    /// `place` is 0 for the rule's own threshold, otherwise 1 plus the number of the action.
    fn threshold(&mut self, threshold: &Threshold, id: &RuleId, place: usize) -> ThresholdPlan {
        let mut table = place.to_le_bytes().to_vec();
        table.extend_from_slice(&id.bytes());
        self.layout.thresholds.push(table);
        ThresholdPlan {
            window: Window {
                kind: threshold.kind,
                count: threshold.count,
                seconds: threshold.seconds,
            },
            track_by: CompiledText::compile(&threshold.track_by),
            table: self.layout.thresholds.len() - 1,
        }
    }

    fn step(&mut self, action: &ast::Action, id: &RuleId, number: usize) -> Step {
        let text = |t: &Template| CompiledText::compile(t);
        // Fields of the record are available only in `exec` and `pipe`, as in swatchdog.
        let with_fields = |c: &ast::Command| CompiledCommand::compile(c, self.awk_fields);
        let with_groups = |c: &ast::Command| CompiledCommand::compile(c, false);
        let act = match &action.kind {
            ActionKind::Echo { sgr } => StepKind::Echo { sgr: sgr.clone() },
            ActionKind::Bell { rings, delay_ms } => StepKind::Bell {
                rings: *rings,
                delay_ms: *delay_ms,
            },
            ActionKind::Exec { command } => StepKind::Exec(with_fields(command)),
            ActionKind::Pipe { command, keep_open } => StepKind::Pipe {
                command: with_fields(command),
                keep_open: *keep_open,
            },
            ActionKind::Mail {
                addresses,
                subject,
                mailer,
            } => StepKind::Mail(Box::new(MailPlan {
                to: addresses.as_ref().map(text),
                subject: subject.as_ref().map(text),
                mailer: mailer.as_ref().map(with_groups),
            })),
            ActionKind::Write { users, program } => StepKind::Write {
                users: text(users),
                program: program.as_ref().map(with_groups),
            },
            ActionKind::Custom { .. } | ActionKind::Perl(_) => StepKind::Foreign,
        };
        let threshold = action.threshold.as_ref();
        Step {
            when: action.when,
            threshold: threshold.map(|t| Box::new(self.threshold(t, id, number + 1))),
            message: action.message.as_ref().map(text),
            act,
            span: action.span,
        }
    }
}

fn remember(remember: &ast::Remember) -> RememberPlan {
    let values = remember.values.iter();
    RememberPlan {
        key: CompiledText::compile(&remember.key),
        seconds: remember.seconds,
        values: values
            .map(|(name, value)| (name.clone(), CompiledText::compile(value)))
            .collect(),
        need: remember.need.clone(),
        forget: remember.forget.clone(),
        end: remember.end,
    }
}

/// `key=log` is another name of the default key.
fn is_default_key(key: &Template) -> bool {
    CompiledText::compile(key).literal() == Some(b"log")
}
