//! The patterns of a program.

use perl_pattern::Matcher;

/// The distinct patterns of a program, by number.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) matchers: Vec<Matcher>,
}
