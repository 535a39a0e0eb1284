//! Finds rules that an earlier rule always hides.

use std::collections::BTreeMap;

use super::{line_of, rules as all_rules};
use crate::ast::{Config, Expr, Match, Rule};
use crate::diagnostic::Diagnostic;
use crate::print::expression_text;

/// Warns of rules that no line can reach. With Perl code, which can skip rules, that is unknown.
pub(super) fn rules(config: &Config, out: &mut Vec<Diagnostic>) {
    if !config.perl_needs.is_empty() {
        return;
    }
    let mut seen: BTreeMap<Vec<u8>, &Rule> = BTreeMap::new();
    let mut catch_all: Option<&Rule> = None;
    for rule in all_rules(config) {
        let text = expression_text(&rule.condition);
        let hider = catch_all.or_else(|| seen.get(&text).copied());
        if let Some(earlier) = hider {
            let line = line_of(config, earlier.span);
            let what = match catch_all {
                Some(_) => "matches every line",
                None => "has the same pattern",
            };
            out.push(
                Diagnostic::warning(
                    rule.span,
                    "no line ever reaches this rule",
                    format!("the rule in line {line} {what}"),
                )
                .with_help("add `continue` to the earlier rule, or move this one before it"),
            );
        }
        if rule.go_on.is_none() {
            if catch_all.is_none() && takes_all(&rule.condition) {
                catch_all = Some(rule);
            }
            seen.entry(text).or_insert(rule);
        }
    }
}

fn takes_all(condition: &Expr) -> bool {
    match condition {
        Expr::Match(Match {
            target: None,
            pattern,
            negated: false,
        }) => matches!(
            pattern.source.as_slice(),
            b"" | b".*" | b"^" | b"^.*" | b"^.*$" | b".*$" | b"(.*)" | b"^(.*)$" | b"$"
        ),
        Expr::Number(number) => number.as_f64() != 0.0,
        _ => false,
    }
}
