//! The patterns of a program: each text compiled once.

use std::collections::HashMap;

use swatch_config::Diagnostic;
use swatch_config::ast::{Flags, Pattern};

use perl_pattern::{Limits, Matcher, Modifiers, PatternError};

/// The distinct patterns of a program.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) keys: Vec<(Vec<u8>, Flags)>,
    known: HashMap<(Vec<u8>, Flags), usize>,
    limits: Limits,
}

impl Patterns {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The number of a pattern, which is compiled unless it is known already.
    ///
    /// # Errors
    /// The pattern is refused.
    pub(crate) fn add(&mut self, pattern: &Pattern) -> Result<usize, PatternError> {
        let key = (pattern.source.clone(), pattern.flags);
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        let matcher = Matcher::compile(&pattern.source, &modifiers(pattern.flags), &self.limits)?;
        self.matchers.push(matcher);
        self.keys.push(key.clone());
        self.known.insert(key, self.matchers.len() - 1);
        Ok(self.matchers.len() - 1)
    }
}

/// The modifiers that the configuration's parser read.
fn modifiers(flags: Flags) -> Modifiers {
    Modifiers {
        ignore_case: flags.ignore_case,
        multi_line: flags.multi_line,
        dot_all: flags.dot_all,
        extended: flags.extended,
        extended_more: flags.extended_more,
        no_capture: flags.no_capture,
        ascii: flags.ascii,
    }
}

/// A refusal as an error at its place in the pattern literal, of which `text` is what the file
/// holds.
pub(crate) fn diagnostic(error: PatternError, pattern: &Pattern, text: &[u8]) -> Diagnostic {
    let mut span = pattern.span;
    // Where escapes or constants were replaced, an offset into the source means nothing in the
    // file, and the whole literal is shown.
    let found = text
        .windows(pattern.source.len().max(1))
        .position(|window| window == pattern.source);
    if let Some(at) = found {
        span.start = (span.start + at + error.offset).min(span.end);
        span.end = (span.start + 1).min(span.end).max(span.start);
    }
    let message = "this pattern cannot be used";
    let diagnostic = Diagnostic::error(span, message, error.message);
    match error.help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}
