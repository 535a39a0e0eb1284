//! The condition of a rule: a Perl expression over matches.
//!
//! Patterns, comparisons, logical operators and the variables of a record become an [`Expr`]. Any
//! other Perl makes the whole condition [`Expr::Perl`]. Text that Perl could not compile either is
//! an error.

mod parser;

mod token;

#[cfg(test)]
mod tests;

use crate::ast::Expr;
use crate::diagnostic::Diagnostic;
use crate::grammar::scope::Context;
use crate::lines::located::Located;
use parser::{Parser, Stop};

/// Reads a condition. `None`: errors are in the context.
pub(crate) fn parse(value: Located<'_>, context: &mut Context<'_>) -> Option<Expr> {
    let value = value.trim();
    if value.is_empty() || value.bytes[0] == b'#' {
        context.diagnostics.push(
            Diagnostic::error(
                value.at(0..0),
                "the rule has no pattern",
                "expected a pattern such as `/text/`",
            )
            .with_help("to act on every line write `/.*/`"),
        );
        return None;
    }
    let before = context.diagnostics.len();
    match Parser::new(value, context).whole() {
        Ok(expression) => {
            let failed = context.diagnostics[before..].iter();
            let failed = failed.map(|found| found.severity);
            let failed = failed.max() == Some(crate::Severity::Error);
            (!failed).then_some(expression)
        }
        Err(Stop::Broken(finding)) => {
            context.diagnostics.extend(finding.map(|finding| *finding));
            None
        }
        Err(Stop::Perl { what, start, end }) => {
            context.need(value.at(start..end), what);
            Some(Expr::Perl(value.bytes.to_vec()))
        }
    }
}
