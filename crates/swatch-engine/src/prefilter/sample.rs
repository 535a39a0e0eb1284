//! Frequencies of runs of bytes in a sample of the log.

use perl_pattern::{Literal, selectivity};

use super::window::{folded, hash, load};

/// Counters of hashed runs.
const SLOTS: usize = 1 << 17;
/// Bytes that are representative of a log.
const ENOUGH: usize = 256 << 10;

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
        for at in 0..log.len() {
            let word = load(log, at);
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
        bytes
            .windows(length + step - 1)
            .enumerate()
            .map(|(at, part)| (part.windows(length).map(|run| self.cost(run)).sum(), at))
            .min_by(|(a, _): &(f64, usize), (b, _)| a.total_cmp(b))
            .unwrap_or((f64::MAX, 0))
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
        let runs = literal.bytes.windows(length).map(|run| self.cost(run));
        // If the literal occurs, its line is extracted and examined.
        let occurs = runs.fold(f64::MAX, f64::min);
        self.best_part(&literal.bytes, length, step).0
            + 10.0 * occurs
            + pass
            + 1000.0 * selectivity::of_bytes(&literal.bytes)
    }
}
