//! The native engine's match variables: the last successful match of a rule's condition.

use std::borrow::Cow;
use std::ops::Range;

use perl_pattern::{Captures, Matcher, Verdict};
use swatch_config::ast::Var;

use crate::env::{Env, Variable};
use crate::fields;
use crate::known_matches::KnownMatches;
use crate::patterns::Patterns;
use crate::recalled::Recalled;

/// The text that was searched by a successful match.
#[derive(Debug)]
enum Target {
    Record,
    Other(Vec<u8>),
}

/// The last successful match of a condition. Its groups are computed on demand, because they cost
/// several times as much as the match.
#[derive(Debug)]
struct Last {
    pattern: usize,
    target: Target,
    /// The captures are those of this match.
    captured: bool,
}

/// A record while a rule is tried on it.
#[derive(Debug)]
pub(crate) struct MatchContext<'a> {
    pub(crate) record: &'a [u8],
    patterns: &'a Patterns,
    pid: u32,
    last: Option<Last>,
    recalled: Recalled,
    /// Made when a group is first asked for.
    captures: Option<Captures>,
    /// The results of a search for all rules.
    known: Option<KnownMatches<'a>>,
    /// Searches that were given up.
    pub(crate) gave_up: u32,
}

impl<'a> MatchContext<'a> {
    pub(crate) fn new(record: &'a [u8], patterns: &'a Patterns, pid: u32) -> Self {
        Self {
            record,
            patterns,
            pid,
            last: None,
            recalled: Recalled::default(),
            captures: None,
            known: None,
            gave_up: 0,
        }
    }

    /// The same with known results for the record's patterns.
    pub(crate) fn with_known(mut self, known: KnownMatches<'a>) -> Self {
        self.known = Some(known);
        self
    }

    /// Forgets the matches of the previous rule.
    pub(crate) fn next_rule(&mut self) {
        self.last = None;
        self.recalled = Recalled::default();
    }

    /// Searches a text (`None`: the record). The pattern `None` is the empty pattern: the last
    /// successful one of the condition, or a match if there is none.
    pub(crate) fn search(&mut self, pattern: Option<usize>, text: Option<Vec<u8>>) -> bool {
        let Some(pattern) = pattern.or(self.last.as_ref().map(|l| l.pattern)) else {
            return true;
        };
        let matcher = &self.patterns.matchers[pattern];
        let known = match (&text, &self.known) {
            (None, Some(known)) => known.get(pattern),
            _ => None,
        };
        let verdict = match known {
            Some(verdict) => verdict,
            None => matcher.is_match(text.as_deref().unwrap_or(self.record)),
        };
        if verdict == Verdict::GaveUp {
            self.gave_up += 1;
        }
        if verdict.is_match() {
            self.last = Some(Last {
                pattern,
                target: text.map_or(Target::Record, Target::Other),
                captured: false,
            });
        }
        verdict.is_match()
    }

    /// The pattern of the last successful match, the text and the groups.
    pub(crate) fn last_match(&mut self) -> Option<(&'a Matcher, &[u8], &Captures)> {
        let last = self.last.as_mut()?;
        let matcher = &self.patterns.matchers[last.pattern];
        let text = match &last.target {
            Target::Record => self.record,
            Target::Other(t) => t.as_slice(),
        };
        if let (Target::Record, Some(known)) = (&last.target, &self.known)
            && let Some(captures) = known.captures(last.pattern)
        {
            return Some((matcher, text, captures));
        }
        let captures = self.captures.get_or_insert_with(Captures::new);
        if !last.captured {
            // The search has already succeeded. Only a limit reached by the extra work for the
            // groups can make it fail now, and then the groups are empty.
            if matcher.captures_into(text, captures) == Verdict::GaveUp {
                self.gave_up += 1;
            }
            last.captured = true;
        }
        Some((matcher, text, captures))
    }

    /// The part of the last match's text that `choose` selects.
    fn part(&mut self, choose: impl Fn(&Captures, &[u8]) -> Option<Range<usize>>) -> &[u8] {
        match self.last_match() {
            Some((_, text, captures)) => choose(captures, text)
                .and_then(|range| text.get(range))
                .unwrap_or_default(),
            None => &[],
        }
    }
}

impl Env for MatchContext<'_> {
    fn value(&mut self, source: &Variable) -> Cow<'_, [u8]> {
        let var = match source {
            Variable::Field(n) => return Cow::Borrowed(fields::awk_field(self.record, *n)),
            Variable::Var(var) => var,
        };
        Cow::Borrowed(match var {
            Var::Record | Var::Whole => self.record,
            Var::Group(n) => self.part(|c, _| c.get(*n as usize)),
            Var::Named(name) => self.part(|c, _| c.named(name)),
            Var::Matched => self.part(|c, _| c.get(0)),
            Var::Before => self.part(|c, _| Some(0..c.get(0)?.start)),
            Var::After => self.part(|c, text| Some(c.get(0)?.end..text.len())),
            Var::LastGroup => self.part(|c, _| c.last_group()),
            Var::Recall(name) => self.recalled.get(name),
            Var::Field(i) => fields::perl_field(self.record, *i),
            Var::Pid => return Cow::Owned(self.pid.to_string().into_bytes()),
            // Programs with such a variable are not compiled for this engine.
            Var::Perl(_) => &[],
        })
    }

    fn recall(&mut self, values: Recalled) {
        self.recalled = values;
    }
}
