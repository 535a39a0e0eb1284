//! Counts over time, without knowing beforehand how long that is.

use std::collections::BTreeMap;

/// The steps that are kept at most; beyond that, a step becomes twice as long.
const STEPS: i64 = 2048;

/// Counts of several rows over the same time.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// A step takes two to the power of this, in seconds.
    power: u32,
    rows: Vec<BTreeMap<i64, u64>>,
    span: Option<(i64, i64)>,
}

impl Timeline {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            rows: vec![BTreeMap::new(); rows],
            ..Self::default()
        }
    }

    /// Makes sure that a time, in seconds since 1970, is within the span that is shown.
    pub(super) fn widen(&mut self, seconds: i64) {
        let (first, last) = self.span.unwrap_or((seconds, seconds));
        let (first, last) = (first.min(seconds), last.max(seconds));
        self.span = Some((first, last));
        while (last >> self.power) - (first >> self.power) >= STEPS {
            self.power += 1;
            for row in &mut self.rows {
                let mut halved = BTreeMap::new();
                for (step, count) in std::mem::take(row) {
                    *halved.entry(step >> 1).or_default() += count;
                }
                *row = halved;
            }
        }
    }

    /// Counts one in a row.
    pub(super) fn add(&mut self, row: usize, seconds: i64) {
        self.widen(seconds);
        *self.rows[row].entry(seconds >> self.power).or_default() += 1;
    }

    /// The first and the last second.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    /// The length of a column, in seconds, if the span is divided into so many.
    pub(super) fn column(&self, columns: usize) -> i64 {
        let Some((first, last)) = self.span else {
            return 1;
        };
        let step = 1_i64 << self.power;
        let columns = i64::try_from(columns).unwrap_or(i64::MAX).max(1);
        let seconds = (last - first + 1).div_euclid(columns) + 1;
        // Whole steps, so that no count is divided.
        (seconds + step - 1).div_euclid(step) * step
    }

    /// The counts of a row in columns of equal length, from the begin of the span.
    pub(super) fn columns(&self, row: usize, columns: usize) -> Vec<u64> {
        let Some((first, last)) = self.span else {
            return Vec::new();
        };
        let length = self.column(columns);
        let index = |seconds: i64| usize::try_from((seconds - first).max(0) / length).unwrap_or(0);
        let mut counts = vec![0; index(last) + 1];
        for (step, count) in &self.rows[row] {
            let at = index(*step << self.power).min(counts.len() - 1);
            counts[at] += count;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_is_lost_however_long_the_time_becomes() {
        let mut timeline = Timeline::new(2);
        let begin = 1_790_000_000;
        for n in 0..10_000 {
            timeline.add(n % 2, begin + n as i64 * 3607);
            assert!(timeline.rows.iter().all(|row| row.len() <= STEPS as usize));
        }
        // One that is far away, and before all others.
        timeline.add(0, 0);
        for columns in [1, 7, 40] {
            for (row, wanted) in [(0, 5001), (1, 5000)] {
                let counts = timeline.columns(row, columns);
                assert!(counts.len() <= columns, "{columns}: {}", counts.len());
                assert_eq!(counts.iter().sum::<u64>(), wanted);
            }
        }
        assert_eq!(timeline.columns(0, 40)[0], 1);
    }

    #[test]
    fn a_single_time_is_one_column() {
        let mut timeline = Timeline::new(1);
        assert!(timeline.columns(0, 10).is_empty());
        timeline.add(0, 1_790_000_000);
        timeline.add(0, 1_790_000_000);
        assert_eq!(timeline.columns(0, 10), [2]);
    }
}
