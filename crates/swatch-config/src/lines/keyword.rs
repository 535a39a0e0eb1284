//! The keyword of a line.

use nom::bytes::complete::take_while;
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::{delimited, pair};
use nom::{IResult, Parser as _};

use crate::lines::located::{Located, is_space};

/// Actions that a rule's block may hold.
const ACTIONS: &[&str] = &[
    "echo",
    "bell",
    "exec",
    "pipe",
    "mail",
    "write",
    "continue",
    "quit",
    "throttle",
    "threshold",
    "remember",
];

/// Keywords that are not actions.
const OTHERS: &[&str] = &["watchfor", "waitfor", "ignore", "include", "perlcode"];

/// All keywords.
pub(crate) fn all() -> Vec<&'static str> {
    [OTHERS, ACTIONS].concat()
}

/// Returns true for the lower-case name of an action.
pub(crate) fn is_action(word: &[u8]) -> bool {
    ACTIONS.iter().any(|action| action.as_bytes() == word)
}

/// A line split at the first white space or `=`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeywordLine<'t> {
    /// The keyword as written.
    pub(crate) key: Located<'t>,
    /// The rest, trimmed.
    pub(crate) value: Located<'t>,
}

impl KeywordLine<'_> {
    /// The keyword in lower case.
    pub(crate) fn name(&self) -> Vec<u8> {
        self.key.bytes.to_ascii_lowercase()
    }
}

fn grammar(line: &[u8]) -> IResult<&[u8], &[u8]> {
    let spaces = || take_while(is_space);
    let key = take_while(|b| !is_space(b) && b != b'=');
    let separator = delimited(spaces(), opt(char('=')), spaces());
    let (rest, (key, _)) = pair(key, separator).parse(line)?;
    Ok((rest, key))
}

/// Splits a line. The original splits at a space or `=` if the line has a `=`, and at any white
/// space only if it has none.
pub(crate) fn divide(line: Located<'_>) -> KeywordLine<'_> {
    let line = line.trim();
    match grammar(line.bytes) {
        Ok((rest, key)) => KeywordLine {
            key: line.to(key.len()),
            value: line.from(line.offset_of(rest)),
        },
        Err(_) => KeywordLine {
            key: line,
            value: line.from(line.bytes.len()),
        },
    }
}
