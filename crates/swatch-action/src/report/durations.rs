//! Past locks by the time they lasted.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The classes: the bound in seconds, which belongs to the next one, and the label.
const CLASSES: [(i64, &str); 8] = [
    (10 * MINUTE, "under 10 minutes"),
    (HOUR, "under 1 hour"),
    (6 * HOUR, "under 6 hours"),
    (DAY, "under 1 day"),
    (2 * DAY, "under 2 days"),
    (7 * DAY, "under 7 days"),
    (30 * DAY, "under 30 days"),
    (i64::MAX, "30 days and more"),
];

/// Counts lengths of time by class.
#[derive(Debug, Default)]
pub(super) struct Durations([u64; CLASSES.len()]);

impl Durations {
    pub(super) fn add(&mut self, seconds: i64) {
        let class = CLASSES.iter().position(|&(bound, _)| seconds < bound);
        self.0[class.unwrap_or(CLASSES.len() - 1)] += 1;
    }

    /// The labels and numbers; empty where nothing was counted.
    pub(super) fn rows(&self) -> Vec<(&'static str, u64)> {
        if self.0.iter().all(|&count| count == 0) {
            return Vec::new();
        }
        let labels = CLASSES.iter().map(|&(_, label)| label);
        labels.zip(self.0.iter().copied()).collect()
    }
}
