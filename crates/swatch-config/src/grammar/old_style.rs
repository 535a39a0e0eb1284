//! The format of the 1990s: `PATTERN<TAB>actions,separated,by commas<TAB>throttle`.

use crate::ast::RuleKind;
use crate::grammar::rule::RuleBuilder;
use crate::lines::keyword::{divide, is_action};
use crate::lines::located::{Located, is_space};

/// Reads a line.
pub(crate) fn line(line: Located<'_>, builder: &mut RuleBuilder<'_>) {
    let columns = columns(line);
    let pattern = columns[0].trim();
    let actions = columns
        .get(1)
        .map(|actions| self::actions(*actions))
        .unwrap_or_default();
    // The original treats any line that contains `ignore` as such a rule.
    let ignore = |action: &Located<'_>| divide(*action).name() == b"ignore";
    let kind = match actions.iter().any(ignore) {
        true => RuleKind::Ignore,
        false => RuleKind::Watch,
    };
    builder.rule(kind, pattern, line, &[]);
    if kind == RuleKind::Ignore {
        return;
    }
    let index = builder.last_index();
    let scope = builder.outer_scope();
    for action in actions {
        builder.block_line(divide(action), index, &scope);
    }
    let Some(throttle) = columns.get(2) else {
        return;
    };
    if !throttle.bytes.first().is_some_and(u8::is_ascii_digit) {
        return builder.warn(
            throttle.span(),
            "this column has no effect",
            "expected a time",
        );
    }
    builder.throttle_line(*throttle, index, &scope);
}

/// Splits at runs of tabs.
fn columns(line: Located<'_>) -> Vec<Located<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line.bytes[at..];
        let length = rest.iter().take_while(|&&b| b != b'\t').count();
        out.push(line.sub(at..at + length));
        at += length;
        let tabs = line.bytes[at..].iter().take_while(|&&b| b == b'\t').count();
        at += tabs;
        if tabs == 0 || at == line.bytes.len() {
            return out;
        }
    }
}

/// Splits a list of actions. A comma that no action follows belongs to the action before it.
fn actions(list: Located<'_>) -> Vec<Located<'_>> {
    let mut out = Vec::new();
    let mut start = 0;
    for at in 0..=list.bytes.len() {
        let end = at == list.bytes.len();
        if !end && (list.bytes[at] != b',' || !begins_action(&list.bytes[at + 1..])) {
            continue;
        }
        let action = list.sub(start..at).trim();
        if !action.is_empty() {
            out.push(action);
        }
        start = at + 1;
    }
    out
}

fn begins_action(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let end = text
        .iter()
        .position(|&b| is_space(b) || matches!(b, b'=' | b','));
    let word = text[..end.unwrap_or(text.len())].to_ascii_lowercase();
    word == b"ignore" || word.is_empty() || is_action(&word)
}
