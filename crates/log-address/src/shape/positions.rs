//! Sets of positions in a message, and how a part of a shape moves them.
//!
//! A set is a list of ranges, so that "anywhere after the third byte" costs no more than "after the
//! third byte". Every step takes time linear in the length of the message.

use memchr::memmem::Finder;

use super::parse::{Class, Part};

/// A set of positions between bytes, as sorted disjoint ranges whose ends are included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Positions(Vec<(usize, usize)>);

impl Positions {
    pub(crate) fn at(position: usize) -> Self {
        Self(vec![(position, position)])
    }

    pub(crate) fn union(sets: impl IntoIterator<Item = Self>) -> Self {
        Self::from_ranges(sets.into_iter().flat_map(|set| set.0).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, position: usize) -> bool {
        self.within(position, position).next().is_some()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(|&(first, last)| first..=last)
    }

    /// The positions from `first` to `last`, both included.
    pub(crate) fn within(&self, first: usize, last: usize) -> impl Iterator<Item = usize> {
        let start = self.0.partition_point(|&(_, end)| end < first);
        self.0[start..]
            .iter()
            .take_while(move |&&(from, _)| from <= last)
            .flat_map(move |&(from, to)| from.max(first)..=to.min(last))
    }

    fn from_ranges(mut ranges: Vec<(usize, usize)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= *end + 1 => *end = (*end).max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// The positions after `part`, where it begins at one of these.
    pub(crate) fn after(&self, part: &Part, text: &[u8]) -> Self {
        match part {
            Part::Literal(literal) => self.literal(text, literal, Side::After),
            Part::Text { .. } => match self.0.first() {
                Some(&(first, _)) => Self(vec![(first, text.len())]),
                None => Self::default(),
            },
            Part::Run { class, least } => self.run(text, *class, *least, Side::After),
            Part::OneOf(branches) => self.one_of(branches, |from, branch| {
                branch
                    .iter()
                    .fold(from, |positions, part| positions.after(part, text))
            }),
            Part::Time => self.after_time(text),
            Part::Cut => self.clone(),
            // Collected by itself.
            Part::Peer { .. } => Self::default(),
        }
    }

    /// The positions at which `part` begins, where it ends at one of these.
    pub(crate) fn before(&self, part: &Part, text: &[u8]) -> Self {
        match part {
            Part::Literal(literal) => self.literal(text, literal, Side::Before),
            Part::Text { .. } => match self.0.last() {
                Some(&(_, last)) => Self(vec![(0, last)]),
                None => Self::default(),
            },
            Part::Run { class, least } => self.run(text, *class, *least, Side::Before),
            Part::OneOf(branches) => self.one_of(branches, |from, branch| {
                branch
                    .iter()
                    .rev()
                    .fold(from, |positions, part| positions.before(part, text))
            }),
            Part::Cut => self.clone(),
            // A time stamp stands in front of a message only.
            Part::Time | Part::Peer { .. } => Self::default(),
        }
    }

    fn literal(&self, text: &[u8], literal: &[u8], side: Side) -> Self {
        let length = literal.len();
        let mut found = Vec::new();
        let finder = Finder::new(literal);
        for &(first, last) in &self.0 {
            // The positions at which the literal may begin.
            let (mut at, end) = match side {
                Side::After => (first, last),
                Side::Before if last < length => continue,
                Side::Before => (first.saturating_sub(length), last - length),
            };
            let area = &text[..text.len().min(end + length)];
            while at <= end && at <= area.len() {
                let Some(next) = finder.find(&area[at..]) else {
                    break;
                };
                // Places may overlap: in ` from from ` the middle space belongs to both.
                let place = match side {
                    Side::After => at + next + length,
                    Side::Before => at + next,
                };
                found.push((place, place));
                at += next + 1;
            }
        }
        Self::from_ranges(found)
    }

    fn run(&self, text: &[u8], class: Class, least: usize, side: Side) -> Self {
        let mut found = Vec::new();
        if least == 0 {
            found.extend_from_slice(&self.0);
        }
        match side {
            Side::After => self.run_after(text, class, &mut found),
            Side::Before => self.run_before(text, class, &mut found),
        }
        Self::from_ranges(found)
    }

    fn run_after(&self, text: &[u8], class: Class, found: &mut Vec<(usize, usize)>) {
        // The end of the last run: a range within that run adds nothing, since the run was taken
        // from an earlier start.
        let mut covered = 0;
        for &(first, last) in &self.0 {
            let mut at = first.max(covered);
            while at <= last && at < text.len() {
                let length = text[at..]
                    .iter()
                    .take_while(|byte| class.contains(**byte))
                    .count();
                if length > 0 {
                    found.push((at + 1, at + length));
                    covered = at + length;
                }
                at += length.max(1);
            }
        }
    }

    fn run_before(&self, text: &[u8], class: Class, found: &mut Vec<(usize, usize)>) {
        let mut covered = text.len();
        for &(first, last) in self.0.iter().rev() {
            let mut at = last.min(covered);
            while at >= first && at > 0 {
                let length = text[..at]
                    .iter()
                    .rev()
                    .take_while(|byte| class.contains(**byte))
                    .count();
                if length > 0 {
                    found.push((at - length, at - 1));
                    covered = at - length;
                }
                at -= length.max(1);
            }
        }
    }

    fn one_of<'p>(
        &self,
        branches: &'p [Vec<Part<'p>>],
        step: impl Fn(Self, &'p [Part<'p>]) -> Self,
    ) -> Self {
        let ranges = branches
            .iter()
            .flat_map(|branch| step(self.clone(), branch).0)
            .collect();
        Self::from_ranges(ranges)
    }

    fn after_time(&self, text: &[u8]) -> Self {
        let ranges = self.0.iter().filter_map(|&(first, _)| {
            let stamp = log_timestamp::find_at_front(&text[first..])?;
            // Brackets and priorities are the shape's business.
            let bare = stamp.range.start == 0 && text[first] != b'[';
            let end = first + stamp.cut.end;
            bare.then_some((end, end))
        });
        Self::from_ranges(ranges.collect())
    }
}

#[derive(Clone, Copy)]
enum Side {
    After,
    Before,
}
