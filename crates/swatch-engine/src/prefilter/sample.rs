//! Frequencies of runs of bytes in a sample of the log.

use perl_pattern::{Literal, selectivity};

use super::window::{folded, hash, load};

/// Counters of hashed runs.
const SLOTS: usize = 1 << 17;
/// Bytes that are representative of a log.
const ENOUGH: usize = 128 << 10;

/// The frequencies of runs of four and of three bytes, ignoring case. Without a log, everything is
/// estimated.
#[derive(Debug, Default)]
pub(crate) struct LogSample {
    fours: Vec<u16>,
    threes: Vec<u16>,
}

impl LogSample {
    /// Counts the runs of a piece of a log.
    pub(crate) fn of(log: &[u8]) -> LogSample {
        let log = &log[..log.len().min(ENOUGH)];
        let mut counts = LogSample {
            fours: vec![0; SLOTS],
            threes: vec![0; SLOTS],
        };
        for run in log.windows(4) {
            let word = load(run, 0);
            let four = &mut counts.fours[hash(folded::<4>(word)) as usize];
            *four = four.saturating_add(1);
            let three = &mut counts.threes[hash(folded::<3>(word)) as usize];
            *three = three.saturating_add(1);
        }
        counts
    }

    /// The approximate frequency of a run of three or four bytes. The estimate ranks those that do
    /// not occur.
    pub(crate) fn cost(&self, run: &[u8]) -> f64 {
        let word = load(run, 0);
        let count = match run.len() {
            3 => self.threes.get(hash(folded::<3>(word)) as usize),
            _ => self.fours.get(hash(folded::<4>(word)) as usize),
        };
        let estimate = selectivity::of_bytes(run);
        count.map_or(estimate, |&count| f64::from(count) + estimate)
    }

    /// The number of comparisons for a literal that is found by samples of `length` bytes at every
    /// `step`th position: for the best part of it, and the start of that part.
    pub(crate) fn best_part(&self, bytes: &[u8], length: usize, step: usize) -> (f64, usize) {
        best_of(&self.costs(bytes, length), step)
    }

    /// The cost of each run of this length.
    fn costs(&self, bytes: &[u8], length: usize) -> Vec<f64> {
        bytes.windows(length).map(|run| self.cost(run)).collect()
    }

    /// The cost of searching for these literals, in comparisons of samples that hit.
    pub(crate) fn choice(&self, choice: &[Literal]) -> f64 {
        choice.iter().map(|literal| self.literal(literal)).sum()
    }

    fn literal(&self, literal: &Literal) -> f64 {
        // Shorter literals need more samples, in the worst case a separate pass.
        let (length, step, pass) = match literal.bytes.len() {
            0..=3 => (3, 1, 26_000.0),
            4..=6 => (3, 2, 10_000.0),
            _ => (4, 4, 0.0),
        };
        let costs = self.costs(&literal.bytes, length);
        // If the literal occurs, its line is extracted and examined.
        let occurs = costs.iter().copied().fold(f64::MAX, f64::min);
        best_of(&costs, step).0
            + 10.0 * occurs
            + pass
            + 1000.0 * selectivity::of_bytes(&literal.bytes)
    }
}

/// The least sum of `step` adjacent costs, and the start of these.
fn best_of(costs: &[f64], step: usize) -> (f64, usize) {
    let sums = costs.windows(step).map(|part| part.iter().sum());
    sums.zip(0..)
        .min_by(|(a, _): &(f64, usize), (b, _)| a.total_cmp(b))
        .unwrap_or((f64::MAX, 0))
}
