//! Checks the groups that actions use against the patterns of their rule.

use std::collections::BTreeSet;

use swatch_common::sanitize;
use swatch_common::suggest::nearest;

use super::{patterns, regex};
use crate::ast::{Action, ActionKind, Expr, Piece, Rule, Template, Threshold, Var};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Warns of a `$N` without such a group in any pattern of the rule.
pub(super) fn missing(rule: &Rule, awk_fields: bool, out: &mut Vec<Diagnostic>) {
    if matches!(rule.condition, Expr::Perl(_)) || !rule.perl_first.is_empty() {
        return;
    }
    let counts = patterns(&rule.condition);
    let counts = counts
        .into_iter()
        .map(|pattern| regex::groups(pattern).map(|g| g.len()));
    let Some(most) = counts.collect::<Option<Vec<usize>>>() else {
        return;
    };
    let most = most.into_iter().max().unwrap_or(0);
    for (span, number) in uses(rule, awk_fields) {
        if number as usize <= most {
            continue;
        }
        let has = match most {
            0 => "no group".to_owned(),
            1 => "one group".to_owned(),
            count => format!("{count} groups"),
        };
        let finding = Diagnostic::warning(
            span,
            format!("`${number}` is always empty: the pattern has {has}"),
            "used here",
        );
        out.push(finding.with_help(match most {
            0 => "a group is written in parentheses; fields of the line need --awk-field-syntax",
            _ => "groups are numbered by their opening parentheses",
        }));
    }
}

/// Warns of a `$+{name}` without such a group in any pattern of the rule.
pub(super) fn missing_names(rule: &Rule, out: &mut Vec<Diagnostic>) {
    if matches!(rule.condition, Expr::Perl(_)) || !rule.perl_first.is_empty() {
        return;
    }
    let mut known: Vec<String> = Vec::new();
    for pattern in patterns(&rule.condition) {
        let Some(groups) = regex::groups(pattern) else {
            return;
        };
        let names = groups.into_iter().filter_map(|group| group.name);
        known.extend(names.map(|name| sanitize::text(&name)));
    }
    for (span, name) in names(rule) {
        let name = sanitize::text(name);
        if known.contains(&name) {
            continue;
        }
        let finding = Diagnostic::warning(
            span,
            format!("`$+{{{name}}}` is always empty: the pattern has no such group"),
            "used here",
        );
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        out.push(match nearest(&name, &known) {
            Some(near) => finding.with_help(format!("did you mean `$+{{{near}}}`?")),
            None => finding.with_help(format!("such a group is written `(?<{name}>…)`")),
        });
    }
}

/// Places and names of the named groups that a rule uses.
fn names(rule: &Rule) -> Vec<(Span, &[u8])> {
    let mut out = Vec::new();
    for action in &rule.actions {
        let words = match &action.kind {
            ActionKind::Exec { command } | ActionKind::Pipe { command, .. } => command.templates(),
            _ => Vec::new(),
        };
        let all = templates(action).into_iter().chain(words);
        let track_by = action.threshold.iter().map(|limit| &limit.track_by);
        let names = all.chain(track_by).flat_map(group_names);
        out.extend(names.map(|name| (action.span, name)));
    }
    for limit in &rule.thresholds {
        out.extend(group_names(&limit.track_by).map(|name| (limit.span, name)));
    }
    for limit in &rule.throttles {
        let all = limit.key.iter().chain(&limit.message);
        out.extend(all.flat_map(group_names).map(|name| (limit.span, name)));
    }
    out.dedup();
    out
}

fn group_names(template: &Template) -> impl Iterator<Item = &[u8]> {
    template.pieces.iter().filter_map(|piece| match piece {
        Piece::Var(Var::Named(name)) => Some(name.as_slice()),
        _ => None,
    })
}

/// Warns of a group that an attacker can choose, because the pattern can match text of theirs
/// instead of the program's: an address after `.*`, or a group after a single word. A match that
/// reaches to the end of the line is the program's.
pub(super) fn forged(rule: &Rule, awk_fields: bool, out: &mut Vec<Diagnostic>) {
    let [pattern] = patterns(&rule.condition)[..] else {
        return;
    };
    let source = &pattern.source;
    let Some(groups) = regex::groups(pattern) else {
        return;
    };
    if source.ends_with(b"$") && !source.ends_with(b"\\$") {
        return;
    }
    let free = regex::anything(source);
    let used: BTreeSet<u32> = commands(rule, awk_fields)
        .map(|(_, number)| number)
        .collect();
    for (index, group) in groups.iter().enumerate() {
        let number = index as u32 + 1;
        if !used.contains(&number) {
            continue;
        }
        let body = &source[group.start..group.end];
        let after_anything = free.is_some_and(|free| free < group.start) && regex::is_address(body);
        let after_a_word = regex::is_one_word(source, group)
            && (regex::is_address(body) || regex::is_any_word(body));
        let label = match (after_anything, after_a_word) {
            (true, _) => "`.*` before the address matches anything, including a forged address",
            (_, true) => "a user name or another field can contain the same word",
            _ => continue,
        };
        out.push(
            Diagnostic::warning(
                pattern.span,
                format!("anyone who can write to this log can choose the value of `${number}`"),
                label,
            )
            .with_help(
                "match the text before the group from the name of the program on (`\\S+`, `[^ ]+`), \
                 and end the pattern with `$`",
            ),
        );
    }
}

/// Places and numbers of groups that a rule uses.
fn uses(rule: &Rule, awk_fields: bool) -> Vec<(Span, u32)> {
    let mut out: BTreeSet<(usize, usize, u32)> = BTreeSet::new();
    let mut add = |span: Span, number: u32| {
        out.insert((span.start, span.end, number));
    };
    for action in &rule.actions {
        for template in templates(action) {
            numbers(template).for_each(|number| add(action.span, number));
        }
        if let Some(limit) = &action.threshold {
            numbers(&limit.track_by).for_each(|number| add(action.span, number));
        }
    }
    for Threshold { track_by, span, .. } in &rule.thresholds {
        numbers(track_by).for_each(|number| add(*span, number));
    }
    for limit in &rule.throttles {
        for template in limit.key.iter().chain(&limit.message) {
            numbers(template).for_each(|number| add(limit.span, number));
        }
    }
    commands(rule, awk_fields).for_each(|(span, number)| add(span, number));
    let file = rule.span.file;
    let span = |(start, end, number)| (Span { file, start, end }, number);
    out.into_iter().map(span).collect()
}

fn templates(action: &Action) -> Vec<&Template> {
    let mut out: Vec<&Template> = action.message.iter().collect();
    match &action.kind {
        ActionKind::Mail {
            addresses, subject, ..
        } => out.extend(addresses.iter().chain(subject)),
        ActionKind::Write { users, .. } => out.push(users),
        ActionKind::Custom { arguments, .. } => out.extend(arguments.iter().map(|(_, v)| v)),
        _ => {}
    }
    out
}

fn numbers(template: &Template) -> impl Iterator<Item = u32> + '_ {
    template.pieces.iter().filter_map(|piece| match piece {
        Piece::Var(Var::Group(number)) => Some(*number),
        _ => None,
    })
}

/// Groups in `exec` and `pipe`. Under `--awk-field-syntax` there are none.
fn commands(rule: &Rule, awk_fields: bool) -> impl Iterator<Item = (Span, u32)> + '_ {
    let actions = rule.actions.iter().filter(move |_| !awk_fields);
    actions.flat_map(|action| {
        let numbers: Vec<u32> = match &action.kind {
            ActionKind::Exec { command } | ActionKind::Pipe { command, .. } => {
                command.templates().into_iter().flat_map(numbers).collect()
            }
            _ => Vec::new(),
        };
        numbers.into_iter().map(|number| (action.span, number))
    })
}
