//! Many literals at once, found by sampling the searched text.
//!
//! Wherever a literal of at least `Q + S - 1` bytes occurs, a run of `Q` of its bytes starts at a
//! multiple of `S`. So it suffices to look at every `S`th position: its `Q` bytes, with the case
//! bit set, are hashed into a bit map that stays in the first-level cache. With four bytes at every
//! fourth position, a core searches gigabytes per second whatever the number of literals. The
//! literals are compared only where a bit is set.

use super::sample::LogSample;
use super::window::{BITS, folded, hash, load};
use perl_pattern::Literal;

/// Words of the bit map.
const WORDS: usize = 1 << (BITS - 6);
/// Samples examined before testing if one of them hit.
const ROUND: usize = 8;

/// Finds literals of at least `Q + S - 1` bytes.
#[derive(Debug)]
pub(crate) struct Filter<const Q: usize, const S: usize> {
    map: Box<[u64; WORDS]>,
    /// The start of each slot's entries; a slot is a prefix of the hash.
    starts: Vec<u32>,
    slot_shift: u32,
    entries: Vec<Entry>,
    needles: Vec<Literal>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The sampled bytes.
    word: u32,
    needle: u32,
    /// Their offset within the literal.
    back: u32,
}

impl<const Q: usize, const S: usize> Filter<Q, S> {
    /// The length of the shortest literal that it finds.
    pub(crate) const SHORTEST: usize = Q + S - 1;

    pub(crate) fn new(needles: Vec<Literal>, seen: &LogSample) -> Self {
        let mut hashed = Vec::with_capacity(needles.len() * S);
        for (number, needle) in (0u32..).zip(&needles) {
            let (_, at) = seen.best_part(&needle.bytes, Q, S);
            for back in at..at + S {
                let word = folded::<Q>(load(&needle.bytes, back));
                let entry = Entry {
                    word,
                    needle: number,
                    back: back as u32,
                };
                hashed.push((hash(word), entry));
            }
        }
        hashed.sort_by_key(|(hash, _)| *hash);
        let slot_bits = (hashed.len().max(1).ilog2() + 1).min(BITS);
        let slot_shift = BITS - slot_bits;
        let mut map = Box::new([0; WORDS]);
        let mut starts = vec![0; (1 << slot_bits) + 1];
        for (hash, _) in &hashed {
            map[(hash >> 6) as usize] |= 1 << (hash & 63);
            starts[(hash >> slot_shift) as usize + 1] += 1;
        }
        for slot in 1..starts.len() {
            starts[slot] += starts[slot - 1];
        }
        Filter {
            map,
            starts,
            slot_shift,
            entries: hashed.into_iter().map(|(_, entry)| entry).collect(),
            needles,
        }
    }

    /// Calls `found` with a position within each literal that occurs, in ascending order, and its
    /// number.
    pub(crate) fn find(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut at = 0;
        // Another round would read past the end.
        for round in text.windows(ROUND * S + 4).step_by(ROUND * S) {
            let mut hits = 0u32;
            for i in 0..ROUND {
                let bytes = [
                    round[i * S],
                    round[i * S + 1],
                    round[i * S + 2],
                    round[i * S + 3],
                ];
                let hash = hash(folded::<Q>(u32::from_le_bytes(bytes)));
                let bit = (self.map[(hash >> 6) as usize] >> (hash & 63)) & 1;
                hits |= (bit as u32) << i;
            }
            while hits != 0 {
                let i = hits.trailing_zeros() as usize;
                hits &= hits - 1;
                self.compare(text, at + i * S, &mut found);
            }
            at += ROUND * S;
        }
        while at < text.len() {
            self.compare(text, at, &mut found);
            at += S;
        }
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, found: &mut impl FnMut(usize, u32)) {
        let word = folded::<Q>(load(text, at));
        let slot = (hash(word) >> self.slot_shift) as usize;
        let entries = self.starts[slot] as usize..self.starts[slot + 1] as usize;
        for entry in &self.entries[entries] {
            if entry.word == word
                && let Some(start) = at.checked_sub(entry.back as usize)
                && self.needles[entry.needle as usize].is_at(text, start)
            {
                found(at, entry.needle);
            }
        }
    }
}
