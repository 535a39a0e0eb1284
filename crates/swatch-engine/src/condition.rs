//! Evaluation of conditions: Perl expressions over matches.

use std::borrow::Cow;

use swatch_config::ast::{CompareOp, Number};

use crate::env::{Env, Variable};
use crate::match_context::MatchContext;
use crate::scalar::{Scalar, compare};
use crate::text::CompiledText;

/// A compiled condition.
#[derive(Debug)]
pub(crate) enum Condition {
    Match {
        /// `None`: the record.
        target: Option<Box<Condition>>,
        /// `None`: the empty pattern.
        pattern: Option<usize>,
        negated: bool,
    },
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Xor(Box<Condition>, Box<Condition>),
    Comma(Vec<Condition>),
    Number(Number),
    Text(CompiledText),
    Value(Variable),
    Compare(CompareOp, Box<Condition>, Box<Condition>),
    /// Only the Perl engine can evaluate it.
    Foreign,
}

impl Condition {
    /// True if the condition holds. Successful matches are recorded in the context.
    pub(crate) fn holds(&self, context: &mut MatchContext<'_>) -> bool {
        match self {
            Condition::Match {
                target,
                pattern,
                negated,
            } => {
                let text = target
                    .as_ref()
                    .map(|t| t.eval(context).into_bytes().into_owned());
                context.search(*pattern, text) != *negated
            }
            Condition::Not(e) => !e.holds(context),
            Condition::And(l, r) => l.holds(context) && r.holds(context),
            Condition::Or(l, r) => l.holds(context) || r.holds(context),
            Condition::Xor(l, r) => {
                let left = l.holds(context);
                left != r.holds(context)
            }
            Condition::Comma(all) => {
                let mut last = false;
                for e in all {
                    last = e.holds(context);
                }
                last
            }
            Condition::Number(_)
            | Condition::Text(_)
            | Condition::Value(_)
            | Condition::Compare(..)
            | Condition::Foreign => self.eval(context).truth(),
        }
    }

    /// The value of an operand.
    fn eval(&self, context: &mut MatchContext<'_>) -> Scalar<'static> {
        let owned = |bytes: Vec<u8>| Scalar::Bytes(Cow::Owned(bytes));
        match self {
            // `A && B` has the value of the side that decided.
            Condition::And(l, r) => {
                let left = l.eval(context);
                if left.truth() { r.eval(context) } else { left }
            }
            Condition::Or(l, r) => {
                let left = l.eval(context);
                if left.truth() { left } else { r.eval(context) }
            }
            Condition::Comma(all) => {
                let mut last = owned(Vec::new());
                for e in all {
                    last = e.eval(context);
                }
                last
            }
            Condition::Number(n) => Scalar::Number(*n),
            Condition::Text(t) => owned(t.render(context)),
            Condition::Value(v) => owned(context.value(v).into_owned()),
            Condition::Compare(op, l, r) => {
                let left = l.eval(context);
                Scalar::bool(compare(*op, left, r.eval(context)))
            }
            Condition::Match { .. } | Condition::Not(_) | Condition::Xor(..) => {
                Scalar::bool(self.holds(context))
            }
            Condition::Foreign => Scalar::bool(false),
        }
    }
}
