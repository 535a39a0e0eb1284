//! Conditions.

use swatch_config::ast::{Expr, Match};

use super::pattern::PatternCompiler;
use crate::condition::Condition;
use crate::env::Variable;
use crate::text::CompiledText;

pub(super) fn compile<'c>(expr: &'c Expr, patterns: &mut PatternCompiler<'c>) -> Condition {
    let mut compiled = |e: &'c Expr| compile(e, patterns);
    match expr {
        Expr::Match(Match {
            target,
            pattern,
            negated,
        }) => Condition::Match {
            target: target.as_deref().map(|t| Box::new(compiled(t))),
            pattern: patterns.add(pattern),
            negated: *negated,
        },
        Expr::Not(e) => Condition::Not(Box::new(compiled(e))),
        Expr::And(l, r) => Condition::And(Box::new(compiled(l)), Box::new(compiled(r))),
        Expr::Or(l, r) => Condition::Or(Box::new(compiled(l)), Box::new(compiled(r))),
        Expr::Xor(l, r) => Condition::Xor(Box::new(compiled(l)), Box::new(compiled(r))),
        Expr::Comma(all) => Condition::Comma(all.iter().map(compiled).collect()),
        Expr::Number(n) => Condition::Number(*n),
        Expr::Text(t) => Condition::Text(CompiledText::compile(t)),
        Expr::Var(v) => Condition::Value(Variable::Var(v.clone())),
        Expr::Compare { op, left, right } => {
            Condition::Compare(*op, Box::new(compiled(left)), Box::new(compiled(right)))
        }
        Expr::Perl(_) => Condition::Foreign,
    }
}
