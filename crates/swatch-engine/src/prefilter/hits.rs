//! The results of a search.

use std::ops::Range;

use crate::known_matches::{Matched, UNSURE};

/// The records of a block that may concern a rule, in order. Filled by
/// [`Prefilter::block`](super::Prefilter::block), and reused for the next block.
#[derive(Debug, Default, Clone)]
pub struct Hits {
    lines: Vec<Line>,
    patterns: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    start: u32,
    end: u32,
    /// The end of its patterns, which start at the end of the previous line's.
    last: u32,
}

/// One of these records.
#[derive(Debug, Clone)]
pub struct Hit<'f> {
    /// The range of the record in the block, without its newline.
    pub range: Range<usize>,
    pub(crate) matched: Matched<'f>,
}

impl Hits {
    /// Empty results.
    #[must_use]
    pub fn new() -> Hits {
        Hits::default()
    }

    /// The records in the order of the block.
    pub fn hits(&self) -> impl Iterator<Item = Hit<'_>> {
        let starts = std::iter::once(0).chain(self.lines.iter().map(|line| line.last));
        self.lines.iter().zip(starts).map(|(line, first)| Hit {
            range: line.start as usize..line.end as usize,
            matched: Matched::new(&self.patterns[first as usize..line.last as usize]),
        })
    }

    /// The number of records found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// True if no record was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.patterns.clear();
    }

    /// Adds a pattern to the current line.
    pub(super) fn add(&mut self, pattern: u32, sure: bool) {
        self.patterns
            .push(if sure { pattern } else { pattern | UNSURE });
    }

    /// Ends the line. It counts without patterns only if `always` is set.
    pub(super) fn end_line(&mut self, range: Range<usize>, always: bool) {
        let first = self.lines.last().map_or(0, |line| line.last);
        let last = self.patterns.len() as u32;
        if first < last || always {
            self.lines.push(Line {
                start: range.start as u32,
                end: range.end as u32,
                last,
            });
        }
    }
}
