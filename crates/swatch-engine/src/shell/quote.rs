//! Quotes a value so that it is plain data at its place in shell text.
//!
//! A value is quoted from the innermost context outwards: in a script for another shell (`sh -c
//! "echo $1"`) first as a word of that script, then for the double quotes around it.

use swatch_common::shell_quote::{push_quoted, push_within_quotes};

/// One step of quoting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Quote {
    /// Outside quotes: each field becomes a single-quoted word. The first and the last stay joined
    /// to the adjacent text, as after a shell's own splitting.
    Words,
    /// Outside quotes where the shell does not split: one single-quoted word.
    Word,
    /// Between `"…"`.
    Double,
    /// Between `'…'`.
    Single,
    /// Text of a command between backquotes, which the shell unescapes before it parses it.
    Backquote {
        /// The backquotes are inside `"…"`.
        in_double: bool,
    },
    /// `$((…))`: shells expand commands inside whatever the quotes, so only a number is allowed;
    /// anything else becomes 0.
    Number,
    /// A here-document with expansion. A newline could end it and becomes a space.
    HereDocument,
    /// A here-document with a quoted delimiter, in which nothing can be escaped: a value that could
    /// make a line equal to this delimiter gets an extra character.
    RawHereDocument(Box<[u8]>),
    /// Used where no quoting is reliable: letters, digits, spaces and a few harmless characters
    /// stay, every other byte becomes `_`.
    Plain,
    /// After another step: a backslash precedes the value and must not act on it.
    Backslash,
    /// After another step: a dollar sign precedes the value; this text separates them.
    Apart(&'static [u8]),
}

impl Quote {
    /// Appends the quoted value.
    pub(crate) fn apply(&self, value: &[u8], out: &mut Vec<u8>) {
        let mut escape = |specials: &[u8]| {
            for &b in value {
                if specials.contains(&b) {
                    out.push(b'\\');
                }
                out.push(b);
            }
        };
        match self {
            Quote::Words => words(value, out),
            Quote::Word => push_quoted(out, value),
            Quote::Double => escape(b"$`\"\\"),
            Quote::Backquote { in_double: false } => escape(b"$`\\"),
            Quote::Backquote { in_double: true } => escape(b"$`\\\""),
            Quote::Single => push_within_quotes(out, value),
            Quote::Number => {
                let number = value.strip_prefix(b"-").unwrap_or(value);
                let plain = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
                out.extend_from_slice(if plain { value } else { b"0" });
            }
            Quote::HereDocument => {
                // Expands to nothing, and a line with it is never the delimiter.
                out.extend_from_slice(b"${0+}");
                for &b in value {
                    match b {
                        b'$' | b'`' | b'\\' => out.extend_from_slice(&[b'\\', b]),
                        b'\n' => out.push(b' '),
                        _ => out.push(b),
                    }
                }
            }
            Quote::RawHereDocument(delimiter) => {
                out.extend(value.iter().map(|&b| if b == b'\n' { b' ' } else { b }));
                // `<<-` removes leading tabs.
                let tabs = value.iter().take_while(|b| **b == b'\t').count();
                let value = &value[tabs..];
                if !value.is_empty() && delimiter.windows(value.len()).any(|w| w == value) {
                    let foreign = b" .".iter().find(|b| !delimiter.contains(b));
                    out.push(*foreign.unwrap_or(&b'_'));
                }
            }
            Quote::Plain => out.extend(value.iter().map(|&b| match b {
                b' ' | b'.' | b',' | b':' | b'/' | b'@' | b'%' | b'+' | b'-' => b,
                _ if b.is_ascii_alphanumeric() => b,
                _ => b'_',
            })),
            Quote::Backslash => {
                out.push(b'\\');
                out.extend_from_slice(value);
            }
            Quote::Apart(text) => {
                out.extend_from_slice(text);
                out.extend_from_slice(value);
            }
        }
    }
}

/// The bytes at which a shell splits: the usual `IFS`.
fn splits(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

fn words(value: &[u8], out: &mut Vec<u8>) {
    let mut fields = value.split(|&b| splits(b)).filter(|f| !f.is_empty());
    let blank_first = value.first().is_some_and(|&b| splits(b));
    if blank_first {
        out.push(b' ');
    }
    let Some(first) = fields.next() else { return };
    push_quoted(out, first);
    for field in fields {
        out.push(b' ');
        push_quoted(out, field);
    }
    if value.last().is_some_and(|&b| splits(b)) {
        out.push(b' ');
    }
}
