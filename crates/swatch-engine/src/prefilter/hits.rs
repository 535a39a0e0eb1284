//! The results of a search.

use std::ops::Range;

use perl_pattern::Captures;

use crate::known_matches::{GAVE_UP, Matched, UNSURE};

/// The records of a block that may concern a rule, in order. Filled by
/// [`Prefilter::block`](super::Prefilter::block), and reused for the next block.
#[derive(Debug, Default, Clone)]
pub struct Hits {
    lines: Vec<Line>,
    patterns: Vec<u32>,
    captures: Vec<(u32, Captures)>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    start: u32,
    end: u32,
    /// The end of its patterns, which start at the end of the previous line's.
    last: u32,
    /// The end of its captures.
    last_captures: u32,
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
        let ends = self
            .lines
            .iter()
            .map(|line| (line.last, line.last_captures));
        let starts = std::iter::once((0, 0)).chain(ends);
        self.lines
            .iter()
            .zip(starts)
            .map(|(line, (first, first_captures))| {
                let patterns = first as usize..line.last as usize;
                let captures = first_captures as usize..line.last_captures as usize;
                Hit {
                    range: line.start as usize..line.end as usize,
                    matched: Matched::new(&self.patterns[patterns], &self.captures[captures]),
                }
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
        self.captures.clear();
    }

    /// Adds a pattern that matches the current line.
    pub(super) fn add(&mut self, pattern: u32) {
        self.patterns.push(pattern);
    }

    /// Adds a pattern that matches, with its groups.
    pub(super) fn add_captures(&mut self, pattern: u32, captures: Captures) {
        self.patterns.push(pattern);
        self.captures.push((pattern, captures));
    }

    /// Adds a pattern that may match, and is still to be tried.
    pub(super) fn add_unsure(&mut self, pattern: u32) {
        self.patterns.push(pattern | UNSURE);
    }

    /// Adds a pattern whose search was given up.
    pub(super) fn add_given_up(&mut self, pattern: u32) {
        self.patterns.push(pattern | GAVE_UP);
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
                last_captures: self.captures.len() as u32,
            });
        }
    }
}
