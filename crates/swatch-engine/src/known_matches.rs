//! The patterns that a search has found to match a record.

use perl_pattern::{Captures, Verdict};

/// A pattern that may match and has not been tried yet.
pub(crate) const UNSURE: u32 = 1 << 31;
/// A pattern whose search was given up.
pub(crate) const GAVE_UP: u32 = 1 << 30;
const FLAGS: u32 = UNSURE | GAVE_UP;

/// Patterns that match a record, or may match it, in ascending order, and the groups of some.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Matched<'f> {
    patterns: &'f [u32],
    captures: &'f [(u32, Captures)],
}

impl<'f> Matched<'f> {
    pub(crate) fn new(patterns: &'f [u32], captures: &'f [(u32, Captures)]) -> Self {
        Self { patterns, captures }
    }

    pub(crate) fn patterns(self) -> impl Iterator<Item = u32> {
        self.patterns.iter().map(|pattern| pattern & !FLAGS)
    }

    /// The verdict on a pattern that was searched for. `None` if it is still to be tried.
    fn verdict(self, pattern: u32) -> Option<Verdict> {
        let mut entries = self.patterns.iter();
        match entries.find(|&&entry| entry & !FLAGS == pattern) {
            Some(entry) if entry & UNSURE != 0 => None,
            Some(entry) if entry & GAVE_UP != 0 => Some(Verdict::GaveUp),
            Some(_) => Some(Verdict::Match),
            None => Some(Verdict::NoMatch),
        }
    }

    fn captures(self, pattern: u32) -> Option<&'f Captures> {
        let mut captures = self.captures.iter();
        let (_, captures) = captures.find(|(captured, _)| *captured == pattern)?;
        Some(captures)
    }
}

/// The patterns of a record as far as a search has determined them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownMatches<'s> {
    covered: &'s [bool],
    matched: Matched<'s>,
}

impl<'s> KnownMatches<'s> {
    pub(crate) fn new(covered: &'s [bool], matched: Matched<'s>) -> Self {
        Self { covered, matched }
    }

    /// The verdict on the pattern for the record; `None` if it is not known.
    pub(crate) fn get(&self, pattern: usize) -> Option<Verdict> {
        if self.covered[pattern] {
            self.matched.verdict(pattern as u32)
        } else {
            None
        }
    }

    /// The groups of the pattern's match in the record, if they are known.
    pub(crate) fn captures(&self, pattern: usize) -> Option<&'s Captures> {
        self.matched.captures(pattern as u32)
    }
}
