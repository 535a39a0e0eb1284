//! Chooses other literals, and other parts of them, by statistics of the log.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::Prefilter;
use super::sample::LogSample;

/// The counts are examined after this much text.
const PERIOD: usize = 1 << 20;
/// A smaller block is not representative.
const ENOUGH: usize = 64 << 10;
/// The index is rebuilt at most this many times: adaptation must end.
const MOST_CHANGES: u32 = 8;

/// Statistics since the last adaptation.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) bytes: usize,
    pub(super) lines_for_nothing: u32,
}

/// The literals chosen so far.
#[derive(Debug)]
pub(super) struct Adaptation {
    /// For each pattern, the number of the set that is searched for.
    pub(super) chosen: Vec<u32>,
    changes: u32,
}

impl Adaptation {
    pub(super) fn new(patterns: usize) -> Adaptation {
        Adaptation {
            chosen: vec![0; patterns],
            changes: 0,
        }
    }
}

/// Makes the first choice by the first block that is large enough to be representative.
pub(super) fn learn(search: &Prefilter, block: &[u8]) {
    if block.len() < ENOUGH || search.generation.load(Ordering::Acquire) > 1 {
        return;
    }
    let mut adaptation = search
        .adaptation
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if adaptation.changes == 0 {
        adaptation.changes = 1;
        let sample = LogSample::of(block);
        rechoose(search, &mut adaptation, &sample);
        search.choose(&adaptation.chosen, &sample);
    }
}

/// Counts the block. Now and then, chooses again if too many lines are tried in vain.
pub(super) fn adapt(search: &Prefilter, seen: &mut Seen, block: &[u8]) {
    seen.bytes += block.len();
    if seen.bytes < PERIOD {
        return;
    }
    let seen = std::mem::take(seen);
    // One line in a hundred or so.
    let too_many = (seen.bytes / 16_384) as u32;
    if seen.lines_for_nothing < too_many || block.len() < ENOUGH {
        return;
    }
    // If another thread is adapting, that is sufficient.
    if let Ok(mut adaptation) = search.adaptation.try_lock()
        && adaptation.changes < MOST_CHANGES
    {
        adaptation.changes += 1;
        let sample = LogSample::of(block);
        if rechoose(search, &mut adaptation, &sample) {
            search.choose(&adaptation.chosen, &sample);
        }
    }
}

/// Chooses by a sample. True if anything has changed.
fn rechoose(search: &Prefilter, adaptation: &mut Adaptation, sample: &LogSample) -> bool {
    let before = adaptation.chosen.clone();
    for (texts, chosen) in search.texts.iter().zip(&mut adaptation.chosen) {
        // A set that is equivalent to its pattern saves trying it.
        if texts.sets.len() > 1 && !texts.complete {
            let costs = texts.sets.iter().map(|choice| sample.choice(choice));
            let best = (0u32..).zip(costs).min_by(|(_, a), (_, b)| a.total_cmp(b));
            *chosen = best.map_or(0, |(best, _)| best);
        }
    }
    adaptation.chosen != before
}
