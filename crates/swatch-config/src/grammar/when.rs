//! `when=DAYS:HOURS`.

use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::{char, digit1, space0};
use nom::combinator::{all_consuming, map_opt, opt, value};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

use crate::ast::When;
use crate::diagnostic::Diagnostic;
use crate::grammar::scope::Context;
use crate::lines::located::Located;

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// `low`, or `low-high`.
type Range = (u32, Option<u32>);

fn number(text: &[u8]) -> IResult<&[u8], u32> {
    map_opt(digit1, |digits: &[u8]| {
        std::str::from_utf8(digits).ok()?.parse().ok()
    })
    .parse(text)
}

fn day_name(text: &[u8]) -> IResult<&[u8], u32> {
    map_opt(
        take_while1(|b: u8| b.is_ascii_alphabetic()),
        |word: &[u8]| {
            let word = word.to_ascii_lowercase();
            let day = DAYS
                .iter()
                .position(|day| word.starts_with(day.as_bytes()))?;
            let long = [
                "sunday",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
            ];
            long[day]
                .as_bytes()
                .starts_with(&word)
                .then_some(day as u32)
        },
    )
    .parse(text)
}

fn range(text: &[u8]) -> IResult<&[u8], Range> {
    let point = || delimited(space0, alt((number, day_name)), space0);
    (point(), opt(preceded(char('-'), point()))).parse(text)
}

/// `None` stands for `*`.
type List = Option<Vec<Range>>;

fn list(text: &[u8]) -> IResult<&[u8], List> {
    let star = delimited(space0, char('*'), space0);
    alt((
        value(None, star),
        separated_list1(char(','), range).map(Some),
    ))
    .parse(text)
}

fn window(text: &[u8]) -> IResult<&[u8], (List, Option<List>)> {
    all_consuming((list, opt(preceded(char(':'), list)))).parse(text)
}

/// A bit for every number of the ranges below `size`. A range whose end lies before its start
/// wraps around, as `22-6` over midnight.
fn mask(ranges: &[Range], size: u32) -> u32 {
    let mut bits = 0u32;
    let mut set = |number: u32| {
        if number < size {
            bits |= 1 << number;
        }
    };
    for &(low, high) in ranges {
        let high = high.unwrap_or(low);
        if low <= high {
            (low..=high.min(31)).for_each(&mut set);
        } else {
            (low..size).for_each(&mut set);
            (0..=high).for_each(&mut set);
        }
    }
    bits
}

/// Checks days. 7, which is a Sunday for cron, never comes in swatchdog. Alone it cannot have been
/// meant; as the end of a range, which then ends with Saturday, it may have worked.
fn check_days(days: &[Range], text: Located<'_>, context: &mut Context<'_>) -> bool {
    let last = DAYS.len() as u32 - 1;
    if let Some((day, _)) = days.iter().find(|(low, _)| *low > last) {
        context.diagnostics.push(
            Diagnostic::error(
                text.span(),
                format!("there is no day {day}"),
                "days go from 0 to 6",
            )
            .with_help("0 is Sunday, 6 is Saturday; names work as well: `sun:*`"),
        );
        return false;
    }
    if days.iter().any(|(_, high)| high.is_some_and(|h| h > last)) {
        context.diagnostics.push(
            Diagnostic::warning(
                text.span(),
                "this range of days ends with Saturday",
                "days go from 0 to 6",
            )
            .with_help("0 is Sunday: `*` is every day, `1-6,0` too"),
        );
    }
    true
}

/// Checks hours. 24 at the end of a range is midnight, as in swatchdog. Any other number beyond 23
/// never comes, which a running watch tolerates, as swatchdog does.
fn check_hours(hours: &[Range], text: Located<'_>, context: &mut Context<'_>) -> bool {
    let wrong = hours.iter().find_map(|(low, high)| {
        let end = high.filter(|high| *high > 24);
        Some(*low).filter(|low| *low > 23).or(end)
    });
    let Some(hour) = wrong else { return true };
    let (message, label) = (format!("there is no hour {hour}"), "hours go from 0 to 23");
    let finding = match context.scope.check {
        true => Diagnostic::error(text.span(), message, label),
        false => Diagnostic::warning(text.span(), message, label),
    };
    context
        .diagnostics
        .push(finding.with_help("the evening is `20-23`, the night over midnight `22-6`"));
    !context.scope.check
}

/// Reads a window. `None`: an error is recorded.
pub(crate) fn parse(text: Located<'_>, context: &mut Context<'_>) -> Option<When> {
    let Ok((_, (days, hours))) = window(text.bytes) else {
        context.diagnostics.push(
            Diagnostic::error(
                text.span(),
                "this is not a window of days and hours",
                "expected DAYS:HOURS",
            )
            .with_help("days are 0 (Sunday) to 6 or names, hours 0 to 23: `1-5:8-17`, `sat,sun:*`"),
        );
        return None;
    };
    if !days
        .as_ref()
        .is_none_or(|days| check_days(days, text, context))
    {
        return None;
    }
    let hours = hours.flatten();
    if !hours
        .as_ref()
        .is_none_or(|hours| check_hours(hours, text, context))
    {
        return None;
    }
    let days = days.map_or(0x7f, |ranges| mask(&ranges, 7));
    let hours = hours.map_or(When::ALWAYS.hours, |ranges| mask(&ranges, 24));
    Some(When {
        days: days as u8,
        hours,
    })
}
