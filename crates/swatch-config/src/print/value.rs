//! Values as double-quoted strings.

use crate::ast::{Pattern, Piece, Template, Var};
use crate::lines::located::is_word;

/// A template as the value of an option, in double quotes unless it contains Perl code with
/// quotes.
pub(super) fn quoted(template: &Template) -> Vec<u8> {
    let raw = template.pieces.iter().any(|piece| match piece {
        Piece::Var(var) => variable(var).contains(&b'"'),
        Piece::Text(_) => false,
    });
    let mut out = Vec::new();
    let mut after_variable = false;
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => {
                escape(&mut out, text, after_variable, raw);
                after_variable = false;
            }
            Piece::Var(var) => {
                out.extend(variable(var));
                after_variable = true;
            }
        }
    }
    match raw {
        true => out,
        false => [b"\"", &*out, b"\""].concat(),
    }
}

/// A pattern as the value of an option.
pub(super) fn pattern_value(pattern: &Pattern) -> Vec<u8> {
    let mut out = b"\"".to_vec();
    escape(&mut out, &pattern.source, false, false);
    out.push(b'"');
    out
}

/// Text of a string. Its first byte must not be read as part of a variable before it.
fn escape(out: &mut Vec<u8>, text: &[u8], after_variable: bool, raw: bool) {
    for (at, &byte) in text.iter().enumerate() {
        let absorbed = is_word(byte) || matches!(byte, b'[' | b'{' | b'-' | b':');
        match byte {
            _ if at == 0 && after_variable && absorbed => {
                out.extend(format!("\\x{byte:02x}").bytes());
            }
            b',' | b'#' | b'"' | b' ' if raw => {
                out.extend(format!("\\x{byte:02x}").bytes());
            }
            b'\\' | b'"' | b'$' | b'@' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\t' => out.extend(b"\\t"),
            b'`' | 0..=0x1f | 0x7f => out.extend(format!("\\x{byte:02x}").bytes()),
            _ => out.push(byte),
        }
    }
}

/// A variable in a string.
pub(super) fn variable(var: &Var) -> Vec<u8> {
    match var {
        Var::Record => b"$_".to_vec(),
        Var::Whole => b"$0".to_vec(),
        Var::Group(number) => format!("${number}").into_bytes(),
        Var::Named(name) => [b"$+{", name.as_slice(), b"}"].concat(),
        Var::Matched => b"$&".to_vec(),
        Var::Before => b"$`".to_vec(),
        Var::After => b"$'".to_vec(),
        Var::Recall(name) => [b"$recall{", name.as_slice(), b"}"].concat(),
        Var::LastGroup => b"$+".to_vec(),
        Var::Field(index) => format!("$_[{index}]").into_bytes(),
        Var::Pid => b"$$".to_vec(),
        // A string that Perl evaluates: `"\U$1"`, `"@list"`.
        Var::Perl(code) => match code.strip_prefix(b"\"") {
            Some(inner) => {
                let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
                let operators = inner.chunks(2).take_while(|pair| pair[0] == b'\\');
                let operators = operators.filter(|pair| !matches!(pair, [_, b'l' | b'u']));
                [inner, &b"\\E".repeat(operators.count())].concat()
            }
            None => code.clone(),
        },
    }
}
