//! Patterns: each distinct text is compiled once.

use std::collections::HashMap;

use hashlink::DefaultHashBuilder;
use perl_pattern::{Limits, Matcher, Modifiers, PatternError};
use swatch_config::ast::{Flags, Pattern};
use swatch_config::{Diagnostic, Sources};

use crate::patterns::Patterns;

/// Compiles patterns and collects the errors.
pub(super) struct PatternCompiler<'c> {
    pub(super) patterns: Patterns,
    pub(super) errors: Vec<Diagnostic>,
    pub(super) warnings: Vec<Diagnostic>,
    numbers: HashMap<(&'c [u8], Flags), usize, DefaultHashBuilder>,
    limits: Limits,
    sources: &'c Sources,
}

impl<'c> PatternCompiler<'c> {
    pub(super) fn new(limits: Limits, sources: &'c Sources) -> Self {
        Self {
            patterns: Patterns::default(),
            errors: Vec::new(),
            warnings: Vec::new(),
            numbers: HashMap::default(),
            limits,
            sources,
        }
    }

    /// Makes room for so many patterns.
    pub(super) fn reserve(&mut self, count: usize) {
        self.numbers.reserve(count);
        self.patterns.matchers.reserve(count);
    }

    /// The number of a pattern. `None`: it is empty, or it was refused.
    pub(super) fn add(&mut self, pattern: &'c Pattern) -> Option<usize> {
        if pattern.source.is_empty() {
            return None;
        }
        let key = (pattern.source.as_slice(), pattern.flags);
        if let Some(known) = self.numbers.get(&key) {
            return Some(*known);
        }
        match Matcher::compile(&pattern.source, &modifiers(pattern.flags), &self.limits) {
            Ok(matcher) => {
                if matcher.may_exceed_limit() {
                    self.warnings.push(may_exceed_limit(pattern));
                }
                let number = self.patterns.matchers.len();
                self.patterns.matchers.push(matcher);
                self.numbers.insert(key, number);
                Some(number)
            }
            Err(error) => {
                let text = self.sources.slice(pattern.span);
                self.errors.push(refusal(error, pattern, text));
                None
            }
        }
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

/// A refusal as an error at its place in the pattern literal. `text` is the literal in the file.
fn refusal(error: PatternError, pattern: &Pattern, text: &[u8]) -> Diagnostic {
    let mut span = pattern.span;
    // If escapes or constants were replaced, offsets do not apply to the file, and the whole
    // literal is shown.
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

/// The warning about a pattern that a hostile record can keep from matching.
fn may_exceed_limit(pattern: &Pattern) -> Diagnostic {
    Diagnostic::warning(
        pattern.span,
        "a record can be made on which this pattern is given up and counts as not matching",
        "needs the backtracking engine, and takes more steps than in proportion to the record",
    )
    .with_help(
        "match without look-around and back-references, for instance `/a/ and !/b/`; or anchor \
         the pattern with `^`, and write `[^ ]+` for `.*`",
    )
}
