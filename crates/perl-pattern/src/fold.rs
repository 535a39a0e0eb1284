//! Comparing bytes without regard to the case of ASCII letters.

/// True if `text` is `lower`, which is in lower case, in any case.
pub(crate) fn equals(text: &[u8], lower: &[u8]) -> bool {
    if text.len() != lower.len() {
        return false;
    }
    let (words, rest) = text.as_chunks::<8>();
    let (lower_words, lower_rest) = lower.as_chunks::<8>();
    let same = |(text, lower): (&[u8; 8], &[u8; 8])| {
        folded(u64::from_le_bytes(*text)) == u64::from_le_bytes(*lower)
    };
    words.iter().zip(lower_words).all(same) && rest.eq_ignore_ascii_case(lower_rest)
}

/// Eight bytes in lower case.
fn folded(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let low = word & (0x7f * ONES);
    // The highest bit of each byte tells that it is at least `A`, or beyond `Z`.
    let from_a = low + (0x80 - b'A' as u64) * ONES;
    let beyond_z = low + (0x7f - b'Z' as u64) * ONES;
    let is_upper = (from_a & !beyond_z) & !word & (0x80 * ONES);
    word | is_upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_folded_as_the_standard_library_does() {
        for byte in 0..=255u8 {
            for at in 0..8 {
                let mut word = *b"aZ@[\x80\xffz1";
                word[at] = byte;
                let expected = u64::from_le_bytes(word.map(|b| b.to_ascii_lowercase()));
                assert_eq!(folded(u64::from_le_bytes(word)), expected, "{byte} at {at}");
            }
        }
        assert!(equals(b"Lease LOST by", b"lease lost by"));
        assert!(equals(b"LEASE LOST", b"lease lost"));
        assert!(!equals(b"lease\x00lost by", b"lease lost by"));
        assert!(!equals(b"lease lost b", b"lease lost by"));
    }
}
