//! Patterns without literals: all of them in one automaton.

use std::sync::OnceLock;

use memchr::memchr;
use perl_pattern::Matcher;
use regex_automata::{Input, MatchKind, PatternSet, meta};
use regex_syntax::hir::Hir;

use super::index::Owner;

/// Patterns that are searched for together. Each engine is built when first needed.
#[derive(Debug, Default)]
pub(crate) struct Automaton {
    patterns: Vec<u32>,
    /// Finds the next place where one of the patterns matches.
    gate: OnceLock<Option<meta::Regex>>,
    /// Finds all patterns that match a line.
    set: OnceLock<Option<meta::Regex>>,
}

impl Automaton {
    pub(crate) fn new(patterns: Vec<u32>) -> Automaton {
        Automaton {
            patterns,
            ..Automaton::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Calls `found` with a position in each line of a block on which one of the patterns may match.
    pub(crate) fn lines(&self, matchers: &[Matcher], block: &[u8], mut found: impl FnMut(usize)) {
        let gate = self.gate(matchers);
        let mut start = 0;
        while start < block.len() {
            let mut at = start;
            if let Some(gate) = gate {
                let input = Input::new(block).range(start..).earliest(true);
                let Some(half) = gate.search_half(&input) else {
                    break;
                };
                // The offset is after the last byte of a match, which is not empty.
                at = half.offset() - 1;
            }
            found(at);
            start = memchr(b'\n', &block[at..]).map_or(block.len(), |newline| at + newline + 1);
        }
    }

    /// Adds the patterns that match a record without newlines, or may match it. `seen`: the gate has
    /// found a match in it.
    pub(crate) fn add_line(
        &self,
        matchers: &[Matcher],
        record: &[u8],
        seen: bool,
        scratch: &mut Option<PatternSet>,
        owners: &mut Vec<Owner>,
    ) {
        let is_exact = |pattern: u32| matchers[pattern as usize].is_linear();
        if let ([pattern], true) = (&self.patterns[..], seen && self.gate(matchers).is_some()) {
            return owners.push(Owner::new(*pattern, is_exact(*pattern)));
        }
        let Some(set) = self.set(matchers) else {
            return self.add_all(owners);
        };
        let count = self.patterns.len();
        let matched = match scratch {
            Some(matched) if matched.capacity() == count => matched,
            other => other.insert(PatternSet::new(count)),
        };
        matched.clear();
        set.which_overlapping_matches(&Input::new(record), matched);
        owners.extend(matched.iter().map(|number| {
            let pattern = self.patterns[number.as_usize()];
            Owner::new(pattern, is_exact(pattern))
        }));
    }

    /// Adds all patterns, each to be tried.
    pub(crate) fn add_all(&self, owners: &mut Vec<Owner>) {
        owners.extend(self.patterns.iter().map(|&p| Owner::new(p, false)));
    }

    /// An expression that matches wherever one of the patterns does, in a chunk of lines. `None`: it
    /// would be too large, so every line must be tried.
    fn gate(&self, matchers: &[Matcher]) -> Option<&meta::Regex> {
        let gate = &self.gate;
        gate.get_or_init(|| self.build(matchers, MatchKind::LeftmostFirst))
            .as_ref()
    }

    /// All patterns, of which several may match.
    fn set(&self, matchers: &[Matcher]) -> Option<&meta::Regex> {
        let set = &self.set;
        set.get_or_init(|| self.build(matchers, MatchKind::All))
            .as_ref()
    }

    fn build(&self, matchers: &[Matcher], kind: MatchKind) -> Option<meta::Regex> {
        let patterns = self.patterns.iter();
        let expressions: Vec<Hir> = patterns
            .map(|&pattern| matchers[pattern as usize].line_expression())
            .collect();
        // The lazy DFA falls back to a search that is hundreds of times slower if its cache is too
        // small for the patterns.
        let cache = (2 << 20) + expressions.len() * (16 << 10);
        let config = meta::Config::new()
            .match_kind(kind)
            .utf8_empty(false)
            .nfa_size_limit(Some(64 << 20))
            .hybrid_cache_capacity(cache)
            .onepass(false);
        meta::Builder::new()
            .configure(config)
            .build_many_from_hir(&expressions)
            .ok()
    }
}
