//! Option lists: `value,name=value,name="value, with a comma"`.

use swatch_common::sanitize;

use crate::diagnostic::Diagnostic;
use crate::grammar::scope::Context;
use crate::lines::located::{Located, is_space, is_word};
use crate::source::Span;
use swatch_common::suggest::nearest;

/// One entry of a list.
#[derive(Debug, Clone)]
pub(crate) struct ListItem<'t> {
    /// The name in lower case, and its place; none for a bare value.
    pub(crate) name: Option<(String, Span)>,
    /// The value without enclosing quotation marks, trimmed.
    pub(crate) value: Located<'t>,
    /// The whole entry.
    pub(crate) span: Span,
}

impl ListItem<'_> {
    /// Returns true for the option of that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|(own, _)| own == name)
    }
}

/// The way in which an action's list is split.
#[derive(Clone, Copy)]
pub(crate) struct ListStyle {
    /// A bare value is free text, in which a `#` is a comment only with white space on
    /// both sides.
    pub(crate) free: bool,
    /// Recognises text after a comma that is a bare value of its own, even within another option.
    pub(crate) bare: fn(&[u8]) -> bool,
}

/// Options whose value is not free text.
const WORDS: &[&str] = &[
    "when",
    "type",
    "count",
    "seconds",
    "delay",
    "rings",
    "threshold",
    "thresholding",
    "modes",
    "keep_open",
    "time_from",
    "hold",
    "min_delta",
];

/// The name before a `=` at the start of a text: its length, and the offset of the value.
/// value.
pub(crate) fn named(text: &[u8]) -> Option<(usize, usize)> {
    let name = text.iter().take_while(|&&b| is_word(b)).count();
    let spaces = text[name..].iter().take_while(|&&b| is_space(b)).count();
    if name == 0 || text.get(name + spaces) != Some(&b'=') {
        return None;
    }
    let value = name + spaces + 1;
    let spaces = text[value..].iter().take_while(|&&b| is_space(b)).count();
    Some((name, value + spaces))
}

fn lead(text: &[u8]) -> usize {
    text.iter().take_while(|&&b| is_space(b)).count()
}

/// Splits a list. A comma that starts neither `name=` nor a bare value belongs to the value
/// before it.
pub(crate) fn split<'t>(
    list: Located<'t>,
    form: ListStyle,
    context: &mut Context<'_>,
) -> Vec<ListItem<'t>> {
    let mut items = Vec::new();
    let mut at = 0;
    let text = list.bytes;
    while at < text.len() {
        at += lead(&text[at..]);
        match text.get(at) {
            None | Some(b'#') => break,
            Some(b',') => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        let start = at;
        let mut name = None;
        if let Some((length, value)) = named(&text[at..]) {
            let lower = String::from_utf8_lossy(&text[at..at + length]).to_ascii_lowercase();
            name = Some((lower, list.at(at..at + length)));
            at += value;
        }
        let free = match &name {
            Some((name, _)) => !WORDS.contains(&name.as_str()),
            None => form.free,
        };
        let (value, end) = take_value(list, at, free, name.is_none(), form, context);
        at = end;
        items.push(ListItem {
            name,
            value,
            span: list.sub(start..end).trim_end().span(),
        });
    }
    items
}

/// Reads a value; returns it and the offset after it.
fn take_value<'t>(
    list: Located<'t>,
    start: usize,
    free: bool,
    bare: bool,
    form: ListStyle,
    context: &mut Context<'_>,
) -> (Located<'t>, usize) {
    let text = list.bytes;
    let quote = text
        .get(start)
        .copied()
        .filter(|b| matches!(b, b'"' | b'\''));
    let mut from = start;
    if let Some(quote) = quote
        && let Some(close) = closing_quote(text, start)
    {
        let after = end_of_value(text, close + 1, free, form);
        let junk = list.sub(close + 1..after).trim();
        let alone = junk.is_empty() || junk.bytes == b",";
        // Single quotes belong to the text, except around a bare value.
        let strip = quote == b'"' || bare;
        if alone || quote == b'"' {
            if !alone {
                context.diagnostics.push(Diagnostic::warning(
                    junk.span(),
                    "text after the closing quotation mark is ignored",
                    "expected a comma or the end of the line",
                ));
            }
            // White space in quotation marks is kept, except in a bare value.
            let value = match (strip, bare) {
                (true, true) => list.sub(start + 1..close).trim(),
                (true, false) => list.sub(start + 1..close),
                (false, _) => list.sub(start..close + 1),
            };
            return (value, after);
        }
        from = close + 1;
    }
    let end = end_of_value(text, from, free, form);
    let unclosed = quote == Some(b'"') && from == start && !bare;
    if quote == Some(b'"') && from == start {
        context.diagnostics.push(
            Diagnostic::warning(
                list.at(start..start + 1),
                "this quotation mark is not closed",
                "the value goes on to the end of the line",
            )
            .with_help("write `\"` at the end of the value"),
        );
    }
    let mut value = list.sub(start + usize::from(unclosed)..end).trim_start();
    // As in the original, white space before a comma belongs to free text; never to a word or
    // number.
    if !free || text.get(end) != Some(&b',') {
        value = value.trim_end();
    }
    if lead(&text[end..]) + end == text.len() || text[end..].trim_ascii_start().starts_with(b"#") {
        while value.bytes.last() == Some(&b',') {
            value = value.to(value.bytes.len() - 1).trim_end();
        }
    }
    (value, end)
}

fn closing_quote(text: &[u8], open: usize) -> Option<usize> {
    let quote = text[open];
    let mut at = open + 1;
    while at < text.len() {
        match text[at] {
            b'\\' if quote == b'"' => at += 1,
            b if b == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The offset of the comma or comment that ends a value.
fn end_of_value(text: &[u8], start: usize, free: bool, form: ListStyle) -> usize {
    let mut at = start;
    while at < text.len() {
        let rest = &text[at + 1..];
        match text[at] {
            b',' => {
                let next = &rest[lead(rest)..];
                if named(next).is_some() || (form.bare)(next) {
                    return at;
                }
            }
            b if is_space(b) && comment(rest, free) => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Returns true for a comment after white space. In free text its `#` needs white space after it,
/// too.
fn comment(rest: &[u8], free: bool) -> bool {
    match rest {
        [b'#', after, ..] => !free || is_space(*after),
        [b'#'] => true,
        _ => false,
    }
}

/// For actions whose options no bare value can follow.
pub(crate) fn no_bare(_: &[u8]) -> bool {
    false
}

/// Reports an option that the action does not have.
pub(crate) fn unknown(
    item: &ListItem<'_>,
    action: &str,
    known: &[&str],
    context: &mut Context<'_>,
) {
    let Some((name, span)) = &item.name else {
        return;
    };
    let name = sanitize::text(name.as_bytes());
    let finding = Diagnostic::error(
        *span,
        format!("`{action}` has no option `{name}`"),
        format!("expected one of: {}", known.join(", ")),
    );
    let finding = match (nearest(&name, known), action) {
        (Some(near), _) => finding.with_help(format!("did you mean `{near}`?")),
        (None, "mail") if name == "to" => finding.with_help("did you mean `addresses`?"),
        (None, "mail" | "write") => finding
            .with_help("if the comma belongs to the text before it, put the text in double quotes"),
        _ => finding,
    };
    context.diagnostics.push(finding);
}
