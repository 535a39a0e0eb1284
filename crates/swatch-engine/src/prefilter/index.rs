//! The literals and expressions to search for, and the patterns they belong to.

use std::collections::HashMap;

use hashlink::DefaultHashBuilder;

use super::automaton::Automaton;
use super::filter::Filter;
use super::sample::LogSample;
use super::teddy::Teddy;
use perl_pattern::{Literal, LiteralSet};

/// Four bytes at every fourth position.
type Long = Filter<4, 4>;
/// Three bytes at every second position.
type Middle = Filter<3, 2>;
/// Three bytes everywhere.
type Short = Filter<3, 1>;

/// The length of the shortest literal to search for; shorter ones are everywhere.
pub(crate) const SHORTEST: usize = Short::SHORTEST;

/// A pattern that a literal belongs to. Owners are ordered by their patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner(u32);

impl Owner {
    /// One of the patterns without literals, or several.
    pub(crate) const REST: Owner = Owner(u32::MAX);

    /// `whole`: the pattern matches wherever the literal occurs.
    pub(crate) fn new(pattern: u32, whole: bool) -> Owner {
        Owner(pattern << 1 | u32::from(whole))
    }

    pub(crate) fn pattern(self) -> u32 {
        self.0 >> 1
    }

    pub(crate) fn is_whole(self) -> bool {
        self.0 & 1 != 0
    }
}

/// The targets of a search.
#[derive(Debug, Default)]
pub(crate) struct Index {
    long: Option<(Long, Owners)>,
    middle: Option<(Middle, Owners)>,
    short: Option<(Short, Owners)>,
    few: Option<(Teddy, Owners)>,
    /// Patterns without such a literal.
    pub(crate) rest: Automaton,
}

/// The owners of each literal.
#[derive(Debug, Default)]
struct Owners(Vec<Vec<Owner>>);

impl Index {
    /// `chosen` has a set of literals for each pattern that has any, and whether the set is
    /// equivalent to the pattern.
    pub(crate) fn new<'c>(
        chosen: impl Iterator<Item = (u32, &'c LiteralSet, bool)>,
        rest: Vec<u32>,
        sample: &LogSample,
    ) -> Index {
        let mut numbers: HashMap<&Literal, usize, DefaultHashBuilder> = HashMap::default();
        let mut texts: Vec<(&Literal, Vec<Owner>)> = Vec::new();
        for (pattern, choice, whole) in chosen {
            for literal in choice {
                let number = *numbers.entry(literal).or_insert_with(|| {
                    texts.push((literal, Vec::new()));
                    texts.len() - 1
                });
                texts[number].1.push(Owner::new(pattern, whole));
            }
        }
        let mut index = Index {
            rest: Automaton::new(rest),
            ..Index::default()
        };
        if let Some(few) = teddy(&texts, sample) {
            index.few = Some(few);
            return index;
        }
        let (long, texts): (Vec<_>, Vec<_>) = texts
            .into_iter()
            .partition(|(text, _)| text.bytes.len() >= Long::SHORTEST);
        index.long = filter(long, sample);
        if let Some(few) = teddy(&texts, sample) {
            index.few = Some(few);
            return index;
        }
        let (middle, short): (Vec<_>, Vec<_>) = texts
            .into_iter()
            .partition(|(text, _)| text.bytes.len() >= Middle::SHORTEST);
        index.middle = filter(middle, sample);
        index.short = filter(short, sample);
        index
    }

    /// Calls `found` with a position within each literal that occurs, and its owner. Positions of
    /// one filter ascend. Returns true if several filters were used, one after the other.
    pub(crate) fn find(&self, text: &[u8], mut found: impl FnMut(usize, Owner)) -> bool {
        let mut filters = 0;
        if let Some((filter, owners)) = &self.long {
            filters += 1;
            filter.find(text, |at, needle| owners.each(at, needle, &mut found));
        }
        if let Some((filter, owners)) = &self.middle {
            filters += 1;
            filter.find(text, |at, needle| owners.each(at, needle, &mut found));
        }
        if let Some((filter, owners)) = &self.short {
            filters += 1;
            filter.find(text, |at, needle| owners.each(at, needle, &mut found));
        }
        if let Some((few, owners)) = &self.few {
            filters += 1;
            few.find(text, |at, needle| owners.each(at, needle, &mut found));
        }
        filters > 1
    }
}

impl Owners {
    fn each(&self, at: usize, needle: u32, found: &mut impl FnMut(usize, Owner)) {
        for &owner in &self.0[needle as usize] {
            found(at, owner);
        }
    }
}

type Owned<'l> = (&'l Literal, Vec<Owner>);

fn teddy(texts: &[Owned<'_>], sample: &LogSample) -> Option<(Teddy, Owners)> {
    if texts.is_empty() {
        return None;
    }
    let needles: Vec<Literal> = texts.iter().map(|(text, _)| (*text).clone()).collect();
    let few = Teddy::new(&needles, sample)?;
    let owners = texts.iter().map(|(_, owners)| owners.clone()).collect();
    Some((few, Owners(owners)))
}

fn filter<const Q: usize, const S: usize>(
    texts: Vec<Owned<'_>>,
    sample: &LogSample,
) -> Option<(Filter<Q, S>, Owners)> {
    if texts.is_empty() {
        return None;
    }
    let (needles, owners) = texts
        .into_iter()
        .map(|(text, owners)| (text.clone(), owners))
        .unzip();
    Some((Filter::new(needles, sample), Owners(owners)))
}
