//! `*`, `+`, `?`, `{n,m}`, and the `?` or `+` after them.

use super::{Parser, Read, shown};
use crate::ast::{Assert, Greed, Node, Repeat};

/// Perl's limit for a number in braces (REG_INFTY - 1).
const MAX_COUNT: u32 = 65_534;

/// The atom with its quantifier, if one follows. `modified`: preceded by `(?i)` or similar.
pub(super) fn quantified(
    parser: &mut Parser<'_>,
    atom: Node,
    start: usize,
    modified: bool,
) -> Read<Node> {
    let quantifier_at = parser.at;
    let Some((min, max)) = quantifier(parser)? else {
        return Ok(atom);
    };
    if atom.any(&Node::is_control) {
        // Perl and PCRE2 differ in how much of earlier rounds a verb cuts off.
        return parser.unsupported(
            quantifier_at,
            "a verb that controls backtracking is not supported within a repetition",
            "write an atomic group: `(?>…)`",
        );
    }
    if max.is_some_and(|max| min > max) {
        // The atom is never tried and takes nothing, but its groups are counted.
        let never = Repeat {
            min: 0,
            max: Some(0),
            greed: Greed::Greedy,
            node: atom,
        };
        return Ok(Node::Concat(vec![
            Node::Fail,
            Node::Repeat(Box::new(never)),
        ]));
    }
    // Perl looks for it where the modifiers start.
    let bare_keep = !modified && parser.source[start..].starts_with(b"\\K");
    if max.is_none() && bare_keep && atom == Node::Assert(Assert::Keep) {
        return parser.refuse(quantifier_at, "`\\K` takes no text, and cannot be repeated");
    }
    parser.skip_space()?;
    let greed = match parser.peek() {
        Some(b'?') => Greed::Lazy,
        Some(b'+') => Greed::Possessive,
        _ => Greed::Greedy,
    };
    if greed != Greed::Greedy {
        parser.at += 1;
        parser.skip_space()?;
    }
    let second = parser.at;
    if quantifier(parser)?.is_some() {
        let text = shown(&parser.source[start..parser.at]);
        return parser.refuse_with(
            second,
            format!("nested quantifiers in `{text}`"),
            "put the first one in a group: `(?:a*)*`",
        );
    }
    Ok(Node::Repeat(Box::new(Repeat {
        min,
        max,
        greed,
        node: atom,
    })))
}

/// Reads a quantifier if one stands here.
fn quantifier(parser: &mut Parser<'_>) -> Read<Option<(u32, Option<u32>)>> {
    let start = parser.at;
    let range = match parser.peek() {
        Some(b'*') => (0, None),
        Some(b'+') => (1, None),
        Some(b'?') => (0, Some(1)),
        Some(b'{') => {
            let Some(Braces { length, min, max }) = braces(parser.rest()) else {
                return Ok(None);
            };
            let number = |digits: &[u8]| -> Read<u32> {
                if digits.len() > 1 && digits[0] == b'0' {
                    return parser.refuse(start, "a number in a quantifier must not start with 0");
                }
                let value = digits.iter().fold(0u32, |value, digit| {
                    value
                        .saturating_mul(10)
                        .saturating_add(u32::from(digit - b'0'))
                });
                if value > MAX_COUNT {
                    return parser
                        .refuse(start, format!("a quantifier may count up to {MAX_COUNT}"));
                }
                Ok(value)
            };
            let range = match (min, max) {
                (min, None) => (number(min)?, Some(number(min)?)),
                (min, Some([])) => (number(min)?, None),
                (min, Some(max)) => (number(min)?, Some(number(max)?)),
            };
            parser.at += length;
            return Ok(Some(range));
        }
        _ => return Ok(None),
    };
    parser.at += 1;
    Ok(Some(range))
}

/// A quantifier in braces: its length, and the digits before and after the comma.
pub(super) struct Braces<'t> {
    length: usize,
    min: &'t [u8],
    max: Option<&'t [u8]>,
}

/// Parses `{n}`, `{n,}`, `{n,m}` or `{,m}`, with optional spaces around the numbers. Anything else
/// is literal text.
pub(super) fn braces(text: &[u8]) -> Option<Braces<'_>> {
    let end = memchr::memchr(b'}', text)?;
    let inner = text.strip_prefix(b"{")?.get(..end - 1)?;
    let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let (min, max) = match memchr::memchr(b',', inner) {
        Some(comma) => (trim(&inner[..comma]), Some(trim(&inner[comma + 1..]))),
        None => (trim(inner), None),
    };
    let empty = min.is_empty() && max.is_none_or(<[u8]>::is_empty);
    (!empty && is_number(min) && max.is_none_or(is_number)).then_some(Braces {
        length: end + 1,
        min,
        max,
    })
}

/// The text without spaces and tabs at both ends.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
