//! An estimate of how often a text occurs in a log that was not seen yet.

/// About how many bits a byte of log text tells.
fn bits(byte: u8) -> f64 {
    match byte {
        b' ' => 3.0,
        b'0'..=b'9' => 3.5,
        b'e' | b't' | b'o' | b'a' | b'i' | b'n' | b's' | b'r' => 3.8,
        b'd' | b'c' | b'l' | b'm' | b'p' | b'u' => 4.5,
        b':' | b'.' | b'[' | b']' | b'=' | b'-' | b'/' => 4.5,
        b'a'..=b'z' => 5.5,
        b'A'..=b'Z' => 6.0,
        b'_' | b'(' | b')' | b'"' | b',' | b'<' | b'>' => 5.5,
        _ => 7.5,
    }
}

/// The probability, roughly, that the literal begins at a given place of a log. The bytes of a word
/// depend on each other, so each counts for less than it would alone.
#[must_use]
pub fn of_bytes(literal: &[u8]) -> f64 {
    let sum: f64 = literal.iter().take(24).map(|&byte| bits(byte)).sum();
    (-0.55 * sum).exp2()
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
