//! The patterns of a program.

use perl_pattern::Matcher;

/// The distinct patterns of a program, by number.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) matchers: Vec<Matcher>,
}

impl Patterns {
    /// Without room for more.
    pub(crate) fn shrunk(mut self) -> Patterns {
        self.matchers.shrink_to_fit();
        self
    }
}
