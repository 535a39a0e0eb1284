//! Literals: compared in place, or searched for.

use memchr::memmem::Finder;

use crate::fold;

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// In lower case if `fold` is set.
    pub(super) bytes: Box<[u8]>,
    /// ASCII letters match in either case.
    pub(super) fold: bool,
}

impl Text {
    pub(super) fn is_at(&self, text: &[u8], at: usize) -> bool {
        text.get(at..at + self.bytes.len()).is_some_and(|there| {
            if self.fold {
                fold::equals(there, &self.bytes)
            } else {
                *there == *self.bytes
            }
        })
    }
}

/// A literal to search for.
#[derive(Debug)]
pub(super) enum Needle {
    Exact(Box<Finder<'static>>),
    /// By its rarest byte, whose place is given, in both cases.
    Folded(Text, usize),
}

impl Needle {
    pub(super) fn new(text: Text) -> Needle {
        if !text.fold {
            return Needle::Exact(Box::new(Finder::new(&text.bytes).into_owned()));
        }
        // A rough order of rarity is enough; two letters cost as much as one other byte.
        let common = |byte: u8| match byte {
            b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' | b'd' => 3,
            b'0'..=b'9' | b':' | b'l' | b'c' | b'u' | b'm' | b'p' | b'h' | b'.' => 2,
            b'a'..=b'z' => 1,
            _ => 0,
        };
        let places = 0..text.bytes.len();
        let rarest = places.min_by_key(|&place| common(text.bytes[place]));
        Needle::Folded(text, rarest.unwrap_or(0))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Needle::Exact(finder) => finder.needle().len(),
            Needle::Folded(text, _) => text.bytes.len(),
        }
    }

    /// The first place from `from` on where the literal begins.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Needle::Exact(finder) => Some(from + finder.find(text.get(from..)?)?),
            Needle::Folded(literal, place) => {
                let byte = literal.bytes[*place];
                let upper = byte.to_ascii_uppercase();
                let mut next = from + place;
                loop {
                    next += memchr::memchr2(byte, upper, text.get(next..)?)?;
                    if literal.is_at(text, next - place) {
                        return Some(next - place);
                    }
                    next += 1;
                }
            }
        }
    }
}
