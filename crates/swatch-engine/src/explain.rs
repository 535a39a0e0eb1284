//! Traces of decisions, for `--explain`.

use crate::decide::Decision;
use crate::effect::{ClockReading, Effect};
use crate::match_context::MatchContext;
use crate::observer::{AfterRule, Capture, CapturedGroups, Observer};
use crate::program::Program;
use crate::rate_limit::threshold::Counted;
use crate::rate_limit::throttle::Throttled;
use crate::state::State;

/// A rule that matched a record, and the consequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTrace {
    /// Its number in [`Program::rules`].
    pub rule: usize,
    /// Groups of the last successful match of its condition; number 0 is the whole. Empty if no
    /// pattern matched (`!/x/`).
    pub captures: Vec<Capture>,
    /// Named groups whose numbers are unknown, as Perl does not report them.
    pub named: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The key of the rule's `remember`, and whether all that it needs was known.
    pub remember: Option<(Vec<u8>, bool)>,
    /// The rule's own threshold: its key and the count.
    pub threshold: Option<(Vec<u8>, Counted)>,
    /// The rule's throttle: its key and the verdict.
    pub throttle: Option<(Vec<u8>, Throttled)>,
    /// Actions that were not performed.
    pub skipped: Vec<Skipped>,
    /// The resulting effects.
    pub effects: Vec<Effect>,
    /// The consequence of the rule for the record.
    pub end: AfterRule,
}

/// An action that was not performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its number in the rule, from 0.
    pub action: usize,
    /// The reason.
    pub why: SkipReason,
}

/// Reasons not to perform an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// It is outside its `when=` window.
    OutsideWindow,
    /// Its own threshold: the key and the count.
    Threshold(Vec<u8>, Counted),
}

impl RuleTrace {
    /// A throttle or threshold suppressed the whole block.
    pub fn is_held(&self) -> bool {
        self.remember
            .as_ref()
            .is_some_and(|(_, complete)| !complete)
            || self.threshold.as_ref().is_some_and(|(_, c)| !c.passes)
            || self.throttle.as_ref().is_some_and(|(_, t)| t.is_held())
    }
}

/// As [`decide`](crate::decide), and returns a trace of every rule that matched.
pub fn explain(
    program: &Program,
    state: &mut State,
    record: &[u8],
    now: &ClockReading,
    out: &mut Vec<Effect>,
) -> Vec<RuleTrace> {
    let mut recorder = Recorder::default();
    let context = MatchContext::new(record, &program.patterns, program.pid);
    let rules = 0..program.rules.len();
    Decision::new(program, state, now, &mut recorder).run(context, rules, out);
    recorder.0
}

#[derive(Debug, Default)]
pub(crate) struct Recorder(pub(crate) Vec<RuleTrace>);

impl Recorder {
    fn last(&mut self) -> &mut RuleTrace {
        self.0.last_mut().expect("a rule matched before")
    }
}

impl Observer for Recorder {
    const ACTIVE: bool = true;

    fn matched(&mut self, rule: usize, context: &mut MatchContext<'_>) {
        let captures = match context.last_match() {
            Some((matcher, text, captures)) => {
                let name = |group: usize| {
                    let mut names = matcher.group_names().iter();
                    let named = names.find(|(_, groups)| groups.contains(&(group as u32)));
                    named.map(|(name, _)| name.clone())
                };
                (0..captures.len())
                    .map(|group| Capture {
                        name: name(group),
                        text: captures.get(group).map(|range| text[range].to_vec()),
                    })
                    .collect()
            }
            None => Vec::new(),
        };
        self.matched_elsewhere(rule, (captures, Vec::new()));
    }

    fn matched_elsewhere(&mut self, rule: usize, (captures, named): CapturedGroups) {
        self.0.push(RuleTrace {
            rule,
            captures,
            named,
            remember: None,
            threshold: None,
            throttle: None,
            skipped: Vec::new(),
            effects: Vec::new(),
            end: AfterRule::Stop,
        });
    }

    fn remember(&mut self, key: &[u8], complete: bool) {
        self.last().remember = Some((key.to_vec(), complete));
    }

    fn threshold(&mut self, action: Option<usize>, key: &[u8], counted: Counted) {
        let trace = self.last();
        match action {
            None => trace.threshold = Some((key.to_vec(), counted)),
            Some(action) if !counted.passes => trace.skipped.push(Skipped {
                action,
                why: SkipReason::Threshold(key.to_vec(), counted),
            }),
            Some(_) => {}
        }
    }

    fn throttle(&mut self, key: &[u8], throttled: Throttled) {
        self.last().throttle = Some((key.to_vec(), throttled));
    }

    fn outside_window(&mut self, action: usize) {
        self.last().skipped.push(Skipped {
            action,
            why: SkipReason::OutsideWindow,
        });
    }

    fn effect(&mut self, effect: &Effect) {
        self.last().effects.push(effect.clone());
    }

    fn ended(&mut self, end: AfterRule) {
        self.last().end = end;
    }
}
