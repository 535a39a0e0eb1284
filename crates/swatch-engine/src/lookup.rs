//! Where the variables of a text get their values.

use std::borrow::Cow;
use std::ops::Range;

use swatch_config::ast::{Piece, Template, Var};

use crate::fields;
use crate::matching::Patterns;
use crate::search::Known;
use perl_pattern::{Captures, Matcher, Verdict};

/// A variable, or a field of the record under `--awk-field-syntax`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Var(Var),
    /// Field number from 1.
    Field(u32),
}

impl Source {
    /// Adds it unless it is there, or needs nothing but the record.
    pub(crate) fn add_to(&self, out: &mut Vec<Source>) {
        let known = matches!(
            self,
            Source::Field(_) | Source::Var(Var::Whole | Var::Record | Var::Pid)
        );
        if !known && !out.contains(self) {
            out.push(self.clone());
        }
    }
}

/// Gives variables their values: the native engine from the last match, the Perl engine from what
/// Perl computed.
pub(crate) trait Lookup {
    /// The value of a variable; one that has none is empty.
    fn value(&mut self, source: &Source) -> Cow<'_, [u8]>;
}

/// Text with variables, for everything that is no command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Text {
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(Vec<u8>),
    Value(Source),
}

impl Text {
    pub(crate) fn compile(template: &Template) -> Self {
        Self::with(template, |v| Source::Var(v.clone()))
    }

    pub(crate) fn with(template: &Template, source: impl Fn(&Var) -> Source) -> Self {
        let parts = template.pieces.iter().map(|piece| match piece {
            Piece::Text(t) => Part::Literal(t.clone()),
            Piece::Var(v) => Part::Value(source(v)),
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// The text without variables, if it has none.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(b""),
            [Part::Literal(t)] => Some(t),
            _ => None,
        }
    }

    /// Adds the sources that another engine must give the values of, each once.
    pub(crate) fn add_sources(&self, out: &mut Vec<Source>) {
        for part in &self.parts {
            if let Part::Value(source) = part {
                source.add_to(out);
            }
        }
    }

    pub(crate) fn render(&self, lookup: &mut impl Lookup) -> Vec<u8> {
        let mut out = Vec::new();
        self.render_into(lookup, &mut out);
        out
    }

    pub(crate) fn render_into(&self, lookup: &mut impl Lookup, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Literal(t) => out.extend_from_slice(t),
                Part::Value(source) => out.extend_from_slice(&lookup.value(source)),
            }
        }
    }
}

/// The text that was searched by a successful match.
#[derive(Debug)]
enum Target {
    Record,
    Other(Vec<u8>),
}

/// The last successful match of a condition. Its groups are computed when somebody asks for them:
/// they cost several times as much as the match.
#[derive(Debug)]
struct Last {
    pattern: usize,
    target: Target,
    /// The captures are those of this match.
    captured: bool,
}

/// One record while one rule is tried on it.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) record: &'a [u8],
    patterns: &'a Patterns,
    pid: u32,
    last: Option<Last>,
    captures: Captures,
    /// What a search for all rules has found out.
    known: Option<Known<'a>>,
    /// Searches that were given up.
    pub(crate) gave_up: u32,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(record: &'a [u8], patterns: &'a Patterns, pid: u32) -> Self {
        Self {
            record,
            patterns,
            pid,
            last: None,
            captures: Captures::new(),
            known: None,
            gave_up: 0,
        }
    }

    /// The same with what is known of the record's patterns.
    pub(crate) fn with_known(mut self, known: Known<'a>) -> Self {
        self.known = Some(known);
        self
    }

    /// Forgets the matches of the rule before.
    pub(crate) fn next_rule(&mut self) {
        self.last = None;
    }

    /// Searches a text (none: the record). `None` as the pattern is the empty one: the last
    /// successful pattern of the condition, or without one a match.
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
            Some(true) => Verdict::Match,
            Some(false) => Verdict::NoMatch,
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
        if !last.captured {
            // The search has succeeded before; only a limit that is reached by the extra work of
            // the groups can fail it now, and then the groups are empty.
            if matcher.captures_into(text, &mut self.captures) == Verdict::GaveUp {
                self.gave_up += 1;
            }
            last.captured = true;
        }
        Some((matcher, text, &self.captures))
    }

    /// The part of the last match's text that a choice of its captures names.
    fn part(&mut self, choose: impl Fn(&Captures, &[u8]) -> Option<Range<usize>>) -> &[u8] {
        match self.last_match() {
            Some((_, text, captures)) => choose(captures, text)
                .and_then(|range| text.get(range))
                .unwrap_or_default(),
            None => &[],
        }
    }
}

impl Lookup for Scene<'_> {
    fn value(&mut self, source: &Source) -> Cow<'_, [u8]> {
        let var = match source {
            Source::Field(n) => return Cow::Borrowed(fields::awk_field(self.record, *n)),
            Source::Var(var) => var,
        };
        Cow::Borrowed(match var {
            Var::Record | Var::Whole => self.record,
            Var::Group(n) => self.part(|c, _| c.get(*n as usize)),
            Var::Named(name) => self.part(|c, _| c.named(name)),
            Var::Matched => self.part(|c, _| c.get(0)),
            Var::Before => self.part(|c, _| Some(0..c.get(0)?.start)),
            Var::After => self.part(|c, text| Some(c.get(0)?.end..text.len())),
            Var::LastGroup => self.part(|c, _| c.last_group()),
            Var::Field(i) => fields::perl_field(self.record, *i),
            Var::Pid => return Cow::Owned(self.pid.to_string().into_bytes()),
            // A program with such a variable is not compiled for this engine.
            Var::Perl(_) => &[],
        })
    }
}
