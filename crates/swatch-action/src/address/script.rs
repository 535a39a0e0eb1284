//! Extracts an IPv4 address from a field as the script did.
//!
//! The script distinguished two cases for the field (or several, with the spaces between them):
//!
//! 1. It starts with digits and a dot (`^[0-9]*\.`; no digit at all will do): the first dotted quad
//!    counts.
//! 2. Otherwise: the last dotted quad that is preceded by something other than a digit.
//!
//! Its quads were four runs of digits joined by dots, and a run could be empty or 1,000 long. Here
//! each octet must be present, written as Rust and inet_pton(3) read it (no leading zero: some
//! readers take `010` for 8), and at most 255. Otherwise there is no address, where the script
//! continued with nonsense such as `51.100.7.`.
//!
//! There are two more differences, so that no bystander is locked: in case 1 the quad must be at
//! the start (the script joined `1.x` to the quad after it), and in case 2 a quad that is the tail
//! of a longer dotted number is not an address (from `v1.192.0.2.1` the script took 192.0.2.1).

use std::net::Ipv4Addr;

/// The IPv4 address that the script took from `field`, if it was a valid one.
pub fn quad(field: &[u8]) -> Option<Ipv4Addr> {
    let digits = digits(field);
    if field.get(digits) == Some(&b'.') {
        let end = quad_at(field)?;
        return octets(&field[..end]);
    }
    last_quad(field)
}

/// sed's `.*[^0-9]\(QUAD\).*`: the greedy `.*` makes it the last place where a quad matches after a
/// non-digit.
fn last_quad(field: &[u8]) -> Option<Ipv4Addr> {
    // A quad never runs past a byte that is neither digit nor dot, so only the stretches between
    // such bytes, each with the byte before it, need a look: linear in all, since a stretch is
    // searched from its end to the first match.
    let mut end = field.len();
    loop {
        let before = field[..end]
            .iter()
            .rposition(|byte| !matches!(byte, b'0'..=b'9' | b'.'))?;
        let stretch = &field[before + 1..end];
        if let Some(start) = last_start(stretch) {
            let found = &stretch[start..];
            let longer = start >= 2 && stretch[start - 2].is_ascii_digit();
            return if longer {
                None
            } else {
                octets(&found[..quad_at(found)?])
            };
        }
        end = before;
    }
}

/// The start of the last quad in a stretch of digits and dots that follows a non-digit: after its
/// fourth dot from the end, or at its start if it has only three.
fn last_start(stretch: &[u8]) -> Option<usize> {
    let mut dots = stretch
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'.')
        .map(|(at, _)| at);
    dots.nth(2)?;
    Some(dots.next().map_or(0, |dot| dot + 1))
}

/// The end of the quad (in the script's loose sense) at the start of `bytes`.
fn quad_at(bytes: &[u8]) -> Option<usize> {
    let mut at = digits(bytes);
    for _ in 0..3 {
        if bytes.get(at) != Some(&b'.') {
            return None;
        }
        at += 1;
        at += digits(&bytes[at..]);
    }
    Some(at)
}

fn digits(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

fn octets(quad: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(quad).ok()?.parse().ok()
}
