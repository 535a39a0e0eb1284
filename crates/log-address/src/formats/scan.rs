//! Small tools of the format readers: words, numbers, and addresses at a place.

use std::net::IpAddr;

use memchr::memmem;

use super::add;
use crate::notation::{bare, parse};

/// No address with brackets, zone and port is longer.
const LONGEST: usize = 80;

/// What stands where a format writes the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An address.
    Address(IpAddr),
    /// More than one reading is open, with different addresses.
    Several(Vec<IpAddr>),
    /// Something else, or nothing.
    Nowhere,
}

impl Place {
    /// The address, where it is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Several(_) | Self::Nowhere => None,
        }
    }
}

impl From<Option<IpAddr>> for Place {
    fn from(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Nowhere, Self::Address)
    }
}

/// The text before and after the first `needle`.
pub(super) fn split<'a>(text: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, needle)?;
    Some((&text[..at], &text[at + needle.len()..]))
}

/// The text before and after the last `needle`.
pub(super) fn split_last<'a>(text: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::rfind(text, needle)?;
    Some((&text[..at], &text[at + needle.len()..]))
}

/// The text up to the first blank, and what follows that blank.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    split(text, b" ").unwrap_or((text, b""))
}

/// The text behind the last blank.
pub(super) fn last_word(text: &[u8]) -> &[u8] {
    split_last(text, b" ").map_or(text, |(_, word)| word)
}

/// The text behind a run of digits; `None` if there is no digit.
pub(super) fn digits(text: &[u8]) -> Option<&[u8]> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    if end == 0 { None } else { Some(&text[end..]) }
}

/// The text before ` port N` at the end.
pub(super) fn without_port(text: &[u8]) -> Option<&[u8]> {
    let (before, number) = split_last(text, b" port ")?;
    digits(number)?.is_empty().then_some(before)
}

/// The address at the start of `text`, up to one of the bytes `stops` or the end, and what follows (with the stop).
pub(super) fn leading<'a>(text: &'a [u8], stops: &[u8]) -> Option<(IpAddr, &'a [u8])> {
    let near = &text[..text.len().min(LONGEST)];
    let end = near
        .iter()
        .position(|byte| stops.contains(byte))
        .unwrap_or(near.len());
    Some((parse(&text[..end])?, &text[end..]))
}

/// As [`leading`], up to a blank; a colon, comma or full stop at its end is left off.
pub(super) fn leading_word(text: &[u8]) -> Option<IpAddr> {
    let end = text
        .iter()
        .take(LONGEST)
        .position(|&byte| byte == b' ')
        .unwrap_or(text.len().min(LONGEST));
    let word = &text[..end];
    parse(word).or_else(|| {
        parse(
            word.strip_suffix(b":")
                .or_else(|| word.strip_suffix(b","))?,
        )
    })
}

/// An address, a colon and a port, as programs write it that put no brackets around IPv6: the last colon parts them.
pub(super) fn address_colon_port(word: &[u8]) -> Option<IpAddr> {
    let (address, port) = split_last(word, b":")?;
    if port.is_empty() || port.len() > 5 || !digits(port)?.is_empty() {
        return None;
    }
    let inner = address
        .strip_prefix(b"[")
        .and_then(|inner| inner.strip_suffix(b"]"));
    bare(inner.unwrap_or(address))
}

/// `NAME[ADDRESS]` or `[ADDRESS]` at the start: what is in the brackets (`None` inside if it is no address), and
/// what follows.
pub(super) fn name_and_address(text: &[u8]) -> Option<(Option<IpAddr>, &[u8])> {
    let open = text
        .iter()
        .take(300)
        .position(|byte| matches!(byte, b'[' | b' '))?;
    let inner = text[open..].strip_prefix(b"[")?;
    let close = inner.iter().take(LONGEST).position(|&byte| byte == b']')?;
    Some((parse(&inner[..close]), &inner[close + 1..]))
}

/// Every place where the format's author could have written the address: behind each `needle`, `read` says whether
/// what follows is one. One address (however often): that one; several: not to be decided.
pub(super) fn every(text: &[u8], needle: &[u8], read: impl Fn(&[u8]) -> Option<IpAddr>) -> Place {
    let mut candidates = Vec::new();
    each(text, needle, &mut candidates, read);
    decide(candidates)
}

/// As [`every`], where the addresses of several needles come together.
pub(super) fn each(
    text: &[u8],
    needle: &[u8],
    candidates: &mut Vec<IpAddr>,
    read: impl Fn(&[u8]) -> Option<IpAddr>,
) {
    let finder = memmem::Finder::new(needle);
    let mut start = 0;
    // Places may overlap: in ` from from ADDRESS` the blank between belongs to both.
    while let Some(at) = finder.find(&text[start..]) {
        let behind = start + at + needle.len();
        if let Some(address) = read(&text[behind..]) {
            add(candidates, address);
        }
        start += at + 1;
    }
}

/// [`Place`] of the addresses that could be meant.
pub(super) fn decide(mut candidates: Vec<IpAddr>) -> Place {
    match candidates.len() {
        0 => Place::Nowhere,
        1 => Place::Address(candidates.remove(0)),
        _ => Place::Several(candidates),
    }
}

/// The last place: ` from ADDRESS` at the end of a message, a port behind it or not.
pub(super) fn from_at_end(text: &[u8]) -> Place {
    let text = text.trim_ascii_end();
    let text = without_port(text).unwrap_or(text);
    split_last(text, b" from ")
        .and_then(|(_, token)| parse(token))
        .into()
}

/// What is in brackets at the start, and what follows them and a blank.
pub(super) fn bracket(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inside, rest) = split(text.strip_prefix(b"[")?, b"]")?;
    Some((inside, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// The text behind all brackets at the start.
pub(super) fn after_brackets(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some((_, behind)) = bracket(rest) {
        rest = behind;
    }
    rest
}

/// The text behind the date and time that must be at its start.
pub(super) fn timed(line: &[u8]) -> Option<&[u8]> {
    let rest = after_time(line);
    (rest.len() < line.len()).then_some(rest)
}

/// The text behind a date and time at its start, if there is one: `2024-06-01 12:00:00`, `2024/06/01 12:00:00`,
/// `2024-06-01T12:00:00Z`, `01-Jun-2024 12:00:00`, each with a fraction and a zone or not, and
/// `Sat Jun  1 12:00:00 2024`.
pub(super) fn after_time(line: &[u8]) -> &[u8] {
    let (first, rest) = word(line);
    if let Some((date, time)) = split(first, b"T").filter(|(date, _)| date.len() == 10) {
        return if is_date(date) && is_time(time) {
            rest
        } else {
            line
        };
    }
    if is_date(first) {
        let (time, rest) = word(rest);
        if !is_time(time) {
            return line;
        }
        let (zone, after) = word(rest);
        let numeric = matches!(zone, [b'+' | b'-', digit, ..] if digit.is_ascii_digit());
        return if numeric || matches!(zone, b"UTC" | b"GMT") {
            after
        } else {
            rest
        };
    }
    if matches!(
        first,
        b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun"
    ) {
        // A day below 10 has a blank before it.
        let (_, rest) = word(rest);
        let (_, rest) = word(rest.trim_ascii_start());
        let (time, rest) = word(rest);
        let (year, rest) = word(rest);
        if is_time(time) && digits(year).is_some_and(<[u8]>::is_empty) {
            return rest;
        }
    }
    line
}

/// Three parts of letters or digits with `-` or `/` between them, the year first or last.
fn is_date(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| matches!(byte, b'-' | b'/'));
    let mut part = || {
        parts
            .next()
            .filter(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
    };
    let (Some(first), Some(_), Some(last)) = (part(), part(), part()) else {
        return false;
    };
    let year = |part: &[u8]| part.len() == 4 && part.iter().all(u8::is_ascii_digit);
    parts.next().is_none() && (year(first) || year(last))
}

/// `hh:mm:ss`, and a fraction or a zone behind it.
pub(super) fn is_time(text: &[u8]) -> bool {
    let two = |at: usize| text[at].is_ascii_digit() && text[at + 1].is_ascii_digit();
    text.len() >= 8
        && (two(0) && two(3) && two(6))
        && (text[2] == b':' && text[5] == b':')
        && text[8..].iter().all(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b':' | b'+' | b'-' | b'Z')
        })
}
