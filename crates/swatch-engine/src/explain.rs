//! Why a record was treated as it was: for `--explain`.

use crate::decide::{End, Observer};
use crate::effect::{Effect, Moment};
use crate::lookup::Scene;
use crate::program::Program;
use crate::state::State;
use crate::state::threshold::Counted;
use crate::state::throttle::Throttled;

/// A rule that matched a record, and all that followed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTrace {
    /// Its number in [`Program::rules`].
    pub rule: usize,
    /// Groups of the last successful match of its condition; number 0 is the whole. Empty if no
    /// pattern matched (`!/x/`).
    pub captures: Vec<Capture>,
    /// Named groups, where only the names are known and not their numbers: Perl tells no more.
    pub named: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// The rule's own threshold: its key and the count.
    pub threshold: Option<(Vec<u8>, Counted)>,
    /// The rule's throttle: its key and the verdict.
    pub throttle: Option<(Vec<u8>, Throttled)>,
    /// Actions that were not performed.
    pub skipped: Vec<Skipped>,
    /// What is to be done.
    pub effects: Vec<Effect>,
    /// What came after.
    pub end: End,
}

/// A group of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Its name, if it has one.
    pub name: Option<Vec<u8>>,
    /// Its text, if it took part.
    pub text: Option<Vec<u8>>,
}

/// Groups by number, and by name where a name's number is not known.
pub(crate) type Captured = (Vec<Capture>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

/// An action that was not performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its number in the rule, from 0.
    pub action: usize,
    /// Why.
    pub why: Why,
}

/// Why an action was not performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its `when=` is about another time.
    OutsideWindow,
    /// Its own threshold: the key and the count.
    Threshold(Vec<u8>, Counted),
}

impl RuleTrace {
    /// A throttle or threshold suppressed the whole block.
    pub fn is_held(&self) -> bool {
        self.threshold.as_ref().is_some_and(|(_, c)| !c.passes)
            || self.throttle.as_ref().is_some_and(|(_, t)| t.is_held())
    }
}

impl Program {
    /// As [`Program::decide`], and says for every rule that matched how it came to its effects.
    pub fn explain(
        &self,
        state: &mut State,
        record: &[u8],
        now: &Moment,
        out: &mut Vec<Effect>,
    ) -> Vec<RuleTrace> {
        let mut recorder = Recorder(Vec::new());
        self.decide_watched(state, record, now, out, &mut recorder);
        recorder.0
    }

    /// The place of an action of a rule, as [`Skipped`] counts them.
    pub fn action_span(&self, rule: usize, action: usize) -> Option<swatch_config::Span> {
        Some(self.rules.get(rule)?.steps.get(action)?.span)
    }
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

    fn matched(&mut self, rule: usize, scene: &mut Scene<'_>) {
        let captures = match scene.last_match() {
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

    fn matched_elsewhere(&mut self, rule: usize, (captures, named): Captured) {
        self.0.push(RuleTrace {
            rule,
            captures,
            named,
            threshold: None,
            throttle: None,
            skipped: Vec::new(),
            effects: Vec::new(),
            end: End::Stop,
        });
    }

    fn threshold(&mut self, action: Option<usize>, key: &[u8], counted: Counted) {
        let trace = self.last();
        match action {
            None => trace.threshold = Some((key.to_vec(), counted)),
            Some(action) if !counted.passes => trace.skipped.push(Skipped {
                action,
                why: Why::Threshold(key.to_vec(), counted),
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
            why: Why::OutsideWindow,
        });
    }

    fn effect(&mut self, effect: &Effect) {
        self.last().effects.push(effect.clone());
    }

    fn ended(&mut self, end: End) {
        self.last().end = end;
    }
}
