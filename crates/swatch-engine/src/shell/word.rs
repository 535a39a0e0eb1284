//! Words of shell text in which values leave holes.

use super::quote::Quote;

/// A byte of the administrator's text, or a hole with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Byte(u8),
    Hole(usize),
}

/// A word being read.
#[derive(Debug, Default)]
pub(super) struct Word {
    /// Without its quotes.
    pub(super) content: Vec<Unit>,
    /// The quoting that each hole of `content` needs.
    pub(super) outer: Vec<(usize, Vec<Quote>)>,
    /// There is a word, possibly an empty one.
    pub(super) begun: bool,
}

impl Word {
    pub(super) fn push(&mut self, byte: u8) {
        self.begun = true;
        self.content.push(Unit::Byte(byte));
    }

    pub(super) fn push_hole(&mut self, hole: usize, outer: Vec<Quote>) {
        self.begun = true;
        self.content.push(Unit::Hole(hole));
        self.outer.push((hole, outer));
    }

    /// The bytes, if there is no hole among them.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        let bytes = self.content.iter().map(|u| match u {
            Unit::Byte(b) => Some(*b),
            Unit::Hole(_) => None,
        });
        bytes.collect()
    }

    /// Nothing but digits.
    pub(super) fn is_number(&self) -> bool {
        self.content
            .iter()
            .all(|u| matches!(u, Unit::Byte(b'0'..=b'9')))
    }

    /// `NAME=` at its start.
    pub(super) fn is_assignment(&self) -> bool {
        let mut named = false;
        for unit in &self.content {
            match unit {
                Unit::Byte(b'=') => return named,
                Unit::Byte(b) if b.is_ascii_alphabetic() || *b == b'_' => named = true,
                Unit::Byte(b) if b.is_ascii_digit() && named => {}
                _ => return false,
            }
        }
        false
    }
}
