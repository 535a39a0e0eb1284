//! How often a text probably occurs in a log, before the log was seen.

use super::literal::Literal;

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

/// The probability that the text begins at a given place, about. Bytes of words depend on each
/// other, so each counts for less than it would alone.
pub(crate) fn text(bytes: &[u8]) -> f64 {
    let told: f64 = bytes.iter().take(24).map(|&byte| bits(byte)).sum();
    (-0.55 * told).exp2()
}

/// The probability that one of the texts begins at a given place.
pub(crate) fn choice(choice: &[Literal]) -> f64 {
    choice
        .iter()
        .map(|literal| {
            // The shorter ones need a slower filter.
            let slower = match literal.bytes.len() {
                0..=2 => 1.0,
                3 => 1e-3,
                4..=6 => 1e-4,
                _ => 0.0,
            };
            text(&literal.bytes) + slower
        })
        .sum()
}
