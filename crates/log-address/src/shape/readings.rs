//! All readings of a message that a shape allows.
//!
//! Every place where a format can hold its peer is a reading, whatever stands there; an address is
//! taken only if exactly one reading is possible for that line, given which parts of it a stranger
//! writes.

use std::net::IpAddr;

use super::parse::{Part, Parts};
use super::positions::Positions;
use crate::error::Reading;
use crate::notation::{address_colon_port, parse};

/// The longest text that counts as a peer, in bytes: a host name with brackets and a port.
const LONGEST: usize = 280;
/// The number of different readings after which no more are looked for; two would decide, the rest
/// is for the message.
const ENOUGH: usize = 5;

/// The different readings of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Readings {
    /// In the order in which they were found; never two that are equal.
    pub(crate) found: Vec<Reading>,
    /// True if one of them is an address that its sender only claims to have.
    pub(crate) claimed: bool,
}

impl Readings {
    /// One reading without a peer.
    pub(crate) fn nobody() -> Self {
        let mut readings = Self::default();
        readings.add(Reading::Other(Vec::new()), false);
        readings
    }

    pub(crate) fn add(&mut self, reading: Reading, claimed: bool) {
        if !self.found.contains(&reading) && !self.is_enough() {
            self.claimed |= claimed;
            self.found.push(reading);
        } else if self.found.contains(&reading) {
            self.claimed |= claimed;
        }
    }

    /// Adds what stands at a peer's place.
    pub(crate) fn add_token(&mut self, token: &[u8], port: bool, claimed: bool) {
        let reading =
            address(token, port).map_or_else(|| Reading::Other(token.to_vec()), Reading::Address);
        self.add(reading, claimed);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for reading in other.found {
            self.add(reading, other.claimed);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn is_enough(&self) -> bool {
        self.found.len() >= ENOUGH
    }
}

fn address(token: &[u8], port: bool) -> Option<IpAddr> {
    if port {
        address_colon_port(token)
    } else {
        parse(token)
    }
}

/// True if the message begins as the shape does up to its cut; false if the shape has no cut.
pub(crate) fn begins_up_to_cut(parts: &Parts, start: &Positions, text: &[u8]) -> bool {
    let Some(cut) = parts.iter().position(|part| *part == Part::Cut) else {
        return false;
    };
    let begins = parts[..cut]
        .iter()
        .fold(start.clone(), |positions, part| positions.after(part, text));
    !begins.is_empty()
}

/// Adds every reading that `parts` allows for `text`, where the message begins at one of the
/// positions of `start`.
pub(crate) fn collect(parts: &Parts, start: &Positions, text: &[u8], readings: &mut Readings) {
    let place = parts.iter().position(Part::is_peer);
    let (ahead, behind) = parts.split_at(place.unwrap_or(parts.len()));
    let mut starts = start.clone();
    for part in ahead {
        starts = starts.after(part, text);
        if starts.is_empty() {
            return;
        }
    }
    let Some(Part::Peer {
        port,
        claimed,
        without,
    }) = behind.first()
    else {
        if starts.contains(text.len()) {
            readings.add(Reading::Other(Vec::new()), false);
        }
        return;
    };
    let behind = &behind[1..];
    let mut ends = Positions::at(text.len());
    for part in behind.iter().rev() {
        ends = ends.before(part, text);
        if ends.is_empty() {
            return;
        }
    }
    let delimiters = Delimiters::around(ahead.last(), behind.first(), without);
    for start in starts.iter() {
        let longest = text[start..]
            .iter()
            .take(LONGEST)
            .take_while(|byte| delimiters.admit(**byte))
            .count();
        for end in ends.within(start, start + longest) {
            let token = &text[start..end];
            // If a program always writes an address here, other text is not a reading.
            if !without.contains(&b'#') || address(token, *port).is_some() {
                readings.add_token(token, *port, *claimed);
            }
            if readings.is_enough() {
                return;
            }
        }
    }
}

/// The bytes that end a peer besides spaces: the quotes, brackets or the like that the shape has
/// around it.
struct Delimiters(Vec<u8>);

impl Delimiters {
    fn around(ahead: Option<&Part>, behind: Option<&Part>, without: &[u8]) -> Self {
        let last = match ahead {
            Some(Part::Literal(literal)) => literal.last(),
            _ => None,
        };
        let first = match behind {
            Some(Part::Literal(literal)) => literal.first(),
            _ => None,
        };
        let mut bytes: Vec<u8> = last
            .into_iter()
            .chain(first)
            .copied()
            .filter(|byte| b"\"'()[]<>=@,;|#/".contains(byte))
            .collect();
        bytes.extend_from_slice(without);
        if bytes.contains(&b'[') {
            bytes.push(b']');
        }
        Self(bytes)
    }

    fn admit(&self, byte: u8) -> bool {
        byte > b' ' && byte != 0x7f && !self.0.contains(&byte)
    }
}
