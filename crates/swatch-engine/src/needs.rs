//! What must at least match for a rule to match: what a search for all rules at once looks for.

use std::collections::BTreeSet;

use swatch_config::ast::Flags;

use crate::condition::Condition;
use crate::program::Program;

/// A necessary condition of a rule, over the patterns of [`Program::patterns`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Any record may match: every one must be decided.
    Nothing,
    /// At least one of these patterns must match the record. Of none: the rule never matches.
    AnyOf(BTreeSet<usize>),
}

impl Program {
    /// The distinct patterns: source and modifiers.
    pub fn patterns(&self) -> impl ExactSizeIterator<Item = (&[u8], Flags)> {
        self.patterns
            .keys
            .iter()
            .map(|(source, flags)| (source.as_slice(), *flags))
    }

    /// For each rule what must at least match.
    pub fn needs(&self) -> Vec<Need> {
        let sizes: Vec<_> = self.patterns().map(|(source, _)| source.len()).collect();
        self.rules
            .iter()
            .map(|rule| need(&rule.condition, &sizes))
            .collect()
    }
}

fn need(condition: &Condition, sizes: &[usize]) -> Need {
    let need = |c: &Condition| need(c, sizes);
    match condition {
        Condition::Match {
            target: None,
            pattern: Some(pattern),
            negated: false,
        } => Need::AnyOf(BTreeSet::from([*pattern])),
        // Either side will do; the one with fewer and longer patterns finds fewer records.
        Condition::And(l, r) => match (need(l), need(r)) {
            (Need::Nothing, other) | (other, Need::Nothing) => other,
            (Need::AnyOf(a), Need::AnyOf(b)) => {
                let rank = |set: &BTreeSet<usize>| {
                    let shortest = set.iter().map(|p| sizes[*p]).min().unwrap_or(usize::MAX);
                    (set.len(), usize::MAX - shortest)
                };
                Need::AnyOf(if rank(&a) <= rank(&b) { a } else { b })
            }
        },
        Condition::Or(l, r) | Condition::Xor(l, r) => match (need(l), need(r)) {
            (Need::AnyOf(mut a), Need::AnyOf(b)) => {
                a.extend(b);
                Need::AnyOf(a)
            }
            _ => Need::Nothing,
        },
        Condition::Comma(all) => all.last().map_or(Need::Nothing, need),
        Condition::Number(n) if *n == 0.0 => Need::AnyOf(BTreeSet::new()),
        Condition::Text(t) if matches!(t.literal(), Some(b"" | b"0")) => {
            Need::AnyOf(BTreeSet::new())
        }
        _ => Need::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use swatch_config::ast::Expr;

    fn of(condition: Expr) -> Need {
        let bench = Bench::new(vec![rule("x", condition, vec![])]);
        bench.program.needs().remove(0)
    }

    fn any(patterns: &[usize]) -> Need {
        Need::AnyOf(patterns.iter().copied().collect())
    }

    #[test]
    fn a_need_follows_from_the_condition() {
        assert_eq!(of(matches("a")), any(&[0]));
        assert_eq!(of(and(matches("a"), matches("longer"))), any(&[1]));
        assert_eq!(of(and(not(matches("a")), matches("b"))), any(&[1]));
        assert_eq!(of(or(matches("a"), matches("b"))), any(&[0, 1]));
        assert_eq!(
            of(and(matches("c"), or(matches("aaaa"), matches("bbbb")))),
            any(&[0])
        );
        assert_eq!(of(or(matches("a"), not(matches("b")))), Need::Nothing);
        assert_eq!(of(not(matches("a"))), Need::Nothing);
        assert_eq!(of(Expr::Number(1.0)), Need::Nothing);
        assert_eq!(of(Expr::Number(0.0)), any(&[]));
        assert_eq!(of(matches("")), Need::Nothing);
        assert_eq!(of(and(matches("a"), matches(""))), any(&[0]));
        assert_eq!(of(Expr::Comma(vec![matches("a"), matches("b")])), any(&[1]));
        assert_eq!(
            of(Expr::Xor(Box::new(matches("a")), Box::new(matches("b")))),
            any(&[0, 1])
        );
    }
}
