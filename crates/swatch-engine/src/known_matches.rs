//! The patterns that a search has found to match a record.

/// A pattern that may match and has not been tried yet.
pub(crate) const UNSURE: u32 = 1 << 31;

/// Patterns that match a record, or may match it, in ascending order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Matched<'f>(&'f [u32]);

impl<'f> Matched<'f> {
    pub(crate) fn new(patterns: &'f [u32]) -> Self {
        Self(patterns)
    }

    pub(crate) fn patterns(self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|pattern| pattern & !UNSURE)
    }

    /// True if a pattern that was searched for matches. `None` if it is still to be tried.
    pub(crate) fn contains(self, pattern: u32) -> Option<bool> {
        match self.0.iter().find(|&&entry| entry & !UNSURE == pattern) {
            Some(entry) if entry & UNSURE != 0 => None,
            Some(_) => Some(true),
            None => Some(false),
        }
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

    /// True if the pattern matches the record; `None` if that is not known.
    pub(crate) fn get(&self, pattern: usize) -> Option<bool> {
        if self.covered[pattern] {
            self.matched.contains(pattern as u32)
        } else {
            None
        }
    }
}
