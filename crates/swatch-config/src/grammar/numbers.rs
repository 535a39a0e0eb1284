//! Numbers and times in option values.

use nom::bytes::complete::take_while;
use nom::character::complete::{char, digit1};
use nom::combinator::{all_consuming, map_opt, opt, recognize};
use nom::multi::separated_list1;
use nom::sequence::{pair, preceded};
use nom::{IResult, Parser};

use crate::diagnostic::Diagnostic;
use crate::grammar::scope::Context;
use crate::lines::located::{Located, is_space};

fn decimal(text: &[u8]) -> IResult<&[u8], f64> {
    let fraction = preceded(char('.'), digit1);
    let number = recognize((opt(char('-')), digit1, opt(fraction)));
    map_opt(number, |text: &[u8]| {
        std::str::from_utf8(text).ok()?.parse().ok()
    })
    .parse(text)
}

/// A number with an optional sign and fraction, as far as `f64` goes.
pub(crate) fn number(text: Located<'_>, what: &str, context: &mut Context<'_>) -> Option<f64> {
    let text = text.trim();
    match all_consuming(decimal).parse(text.bytes) {
        Ok((_, number)) => Some(number),
        Err(_) => {
            context.diagnostics.push(Diagnostic::error(
                text.span(),
                format!("{what} is not a number"),
                "expected a number",
            ));
            None
        }
    }
}

/// A whole number of at least 1.
pub(crate) fn positive(text: Located<'_>, what: &str, context: &mut Context<'_>) -> Option<u32> {
    let text = text.trim();
    let digits = all_consuming(digit1::<&[u8], nom::error::Error<&[u8]>>).parse(text.bytes);
    let digits = digits
        .ok()
        .and_then(|(_, digits)| std::str::from_utf8(digits).ok());
    match digits.and_then(|digits| digits.parse::<u32>().ok()) {
        Some(number) if number > 0 => Some(number),
        _ => {
            context.diagnostics.push(Diagnostic::error(
                text.span(),
                format!("{what} must be a whole number of at least 1"),
                "expected a number such as 3",
            ));
            None
        }
    }
}

fn clock(text: &[u8]) -> IResult<&[u8], Vec<Option<f64>>> {
    let spaces = || take_while(is_space);
    let part = nom::sequence::delimited(spaces(), opt(decimal), spaces());
    all_consuming(separated_list1(char(':'), part)).parse(text)
}

/// `[[[days:]hours:]minutes:]seconds` as whole seconds.
pub(crate) fn duration(text: Located<'_>, context: &mut Context<'_>) -> Option<i64> {
    const UNITS: [f64; 4] = [1.0, 60.0, 3600.0, 86400.0];
    let refuse = |context: &mut Context<'_>, message: &str| {
        context.diagnostics.push(
            Diagnostic::error(
                text.span(),
                message,
                "expected [[[days:]hours:]minutes:]seconds",
            )
            .with_help("ten minutes are `10:00`, a day `24:00:00` or `1:00:00:00`"),
        );
        None
    };
    let Ok((_, parts)) = clock(text.bytes) else {
        return refuse(context, "this is not a time");
    };
    if parts.len() > UNITS.len() {
        return refuse(context, "a time has four parts at most");
    }
    // `:30` is half a minute; an empty text or an empty last part is not a time.
    if parts.last().is_none_or(Option::is_none) {
        return refuse(context, "this is not a time");
    }
    let parts = parts.iter().rev().zip(UNITS);
    let seconds: f64 = parts.map(|(part, unit)| part.unwrap_or(0.0) * unit).sum();
    Some(seconds.floor() as i64)
}

/// Returns true if text up to its first comma has the form of a time.
pub(crate) fn is_time(text: &[u8]) -> bool {
    let end = text
        .iter()
        .position(|&b| b == b',' || b == b'#')
        .unwrap_or(text.len());
    let parts = clock(&text[..end]);
    parts.is_ok_and(|(_, parts)| parts.last().is_some_and(Option::is_some))
}

/// Returns true if text up to its first comma is a number.
pub(crate) fn is_number(text: &[u8]) -> bool {
    let end = text
        .iter()
        .position(|&b| b == b',' || b == b'#')
        .unwrap_or(text.len());
    let trimmed = text[..end].trim_ascii_end();
    all_consuming(pair(decimal, opt(char('.'))))
        .parse(trimmed)
        .is_ok()
}
