//! Parses values as double-quoted Perl strings.

use swatch_common::sanitize;

use crate::ast::{Piece, Template, Var};
use crate::diagnostic::Diagnostic;
use crate::grammar::escape::{CaseOperators, Escape, scan as scan_escape};
use crate::grammar::scope::Context;
use crate::grammar::variable::{
    Interpolation, Site, scan as scan_variable, undeclared, warn_of_apostrophe,
};
use crate::lines::located::{Located, is_name_start, name_length};

impl Template {
    /// Text without variables.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        match text.is_empty() {
            true => Self::default(),
            false => Self {
                pieces: vec![Piece::Text(text)],
            },
        }
    }

    /// The text, if it has no variables.
    pub fn as_text(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [] => Some(b""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends bytes, merging adjacent pieces of text.
    pub(crate) fn push_text(&mut self, text: &[u8]) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.extend(text),
            _ => self.pieces.push(Piece::Text(text.to_vec())),
        }
    }
}

/// Variants of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StringStyle {
    /// Unknown escapes keep their backslash: a pattern written between double quotes.
    pub(crate) keep_unknown: bool,
    /// Declared arrays are interpolated by Perl.
    pub(crate) arrays: bool,
    /// Undeclared arrays are errors.
    pub(crate) strict_arrays: bool,
}

/// For the options of actions.
pub(crate) const VALUE: StringStyle = StringStyle {
    keep_unknown: false,
    arrays: true,
    strict_arrays: false,
};

/// For addresses, where `@` is always itself.
pub(crate) const ADDRESS: StringStyle = StringStyle {
    arrays: false,
    ..VALUE
};

/// For strings of Perl code that may hold a pattern.
pub(crate) const CODE: StringStyle = StringStyle {
    keep_unknown: true,
    arrays: true,
    strict_arrays: true,
};

/// Reads a value.
pub(crate) fn parse(value: Located<'_>, style: StringStyle, context: &mut Context<'_>) -> Template {
    let text = value.bytes;
    let mut out = Template::default();
    let mut cases = CaseOperators::default();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match rest[0] {
            b'\\' => at += backslash(rest, style, &mut out, &mut cases),
            b'$' => at += dollar(value, at, &mut out, &mut cases, context),
            b'@' => at += array(value, at, style, &mut out, &mut cases, context),
            byte => {
                push(&mut out, &mut cases, &[byte]);
                at += 1;
            }
        }
    }
    out
}

fn push(out: &mut Template, cases: &mut CaseOperators, text: &[u8]) {
    let mut changed = Vec::new();
    cases.push(&mut changed, text);
    out.push_text(&changed);
}

fn backslash(
    rest: &[u8],
    style: StringStyle,
    out: &mut Template,
    cases: &mut CaseOperators,
) -> usize {
    let (escape, length) = scan_escape(rest);
    match escape {
        Escape::Byte(byte) => push(out, cases, &[byte]),
        Escape::Wide(wide) => push(out, cases, wide.encode_utf8(&mut [0; 4]).as_bytes()),
        Escape::Case(operator) => cases.apply(operator),
        Escape::Unknown(letter) if style.keep_unknown => push(out, cases, &[b'\\', letter]),
        Escape::Unknown(letter) => push(out, cases, &[letter]),
    }
    length
}

fn dollar(
    value: Located<'_>,
    at: usize,
    out: &mut Template,
    cases: &mut CaseOperators,
    context: &mut Context<'_>,
) -> usize {
    let rest = &value.bytes[at..];
    let (found, length) = scan_variable(rest, Site::Value, context);
    let span = value.at(at..at + length);
    if matches!(found, Interpolation::Known(_) | Interpolation::Perl(_)) {
        warn_of_apostrophe(rest, length, span, context);
    }
    match found {
        Interpolation::Var(var) if cases.idle() => out.pieces.push(Piece::Var(var)),
        Interpolation::Known(constant) => push(out, cases, &constant.pasted()),
        Interpolation::Empty => context.diagnostics.push(
            Diagnostic::warning(
                span,
                format!("`{}` is always empty", sanitize::text(&rest[..length])),
                "an element of an array, as in Perl",
            )
            .with_help("to write the group and a bracket after it, use `${1}\\[`"),
        ),
        Interpolation::Plain => push(out, cases, b"$"),
        Interpolation::Var(_) => {
            context.need(span, "a variable whose letters are changed");
            let code = cases.around(&rest[..length]);
            out.pieces.push(Piece::Var(Var::Perl(code)));
        }
        Interpolation::Perl(code) => {
            context.need(
                span,
                format!("the value of `{}`", sanitize::text(&rest[..length])),
            );
            let code = match cases.idle() {
                true => code,
                false => cases.around(&code),
            };
            out.pieces.push(Piece::Var(Var::Perl(code)));
        }
        Interpolation::Undeclared(name) => {
            let finding = undeclared(span, &name);
            let name = sanitize::text(&name);
            context.diagnostics.push(finding.with_help(format!(
                    "a dollar sign is `\\$`; the line is `$_`, a group `$1`, the environment `$ENV{{{name}}}`"
            )));
        }
    }
    length
}

/// An `@` is literal, except for an array that Perl code declares.
fn array(
    value: Located<'_>,
    at: usize,
    style: StringStyle,
    out: &mut Template,
    cases: &mut CaseOperators,
    context: &mut Context<'_>,
) -> usize {
    let rest = &value.bytes[at..];
    let length = match rest.get(1) {
        Some(&b) if is_name_start(b) => name_length(&rest[1..]),
        _ => 0,
    };
    let name = &rest[1..1 + length];
    if length > 0 && style.arrays && context.scope.arrays.contains(name) {
        let span = value.at(at..at + 1 + length);
        context.need(span, format!("the array `@{}`", sanitize::text(name)));
        let mut code = b"\"@".to_vec();
        code.extend(name);
        code.push(b'"');
        out.pieces.push(Piece::Var(Var::Perl(code)));
        return 1 + length;
    }
    if length > 0 && style.strict_arrays && !context.scope.foreign {
        let name = sanitize::text(name);
        context.diagnostics.push(
            Diagnostic::error(
                value.at(at..at + 1 + length),
                format!("the array `@{name}` is not declared"),
                "in double quotes Perl inserts the elements of an array here",
            )
            .with_help(format!(
                "write `\\@{name}`, or put the string in single quotes"
            )),
        );
    }
    push(out, cases, b"@");
    1
}
