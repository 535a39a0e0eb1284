//! The search of a block.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use memchr::{memchr, memrchr};
use regex_automata::PatternSet;

use super::Prefilter;
use super::adapt::{self, Seen};
use super::hits::Hits;
use super::index::{Index, Owner};
use crate::program::Program;
use perl_pattern::{Captures, Matcher, Verdict};

/// The working memory of a searching thread, and its statistics of the log.
#[derive(Debug, Default)]
pub struct Scratch {
    index: Option<(u64, Arc<Index>)>,
    touches: Vec<(u32, Owner)>,
    line: Vec<Owner>,
    matched: Option<PatternSet>,
    seen: Seen,
}

impl Scratch {
    /// An empty one.
    #[must_use]
    pub fn new() -> Scratch {
        Scratch::default()
    }
}

impl Prefilter {
    /// Finds the records of a block that can concern a rule. The block contains whole records, each
    /// followed by a newline (optional for the last), and is shorter than 2 GiB.
    pub fn block(&self, program: &Program, scratch: &mut Scratch, block: &[u8], found: &mut Hits) {
        found.clear();
        adapt::learn(self, block);
        let index = self.touches(scratch, block);
        if !index.rest.is_empty() {
            let before = scratch.touches.len();
            index.rest.lines(&program.patterns.matchers, block, |at| {
                scratch.touches.push((at as u32, Owner::REST));
            });
            if before > 0 && scratch.touches.len() > before {
                scratch.touches.sort_by_key(|(at, _)| *at);
            }
        }
        let mut done = 0;
        let mut next = 0;
        while next < scratch.touches.len() {
            let at = scratch.touches[next].0 as usize;
            let start = memrchr(b'\n', &block[done..at]).map_or(done, |newline| done + newline + 1);
            let end = memchr(b'\n', &block[at..]).map_or(block.len(), |newline| at + newline);
            let last = scratch.touches[next..]
                .iter()
                .position(|(at, _)| *at as usize >= end)
                .map_or(scratch.touches.len(), |count| next + count)
                // The touch of an empty line is on its newline.
                .max(next + 1);
            self.other_lines(block, done..start, found);
            scratch.line.clear();
            let touches = scratch.touches[next..last].iter();
            scratch.line.extend(touches.map(|(_, owner)| *owner));
            let rest = scratch.line.iter().position(|&owner| owner == Owner::REST);
            if let Some(rest) = rest {
                scratch.line.swap_remove(rest);
                let (matchers, record) = (&program.patterns.matchers, &block[start..end]);
                let (matched, owners) = (&mut scratch.matched, &mut scratch.line);
                index.rest.add_line(matchers, record, true, matched, owners);
            }
            self.line(program, &block[start..end], false, scratch, found);
            found.end_line(start..end, self.sees_all());
            next = last;
            done = (end + 1).min(block.len());
        }
        self.other_lines(block, done..block.len(), found);
        adapt::adapt(self, &mut scratch.seen, block);
    }

    /// The same for a single record, which may hold newlines.
    pub fn record(
        &self,
        program: &Program,
        scratch: &mut Scratch,
        record: &[u8],
        found: &mut Hits,
    ) {
        found.clear();
        let index = self.touches(scratch, record);
        scratch.line.clear();
        let touches = scratch.touches.iter();
        scratch.line.extend(touches.map(|(_, owner)| *owner));
        let several = memchr(b'\n', record).is_some();
        if several {
            index.rest.add_all(&mut scratch.line);
        } else if !index.rest.is_empty() {
            let (matched, owners) = (&mut scratch.matched, &mut scratch.line);
            let matchers = &program.patterns.matchers;
            index
                .rest
                .add_line(matchers, record, false, matched, owners);
        }
        self.line(program, record, several, scratch, found);
        found.end_line(0..record.len(), self.sees_all());
    }

    /// Collects the literals that occur, each with a position within it, in order.
    fn touches(&self, scratch: &mut Scratch, text: &[u8]) -> Arc<Index> {
        let generation = self.generation.load(Ordering::Acquire);
        let index = match &scratch.index {
            Some((known, index)) if *known == generation => Arc::clone(index),
            _ => {
                let index = self.index();
                scratch.index = Some((generation, Arc::clone(&index)));
                index
            }
        };
        scratch.touches.clear();
        let touches = &mut scratch.touches;
        let mixed = index.find(text, |at, owner| touches.push((at as u32, owner)));
        if mixed {
            // A stable sort only merges the filters' runs.
            touches.sort_by_key(|(at, _)| *at);
        }
        index
    }

    /// Tries the patterns that touch a line, until a rule that matches makes the others superfluous.
    /// `several`: the record contains newlines.
    fn line(
        &self,
        program: &Program,
        record: &[u8],
        several: bool,
        scratch: &mut Scratch,
        found: &mut Hits,
    ) {
        let owners = &mut scratch.line;
        if owners.len() > 1 {
            owners.sort_unstable();
            owners.dedup();
        }
        let mut lower = None;
        let mut ends_at = u32::MAX;
        for owner in owners {
            let pattern = owner.pattern();
            let order = self.order[pattern as usize];
            if order.first_use > ends_at {
                continue;
            }
            let matcher = &program.patterns.matchers[pattern as usize];
            let matches = if owner.is_whole() {
                found.add(pattern);
                true
            } else if !several && let Some(matches) = matcher.is_match_in_place(record) {
                if matches {
                    found.add(pattern);
                }
                matches
            } else if !self.has_all_texts(pattern, record, &mut lower) {
                false
            } else if !matcher.is_linear() && !order.is_first {
                // Such a search is expensive, and may be superfluous.
                found.add_unsure(pattern);
                continue;
            } else {
                match search(matcher, pattern, record, found) {
                    Verdict::Match => true,
                    Verdict::NoMatch => false,
                    Verdict::GaveUp => continue,
                }
            };
            if matches {
                ends_at = ends_at.min(order.ends_at);
            } else {
                scratch.seen.lines_for_nothing += 1;
            }
        }
    }

    /// Lines without a touch.
    fn other_lines(&self, block: &[u8], range: Range<usize>, found: &mut Hits) {
        if !self.sees_all() {
            return;
        }
        let mut start = range.start;
        while start < range.end {
            let length = memchr(b'\n', &block[start..range.end]).unwrap_or(range.end - start);
            found.end_line(start..start + length, true);
            start += length + 1;
        }
    }
}

/// Searches a record for a pattern and adds what was found.
fn search(matcher: &Matcher, pattern: u32, record: &[u8], found: &mut Hits) -> Verdict {
    // The backtracking engine finds the groups at the same time.
    let verdict = if matcher.is_linear() || matcher.group_count() == 0 {
        let verdict = matcher.is_match(record);
        if verdict == Verdict::Match {
            found.add(pattern);
        }
        verdict
    } else {
        let mut captures = Captures::new();
        let verdict = matcher.captures_into(record, &mut captures);
        if verdict == Verdict::Match {
            found.add_captures(pattern, captures);
        }
        verdict
    };
    if verdict == Verdict::GaveUp {
        found.add_given_up(pattern);
    }
    verdict
}
