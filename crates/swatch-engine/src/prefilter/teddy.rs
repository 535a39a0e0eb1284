//! A few literals, by SIMD.

use std::collections::BTreeMap;

use aho_corasick::Span;
use aho_corasick::packed;

use super::sample::LogSample;
use perl_pattern::Literal;

/// More literals than this are found faster by sampling.
const MOST: usize = 24;
/// The searcher's limit.
const MOST_WINDOWS: usize = 64;

/// Finds a few literals, each by a window of three or four of its bytes.
#[derive(Debug)]
pub(crate) struct Teddy {
    searcher: packed::Searcher,
    /// For each window, the literals that contain it, and where.
    owners: Vec<Vec<(u32, u32)>>,
    needles: Vec<Literal>,
}

impl Teddy {
    /// `None`: there are too many literals, or the machine lacks the instructions.
    pub(crate) fn new(needles: &[Literal], sample: &LogSample) -> Option<Teddy> {
        if needles.len() > MOST {
            return None;
        }
        (3..=4)
            .rev()
            .find_map(|length| Teddy::with_windows(needles, length, sample))
    }

    fn with_windows(needles: &[Literal], length: usize, sample: &LogSample) -> Option<Teddy> {
        let mut windows: BTreeMap<Vec<u8>, Vec<(u32, u32)>> = BTreeMap::new();
        for (number, needle) in (0u32..).zip(needles) {
            let cost = |window: &[u8]| {
                let letters = window.iter().filter(|byte| byte.is_ascii_alphabetic());
                let letters = if needle.fold { letters.count() } else { 0 };
                sample.cost(window) * (1 << letters) as f64
            };
            let (_, at) = needle
                .bytes
                .windows(length)
                .enumerate()
                .map(|(at, window)| (cost(window), at))
                .min_by(|(a, _), (b, _)| a.total_cmp(b))?;
            for window in variants(&needle.bytes[at..at + length], needle.fold) {
                windows.entry(window).or_default().push((number, at as u32));
            }
        }
        if windows.len() > MOST_WINDOWS {
            return None;
        }
        let searcher = packed::Config::new()
            .builder()
            .extend(windows.keys())
            .build()?;
        Some(Teddy {
            searcher,
            owners: windows.into_values().collect(),
            needles: needles.to_vec(),
        })
    }

    /// Calls `found` with a position within each literal that occurs, in ascending order, and its
    /// number.
    pub(crate) fn find(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut from = 0;
        // Windows have the same length and differ, so only one can start at a position.
        while let Some(hit) = self.searcher.find_in(text, Span::from(from..text.len())) {
            from = hit.start() + 1;
            for &(needle, back) in &self.owners[hit.pattern().as_usize()] {
                if let Some(start) = hit.start().checked_sub(back as usize)
                    && self.needles[needle as usize].is_at(text, start)
                {
                    found(hit.start(), needle);
                }
            }
        }
    }
}

/// The window in every combination of cases.
fn variants(window: &[u8], fold: bool) -> Vec<Vec<u8>> {
    let mut all = vec![window.to_vec()];
    for at in 0..window.len() {
        if fold && window[at].is_ascii_alphabetic() {
            let mut others = all.clone();
            others
                .iter_mut()
                .for_each(|other| other[at] = other[at].to_ascii_uppercase());
            all.append(&mut others);
        }
    }
    all
}
