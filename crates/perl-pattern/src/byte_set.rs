//! Sets of bytes that one position of a pattern matches.

use std::fmt;

/// A set of byte values.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(crate) const EMPTY: ByteSet = ByteSet([0; 4]);
    pub(crate) const ALL: ByteSet = ByteSet([u64::MAX; 4]);

    pub(crate) const fn single(byte: u8) -> ByteSet {
        ByteSet::EMPTY.with_range(byte, byte)
    }

    pub(crate) const fn range(first: u8, last: u8) -> ByteSet {
        ByteSet::EMPTY.with_range(first, last)
    }

    /// The set with one more range, which is empty if `first > last`.
    pub(crate) const fn with_range(mut self, first: u8, last: u8) -> ByteSet {
        let mut byte = first as usize;
        while byte <= last as usize {
            self.0[byte >> 6] |= 1 << (byte & 63);
            byte += 1;
        }
        self
    }

    pub(crate) const fn with_all(mut self, bytes: &[u8]) -> ByteSet {
        let mut i = 0;
        while i < bytes.len() {
            self.0[bytes[i] as usize >> 6] |= 1 << (bytes[i] & 63);
            i += 1;
        }
        self
    }

    pub(crate) const fn union(self, other: ByteSet) -> ByteSet {
        let (a, b) = (self.0, other.0);
        ByteSet([a[0] | b[0], a[1] | b[1], a[2] | b[2], a[3] | b[3]])
    }

    pub(crate) const fn intersection(self, other: ByteSet) -> ByteSet {
        let (a, b) = (self.0, other.0);
        ByteSet([a[0] & b[0], a[1] & b[1], a[2] & b[2], a[3] & b[3]])
    }

    pub(crate) const fn negated(self) -> ByteSet {
        let a = self.0;
        ByteSet([!a[0], !a[1], !a[2], !a[3]])
    }

    pub(crate) const fn minus(self, other: ByteSet) -> ByteSet {
        self.intersection(other.negated())
    }

    pub(crate) const fn contains(self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] & (1 << (byte & 63)) != 0
    }

    pub(crate) fn len(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(crate) fn is_empty(self) -> bool {
        self == ByteSet::EMPTY
    }

    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        (0u8..4).zip(self.0).flat_map(|(number, mut word)| {
            std::iter::from_fn(move || {
                if word == 0 {
                    return None;
                }
                let bit = word.trailing_zeros() as u8;
                word &= word - 1;
                Some(number << 6 | bit)
            })
        })
    }

    /// The set with the other case of each ASCII letter, and of each Latin-1 letter if `latin` is
    /// set.
    pub(crate) fn with_both_cases(self, latin: bool) -> ByteSet {
        // In both halves the letters stand in one word, the cases 32 apart.
        const ASCII: u64 = ((1 << 26) - 1) << 1;
        const LATIN: u64 = ((1 << 31) - 1) & !(1 << 23);
        let close = |word: u64, upper: u64| word | (word & upper) << 32 | (word >> 32) & upper;
        let [a, b, c, d] = self.0;
        let d = if latin { close(d, LATIN) } else { d };
        ByteSet([a, close(b, ASCII), c, d])
    }

    /// Ranges in ascending order, both ends included, no two adjacent.
    pub(crate) fn ranges(self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.bytes() {
            match ranges.last_mut() {
                Some((_, last)) if u16::from(*last) + 1 == u16::from(byte) => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ranges()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_listed_and_every_letter_has_its_case() {
        let all: Vec<u8> = ByteSet::ALL.bytes().collect();
        assert!(all.into_iter().eq(0..=255));
        for byte in 0..=255u8 {
            let set = ByteSet::single(byte);
            assert_eq!(set.bytes().collect::<Vec<_>>(), [byte]);
            let latin = matches!(byte, 0xc0..=0xd6 | 0xd8..=0xde | 0xe0..=0xf6 | 0xf8..=0xfe);
            let with_case = |has: bool| {
                if has {
                    set.union(ByteSet::single(byte ^ 0x20))
                } else {
                    set
                }
            };
            let ascii = byte.is_ascii_alphabetic();
            assert_eq!(set.with_both_cases(false), with_case(ascii), "{byte}");
            assert_eq!(
                set.with_both_cases(true),
                with_case(ascii || latin),
                "{byte}"
            );
        }
    }
}
