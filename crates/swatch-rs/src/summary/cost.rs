//! The time that each rule takes.
//!
//! In a real pass all rules are searched for at once, so no rule has a time of its own. Here each
//! is tried alone on a sample of the records: a rule that is slow there is one that the search for
//! all cannot make cheap.

use std::time::{Duration, Instant};

use swatch_engine::{Program, condition_holds};

use super::sample::Sample;

/// Conditions that are tried, at most, for all rules together.
const TRIES: usize = 2_000_000;

/// The time after which no further rule is measured.
const LIMIT: Duration = Duration::from_secs(5);

/// The mean time for which a record keeps each rule busy. `None` where there was no time for it, or
/// no record.
pub(super) fn measure(program: &Program, sample: &Sample) -> Vec<Option<Duration>> {
    let begun = Instant::now();
    let rules = program.rules().len();
    let most = (TRIES / rules.max(1)).max(50);
    let all = sample.records();
    let records: Vec<&[u8]> = all
        .iter()
        .step_by(all.len().div_ceil(most).max(1))
        .map(Vec::as_slice)
        .collect();
    (0..rules)
        .map(|rule| {
            if records.is_empty() || begun.elapsed() > LIMIT {
                return None;
            }
            // The engines of a pattern are built at its first use.
            std::hint::black_box(condition_holds(program, rule, records[0]));
            let start = Instant::now();
            let mut tried: u32 = 0;
            for record in &records {
                std::hint::black_box(condition_holds(program, rule, record));
                tried += 1;
                if tried.is_multiple_of(64) && begun.elapsed() > LIMIT {
                    break;
                }
            }
            Some(start.elapsed() / tried.max(1))
        })
        .collect()
}
