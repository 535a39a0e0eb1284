//! The suffixes that rotation programs add to the name of a log, and the age they imply.

use std::cmp::Ordering;

/// The part of a rotated file's name that the rotation added, without a compression suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Suffix {
    /// `.1` is younger than `.2`; `.old` is as good as `.1`.
    Count(u32),
    /// A date that begins with the year (`-20261122`, `.2026-11-22`), or seconds since 1970: the
    /// digits, which grow.
    Date(Vec<u8>),
    /// Digits in an order of their own, as logrotate's `dateformat -%d%m%Y` gives: they say that
    /// it was rotated, but not when.
    Unordered,
}

impl Suffix {
    /// `added` begins with its `.` or `-`.
    pub(super) fn parse(added: &[u8]) -> Option<Suffix> {
        let (mark, text) = added.split_first()?;
        if text == b"old" {
            return Some(Suffix::Count(1));
        }
        let is_of_date = |b: &u8| b.is_ascii_digit() || b"-_.:TZ+".contains(b);
        if !text.first()?.is_ascii_digit() || !text.iter().all(is_of_date) {
            return None;
        }
        if *mark == b'.' && text.len() <= 3 {
            return std::str::from_utf8(text)
                .ok()?
                .parse()
                .ok()
                .map(Suffix::Count);
        }
        let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
        if begins_with_year(&digits) || is_epoch(&digits) {
            Some(Suffix::Date(digits))
        } else {
            Some(Suffix::Unordered)
        }
    }

    /// The younger of two generations (`Greater`), as far as the names show. `None` if they
    /// are of different kinds.
    pub(super) fn cmp_age(&self, other: &Suffix) -> Option<Ordering> {
        match (self, other) {
            (Suffix::Count(a), Suffix::Count(b)) => Some(b.cmp(a)),
            (Suffix::Date(a), Suffix::Date(b)) => Some(a.cmp(b)),
            (Suffix::Unordered, Suffix::Unordered) => Some(Ordering::Equal),
            _ => None,
        }
    }
}

/// True if the digits begin with a plausible year, a month, and a day if there are enough.
fn begins_with_year(digits: &[u8]) -> bool {
    let number = |from: usize, to: usize| -> Option<u32> {
        std::str::from_utf8(digits.get(from..to)?)
            .ok()?
            .parse()
            .ok()
    };
    number(0, 4).is_some_and(|year| (1970..2100).contains(&year))
        && number(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && (digits.len() < 8 || number(6, 8).is_some_and(|day| (1..=31).contains(&day)))
}

/// True if they are seconds since 1970, between 2001 and 2033.
fn is_epoch(digits: &[u8]) -> bool {
    digits.len() == 10 && digits[0] == b'1'
}
