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

    pub(crate) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
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
        (0..=255u8).filter(move |&byte| self.contains(byte))
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
