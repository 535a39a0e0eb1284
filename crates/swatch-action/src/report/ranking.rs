//! Locks and events by a name, the largest first.

use std::collections::HashMap;

/// The names that a ranking lists; the rest are summed.
const LISTED: usize = 15;

/// Locks and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) locks: u64,
    pub(super) events: u64,
}

impl Tally {
    pub(super) const LOCK: Self = Self {
        locks: 1,
        events: 0,
    };
    pub(super) const EVENT: Self = Self {
        locks: 0,
        events: 1,
    };

    pub(super) fn add(&mut self, more: Self) {
        self.locks += more.locks;
        self.events += more.events;
    }
}

/// The names with the most locks, then events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ranking {
    pub(super) rows: Vec<(String, Tally)>,
    /// The number of names that are not listed, and their sum.
    pub(super) rest: (usize, Tally),
}

impl Ranking {
    /// A ranking of these names; those without locks and events are left out.
    pub(super) fn of(tallies: HashMap<String, Tally>) -> Self {
        let mut rows: Vec<(String, Tally)> = tallies
            .into_iter()
            .filter(|(_, tally)| *tally != Tally::default())
            .collect();
        rows.sort_unstable_by(|(a, one), (b, other)| {
            (other.locks, other.events, a).cmp(&(one.locks, one.events, b))
        });
        let mut rest = Tally::default();
        let others = rows.len().saturating_sub(LISTED);
        for (_, tally) in rows.iter().skip(LISTED) {
            rest.add(*tally);
        }
        rows.truncate(LISTED);
        Self {
            rows,
            rest: (others, rest),
        }
    }

    /// The rows, and a last one for the rest.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, Tally)> + '_ {
        let rest = (self.rest.0 > 0).then(|| (format!("{} others", self.rest.0), self.rest.1));
        self.rows.iter().cloned().chain(rest)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
