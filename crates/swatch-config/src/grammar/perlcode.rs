//! `perlcode [DEPTH] CODE`: finds constant scalars, which need no Perl.

use crate::ast::{Flags, Template};
use crate::diagnostic::Diagnostic;
use crate::grammar::pattern::{Literal, delimited, literal, single_quoted};
use crate::grammar::scope::{Constant, Context, Scope};
use crate::grammar::template::{self, CODE};
use crate::lines::located::{Located, is_space, name_length};

/// A statement that needs no Perl.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    /// `my $x = …;` or `$x = …;`.
    Set {
        /// The scalar's name.
        name: Vec<u8>,
        /// Its value.
        value: Constant,
        /// With `my` or `our`.
        declared: bool,
    },
    /// `use strict;` and the like.
    Nothing,
}

/// Splits the value of a `perlcode` line into depth and code. The depth is a number directly
/// after the keyword.
pub(crate) fn depth(value: Located<'_>) -> (Option<u32>, Located<'_>) {
    let digits = value
        .bytes
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let after = value.bytes.get(digits).copied();
    if digits == 0 || after.is_some_and(|b| !is_space(b)) {
        return (None, value);
    }
    let number = std::str::from_utf8(&value.bytes[..digits]).ok();
    let number = number.and_then(|digits| digits.parse().ok());
    (Some(number.unwrap_or(u32::MAX)), value.from(digits).trim())
}

/// Names that a piece of Perl code declares.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// `$x`.
    pub(crate) scalars: Vec<Vec<u8>>,
    /// `@x`.
    pub(crate) arrays: Vec<Vec<u8>>,
    /// `%x`.
    pub(crate) hashes: Vec<Vec<u8>>,
    /// `sub x`.
    pub(crate) functions: Vec<Vec<u8>>,
    /// A module is loaded, which may define any name.
    pub(crate) foreign: bool,
}

/// Pragmas and modules that define no names.
const PRAGMAS: &[&[u8]] = &[
    b"strict",
    b"warnings",
    b"lib",
    b"utf8",
    b"integer",
    b"bytes",
    b"feature",
    b"re",
    b"locale",
    b"v5",
    b"diagnostics",
];

/// Finds declarations in code that is not parsed any further.
pub(crate) fn declarations(code: &[u8]) -> Declared {
    let mut out = Declared::default();
    let mut at = 0;
    while at < code.len() {
        let length = name_length(&code[at..]);
        if length == 0 {
            // A word after a sigil is a name, not a keyword.
            let sigil = matches!(code[at], b'$' | b'@' | b'%' | b'&');
            at += 1;
            at += if sigil { name_length(&code[at..]) } else { 0 };
            continue;
        }
        let word = &code[at..at + length];
        at += length;
        let rest = code[at..].trim_ascii_start();
        match word {
            b"my" | b"our" | b"local" | b"state" | b"vars" => list(rest, &mut out),
            b"sub" => {
                let length = name_length(rest);
                if length > 0 {
                    out.functions.push(rest[..length].to_vec());
                }
            }
            b"use" | b"require" | b"no" => {
                let length = rest
                    .iter()
                    .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
                let module = &rest[..length.count()];
                let known = PRAGMAS.contains(&module) || module == b"vars" || module == b"constant";
                if module == b"constant" {
                    let name = rest[module.len()..].trim_ascii_start();
                    out.functions.push(name[..name_length(name)].to_vec());
                }
                out.foreign |= !known && !module.is_empty();
            }
            _ => {}
        }
    }
    out
}

/// `$x`, `($x, @y)` or `qw($x)` after `my`.
fn list(text: &[u8], out: &mut Declared) {
    let open = matches!(text.first(), Some(b'(')) || text.starts_with(b"qw");
    let end = match open {
        true => text.iter().position(|b| matches!(b, b')' | b';' | b'=')),
        false => Some(1 + name_length(text.get(1..).unwrap_or_default())),
    };
    let text = &text[..end.unwrap_or(text.len()).min(text.len())];
    for (at, sigil) in text.iter().enumerate() {
        let name = &text[at + 1..];
        let name = name[..name_length(name)].to_vec();
        match sigil {
            _ if name.is_empty() => {}
            b'$' => out.scalars.push(name),
            b'@' => out.arrays.push(name),
            b'%' => out.hashes.push(name),
            _ => {}
        }
    }
}

/// Reads code as constant statements. `None`: it is something else. Errors that Perl would report
/// as well are returned.
pub(crate) fn constants(
    code: Located<'_>,
    env: crate::grammar::scope::Environment<'_>,
    scope: &Scope,
) -> Result<Option<Vec<Statement>>, Vec<Diagnostic>> {
    let mut scope = scope.clone();
    let mut out = Vec::new();
    let mut rest = code.trim();
    loop {
        while rest.bytes.first() == Some(&b';') {
            rest = rest.from(1).trim_start();
        }
        if rest.is_empty() || rest.bytes[0] == b'#' {
            return Ok(Some(out));
        }
        let mut context = Context::new(&scope, env);
        let read = statement(rest, &mut context);
        let needs = !context.needs.is_empty();
        let findings = context.diagnostics;
        let Some((statement, after)) = read else {
            return if findings.is_empty() {
                Ok(None)
            } else {
                Err(findings)
            };
        };
        if needs {
            return Ok(None);
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        if let Statement::Set { name, value, .. } = &statement {
            scope.set(name, value.clone());
        }
        out.push(statement);
        rest = after;
    }
}

fn statement<'t>(text: Located<'t>, context: &mut Context<'_>) -> Option<(Statement, Located<'t>)> {
    let word = name_length(text.bytes);
    let mut rest = text.from(word).trim_start();
    let declared = match &text.bytes[..word] {
        b"my" | b"our" => true,
        b"use" | b"no" => {
            let end = rest.bytes.iter().position(|&b| b == b';')?;
            let pragma = &rest.bytes[..end];
            let silent = pragma == b"strict" || pragma == b"warnings";
            return silent.then(|| (Statement::Nothing, rest.from(end)));
        }
        b"" => false,
        _ => return None,
    };
    if rest.bytes.first() != Some(&b'$') {
        return None;
    }
    let length = name_length(&rest.bytes[1..]);
    let name = rest.bytes[1..1 + length].to_vec();
    if name.is_empty() || name.contains(&b':') || matches!(name.as_slice(), b"_" | b"ENV") {
        return None;
    }
    rest = rest.from(1 + length).trim_start();
    let value = match rest.bytes {
        [] | [b';', ..] if declared => Constant::Text(Vec::new()),
        [b'=', b'~' | b'=', ..] => return None,
        [b'=', ..] => {
            rest = rest.from(1).trim_start();
            if matches!(rest.bytes, [] | [b';', ..]) {
                context.diagnostics.push(
                    Diagnostic::error(
                        rest.at(0..rest.bytes.len().min(1)),
                        "there is no value after the `=`",
                        "expected a string, a number or `qr/…/`",
                    )
                    .with_help("for example `my $x = '…';`"),
                );
                return None;
            }
            let (value, after) = concatenation(rest, context)?;
            rest = after;
            value
        }
        _ => return None,
    };
    let statement = Statement::Set {
        name,
        value,
        declared,
    };
    match rest.bytes.first() {
        None | Some(b';') => Some((statement, rest)),
        _ => None,
    }
}

/// `term . term . …`.
fn concatenation<'t>(
    text: Located<'t>,
    context: &mut Context<'_>,
) -> Option<(Constant, Located<'t>)> {
    let (mut value, mut rest) = term(text, context)?;
    while rest.bytes.first() == Some(&b'.') {
        let (next, after) = term(rest.from(1).trim_start(), context)?;
        let mut joined = value.pasted();
        joined.extend(next.pasted());
        value = Constant::Text(joined);
        rest = after;
    }
    Some((value, rest))
}

fn term<'t>(text: Located<'t>, context: &mut Context<'_>) -> Option<(Constant, Located<'t>)> {
    let first = *text.bytes.first()?;
    let word = match first {
        b'\'' | b'"' | b'$' => 0,
        _ => name_length(text.bytes),
    };
    let open = word
        + text
            .from(word)
            .bytes
            .iter()
            .take_while(|&&b| is_space(b))
            .count();
    let (interpolate, open) = match (&text.bytes[..word], first) {
        (b"", b'\'') => (false, 0),
        (b"", b'"') => (true, 0),
        (b"", b'$') => return variable(text, context),
        (b"q", _) => (false, open),
        (b"qq", _) => (true, open),
        (b"qr", _) => return regex(text, open, context),
        (b"", b'0'..=b'9' | b'-' | b'.') => return number(text),
        _ => return None,
    };
    let body = text.from(open);
    let Some(found) = delimited(body.bytes) else {
        context.diagnostics.push(Diagnostic::error(
            body.span(),
            "the string is not closed",
            "its closing quotation mark is missing",
        ));
        return None;
    };
    let rest = body.from(found.end + 1).trim_start();
    let body = body.sub(found.start..found.end);
    let value = match interpolate {
        false => single_quoted(body.bytes, found.close),
        true => fixed(&template::parse(body, CODE, context), context)?,
    };
    Some((Constant::Text(value), rest))
}

/// The text of a template without variables. With variables it is not a constant.
fn fixed(template: &Template, context: &mut Context<'_>) -> Option<Vec<u8>> {
    let text = template.as_text().map(<[u8]>::to_vec);
    if text.is_none() {
        // Undeclared names may be declared by code that only Perl understands.
        context.diagnostics.clear();
    }
    text
}

fn variable<'t>(text: Located<'t>, context: &mut Context<'_>) -> Option<(Constant, Located<'t>)> {
    use crate::grammar::variable::{Interpolation, Site, scan};
    let (found, length) = scan(text.bytes, Site::Value, context);
    match found {
        Interpolation::Known(value) => Some((value, text.from(length).trim_start())),
        _ => None,
    }
}

fn regex<'t>(
    text: Located<'t>,
    open: usize,
    context: &mut Context<'_>,
) -> Option<(Constant, Located<'t>)> {
    let (meaning, end) = literal(text, 0, open, context)?;
    let Literal::Native(pattern) = meaning else {
        return None;
    };
    let flags = Flags {
        ascii: false,
        ..pattern.flags
    };
    let value = Constant::Regex {
        source: pattern.source,
        flags,
    };
    Some((value, text.from(end).trim_start()))
}

fn number(text: Located<'_>) -> Option<(Constant, Located<'_>)> {
    let sign = usize::from(text.bytes[0] == b'-');
    let digits = text.bytes[sign..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let plain = digits > 0 && (digits == 1 || text.bytes[sign] != b'0');
    let end = sign + digits;
    let mut rest = text.from(end);
    let mut length = end;
    if rest.bytes.len() > 1 && rest.bytes[0] == b'.' && rest.bytes[1].is_ascii_digit() {
        let fraction = rest.bytes[1..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        length = end + 1 + fraction;
        // Perl prints 1.50 as 1.5.
        if rest.bytes[fraction] == b'0' {
            return None;
        }
        rest = text.from(length);
    }
    let value = Constant::Text(text.bytes[..length].to_vec());
    plain.then(|| (value, rest.trim_start()))
}
