//! The figures of a report.

use swatch_common::duration::Seconds;

use super::{ranking::Ranking, timeline::Timeline};

/// The present locks that a report lists one by one; the rest are counted.
pub(super) const LISTED: usize = 200;

/// Everything that a report shows. All texts are sanitised.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) host: String,
    /// The end of the report's time, in seconds since 1970.
    pub(super) now: i64,
    pub(super) span: Seconds,
    pub(super) present: Present,
    pub(super) totals: Totals,
    pub(super) timeline: Timeline,
    pub(super) services: Ranking,
    pub(super) rules: Ranking,
    pub(super) networks: Ranking,
    pub(super) countries: Ranking,
    pub(super) systems: Ranking,
    pub(super) repeaters: Repeaters,
    /// Past locks by the time they lasted: the label and the number.
    pub(super) durations: Vec<(&'static str, u64)>,
    /// Past locks by what ended them.
    pub(super) ends: Vec<(String, u64)>,
    /// Events that were not counted.
    pub(super) ignored: Vec<Reason>,
    /// Events that were counted and led to no lock although one was due.
    pub(super) refused: Vec<Reason>,
    /// Sentences on what the figures lack.
    pub(super) notes: Vec<String>,
    /// Failures, for standard error.
    pub(super) warnings: Vec<String>,
}

/// The locks in force.
#[derive(Debug, Default)]
pub(super) struct Present {
    pub(super) all: u64,
    pub(super) six: u64,
    pub(super) by_firewall: Vec<(String, u64)>,
    /// The newest [`LISTED`].
    pub(super) newest: Vec<PresentLock>,
}

/// A lock in force.
#[derive(Debug)]
pub(super) struct PresentLock {
    pub(super) address: String,
    pub(super) since: i64,
    pub(super) until: Option<i64>,
    pub(super) count: u64,
    pub(super) service: String,
    /// Network, country and AS, as far as they are known.
    pub(super) origin: String,
    /// The locks of the same address before this one.
    pub(super) times_before: u32,
    pub(super) reason: String,
}

/// Sums of the report's time.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) locks: u64,
    pub(super) counted: u64,
    pub(super) renewed: u64,
    pub(super) refused: u64,
    pub(super) ignored: u64,
    /// Addresses and networks with counted events or locks.
    pub(super) addresses: u64,
}

/// Addresses that were locked more than once.
#[derive(Debug, Default)]
pub(super) struct Repeaters {
    pub(super) all: u64,
    pub(super) top: Vec<Repeater>,
}

/// An address that was locked more than once.
#[derive(Debug)]
pub(super) struct Repeater {
    pub(super) address: String,
    pub(super) locks: u64,
    pub(super) events: u64,
    /// The time of the last lock.
    pub(super) last: i64,
    pub(super) locked_now: bool,
    pub(super) origin: String,
}

/// Events with the same reason.
#[derive(Debug)]
pub(super) struct Reason {
    pub(super) why: String,
    pub(super) events: u64,
    pub(super) addresses: u64,
    /// The time and the line of the last event.
    pub(super) last: i64,
    pub(super) line: String,
}
