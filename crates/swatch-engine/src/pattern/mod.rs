//! Perl patterns: read as Perl reads them, run in linear time where that is possible.
//!
//! `parse` turns the text into a tree in which flags and escapes are resolved; `linear` says it
//! to `regex-automata`, `backtrack` to PCRE2. Records are bytes: `\w`, `\d`, `\s` and `/i` are
//! ASCII, unless the pattern itself asks for Latin-1 rules (`(?u)`, `\p{…}`, `\x{100}`), as in
//! Perl.

pub(crate) mod ast;
mod backtrack;
mod captures;
mod cost;
mod error;
mod linear;
mod matcher;
mod parse;
pub(crate) mod set;
mod tables;
mod width;

pub use captures::Captures;
pub use error::{PatternError, PatternErrorKind};
pub use matcher::{Limits, Matcher, Verdict};

#[cfg(test)]
mod tests;
