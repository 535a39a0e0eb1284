//! Conditions, with all parentheses.

use super::value::{quoted, variable};
use crate::ast::{Expr, Match, Number, Pattern, Var};
use crate::grammar::scope::flag_letters;
use crate::lines::located::is_word;

/// A whole condition.
pub(super) fn top(expression: &Expr) -> Vec<u8> {
    let text = print(expression);
    // The outermost parentheses are redundant.
    let binary = matches!(expression, Expr::And(..) | Expr::Or(..) | Expr::Xor(..));
    match binary {
        true => text[1..text.len() - 1].to_vec(),
        false => text,
    }
}

fn print(expression: &Expr) -> Vec<u8> {
    let two = |left: &Expr, name: &str, right: &Expr| {
        [
            b"(",
            &*print(left),
            b" ",
            name.as_bytes(),
            b" ",
            &print(right),
            b")",
        ]
        .concat()
    };
    match expression {
        Expr::Match(found) => print_match(found),
        Expr::Not(inner) => [b"!", &*print(inner)].concat(),
        Expr::And(left, right) => two(left, "and", right),
        Expr::Or(left, right) => two(left, "or", right),
        Expr::Xor(left, right) => two(left, "xor", right),
        Expr::Comma(list) => {
            let list: Vec<Vec<u8>> = list.iter().map(print).collect();
            [b"(", &*list.join(&b", "[..]), b")"].concat()
        }
        Expr::Number(number) => print_number(*number),
        Expr::Text(template) => quoted(template),
        Expr::Var(Var::Group(number)) => format!("${{{number}}}").into_bytes(),
        Expr::Var(var) => variable(var),
        Expr::Compare { op, left, right } => two(left, op.symbol(), right),
        Expr::Perl(text) => text.clone(),
    }
}

fn print_number(number: Number) -> Vec<u8> {
    match number.as_f64().is_infinite() {
        // Perl has no literal for infinity.
        true => {
            if number.as_f64() > 0.0 {
                b"9e999".to_vec()
            } else {
                b"-9e999".to_vec()
            }
        }
        false => number.to_string().into_bytes(),
    }
}

fn print_match(found: &Match) -> Vec<u8> {
    let pattern = literal(&found.pattern);
    let sign: &[u8] = if found.negated { b" !~ " } else { b" =~ " };
    match &found.target {
        None if !found.negated => pattern,
        None => [b"($_", sign, &pattern, b")"].concat(),
        Some(target) => [b"((", &*print(target), b")", sign, &pattern, b")"].concat(),
    }
}

/// A pattern literal in which nothing is read as a variable or a case operator.
fn literal(pattern: &Pattern) -> Vec<u8> {
    let source = one_line(&pattern.source);
    let flags = flag_letters(pattern.flags, true);
    let active = actives(&source);
    if !active.is_empty() && !source.contains(&b'\'') {
        return [b"m'", &*source, b"'", flags.as_bytes()].concat();
    }
    // `\E` without an open operator separates a `$` from what follows.
    let mut body = Vec::new();
    for (at, &byte) in source.iter().enumerate() {
        if active.contains(&at) {
            body.extend(b"\\E");
        }
        body.push(byte);
    }
    let free = b"/!,;%~#|"
        .iter()
        .find(|delimiter| !body.contains(delimiter));
    let delimiter = *free.unwrap_or(&b'/');
    if free.is_none() {
        body = escaped(&body);
    }
    let start: &[u8] = if delimiter == b'/' { b"" } else { b"m" };
    [start, &[delimiter], &body, &[delimiter], flags.as_bytes()].concat()
}

/// Escapes every slash that is not escaped.
fn escaped(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut hidden = false;
    for &byte in body {
        if byte == b'/' && !hidden {
            out.push(b'\\');
        }
        hidden = byte == b'\\' && !hidden;
        out.push(byte);
    }
    out
}

/// A line of a configuration cannot hold a line feed.
fn one_line(source: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(source.len());
    for &byte in source {
        match byte {
            b'\n' => out.extend(b"\\x0a"),
            _ => out.push(byte),
        }
    }
    out
}

/// Offsets at which a variable would begin if nothing separated it from the text before.
fn actives(source: &[u8]) -> Vec<usize> {
    let mut out = Vec::new();
    let mut at = 0;
    while at + 1 < source.len() {
        let next = source[at + 1];
        match source[at] {
            b'\\' => {
                // Such a letter can only come from a text between `m'` and `'`.
                if b"QELUluF".contains(&next) {
                    out.push(at + 1);
                }
                at += 1;
            }
            b'$' if is_word(next) || b"{$+-".contains(&next) => out.push(at + 1),
            b'@' if is_word(next) || next == b'{' => out.push(at + 1),
            _ => {}
        }
        at += 1;
    }
    out
}
