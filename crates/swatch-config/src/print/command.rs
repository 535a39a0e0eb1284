//! Commands.

use super::value::variable;
use crate::ast::{Command, Piece, Template, Var};
use crate::grammar::command::lost_part;
use crate::grammar::shell_quotes::{QuoteState, escaped_marks};
use crate::lines::located::is_word;

/// A command as the value of `exec`.
pub(super) fn command(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    let mut shell = QuoteState::default();
    match command {
        Command::Direct(words) => {
            for (index, word) in words.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                pieces(&mut out, word, &mut shell);
            }
        }
        Command::Shell(script) => pieces(&mut out, script, &mut shell),
    }
    if escaped_marks(&out) {
        out = plain_marks(&out);
    }
    while let Some(at) = lost_part(&out) {
        for quote in [b'"', b'\''] {
            let hides = quote == b'"' && out.last() == Some(&b'\\');
            if !out.contains(&quote) && !hides {
                return [&[quote], &*out, &[quote]].concat();
            }
        }
        // The shell removes a backslash.
        out.insert(at, b'\\');
    }
    // One comma at the end is dropped when it is read.
    if out.last() == Some(&b',') {
        out.push(b',');
    }
    out
}

fn pieces(out: &mut Vec<u8>, word: &Template, shell: &mut QuoteState) {
    for (index, piece) in word.pieces.iter().enumerate() {
        match piece {
            Piece::Text(piece) => {
                let variable = matches!(word.pieces.get(index + 1), Some(Piece::Var(_)));
                text(out, piece, variable, shell);
            }
            Piece::Var(var) => {
                let next = match word.pieces.get(index + 1) {
                    Some(Piece::Text(text)) => text.first().copied(),
                    _ => None,
                };
                out.extend(name(var, next));
            }
        }
    }
}

/// The same command without `\'`, which would be read as a quotation mark. It can come from a
/// constant.
fn plain_marks(command: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut shell = QuoteState::default();
    for &byte in command {
        match byte {
            b'\'' if shell.is_escaped() && shell.double() => out.extend(b"\\'"),
            b'\'' if shell.is_escaped() => {
                out.pop();
                out.extend(b"\"'\"");
            }
            _ => out.push(byte),
        }
        shell.feed(byte);
    }
    out
}

/// Braces separate a number or `$_` from what follows.
fn name(var: &Var, next: Option<u8>) -> Vec<u8> {
    let close = next.is_some_and(|b| is_word(b) || b == b'[');
    match var {
        Var::Group(number) if close => format!("${{{number}}}").into_bytes(),
        Var::Record if close => b"${_}".to_vec(),
        var => variable(var),
    }
}

/// Escapes shell text so that nothing in it, nor its end together with the variable after it, is
/// read as a variable.
fn text(out: &mut Vec<u8>, text: &[u8], variable: bool, shell: &mut QuoteState) {
    let after = if variable { b'$' } else { 0 };
    for (at, &byte) in text.iter().enumerate() {
        let next = text.get(at + 1).copied().unwrap_or(after);
        let environment = text[at + 1..].starts_with(b"ENV{");
        let braces = in_braces(&text[at + 1..]);
        let taken = next.is_ascii_digit() || b"*&`'+_$".contains(&next) || environment || braces;
        // In single quotes a backslash has no meaning for the shell, but it has one for swatchdog.
        let hidden = match shell.single() {
            true => at > 0 && text[at - 1] == b'\\',
            false => shell.is_escaped(),
        };
        let kept = matches!(byte, b'$' | b'@') && shell.single() && hidden;
        if kept || (byte == b'$' && !hidden && taken) {
            out.push(b'\\');
        }
        shell.feed(byte);
        out.push(byte);
    }
}

/// `{1}`, `{_}` after a `$` are swatchdog's variables; `{HOME}` is the shell's.
fn in_braces(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"{") else {
        return false;
    };
    let name = rest.split(|&b| b == b'}').next().unwrap_or_default();
    let is_number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    rest.len() > name.len() && (is_number || matches!(name, [b'_' | b'&' | b'*' | b'+']))
}
