//! Finds likely mistakes without running the rules.
//!
//! The parser already warns of what it ignores. These mistakes show only in a whole rule or a
//! whole file.

mod groups;
mod hidden;
pub(crate) mod regex;

#[cfg(test)]
mod tests;

use swatch_common::sanitize;

use crate::ast::{Config, Expr, Item, Pattern, Rule};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;

/// Warnings about a configuration, in the order of its rules.
pub fn lint(config: &Config) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for rule in rules(config) {
        word_edges(rule, &mut out);
        constant(rule, &mut out);
        groups::missing(rule, config.awk_fields, &mut out);
        groups::missing_names(rule, &mut out);
        groups::forged(rule, config.awk_fields, &mut out);
        let hazards = crate::shell::hazards(rule, config);
        out.extend(
            hazards
                .into_iter()
                .filter(|hazard| hazard.severity == Severity::Warning),
        );
    }
    hidden::rules(config, &mut out);
    out.sort_by_key(|finding| finding.span.map(|span| (span.file, span.start)));
    out
}

/// Programs that the commands of all rules run on this machine, by name or absolute path, with the
/// place of the action. Shell builtins, files that the command creates and unknown names are
/// left out.
pub fn programs(config: &Config) -> Vec<(Span, Vec<u8>)> {
    let rules = rules(config);
    rules
        .flat_map(|rule| crate::shell::programs(rule, config))
        .collect()
}

fn rules(config: &Config) -> impl Iterator<Item = &Rule> {
    config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Perl(_) => None,
    })
}

/// All patterns of a condition.
pub(crate) fn patterns(expression: &Expr) -> Vec<&Pattern> {
    match expression {
        Expr::Match(found) => {
            let target = found.target.iter().flat_map(|target| patterns(target));
            target.chain([&found.pattern]).collect()
        }
        Expr::Not(inner) => patterns(inner),
        Expr::And(a, b) | Expr::Or(a, b) | Expr::Xor(a, b) => {
            let mut all = patterns(a);
            all.extend(patterns(b));
            all
        }
        Expr::Compare { left, right, .. } => {
            let mut all = patterns(left);
            all.extend(patterns(right));
            all
        }
        Expr::Comma(list) => list.iter().flat_map(patterns).collect(),
        Expr::Number(_) | Expr::Text(_) | Expr::Var(_) | Expr::Perl(_) => Vec::new(),
    }
}

/// In Perl `\<word` is a `<` and a word, not the edge of a word as in grep.
fn word_edges(rule: &Rule, out: &mut Vec<Diagnostic>) {
    for pattern in patterns(&rule.condition) {
        let source = &pattern.source;
        let mut at = 0;
        while at + 2 < source.len() {
            if source[at] != b'\\' {
                at += 1;
                continue;
            }
            if source[at + 1] == b'<' && source[at + 2].is_ascii_alphanumeric() {
                out.push(
                    Diagnostic::warning(
                        pattern.span,
                        "`\\<` matches the character `<`, not the edge of a word",
                        "in this pattern",
                    )
                    .with_help("the edge of a word is `\\b`; the character `<` needs no backslash"),
                );
                break;
            }
            at += 2;
        }
    }
}

/// `watchfor "sshd"`: a string is not searched for, it is true.
fn constant(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let Some(text) = constant_string(&rule.condition) else {
        return;
    };
    let always = !matches!(text, b"" | b"0");
    let shown = sanitize::text(text).replace('/', "\\/");
    out.push(
        Diagnostic::warning(
            rule.span,
            match always {
                true => "a string alone is true for every line",
                false => "this string is false for every line",
            },
            "it is not searched for",
        )
        .with_help(format!("write a pattern between slashes: `/{shown}/`")),
    );
}

/// A string in the place of a condition.
fn constant_string(expression: &Expr) -> Option<&[u8]> {
    match expression {
        Expr::Text(template) => template.as_text(),
        Expr::Not(inner) => constant_string(inner),
        Expr::And(a, b) | Expr::Or(a, b) | Expr::Xor(a, b) => {
            constant_string(a).or_else(|| constant_string(b))
        }
        _ => None,
    }
}

/// The line of a place, for the help of another diagnostic.
fn line_of(config: &Config, span: Span) -> usize {
    config.sources.line_column(span).0
}
