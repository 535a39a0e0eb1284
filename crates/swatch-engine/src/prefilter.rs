//! Search for all rules at once: the records of a block that can concern a rule, and the rules.
//!
//! The cost must be that of one pass over the log, whatever the number of rules:
//!
//! 1. A record must contain one of a pattern's literals to match. The rarest ones are searched for:
//!    by estimate (`perl_pattern::selectivity`), then by statistics of the log itself (`adapt`). All
//!    of them are found in one pass over the block (`filter`, `teddy`).
//! 2. Patterns without literals are combined to one automaton over the block (`automaton`).
//! 3. Only where something was found, the line is extracted and the patterns concerned are tried on
//!    it, exactly as the rule would.
//! 4. Only these lines are decided, by the rules in order: [`decide_hit`](crate::decide_hit).
//!
//! Nothing is built before it is needed: a thousand rules are ready within milliseconds, and the
//! engines of rules that never match are never built.

mod adapt;
mod automaton;
mod filter;
mod hits;
mod index;
mod order;
mod parallel;
mod requirement;
mod sample;
mod scan;
mod teddy;
#[cfg(test)]
mod tests;
mod window;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use memchr::memmem::Finder;
use perl_pattern::{LiteralSet, Matcher, RequiredLiterals, selectivity};

use crate::known_matches::KnownMatches;
use crate::program::Program;
use adapt::Adaptation;
use index::{Index, SHORTEST};
use order::Order;
use requirement::Requirement;
use sample::LogSample;

pub use hits::{Hit, Hits};
pub use parallel::in_order;
pub use scan::Scratch;

/// The search for the rules of one program. Threads may share it, each with its own [`Scratch`].
#[derive(Debug)]
pub struct Prefilter {
    /// For each pattern, whether the search determines if it matches.
    covered: Vec<bool>,
    /// For each pattern, the rules that require it.
    rules: Vec<Vec<u32>>,
    /// For each pattern, its place in the order of the rules.
    order: Vec<Order>,
    /// Rules that must be tried on every record.
    always: Vec<u32>,
    /// For each pattern, its literals.
    texts: Vec<RequiredLiterals>,
    /// For each pattern with several sets of literals, finders for them within a line, built when
    /// first needed.
    finders: Vec<OnceLock<Box<[ChoiceFinder]>>>,
    rest: Vec<u32>,
    /// Built when first needed.
    index: Mutex<Option<Arc<Index>>>,
    /// Incremented when the index changes.
    generation: AtomicU64,
    adaptation: Mutex<Adaptation>,
}

/// Finders for the literals of one set, each with whether to search in lower case.
type ChoiceFinder = Box<[(Finder<'static>, bool)]>;

impl Prefilter {
    /// Prepares the search for all rules of the program.
    #[must_use]
    pub fn new(program: &Program) -> Prefilter {
        let matchers = &program.patterns.matchers;
        let mut covered = vec![false; matchers.len()];
        let mut rules = vec![Vec::new(); matchers.len()];
        let mut always = Vec::new();
        let mut texts: Vec<RequiredLiterals> = std::iter::repeat_with(RequiredLiterals::default)
            .take(matchers.len())
            .collect();
        let mut rest = Vec::new();
        let mut looked_at = vec![false; matchers.len()];
        for (number, need) in (0u32..).zip(requirement::requirements(program)) {
            let Requirement::AnyOf(patterns) = need else {
                always.push(number);
                continue;
            };
            for &pattern in &patterns {
                if std::mem::replace(&mut looked_at[pattern], true) {
                    continue;
                }
                let found = literals_of(&matchers[pattern]);
                if found.sets.is_empty() {
                    // A pattern that may match the empty text would be found everywhere.
                    let length = matchers[pattern]
                        .line_expression()
                        .properties()
                        .minimum_len();
                    covered[pattern] = length.is_none_or(|length| length > 0);
                    if covered[pattern] {
                        rest.push(pattern as u32);
                    }
                } else {
                    covered[pattern] = true;
                }
                texts[pattern] = found;
            }
            if patterns.iter().all(|&pattern| covered[pattern]) {
                patterns
                    .iter()
                    .for_each(|&pattern| rules[pattern].push(number));
            } else {
                always.push(number);
            }
        }
        let finders = std::iter::repeat_with(OnceLock::new).take(matchers.len());
        Prefilter {
            finders: finders.collect(),
            order: order::orders(program),
            covered,
            rules,
            always,
            texts,
            rest,
            index: Mutex::default(),
            generation: AtomicU64::new(1),
            adaptation: Mutex::new(Adaptation::new(matchers.len())),
        }
    }

    /// True if some rule must be tried on every record, so that every record is found.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        !self.always.is_empty()
    }

    /// True if the record contains a literal of each set. This check is much cheaper than trying
    /// the pattern. `lower` caches the record in lower case.
    fn has_all_texts(&self, pattern: u32, record: &[u8], lower: &mut Option<Vec<u8>>) -> bool {
        let finders = &self.finders[pattern as usize];
        let finders = finders.get_or_init(|| self::finders(&self.texts[pattern as usize]));
        finders.iter().all(|choice| {
            choice.iter().any(|(finder, fold)| {
                let text = if *fold {
                    lower.get_or_insert_with(|| record.to_ascii_lowercase())
                } else {
                    record
                };
                finder.find(text).is_some()
            })
        })
    }

    /// The current index.
    fn index(&self) -> Arc<Index> {
        let mut known = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let index = known.get_or_insert_with(|| {
            let chosen = vec![0; self.texts.len()];
            let sample = LogSample::default();
            Arc::new(index(&self.texts, &chosen, self.rest.clone(), &sample))
        });
        Arc::clone(index)
    }

    /// Switches to other literals.
    fn choose(&self, chosen: &[u32], sample: &LogSample) {
        let index = index(&self.texts, chosen, self.rest.clone(), sample);
        let mut known = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::new(index));
        drop(known);
        self.generation.fetch_add(1, Ordering::Release);
    }

    pub(crate) fn known<'s>(&'s self, hit: &Hit<'s>) -> KnownMatches<'s> {
        KnownMatches::new(&self.covered, hit.matched)
    }

    /// Collects the rules that can match a record, in order.
    pub(crate) fn rules_for(&self, hit: &Hit<'_>, rules: &mut Vec<u32>) {
        rules.clear();
        rules.extend_from_slice(&self.always);
        for pattern in hit.matched.patterns() {
            rules.extend_from_slice(&self.rules[pattern as usize]);
        }
        rules.sort_unstable();
        rules.dedup();
    }
}

fn finders(texts: &RequiredLiterals) -> Box<[ChoiceFinder]> {
    if texts.sets.len() < 2 {
        return Box::default();
    }
    let choices = texts.sets.iter().map(|choice| {
        let finders = choice.iter().map(|literal| {
            let finder = Finder::new(&literal.bytes).into_owned();
            (finder, literal.fold)
        });
        finders.collect()
    });
    choices.collect()
}

fn index(texts: &[RequiredLiterals], chosen: &[u32], rest: Vec<u32>, sample: &LogSample) -> Index {
    let choices =
        (0u32..)
            .zip(texts.iter().zip(chosen))
            .filter_map(|(pattern, (texts, &choice))| {
                let whole = texts.complete && choice == 0;
                Some((pattern, texts.sets.get(choice as usize)?, whole))
            });
    Index::new(choices, rest, sample)
}

/// The literals of a pattern that are long enough, the set that is probably rarest first. If a set
/// is equivalent to the pattern, it is used: then the pattern need not be tried.
fn literals_of(matcher: &Matcher) -> RequiredLiterals {
    let mut literals = matcher.required_literals();
    let long = |set: &LiteralSet| set.iter().all(|literal| literal.bytes.len() >= SHORTEST);
    literals.complete &= literals.sets.first().is_some_and(long);
    literals.sets.retain(long);
    if !literals.complete {
        literals
            .sets
            .sort_by(|a, b| selectivity_of(a).total_cmp(&selectivity_of(b)));
        literals.sets.truncate(4);
        literals.sets.shrink_to_fit();
    }
    literals
}

fn selectivity_of(set: &LiteralSet) -> f64 {
    selectivity::of_any(set.iter().map(|literal| &literal.bytes[..]))
}
