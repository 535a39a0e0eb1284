//! The order in which patterns matter: the first rule that matches usually ends the decision, and then the
//! patterns of later rules need not be tried.

use swatch_config::ast::RuleKind;

use crate::condition::Condition;
use crate::program::{Program, Rule};

/// No rule.
const NEVER: u32 = u32::MAX;

/// The rules for which a pattern matters, by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// The first rule whose condition has the pattern.
    pub(super) first_use: u32,
    /// The first rule that matches if the pattern does, and after which no rule is tried.
    pub(super) ends_at: u32,
    /// A rule begins with the pattern: it is tried whenever the rule is.
    pub(super) is_first: bool,
}

/// The order of each pattern of a program.
pub(super) fn orders(program: &Program) -> Vec<Order> {
    let never = Order {
        first_use: NEVER,
        ends_at: NEVER,
        is_first: false,
    };
    let mut orders = vec![never; program.patterns.matchers.len()];
    for (number, rule) in (0u32..).zip(&program.rules) {
        note_uses(&rule.condition, number, &mut orders);
        if let Some(pattern) = first_pattern(&rule.condition) {
            orders[pattern].is_first = true;
        }
        if let Condition::Match {
            target: None,
            pattern: Some(pattern),
            negated: false,
        } = rule.condition
            && ends(rule)
        {
            let ends_at = &mut orders[pattern].ends_at;
            *ends_at = number.min(*ends_at);
        }
    }
    orders
}

/// True if no rule is tried after this one has matched, whenever that is.
fn ends(rule: &Rule) -> bool {
    rule.kind == RuleKind::Ignore || rule.go_on.is_none()
}

/// The pattern that the record is searched for before anything else.
fn first_pattern(condition: &Condition) -> Option<usize> {
    match condition {
        Condition::Match {
            target: None,
            pattern,
            ..
        } => *pattern,
        Condition::Not(first)
        | Condition::And(first, _)
        | Condition::Or(first, _)
        | Condition::Xor(first, _) => first_pattern(first),
        Condition::Comma(all) => first_pattern(all.first()?),
        _ => None,
    }
}

fn note_uses(condition: &Condition, rule: u32, orders: &mut [Order]) {
    match condition {
        Condition::Match {
            target, pattern, ..
        } => {
            if let Some(target) = target {
                note_uses(target, rule, orders);
            }
            if let Some(pattern) = *pattern {
                let first_use = &mut orders[pattern].first_use;
                *first_use = rule.min(*first_use);
            }
        }
        Condition::Not(inner) => note_uses(inner, rule, orders),
        Condition::And(l, r)
        | Condition::Or(l, r)
        | Condition::Xor(l, r)
        | Condition::Compare(_, l, r) => {
            note_uses(l, rule, orders);
            note_uses(r, rule, orders);
        }
        Condition::Comma(all) => all.iter().for_each(|one| note_uses(one, rule, orders)),
        Condition::Number(_) | Condition::Text(_) | Condition::Value(_) | Condition::Foreign => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use swatch_config::ast::When;

    #[test]
    fn only_a_rule_that_always_ends_makes_later_patterns_superfluous() {
        let mut goes_on = rule("1", matches("aaaa"), vec![]);
        goes_on.go_on = Some(When::ALWAYS);
        let both = and(matches("bbbb"), matches("aaaa"));
        let rules = vec![
            goes_on,
            rule("2", both, vec![]),
            rule("3", not(matches("cccc")), vec![]),
            rule("4", matches("aaaa"), vec![]),
        ];
        let bench = Bench::new(rules);
        let order = |first_use, ends_at, is_first| Order {
            first_use,
            ends_at,
            is_first,
        };
        assert_eq!(
            orders(&bench.program),
            [
                order(0, 3, true),
                order(1, NEVER, true),
                order(2, NEVER, true)
            ]
        );
    }
}
