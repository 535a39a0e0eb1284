//! Parses variables, by the rules of Perl's interpolation.
//!
//! An unknown name is an error in a pattern or value. In a command it belongs to the shell.

use swatch_common::sanitize;

use crate::ast::Var;
use crate::diagnostic::Diagnostic;
use crate::grammar::scope::{Constant, Context};
use crate::lines::located::{is_name_start, is_space, is_word, name_length};
use crate::source::Span;

/// The kind of text around a `$`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    /// A match pattern.
    Pattern,
    /// A double-quoted string: an option's value, a string of a condition or of Perl code.
    Value,
    /// A command line, outside the shell's single quotes.
    Command,
    /// A command line, between single quotes.
    SingleQuoted,
}

impl Site {
    fn command(self) -> bool {
        matches!(self, Site::Command | Site::SingleQuoted)
    }
}

/// The meaning of a `$`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Interpolation {
    /// A variable whose value comes from a record.
    Var(Var),
    /// A scalar with a known value.
    Known(Constant),
    /// A Perl expression that only Perl can evaluate.
    Perl(Vec<u8>),
    /// An element of an array that is always empty, such as `$1[0]`.
    Empty,
    /// An undeclared name.
    Undeclared(Vec<u8>),
    /// The `$` stands for itself.
    Plain,
}

/// Reads a variable at a `$`; returns its meaning and its length with the `$`.
pub(crate) fn scan(text: &[u8], within: Site, context: &Context<'_>) -> (Interpolation, usize) {
    debug_assert_eq!(text.first(), Some(&b'$'));
    let Some(&next) = text.get(1) else {
        return (Interpolation::Plain, 1);
    };
    match next {
        b'0' => subscripted(text, 2, Interpolation::Var(Var::Whole)),
        b'1'..=b'9' => {
            let digits = text[1..].iter().take_while(|b| b.is_ascii_digit()).count();
            subscripted(text, 1 + digits, group(&text[1..1 + digits]))
        }
        b'*' => (Interpolation::Var(Var::Whole), 2),
        b'&' => (Interpolation::Var(Var::Matched), 2),
        b'`' if within != Site::SingleQuoted => (Interpolation::Var(Var::Before), 2),
        b'\'' if within != Site::SingleQuoted => (Interpolation::Var(Var::After), 2),
        b'+' => last_group(text),
        b'-' if matches!(text.get(2), Some(b'[' | b'{')) => perl_element(text, 2),
        b'$' => pid(text, within),
        b'{' => braced(text, within, context),
        b'#' if within != Site::Pattern => array_end(text, context),
        _ if is_name_start(next) => named(text, 1, within, context),
        _ => (Interpolation::Plain, 1),
    }
}

fn group(digits: &[u8]) -> Interpolation {
    let number = std::str::from_utf8(digits).ok();
    match number.and_then(|digits| digits.parse::<u32>().ok()) {
        Some(0) => Interpolation::Var(Var::Whole),
        Some(number) => Interpolation::Var(Var::Group(number)),
        None => Interpolation::Empty,
    }
}

/// `$1[0]` is an element of an array `@1`, which is always empty; the index must be a number or a
/// variable of digits, otherwise the bracket stands for itself, as in Perl.
fn subscripted(text: &[u8], end: usize, found: Interpolation) -> (Interpolation, usize) {
    let index = match text.get(end) {
        Some(b'[') => &text[end + 1..],
        _ => return (found, end),
    };
    let sign = index
        .iter()
        .take_while(|&&b| b == b'$' || b == b'-')
        .count();
    let digits = index[sign..].iter().take_while(|b| b.is_ascii_digit());
    let digits = digits.count();
    match sign <= 1 && digits > 0 && index.get(sign + digits) == Some(&b']') {
        true => (Interpolation::Empty, end + 1 + sign + digits + 1),
        false => (found, end),
    }
}

fn last_group(text: &[u8]) -> (Interpolation, usize) {
    match text.get(2) {
        Some(b'{') => {
            let name = &text[3..];
            let length = name.iter().take_while(|&&b| is_word(b)).count();
            match length > 0 && name.get(length) == Some(&b'}') {
                true => {
                    let name = name[..length].to_vec();
                    (Interpolation::Var(Var::Named(name)), 3 + length + 1)
                }
                false => (Interpolation::Var(Var::LastGroup), 2),
            }
        }
        Some(b'[') => perl_element(text, 2),
        _ => (Interpolation::Var(Var::LastGroup), 2),
    }
}

/// `$$` is the process id, unless a name follows: then it is what a reference points to.
fn pid(text: &[u8], within: Site) -> (Interpolation, usize) {
    match text.get(2) {
        Some(&b) if is_name_start(b) && !within.command() => {
            let end = 2 + name_length(&text[2..]);
            (Interpolation::Perl(text[..end].to_vec()), end)
        }
        _ => (Interpolation::Var(Var::Pid), 2),
    }
}

fn braced(text: &[u8], within: Site, context: &Context<'_>) -> (Interpolation, usize) {
    let close = match closing(&text[1..], b'{', b'}') {
        Some(length) => 1 + length,
        None => return (Interpolation::Plain, 1),
    };
    let inner = &text[2..close - 1];
    let lead = inner.iter().take_while(|&&b| is_space(b)).count();
    let tail = inner[lead..].iter().rev();
    let tail = tail.take_while(|&&b| is_space(b)).count();
    let name = &inner[lead..inner.len() - tail];
    if !name.is_empty() && name.iter().all(u8::is_ascii_digit) {
        return (group(name), close);
    }
    if name_length(name) == name.len() && !name.is_empty() {
        // `${name}` takes the subscripts that follow it as `$name` does, but no letters.
        let mut plain = b"$".to_vec();
        plain.extend(name);
        if matches!(text.get(close), Some(b'[' | b'{' | b'-')) {
            plain.extend(&text[close..]);
        }
        let (found, length) = named(&plain, 1, within, context);
        return match found {
            Interpolation::Plain => (Interpolation::Plain, 1),
            found => (found, close + length - 1 - name.len()),
        };
    }
    match name {
        b"&" => (Interpolation::Var(Var::Matched), close),
        b"$" => (Interpolation::Var(Var::Pid), close),
        _ if within.command() => (Interpolation::Plain, 1),
        _ => (Interpolation::Perl(text[..close].to_vec()), close),
    }
}

/// `$#name`, the last index of an array.
fn array_end(text: &[u8], context: &Context<'_>) -> (Interpolation, usize) {
    let length = name_length(&text[2..]);
    let name = &text[2..2 + length];
    match length > 0 && context.scope.arrays.contains(name) {
        true => (Interpolation::Perl(text[..2 + length].to_vec()), 2 + length),
        false => (Interpolation::Plain, 1),
    }
}

fn named(text: &[u8], start: usize, within: Site, context: &Context<'_>) -> (Interpolation, usize) {
    let scope = context.scope;
    let end = start + name_length(&text[start..]);
    let name = &text[start..end];
    let next = text.get(end).copied();
    match (name, next) {
        (b"_" | b"S_", Some(b'[')) => return field(text, end, within),
        (b"_" | b"S_", _) => {
            let whole = if name == b"_" {
                Var::Record
            } else {
                Var::Whole
            };
            return (Interpolation::Var(whole), end);
        }
        (b"recall", Some(b'{')) if !scope.hashes.contains(name) => {
            if let Some(found) = recalled(text, end) {
                return found;
            }
        }
        (b"ENV", Some(b'{')) => return environment(text, end, context),
        (_, Some(b'[')) if scope.arrays.contains(name) => return perl_element(text, end),
        (_, Some(b'{')) if scope.hashes.contains(name) => return perl_element(text, end),
        _ => {}
    }
    if let Some(constant) = scope.constants.get(name) {
        return (Interpolation::Known(constant.clone()), end);
    }
    if scope.scalars.contains(name) {
        return match text[end..].starts_with(b"->[") || text[end..].starts_with(b"->{") {
            true => perl_element(text, end + 2),
            false => (Interpolation::Perl(text[..end].to_vec()), end),
        };
    }
    // A qualified name needs no declaration in Perl, and means nothing to a shell.
    let qualified = name.windows(2).any(|pair| pair == b"::");
    if qualified {
        return (Interpolation::Perl(text[..end].to_vec()), end);
    }
    if within.command() {
        return (Interpolation::Plain, 1);
    }
    if scope.foreign {
        return (Interpolation::Perl(text[..end].to_vec()), end);
    }
    (Interpolation::Undeclared(name.to_vec()), end)
}

/// `$_[N]`: a field of the record. Other indices are Perl's.
fn field(text: &[u8], open: usize, within: Site) -> (Interpolation, usize) {
    let Some(length) = closing(&text[open..], b'[', b']') else {
        return (Interpolation::Var(Var::Record), open);
    };
    let end = open + length;
    let index = std::str::from_utf8(&text[open + 1..end - 1]).ok();
    match index.and_then(|index| index.trim().parse::<i64>().ok()) {
        Some(index) => (Interpolation::Var(Var::Field(index)), end),
        None if within == Site::Pattern => (Interpolation::Var(Var::Record), open),
        None => (Interpolation::Perl(text[..end].to_vec()), end),
    }
}

/// `$recall{NAME}`: a value that `remember` keeps.
fn recalled(text: &[u8], open: usize) -> Option<(Interpolation, usize)> {
    let end = open + closing(&text[open..], b'{', b'}')?;
    let name = text[open + 1..end - 1].trim_ascii();
    let plain = !name.is_empty() && name.iter().all(|&b| is_word(b));
    plain.then(|| {
        let name = name.to_ascii_lowercase();
        (Interpolation::Var(Var::Recall(name)), end)
    })
}

fn environment(text: &[u8], open: usize, context: &Context<'_>) -> (Interpolation, usize) {
    let Some(length) = closing(&text[open..], b'{', b'}') else {
        return (Interpolation::Plain, 1);
    };
    let end = open + length;
    let mut key = text[open + 1..end - 1].trim_ascii();
    for quote in [b'\'', b'"'] {
        if key.len() > 1 && key.first() == Some(&quote) && key.last() == Some(&quote) {
            key = &key[1..key.len() - 1];
        }
    }
    match !key.is_empty() && key.iter().all(|&b| is_word(b)) {
        true => {
            let value = (context.env)(key).unwrap_or_default();
            (Interpolation::Known(Constant::Text(value)), end)
        }
        false => (Interpolation::Perl(text[..end].to_vec()), end),
    }
}

/// An element with all its subscripts: `$h{a}[0]`, `$x->{a}{b}`.
fn perl_element(text: &[u8], open: usize) -> (Interpolation, usize) {
    let mut end = open;
    loop {
        let arrow = if text[end..].starts_with(b"->") && end > open {
            2
        } else {
            0
        };
        let rest = &text[end + arrow..];
        let length = match rest.first() {
            Some(b'[') => closing(rest, b'[', b']'),
            Some(b'{') => closing(rest, b'{', b'}'),
            _ => None,
        };
        match length {
            Some(length) => end += arrow + length,
            None if end == open => return (Interpolation::Plain, 1),
            None => return (Interpolation::Perl(text[..end].to_vec()), end),
        }
    }
}

/// Length of a bracketed text with its brackets, which nest; a backslash escapes.
pub(crate) fn closing(text: &[u8], open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            b if b == open => depth += 1,
            b if b == close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Warns of `$user's`, in which swatchdog sees the variable `$user::s`.
pub(crate) fn warn_of_apostrophe(
    text: &[u8],
    length: usize,
    span: Span,
    context: &mut Context<'_>,
) {
    let plain = text.get(1).copied().is_some_and(is_name_start);
    let joined = text.get(length) == Some(&b'\'')
        && text.get(length + 1).copied().is_some_and(is_name_start);
    if !context.scope.check || !plain || !joined {
        return;
    }
    let name = sanitize::text(&text[1..length]);
    context.diagnostics.push(
        Diagnostic::warning(
            span,
            format!("`${name}` ends at the apostrophe here"),
            "swatchdog reads an old form of `::` and finds no such variable",
        )
        .with_help(format!("`${{{name}}}'` means the same to both")),
    );
}

/// An error for an undeclared variable; the caller adds the way out.
pub(crate) fn undeclared(span: Span, name: &[u8]) -> Diagnostic {
    Diagnostic::error(
        span,
        format!("the variable `${}` is not declared", sanitize::text(name)),
        "no `perlcode` line before it declares this variable",
    )
}
