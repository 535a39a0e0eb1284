//! Stamps at the front of a line.

use crate::civil::{Date, StampValue, Time, zone};
use crate::cursor::{Cursor, is_blank, month};
use crate::{Format, Stamp};

/// A stamp without its surroundings.
pub(crate) struct Reading {
    pub(crate) format: Format,
    pub(crate) nanoseconds: u32,
    pub(crate) value: StampValue,
}

pub(crate) fn find(line: &[u8]) -> Option<Stamp> {
    let mut cursor = Cursor::new(line, 0);
    let version = priority(&mut cursor);
    let start = cursor.at;
    let bracket = cursor.eat(b'[').is_some();
    let inside = cursor;
    let mut reading = read(&mut cursor);
    if reading.is_none() && bracket {
        cursor = inside;
        reading = uptime(&mut cursor);
    }
    let mut reading = reading?;
    if bracket {
        cursor.eat(b']')?;
    }
    let end = cursor.at;
    // Without whitespace after it, it is the start of something else. Some programs write other
    // separators after a complete date.
    let separated = matches!(reading.format, Format::Iso | Format::Slashes)
        && cursor.peek().is_some_and(|next| b":,;|".contains(&next));
    if cursor.blanks() == 0 && !bracket && !separated {
        return None;
    }
    if version && reading.format == Format::Iso {
        reading.format = Format::Rfc5424;
    }
    Some(Stamp {
        format: reading.format,
        range: start..end,
        cut: 0..cursor.at,
        nanoseconds: reading.nanoseconds,
        value: reading.value,
    })
}

/// Skips `<34>`, and a version with a space after it. True if there was a version.
fn priority(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    let mut skip = || {
        ahead.eat(b'<')?;
        ahead.number(1, 3)?;
        ahead.eat(b'>')?;
        Some(ahead)
    };
    let Some(after) = skip() else { return false };
    *cursor = after;
    let mut ahead = after;
    let version = ahead.number(1, 2).is_some() && ahead.eat(b' ').is_some();
    if version {
        *cursor = ahead;
    }
    version
}

/// A stamp of any of the formats that need no brackets. The cursor ends right after it.
pub(crate) fn read(cursor: &mut Cursor<'_>) -> Option<Reading> {
    match cursor.peek()? {
        b'@' => tai64n(cursor),
        byte if byte.is_ascii_digit() => numeric(cursor),
        byte if byte.is_ascii_alphabetic() || byte == b'_' => named(cursor),
        _ => None,
    }
}

/// Stamps that begin with a digit: which one shows after the first number.
fn numeric(cursor: &mut Cursor<'_>) -> Option<Reading> {
    let start = *cursor;
    let (_, count) = cursor.number(1, 19)?;
    let reader = match (count, cursor.rest()) {
        (4, [b'-', ..]) => iso,
        (4, [b'/', ..]) => slashes,
        (2, [b'/', b'0'..=b'9', ..]) => month_first,
        (1..=2, [b'/' | b'-' | b' ', ..]) => day_first,
        (10 | 13 | 16 | 19, _) => epoch,
        _ => return None,
    };
    *cursor = start;
    reader(cursor)
}

/// Stamps that begin with a name of three letters: a month or a weekday.
fn named(cursor: &mut Cursor<'_>) -> Option<Reading> {
    let name = cursor.rest().get(..3)?;
    // Three word characters can be a month's name in any language.
    if !name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        return None;
    }
    cursor.at += 3;
    cursor.some_blanks()?;
    let digit = cursor.peek()?.is_ascii_digit();
    match WEEKDAYS.contains(&name) {
        true if digit => Some(Reading {
            format: Format::WeekdayIso,
            ..iso(cursor)?
        }),
        true => ctime(cursor),
        false => syslog(name, cursor),
    }
}

const WEEKDAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// `Jun  1 12:00:00`, `Jun 01 12:00:00.123456`, after the name.
fn syslog(name: &[u8], cursor: &mut Cursor<'_>) -> Option<Reading> {
    let (day, _) = cursor.number(1, 2)?;
    cursor.some_blanks()?;
    let time = Time::read(cursor)?;
    let nanoseconds = cursor.fraction()?;
    let day = u32::try_from(day).ok()?;
    let value = month(name).map_or(StampValue::Unknown, |month| {
        let year = None;
        StampValue::Civil(Date { year, month, day }, time, None)
    });
    Some(Reading {
        format: Format::Syslog,
        nanoseconds,
        value,
    })
}

/// `Jun  1 12:00:00 2024`, `Jun 01 12:00:00.123456 2024`, `Jun  1 12:00:00 CEST 2024`, after the
/// weekday.
fn ctime(cursor: &mut Cursor<'_>) -> Option<Reading> {
    let month = cursor.month()?;
    cursor.some_blanks()?;
    let (day, _) = cursor.number(1, 2)?;
    cursor.some_blanks()?;
    let time = Time::read(cursor)?;
    let nanoseconds = cursor.fraction()?;
    cursor.some_blanks()?;
    let mut offset = None;
    if !cursor.peek()?.is_ascii_digit() {
        offset = zone(cursor);
        cursor.letters(5);
        cursor.some_blanks()?;
    }
    let year = Some(cursor.digits(4)?);
    let day = u32::try_from(day).ok()?;
    Some(Reading {
        format: Format::Ctime,
        nanoseconds,
        value: StampValue::Civil(Date { year, month, day }, time, offset),
    })
}

/// `2024-06-01T12:00:00.123+02:00` and its kin.
fn iso(cursor: &mut Cursor<'_>) -> Option<Reading> {
    year_first(cursor, b'-', Format::Iso)
}

/// `2024/06/01 12:00:00`.
fn slashes(cursor: &mut Cursor<'_>) -> Option<Reading> {
    year_first(cursor, b'/', Format::Slashes)
}

fn year_first(cursor: &mut Cursor<'_>, separator: u8, format: Format) -> Option<Reading> {
    let year = Some(cursor.digits(4)?);
    cursor.eat(separator)?;
    let month = cursor.digits(2)?;
    cursor.eat(separator)?;
    let day = cursor.digits(2)?;
    // `_` is svlogd's.
    cursor.eat_any(b"Tt _")?;
    time_and_zone(cursor, Date { year, month, day }, format)
}

/// `06/01/2024-12:00:00.123456`, `06/01/2024 12:00:00`.
fn month_first(cursor: &mut Cursor<'_>) -> Option<Reading> {
    let month = cursor.digits(2)?;
    cursor.eat(b'/')?;
    let day = cursor.digits(2)?;
    cursor.eat(b'/')?;
    let year = Some(cursor.digits(4)?);
    cursor.eat_any(b"- ")?;
    // With the day first, as in most of the world, a month beyond 12 shows it.
    let (month, day) = match month {
        13.. => (day, month),
        _ => (month, day),
    };
    time_and_zone(cursor, Date { year, month, day }, Format::MonthFirst)
}

/// `01/Jun/2024:12:00:00 +0200`, `01-Jun-2024 12:00:00.123`, `1 Jun 2024 12:00:00`.
pub(crate) fn day_first(cursor: &mut Cursor<'_>) -> Option<Reading> {
    let (day, _) = cursor.number(1, 2)?;
    let separator = cursor.eat_any(b"/- ")?;
    let month = cursor.month()?;
    cursor.eat(separator)?;
    let year = Some(cursor.digits(4)?);
    cursor.eat_any(b": ")?;
    let day = u32::try_from(day).ok()?;
    time_and_zone(cursor, Date { year, month, day }, Format::DayFirst)
}

fn time_and_zone(cursor: &mut Cursor<'_>, date: Date, format: Format) -> Option<Reading> {
    let time = Time::read(cursor)?;
    let nanoseconds = cursor.fraction()?;
    Some(Reading {
        format,
        nanoseconds,
        value: StampValue::Civil(date, time, trailing_zone(cursor)),
    })
}

/// A zone directly after the time or after a space, if it ends a word.
fn trailing_zone(cursor: &mut Cursor<'_>) -> Option<i32> {
    let mut ahead = *cursor;
    let apart = ahead.eat(b' ').is_some();
    let start = ahead.at;
    let offset = zone(&mut ahead)?;
    // After a space, `-12` is a number and `Z` a word of the message.
    if apart && ahead.at - start < b"+0200".len() && !ahead.line[start].is_ascii_uppercase() {
        return None;
    }
    if apart && ahead.at - start == 1 {
        return None;
    }
    let ends = |next: u8| is_blank(next) || b"]\":,".contains(&next);
    ahead.peek().is_none_or(ends).then(|| {
        *cursor = ahead;
        offset
    })
}

/// Seconds since 1970 with ten digits, milli-, micro- or nanoseconds with 13, 16 or 19.
pub(crate) fn epoch(cursor: &mut Cursor<'_>) -> Option<Reading> {
    let (value, count) = cursor.number(10, 19)?;
    let unit = 10_u64.pow(match count {
        10 => 0,
        13 => 3,
        16 => 6,
        19 => 9,
        _ => return None,
    });
    let fraction = cursor.fraction()?;
    let below = u32::try_from(value % unit * (1_000_000_000 / unit)).ok()?;
    Some(Reading {
        format: Format::Epoch,
        nanoseconds: if unit == 1 { fraction } else { below },
        value: StampValue::Unix(i64::try_from(value / unit).ok()?),
    })
}

/// `@` and 24 hexadecimal digits: 2^62 plus the second, and nanoseconds.
fn tai64n(cursor: &mut Cursor<'_>) -> Option<Reading> {
    /// The label of 1970-01-01 00:00:00 UTC, 10 s after that second in TAI. Later leap seconds are
    /// not counted, as daemontools and runit do not count them.
    const EPOCH: i64 = (1 << 62) + 10;
    cursor.eat(b'@')?;
    let label = cursor.rest().get(..24)?;
    cursor.at += 24;
    let hexadecimal = |digits: &[u8]| {
        let plain = digits.iter().all(u8::is_ascii_hexdigit);
        let text = str::from_utf8(digits).ok().filter(|_| plain)?;
        i64::from_str_radix(text, 16).ok()
    };
    let (second, nanosecond) = (hexadecimal(&label[..16])?, hexadecimal(&label[16..])?);
    Some(Reading {
        format: Format::Tai64n,
        nanoseconds: u32::try_from(nanosecond).unwrap_or(0).min(999_999_999),
        value: StampValue::Unix(second.checked_sub(EPOCH)?),
    })
}

/// `  123.456789`, and ` <    0.000100 >` after it, between brackets.
fn uptime(cursor: &mut Cursor<'_>) -> Option<Reading> {
    cursor.blanks();
    cursor.number(1, 9)?;
    cursor.eat(b'.')?;
    let (fraction, count) = cursor.number(1, 9)?;
    let scale = 10_u64.pow(9 - u32::try_from(count).ok()?);
    let mut ahead = *cursor;
    let mut delta = || {
        ahead.some_blanks()?;
        ahead.eat(b'<')?;
        ahead.blanks();
        ahead.number(1, 9)?;
        ahead.eat(b'.')?;
        ahead.number(1, 9)?;
        ahead.blanks();
        ahead.eat(b'>')?;
        Some(ahead)
    };
    if let Some(behind) = delta() {
        *cursor = behind;
    }
    Some(Reading {
        format: Format::Uptime,
        nanoseconds: u32::try_from(fraction * scale).ok()?,
        value: StampValue::Unknown,
    })
}
