//! The patterns of which a rule requires at least one to match.

use std::collections::BTreeSet;

use crate::condition::Condition;
use crate::program::Program;

/// A necessary condition of a rule, over the patterns of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// Any record may match: every one must be decided.
    None,
    /// At least one of these patterns must match the record. If empty, the rule never matches.
    AnyOf(BTreeSet<usize>),
}

/// The requirement of each rule.
pub(crate) fn requirements(program: &Program) -> Vec<Requirement> {
    let matchers = &program.patterns.matchers;
    let sizes: Vec<_> = matchers.iter().map(|m| m.source().len()).collect();
    let rules = program.rules.iter();
    rules
        .map(|rule| requirement(&rule.condition, &sizes))
        .collect()
}

fn requirement(condition: &Condition, sizes: &[usize]) -> Requirement {
    let required = |c: &Condition| requirement(c, sizes);
    match condition {
        Condition::Match {
            target: None,
            pattern: Some(pattern),
            negated: false,
        } => Requirement::AnyOf(BTreeSet::from([*pattern])),
        // Either side suffices. The one with fewer and longer patterns selects fewer records.
        Condition::And(l, r) => match (required(l), required(r)) {
            (Requirement::None, other) | (other, Requirement::None) => other,
            (Requirement::AnyOf(a), Requirement::AnyOf(b)) => {
                let rank = |set: &BTreeSet<usize>| {
                    let shortest = set.iter().map(|p| sizes[*p]).min().unwrap_or(usize::MAX);
                    (set.len(), usize::MAX - shortest)
                };
                Requirement::AnyOf(if rank(&a) <= rank(&b) { a } else { b })
            }
        },
        Condition::Or(l, r) | Condition::Xor(l, r) => match (required(l), required(r)) {
            (Requirement::AnyOf(mut a), Requirement::AnyOf(b)) => {
                a.extend(b);
                Requirement::AnyOf(a)
            }
            _ => Requirement::None,
        },
        Condition::Comma(all) => all.last().map_or(Requirement::None, required),
        Condition::Number(n) if n.as_f64() == 0.0 => Requirement::AnyOf(BTreeSet::new()),
        Condition::Text(t) if matches!(t.literal(), Some(b"" | b"0")) => {
            Requirement::AnyOf(BTreeSet::new())
        }
        _ => Requirement::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use swatch_config::ast::{Expr, Number};

    fn of(condition: Expr) -> Requirement {
        let bench = Bench::new(vec![rule("x", condition, vec![])]);
        requirements(&bench.program).remove(0)
    }

    fn any(patterns: &[usize]) -> Requirement {
        Requirement::AnyOf(patterns.iter().copied().collect())
    }

    #[test]
    fn a_requirement_follows_from_the_condition() {
        assert_eq!(of(matches("a")), any(&[0]));
        assert_eq!(of(and(matches("a"), matches("longer"))), any(&[1]));
        assert_eq!(of(and(not(matches("a")), matches("b"))), any(&[1]));
        assert_eq!(of(or(matches("a"), matches("b"))), any(&[0, 1]));
        assert_eq!(
            of(and(matches("c"), or(matches("aaaa"), matches("bbbb")))),
            any(&[0])
        );
        assert_eq!(of(or(matches("a"), not(matches("b")))), Requirement::None);
        assert_eq!(of(not(matches("a"))), Requirement::None);
        assert_eq!(of(Expr::Number(Number::Integer(1))), Requirement::None);
        assert_eq!(of(Expr::Number(Number::Integer(0))), any(&[]));
        assert_eq!(of(matches("")), Requirement::None);
        assert_eq!(of(and(matches("a"), matches(""))), any(&[0]));
        assert_eq!(of(Expr::Comma(vec![matches("a"), matches("b")])), any(&[1]));
        assert_eq!(
            of(Expr::Xor(Box::new(matches("a")), Box::new(matches("b")))),
            any(&[0, 1])
        );
    }
}
