//! Perl regular expressions for byte strings, such as lines of a log.
//!
//! The pattern is parsed as Perl 5.36 parses it, with every flag and escape resolved. It then runs
//! on one of two engines:
//!
//! * [`regex-automata`](https://docs.rs/regex-automata), in time linear in the length of the text,
//!   wherever the pattern allows it;
//! * [PCRE2](https://pcre.org), for look-around, back-references, recursion and the like. These can
//!   backtrack for ever on a text made for the purpose, so each search runs under [`Limits`] and
//!   reports [`Verdict::GaveUp`] when it reaches them.
//!   [`Matcher::may_exceed_limit`] says in advance for which patterns a text can be made that does.
//!
//! Text is bytes, not UTF-8. `\w`, `\d`, `\s` and case folding are ASCII unless the pattern itself
//! asks for Latin-1 rules (`(?u)`, `\p{…}`, `\x{100}`), as in Perl for a string without the UTF-8
//! flag.
//!
//! # Example
//!
//! ```
//! use perl_pattern::{Captures, Limits, Matcher, Modifiers, Verdict};
//!
//! let pattern = br"Failed password for (?<user>\S+) from (?!192\.0\.2\.)([\d.]+)";
//! let matcher = Matcher::compile(pattern, &Modifiers::default(), &Limits::default())?;
//! // The look-ahead needs the backtracking engine.
//! assert!(!matcher.is_linear());
//!
//! let line = b"sshd[7]: Failed password for root from 203.0.113.9 port 4242";
//! let mut captures = Captures::new();
//! assert_eq!(matcher.captures_into(line, &mut captures), Verdict::Match);
//! assert_eq!(&line[captures.named(b"user").unwrap()], b"root");
//! assert_eq!(&line[captures.get(2).unwrap()], b"203.0.113.9");
//!
//! // Errors point into the pattern.
//! let error = Matcher::compile(b"user (", &Modifiers::default(), &Limits::default()).unwrap_err();
//! assert_eq!(error.offset, 5);
//! # Ok::<(), perl_pattern::PatternError>(())
//! ```
//!
//! # Searching for many patterns at once
//!
//! [`Matcher::required_literals`] returns literals of which every matching text contains at least
//! one, for a prefilter; [`Matcher::line_expression`] is an expression for a combined automaton.

mod ast;
mod backtrack;
mod backtracker;
mod byte_set;
mod captures;
mod classes;
mod error;
mod examine;
mod fold;
mod growth;
mod limits;
mod linear;
mod literals;
mod matcher;
mod modifiers;
mod parse;
pub mod selectivity;
mod sequence;
mod size;
mod width;

pub use captures::Captures;
pub use error::{PatternError, PatternErrorKind};
pub use limits::Limits;
pub use literals::{Literal, LiteralSet, RequiredLiterals};
pub use matcher::{Matcher, Verdict};
pub use modifiers::Modifiers;

#[cfg(test)]
mod tests;
