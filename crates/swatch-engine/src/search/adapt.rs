//! Other texts where those that were chosen occur too often in this log.

use super::literal::Literal;
use super::rules::Search;
use super::scan::Scratch;

/// Look at the counts after this much text.
const PERIOD: usize = 1 << 20;
/// The index is built anew at most so often: a log may change, but not for ever.
const MOST_CHANGES: u32 = 8;
/// Bytes of the log that new texts are measured by.
const SAMPLE: usize = 128 << 10;

/// What was chosen so far.
#[derive(Debug)]
pub(super) struct Adaptation {
    /// For each pattern the number of the choice that is searched for.
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

impl Search {
    /// Counts the block; now and then, changes the texts of patterns that were tried for nothing
    /// on more than one line in a hundred or so.
    pub(super) fn adapt(&self, scratch: &mut Scratch, block: &[u8]) {
        scratch.seen.bytes += block.len();
        if scratch.seen.bytes < PERIOD {
            return;
        }
        let seen = std::mem::take(&mut scratch.seen);
        let too_many = (seen.bytes / 16_384) as u32;
        let many: Vec<usize> = seen
            .lines_for_nothing
            .iter()
            .enumerate()
            .filter(|(pattern, count)| **count > too_many && self.texts[*pattern].choices.len() > 1)
            .map(|(pattern, _)| pattern)
            .collect();
        if many.is_empty() {
            return;
        }
        // Another thread at work on the same is as good.
        let Ok(mut adaptation) = self.adaptation.try_lock() else {
            return;
        };
        if adaptation.changes == MOST_CHANGES {
            return;
        }
        let sample = &block[..block.len().min(SAMPLE)];
        let lower = sample.to_ascii_lowercase();
        let occurs = |literal: &Literal| {
            let text = if literal.fold { &lower } else { sample };
            memchr::memmem::find_iter(text, &literal.bytes).count()
        };
        let mut changed = false;
        for pattern in many {
            let choices = &self.texts[pattern].choices;
            let counts: Vec<usize> = choices
                .iter()
                .map(|choice| choice.iter().map(occurs).sum())
                .collect();
            let now = adaptation.chosen[pattern] as usize;
            let best = (0..counts.len()).min_by_key(|&choice| counts[choice]);
            if let Some(best) = best.filter(|&best| counts[best] * 2 < counts[now]) {
                adaptation.chosen[pattern] = best as u32;
                changed = true;
            }
        }
        if changed {
            adaptation.changes += 1;
            self.choose(&adaptation.chosen);
        }
    }
}
