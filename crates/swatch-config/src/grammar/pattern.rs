//! Perl pattern literals at the source level: delimiters, modifiers, interpolation.
//!
//! The result is the text that Perl's regex compiler would see. Its meaning is up to the engine.

use swatch_common::sanitize;

use crate::ast::{Flags, Pattern, Var};
use crate::diagnostic::Diagnostic;
use crate::grammar::escape::{CaseOperators, Escape, scan as scan_escape};
use crate::grammar::scope::{Constant, Context};
use crate::grammar::variable::{
    Interpolation, Site, closing, scan as scan_variable, undeclared, warn_of_apostrophe,
};
use crate::lines::located::{Located, is_name_start, is_space, is_word, name_length};

/// A literal between its delimiters.
pub(crate) struct Delimited {
    /// Offset of the body.
    pub(crate) start: usize,
    /// Offset of the closing delimiter.
    pub(crate) end: usize,
    /// The closing delimiter.
    pub(crate) close: u8,
}

/// Finds the end of a literal whose opening delimiter is the first byte. Brackets nest.
pub(crate) fn delimited(text: &[u8]) -> Option<Delimited> {
    let open = *text.first()?;
    let close = match open {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        other => other,
    };
    if open != close {
        let end = closing(text, open, close)? - 1;
        return Some(Delimited {
            start: 1,
            end,
            close,
        });
    }
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            b if b == close => {
                return Some(Delimited {
                    start: 1,
                    end: at,
                    close,
                });
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The result of reading a literal.
pub(crate) enum Literal {
    /// A pattern for the native engine.
    Native(Pattern),
    /// A pattern that only Perl can evaluate, and the reason.
    Perl(&'static str),
}

/// Reads a literal whose opening delimiter is the first byte of `text`, with its modifiers.
/// `word` is the offset of the operator before it (`m`, `qr` or nothing). Returns the offset of
/// the end. `None`: an error is recorded in the context.
pub(crate) fn literal(
    whole: Located<'_>,
    word: usize,
    open: usize,
    context: &mut Context<'_>,
) -> Option<(Literal, usize)> {
    let text = whole.from(open);
    let Some(found) = delimited(text.bytes) else {
        let close = match text.bytes.first() {
            Some(b'(') => b')',
            Some(b'[') => b']',
            Some(b'{') => b'}',
            Some(b'<') => b'>',
            Some(&other) => other,
            None => return None,
        };
        let delimiter = sanitize::text(&[close]);
        context.diagnostics.push(
            Diagnostic::error(
                whole.at(word..whole.bytes.len()),
                "the pattern is not closed",
                format!("expected a `{delimiter}` at its end"),
            )
            .with_help(format!(
                "to use a `{delimiter}` in the pattern, write `\\{delimiter}`"
            )),
        );
        return None;
    };
    let opener = text.bytes[0];
    let unescape = (opener == found.close).then_some(opener);
    let interpolate = opener != b'\'';
    let body = text.sub(found.start..found.end);
    let after = open + found.end + 1;
    let (flags, length, perl_flag) = modifiers(whole.from(after), context)?;
    let end = after + length;
    let (source, perl) = match interpolate {
        true => interpolated(body, unescape, context),
        false => (verbatim(body.bytes, unescape), None),
    };
    let perl = perl.or(perl_flag).or(match opener {
        b'?' => Some("a pattern that matches once"),
        _ => None,
    });
    let meaning = match perl {
        Some(why) => Literal::Perl(why),
        None => Literal::Native(Pattern {
            source,
            flags,
            span: whole.at(word..end),
        }),
    };
    Some((meaning, end))
}

/// Reads the modifiers after a pattern: their meaning, their length, and whether they need Perl.
fn modifiers(
    text: Located<'_>,
    context: &mut Context<'_>,
) -> Option<(Flags, usize, Option<&'static str>)> {
    let length = text.bytes.iter().take_while(|&&b| is_word(b)).count();
    let mut flags = Flags::default();
    let mut perl = None;
    for (at, letter) in text.bytes[..length].iter().enumerate() {
        match letter {
            b'i' => flags.ignore_case = true,
            b'm' => flags.multi_line = true,
            b's' => flags.dot_all = true,
            b'x' if flags.extended => flags.extended_more = true,
            b'x' => flags.extended = true,
            b'n' => flags.no_capture = true,
            b'a' => flags.ascii = true,
            b'g' | b'o' | b'c' | b'p' | b'd' => {}
            b'u' | b'l' => perl = Some("a pattern with Unicode or locale rules"),
            _ => {
                context.diagnostics.push(
                    Diagnostic::error(
                        text.at(at..length),
                        format!(
                            "`{}` is not a modifier of a pattern",
                            sanitize::text(&[*letter])
                        ),
                        "expected one of i m s x n a g o, or white space",
                    )
                    .with_help("to use a `/` in the pattern, write `\\/`"),
                );
                return None;
            }
        }
    }
    Some((flags, length, perl))
}

/// A body between single quotes: only the backslash before the delimiter is removed.
fn verbatim(body: &[u8], unescape: Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        if body[at] == b'\\' && at + 1 < body.len() {
            if Some(body[at + 1]) != unescape {
                out.push(b'\\');
            }
            out.push(body[at + 1]);
            at += 2;
        } else {
            out.push(body[at]);
            at += 1;
        }
    }
    out
}

/// Replaces variables and applies case operators. Also returns the reason if Perl is needed.
pub(crate) fn interpolated(
    body: Located<'_>,
    unescape: Option<u8>,
    context: &mut Context<'_>,
) -> (Vec<u8>, Option<&'static str>) {
    let text = body.bytes;
    let mut out = Vec::with_capacity(text.len());
    let mut cases = CaseOperators::of_pattern();
    let mut perl = None;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        match rest[0] {
            b'\\' if rest.len() > 1 => {
                if let (Escape::Case(operator), length) = scan_escape(rest) {
                    cases.apply(operator);
                    at += length;
                    continue;
                }
                if Some(rest[1]) != unescape {
                    cases.push(&mut out, b"\\");
                }
                cases.push(&mut out, &rest[1..2]);
                at += 2;
            }
            b'$' => at += dollar(body, at, &mut out, &mut cases, &mut perl, context),
            b'@' => at += array(body, at, &mut out, &mut cases, &mut perl, context),
            b'(' if rest.starts_with(b"(?{") || rest.starts_with(b"(??{") => {
                perl = Some("Perl code in a pattern");
                out.push(b'(');
                at += 1;
            }
            byte => {
                cases.push(&mut out, &[byte]);
                at += 1;
            }
        }
    }
    (out, perl)
}

/// Handles a `$` in a pattern; returns the number of bytes taken.
fn dollar(
    body: Located<'_>,
    at: usize,
    out: &mut Vec<u8>,
    cases: &mut CaseOperators,
    perl: &mut Option<&'static str>,
    context: &mut Context<'_>,
) -> usize {
    let rest = &body.bytes[at..];
    let anchor = |&b: &u8| is_space(b) || matches!(b, b'(' | b')' | b'|');
    if rest.get(1).is_none_or(anchor) {
        cases.push(out, b"$");
        return 1;
    }
    let (found, length) = scan_variable(rest, Site::Pattern, context);
    let span = body.at(at..at + length);
    if matches!(found, Interpolation::Known(_) | Interpolation::Perl(_)) {
        warn_of_apostrophe(rest, length, span, context);
    }
    match found {
        Interpolation::Known(constant) => {
            let pasted = constant.pasted();
            match (cases.idle(), constant) {
                (true, _) | (_, Constant::Regex { .. }) => out.extend(pasted),
                (false, _) => cases.push(out, &pasted),
            }
        }
        Interpolation::Var(Var::Group(_)) | Interpolation::Empty => context.diagnostics.push(
            Diagnostic::error(
                span,
                format!(
                    "`{}` has no value in a pattern",
                    sanitize::text(&rest[..length])
                ),
                "the group has no value before the match",
            )
            .with_help(
                "to repeat a group of this pattern, write `\\1`; to use a dollar sign, `\\$`",
            ),
        ),
        Interpolation::Var(Var::Whole) if rest[1] == b'0' || rest[1] == b'{' => {
            context.diagnostics.push(
                Diagnostic::error(
                    span,
                    "`$0` has no meaning in a pattern",
                    "the line cannot be part of the pattern",
                )
                .with_help("a dollar sign is `\\$`"),
            );
        }
        Interpolation::Var(Var::Record | Var::Field(_) | Var::Named(_)) => {
            *perl = Some("a pattern that changes with the record");
        }
        Interpolation::Var(Var::Pid) => *perl = Some("the process id in a pattern"),
        Interpolation::Perl(_) => *perl = Some("a pattern with a value that Perl computes"),
        Interpolation::Undeclared(name) => {
            let finding = undeclared(span, &name);
            let name = sanitize::text(&name);
            context.diagnostics.push(finding.with_help(format!(
                "a dollar sign is `\\$`; or put `perlcode 0 my ${name} = '…';` before the rule"
            )));
        }
        Interpolation::Plain | Interpolation::Var(_) => {
            cases.push(out, b"$");
            return 1;
        }
    }
    length
}

/// Handles an `@` in a pattern: an array if Perl code declares it, otherwise a literal `@`.
fn array(
    body: Located<'_>,
    at: usize,
    out: &mut Vec<u8>,
    cases: &mut CaseOperators,
    perl: &mut Option<&'static str>,
    context: &mut Context<'_>,
) -> usize {
    let rest = &body.bytes[at..];
    match rest.get(1) {
        Some(b'{') if rest.get(2) == Some(&b'[') => {
            *perl = Some("Perl code in a pattern");
        }
        Some(&b) if is_name_start(b) => {
            let length = 1 + name_length(&rest[1..]);
            let name = &rest[1..length];
            if context.scope.arrays.contains(name) || name == b"_" {
                *perl = Some("an array in a pattern");
            } else {
                let name = sanitize::text(name);
                context.diagnostics.push(
                    Diagnostic::warning(
                        body.at(at..at + length),
                        format!("`@{name}` is taken as text"),
                        "in Perl this is an array, and swatchdog refuses it",
                    )
                    .with_help(format!("`\\@{name}` means the same to both")),
                );
            }
        }
        // Arrays of these names always exist and are always empty.
        Some(&b) if b.is_ascii_digit() => {
            let digits = rest[1..].iter().take_while(|b| b.is_ascii_digit());
            return empty_array(body, at, 1 + digits.count(), context);
        }
        Some(b':') => return empty_array(body, at, 2, context),
        Some(b'$')
            if rest
                .get(2)
                .is_none_or(|&b| !is_name_start(b) && b != b'{' && b != b'$') =>
        {
            return empty_array(body, at, 2, context);
        }
        _ => {}
    }
    cases.push(out, b"@");
    1
}

/// Drops what Perl reads as an array without elements, with a warning.
fn empty_array(body: Located<'_>, at: usize, length: usize, context: &mut Context<'_>) -> usize {
    let name = sanitize::text(&body.bytes[at..at + length]);
    context.diagnostics.push(
        Diagnostic::warning(
            body.at(at..at + length),
            format!("`{name}` matches nothing at all here"),
            "a Perl array that is always empty",
        )
        .with_help(format!(
            "to use the character itself, write `\\@{}`",
            &name[1..]
        )),
    );
    length
}

/// A string between single quotes or of `q`, without its delimiters.
pub(crate) fn single_quoted(body: &[u8], close: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let hides = |&&b: &&u8| b == b'\\' || b == close;
        let hidden = body.get(at + 1).filter(hides);
        match hidden {
            Some(&byte) if body[at] == b'\\' => {
                out.push(byte);
                at += 2;
            }
            _ => {
                out.push(body[at]);
                at += 1;
            }
        }
    }
    out
}
