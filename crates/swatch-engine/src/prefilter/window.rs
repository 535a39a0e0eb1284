//! Short runs of bytes as hashed words.

/// Bits of a hash.
pub(super) const BITS: u32 = 17;

/// The first `Q` bytes, with letters in lower case (and some other characters changed, too).
pub(super) fn folded<const Q: usize>(word: u32) -> u32 {
    let mask = if Q == 4 { u32::MAX } else { (1 << (8 * Q)) - 1 };
    (word | 0x2020_2020) & mask
}

pub(super) fn hash(word: u32) -> u32 {
    word.wrapping_mul(0x9e37_79b1) >> (32 - BITS)
}

/// Four bytes, with zeros after the end.
pub(super) fn load(text: &[u8], at: usize) -> u32 {
    if let Some(&[a, b, c, d]) = text.get(at..at + 4) {
        return u32::from_le_bytes([a, b, c, d]);
    }
    let byte = |i: usize| u32::from(text.get(at + i).copied().unwrap_or(0));
    byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24
}
