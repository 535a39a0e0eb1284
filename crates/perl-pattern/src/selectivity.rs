//! An estimate of how often a text occurs in a log that was not seen yet.

/// About how often a byte stands at a given place of log text, if the bytes before it are known. The
/// bytes of a word depend on each other, so each selects less than its frequency alone would tell.
const fn share(byte: u8) -> f64 {
    match byte {
        b' ' => 0.3186,
        b'0'..=b'9' => 0.2633,
        b'e' | b't' | b'o' | b'a' | b'i' | b'n' | b's' | b'r' => 0.2349,
        b'd' | b'c' | b'l' | b'm' | b'p' | b'u' => 0.1799,
        b':' | b'.' | b'[' | b']' | b'=' | b'-' | b'/' => 0.1799,
        b'a'..=b'z' => 0.1229,
        b'A'..=b'Z' => 0.1015,
        b'_' | b'(' | b')' | b'"' | b',' | b'<' | b'>' => 0.1229,
        _ => 0.0573,
    }
}

static SHARES: [f64; 256] = {
    let mut shares = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        shares[byte] = share(byte as u8);
        byte += 1;
    }
    shares
};

/// The probability, roughly, that the literal begins at a given place of a log.
#[must_use]
pub fn of_bytes(literal: &[u8]) -> f64 {
    let bytes = literal.iter().take(24);
    bytes.map(|&byte| SHARES[usize::from(byte)]).product()
}

/// The probability that one of the literals begins at a given place, plus a penalty for short ones,
/// which cost a searcher more.
#[must_use]
pub fn of_any<'l>(literals: impl IntoIterator<Item = &'l [u8]>) -> f64 {
    literals
        .into_iter()
        .map(|literal| {
            let penalty = match literal.len() {
                0..=2 => 1.0,
                3 => 1e-3,
                4..=6 => 1e-4,
                _ => 0.0,
            };
            of_bytes(literal) + penalty
        })
        .sum()
}
