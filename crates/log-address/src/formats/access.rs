//! Access logs of web servers.

use crate::notation::{bare, parse};
use crate::shape::Readings;

/// The longest text before the date that is examined, in words.
const WORDS: usize = 64;

/// The common and the combined format, `ADDRESS - USER [DATE] "REQUEST" …`, alone or after the name
/// of a virtual host.
///
/// Administrators put other fields in front: the value of a header such as `Host` or
/// `X-Forwarded-For`, which is the client's to choose and may hold spaces, or a second address. So
/// the line counts only if no other format with the same fields explains it: the word after the
/// address is `-` (no ident protocol), and before the date stands neither another address nor
/// another `-` that could belong to a later `IDENT USER`. Any other line is left to the field that
/// the administrator names.
pub(super) fn read(line: &[u8]) -> Readings {
    let mut readings = Readings::default();
    let Some(words) = words_before_date(line) else {
        return readings;
    };
    let words: &[&[u8]] = match words.split_first() {
        Some((first, rest)) if is_virtual_host(first) => rest,
        _ => &words,
    };
    if let [address, b"-", user @ ..] = words {
        let known = match user {
            [] => false,
            [one] => !holds_address(one),
            several => several
                .iter()
                .all(|word| *word != b"-" && !holds_address(word)),
        };
        if known && bare(address).is_some() {
            readings.add_token(address, false, false);
        }
    }
    readings
}

/// The words before the date. Servers escape quotes in everything that a client sends, so that the
/// first date with a quote after it is the server's own.
fn words_before_date(line: &[u8]) -> Option<Vec<&[u8]>> {
    let at = memchr::memmem::find_iter(line, b" [").find(|&at| is_date(&line[at + 2..]))?;
    let words: Vec<&[u8]> = line[..at]
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
        .take(WORDS + 1)
        .collect();
    (words.len() <= WORDS).then_some(words)
}

/// `01/Jun/2024:12:00:00 +0200] "`, in some locales with a dot after the month.
fn is_date(text: &[u8]) -> bool {
    let Some(close) = text.iter().take(40).position(|byte| *byte == b']') else {
        return false;
    };
    let (date, rest) = (&text[..close], &text[close..]);
    let mut parts = date.split(|byte| matches!(byte, b'/' | b':' | b' '));
    let mut number = |length: usize| {
        parts
            .next()
            .is_some_and(|part| part.len() == length && part.iter().all(u8::is_ascii_digit))
    };
    let day = number(2);
    let mut parts = date
        .split(|byte| matches!(byte, b'/' | b':' | b' '))
        .skip(2);
    let mut number = |length: usize| {
        parts
            .next()
            .is_some_and(|part| part.len() == length && part.iter().all(u8::is_ascii_digit))
    };
    day && number(4) && number(2) && number(2) && number(2) && rest.starts_with(b"] \"")
}

/// True if an address stands anywhere in a word, as in `(203.0.113.9)` or `ip:203.0.113.9`: the word
/// may be another field with the peer in it.
fn holds_address(word: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        let trimmed = part.trim_ascii();
        let trimmed = trimmed.strip_suffix(b".").unwrap_or(trimmed);
        [trimmed, trimmed.strip_prefix(b":").unwrap_or(trimmed)]
            .iter()
            .any(|part| parse(part.strip_suffix(b":").unwrap_or(part)).is_some())
    };
    let digits = |byte: &u8| !(byte.is_ascii_digit() || *byte == b'.');
    let hexadecimal = |byte: &u8| !(byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    parse(word).is_some() || word.split(digits).any(is_part) || word.split(hexadecimal).any(is_part)
}

/// A host name, perhaps with a port: what a server writes for `%v` or `%v:%p`. An address with a
/// port could as well be the peer, as in `%a:%{remote}p`.
fn is_virtual_host(word: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:".contains(byte);
    let colons = word.iter().filter(|byte| **byte == b':').count();
    word.iter().all(fits)
        && word.iter().any(|byte| *byte != b'-')
        && colons <= 1
        && !holds_address(word)
}
