//! Conditions at work: Perl expressions over matches.

use std::borrow::Cow;

use swatch_config::ast::{CompareOp, Expr, Match, Pattern};

use crate::compile::Errors;
use crate::lookup::{Lookup, Scene, Source, Text};
use crate::matching::Patterns;
use crate::scalar::{Scalar, compare};

/// A compiled condition.
#[derive(Debug)]
pub(crate) enum Condition {
    Match {
        /// Absent: the record.
        target: Option<Box<Condition>>,
        /// Absent: the empty pattern.
        pattern: Option<usize>,
        negated: bool,
    },
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Xor(Box<Condition>, Box<Condition>),
    Comma(Vec<Condition>),
    Number(f64),
    Text(Text),
    Value(Source),
    Compare(CompareOp, Box<Condition>, Box<Condition>),
    /// For the Perl engine alone.
    Foreign,
}

impl Condition {
    pub(crate) fn compile(expr: &Expr, patterns: &mut Patterns, errors: &mut Errors<'_>) -> Self {
        let mut compiled = |e: &Expr| Self::compile(e, patterns, errors);
        match expr {
            Expr::Match(Match {
                target,
                pattern,
                negated,
            }) => Condition::Match {
                target: target.as_deref().map(|t| Box::new(compiled(t))),
                pattern: add_pattern(pattern, patterns, errors),
                negated: *negated,
            },
            Expr::Not(e) => Condition::Not(Box::new(compiled(e))),
            Expr::And(l, r) => Condition::And(Box::new(compiled(l)), Box::new(compiled(r))),
            Expr::Or(l, r) => Condition::Or(Box::new(compiled(l)), Box::new(compiled(r))),
            Expr::Xor(l, r) => Condition::Xor(Box::new(compiled(l)), Box::new(compiled(r))),
            Expr::Comma(all) => Condition::Comma(all.iter().map(compiled).collect()),
            Expr::Number(n) => Condition::Number(*n),
            Expr::Text(t) => Condition::Text(Text::compile(t)),
            Expr::Var(v) => Condition::Value(Source::Var(v.clone())),
            Expr::Compare { op, left, right } => {
                Condition::Compare(*op, Box::new(compiled(left)), Box::new(compiled(right)))
            }
            Expr::Perl(_) => Condition::Foreign,
        }
    }

    /// Whether the condition holds. The matches that succeed are left in the scene.
    pub(crate) fn holds(&self, scene: &mut Scene<'_>) -> bool {
        match self {
            Condition::Match {
                target,
                pattern,
                negated,
            } => {
                let text = target
                    .as_ref()
                    .map(|t| t.eval(scene).into_bytes().into_owned());
                scene.search(*pattern, text) != *negated
            }
            Condition::Not(e) => !e.holds(scene),
            Condition::And(l, r) => l.holds(scene) && r.holds(scene),
            Condition::Or(l, r) => l.holds(scene) || r.holds(scene),
            Condition::Xor(l, r) => {
                let left = l.holds(scene);
                left != r.holds(scene)
            }
            Condition::Comma(all) => {
                let mut last = false;
                for e in all {
                    last = e.holds(scene);
                }
                last
            }
            Condition::Number(_)
            | Condition::Text(_)
            | Condition::Value(_)
            | Condition::Compare(..)
            | Condition::Foreign => self.eval(scene).truth(),
        }
    }

    /// The value of an operand.
    fn eval(&self, scene: &mut Scene<'_>) -> Scalar<'static> {
        let owned = |bytes: Vec<u8>| Scalar::Bytes(Cow::Owned(bytes));
        match self {
            // `A && B` is the value of the side that decided.
            Condition::And(l, r) => {
                let left = l.eval(scene);
                if left.truth() { r.eval(scene) } else { left }
            }
            Condition::Or(l, r) => {
                let left = l.eval(scene);
                if left.truth() { left } else { r.eval(scene) }
            }
            Condition::Comma(all) => {
                let mut last = owned(Vec::new());
                for e in all {
                    last = e.eval(scene);
                }
                last
            }
            Condition::Number(n) => Scalar::Number(*n),
            Condition::Text(t) => owned(t.render(scene)),
            Condition::Value(v) => owned(scene.value(v).into_owned()),
            Condition::Compare(op, l, r) => {
                let left = l.eval(scene);
                Scalar::bool(compare(*op, left, r.eval(scene)))
            }
            Condition::Match { .. } | Condition::Not(_) | Condition::Xor(..) => {
                Scalar::bool(self.holds(scene))
            }
            Condition::Foreign => Scalar::bool(false),
        }
    }
}

/// Compiles a pattern; `None` is the empty one, or one that was refused.
pub(crate) fn add_pattern(
    pattern: &Pattern,
    patterns: &mut Patterns,
    errors: &mut Errors<'_>,
) -> Option<usize> {
    if pattern.source.is_empty() {
        return None;
    }
    match patterns.add(pattern) {
        Ok(number) => Some(number),
        Err(bad) => {
            errors.refused(bad, pattern);
            None
        }
    }
}
