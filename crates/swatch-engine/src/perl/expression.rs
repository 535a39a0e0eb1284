//! Conditions, texts and variables as Perl source.

use swatch_config::ast::{Expr, Flags, Match, Number, Piece, Template, Var};

use crate::env::Variable;

/// A single-quoted string.
pub(super) fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for &b in text {
        if matches!(b, b'\'' | b'\\') {
            out.push(b'\\');
        }
        out.push(b);
    }
    out.push(b'\'');
}

/// A delimiter that no configuration holds, for `qq`.
const DELIMITER: u8 = 0x01;

/// A variable as a Perl expression whose value is a string.
fn var(var: &Var, out: &mut Vec<u8>) {
    let text: Vec<u8> = match var {
        Var::Record => b"$_".to_vec(),
        Var::Whole => b"$SwatchRs::Line".to_vec(),
        Var::Group(n) => format!("${n}").into_bytes(),
        Var::Named(name) => [b"$+{", name.as_slice(), b"}"].concat(),
        Var::Matched => b"$&".to_vec(),
        Var::Before => b"$`".to_vec(),
        Var::After => b"$'".to_vec(),
        Var::LastGroup => b"$+".to_vec(),
        Var::Recall(name) => {
            let mut text = b"$SwatchRs::Recall{".to_vec();
            quoted(name, &mut text);
            text.push(b'}');
            text
        }
        Var::Field(i) => format!("$_[{i}]").into_bytes(),
        Var::Pid => b"$$".to_vec(),
        // Interpolated as in swatchdog: an array becomes its elements separated by spaces. Code
        // that is already a string, such as `"\U$1"`, must not be quoted twice.
        Var::Perl(code) => {
            let string = code.strip_prefix(b"\"");
            let string = string.and_then(|code| code.strip_suffix(b"\""));
            let mut text = b"qq".to_vec();
            text.push(DELIMITER);
            text.extend(string.unwrap_or(code));
            text.push(DELIMITER);
            text
        }
    };
    out.extend(text);
}

/// The value of a variable as an argument.
pub(super) fn source(source: &Variable, out: &mut Vec<u8>) {
    if let Variable::Var(v) = source {
        var(v, out);
    }
}

/// A text as a concatenation.
pub(super) fn text(template: &Template, out: &mut Vec<u8>) {
    out.extend(b"join('', ");
    for piece in &template.pieces {
        match piece {
            Piece::Text(t) => quoted(t, out),
            Piece::Var(v) => var(v, out),
        }
        out.extend(b", ");
    }
    out.push(b')');
}

/// A condition. `first`: no match precedes it in the whole condition.
pub(super) fn condition(expr: &Expr, first: &mut bool, out: &mut Vec<u8>) {
    let mut pair = |l: &Expr, op: &str, r: &Expr, out: &mut Vec<u8>| {
        out.push(b'(');
        condition(l, first, out);
        out.extend(format!(" {op} ").into_bytes());
        condition(r, first, out);
        out.push(b')');
    };
    match expr {
        Expr::And(l, r) => pair(l, "&&", r, out),
        Expr::Or(l, r) => pair(l, "||", r, out),
        Expr::Xor(l, r) => pair(l, "xor", r, out),
        Expr::Compare { op, left, right } => pair(left, op.symbol(), right, out),
        Expr::Match(found) => matching(found, first, out),
        Expr::Not(e) => {
            out.extend(b"!(");
            condition(e, first, out);
            out.push(b')');
        }
        Expr::Comma(all) => {
            out.push(b'(');
            for (i, e) in all.iter().enumerate() {
                if i > 0 {
                    out.extend(b", ");
                }
                condition(e, first, out);
            }
            out.push(b')');
        }
        Expr::Number(Number::Float(n)) => out.extend(format!("({n:?})").into_bytes()),
        Expr::Number(n) => out.extend(format!("({n})").into_bytes()),
        Expr::Text(t) => text(t, out),
        Expr::Var(v) => var(v, out),
        // The line break ends a comment in it.
        Expr::Perl(code) => {
            out.push(b'(');
            out.extend(code);
            out.extend(b"\n)");
        }
    }
}

fn matching(found: &Match, first: &mut bool, out: &mut Vec<u8>) {
    out.extend(if found.negated { &b"(!"[..] } else { b"(" });
    out.push(b'(');
    if let Some(target) = &found.target {
        condition(target, first, out);
        out.extend(b" =~ ");
    }
    let begins = std::mem::replace(first, false);
    if found.pattern.source.is_empty() && begins {
        // The empty pattern matches everything here, whatever matched in other rules.
        pattern(b"(?:)", found.pattern.flags, out);
    } else {
        pattern(&found.pattern.source, found.pattern.flags, out);
    }
    out.extend(b"))");
}

/// A match that Perl does not interpolate, because variables and escapes are already replaced.
fn pattern(source: &[u8], flags: Flags, out: &mut Vec<u8>) {
    out.extend(b"m'");
    let mut bytes = source.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\'' => out.extend(b"\\'"),
            b'\\' => match bytes.next() {
                // Perl removes the backslash before a delimiter, so a quote needs no other escape.
                Some(b'\'') => out.extend(b"\\'"),
                Some(next) => out.extend([b'\\', *next]),
                None => out.extend(b"\\\\"),
            },
            _ => out.push(b),
        }
    }
    out.push(b'\'');
    for (set, letter) in [
        (flags.ignore_case, "i"),
        (flags.multi_line, "m"),
        (flags.dot_all, "s"),
        (flags.extended || flags.extended_more, "x"),
        (flags.extended_more, "x"),
        (flags.no_capture, "n"),
        (flags.ascii, "a"),
    ] {
        if set {
            out.extend(letter.as_bytes());
        }
    }
}
