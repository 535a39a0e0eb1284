//! Stamps within a line: access logs, JSON, logfmt, the audit log.

use std::ops::Range;

use memchr::{memchr_iter, memchr2, memmem};

use crate::cursor::Cursor;
use crate::front::{Reading, day_first, epoch, read};
use crate::{Format, Stamp};

/// Fields of JSON and logfmt that hold the time of the line.
const NAMES: [&[u8]; 5] = [b"ts", b"time", b"timestamp", b"@timestamp", b"t"];

/// The number of fields of a logfmt line that are examined: programs write the time among the
/// first.
const FIELDS: usize = 8;

pub(crate) fn find(line: &[u8]) -> Option<Stamp> {
    match line.first()? {
        b'{' => json(line),
        _ => logfmt(line)
            .or_else(|| access(line))
            .or_else(|| audit(line)),
    }
}

fn stamp(format: Format, range: Range<usize>, cut: Range<usize>, reading: &Reading) -> Stamp {
    Stamp {
        format,
        range,
        cut,
        nanoseconds: reading.nanoseconds,
        value: reading.value,
    }
}

/// `… [01/Jun/2024:12:00:00 +0200] "GET / HTTP/1.1" …`
fn access(line: &[u8]) -> Option<Stamp> {
    // Only the server itself writes a bare quote after a date: in a user's name it is escaped.
    let before_request = memmem::find_iter(line, b"] \"").find_map(|close| {
        let open = line[..close].iter().rposition(|&byte| byte == b'[')?;
        bracketed_date(line, open).filter(|stamp| stamp.range.end == close + 1)
    });
    before_request.or_else(|| memchr_iter(b'[', line).find_map(|open| bracketed_date(line, open)))
}

fn bracketed_date(line: &[u8], open: usize) -> Option<Stamp> {
    // A cheap look first.
    if !matches!(line.get(open + 3), Some(b'/')) {
        return None;
    }
    let mut cursor = Cursor::new(line, open + 1);
    let reading = day_first(&mut cursor)?;
    cursor.eat(b']')?;
    let end = cursor.at;
    cursor.blanks();
    Some(stamp(Format::Access, open..end, open..cursor.at, &reading))
}

/// `type=… msg=audit(1717243200.123:456): …`
fn audit(line: &[u8]) -> Option<Stamp> {
    const BEFORE: &[u8] = b"msg=audit(";
    let start = memmem::find(line, BEFORE)? + BEFORE.len();
    let mut cursor = Cursor::new(line, start);
    let reading = epoch(&mut cursor)?;
    let end = cursor.at;
    cursor.eat(b':')?;
    cursor.number(1, 19)?;
    cursor.peek().filter(|&next| next == b')')?;
    // The serial number differs from record to record as the time does.
    Some(stamp(Format::Audit, start..end, start..cursor.at, &reading))
}

/// `level=info ts=1717243200.123 msg="a message"`
fn logfmt(line: &[u8]) -> Option<Stamp> {
    let mut at = 0;
    for _ in 0..FIELDS {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(byte);
        let name = line[at..].iter().take_while(|byte| is_name(byte)).count();
        let value = at + name + 1;
        if name == 0 || line.get(value - 1) != Some(&b'=') {
            return None;
        }
        let quoted = line.get(value) == Some(&b'"');
        let (start, end) = match quoted {
            true => (value + 1, end_of_string(line, value + 1)?),
            false => {
                let length = line[value..].iter().position(|&byte| byte == b' ');
                (value, length.map_or(line.len(), |length| value + length))
            }
        };
        if NAMES.contains(&&line[at..at + name]) {
            let (range, reading) = value_of(line, start..end)?;
            return Some(stamp(Format::Logfmt, range.clone(), range, &reading));
        }
        at = end + usize::from(quoted);
        let mut cursor = Cursor::new(line, at);
        cursor.some_blanks()?;
        at = cursor.at;
    }
    None
}

/// A stamp that fills a value.
fn value_of(line: &[u8], value: Range<usize>) -> Option<(Range<usize>, Reading)> {
    // The reader sees nothing after the value.
    let mut cursor = Cursor::new(&line[..value.end], value.start);
    let reading = read(&mut cursor)?;
    (cursor.at == value.end).then_some((value, reading))
}

/// `{"level":"info","ts":1717243200.123,"msg":"a message"}`
fn json(line: &[u8]) -> Option<Stamp> {
    let mut at = 1;
    loop {
        let mut cursor = Cursor::new(line, at);
        cursor.blanks();
        cursor.eat(b'"')?;
        let name = cursor.at..end_of_string(line, cursor.at)?;
        cursor.at = name.end + 1;
        cursor.blanks();
        cursor.eat(b':')?;
        cursor.blanks();
        let value = cursor.at;
        if NAMES.contains(&&line[name])
            && let Some((range, reading)) = json_time(cursor)
        {
            return Some(stamp(Format::Json, range.clone(), range, &reading));
        }
        cursor.at = end_of_json_value(line, value)?;
        cursor.blanks();
        cursor.eat(b',')?;
        at = cursor.at;
    }
}

/// A stamp as a string, a number, or MongoDB's `{"$date":"…"}`.
fn json_time(mut cursor: Cursor<'_>) -> Option<(Range<usize>, Reading)> {
    let line = cursor.line;
    if cursor.eat(b'{').is_some() {
        cursor.blanks();
        cursor.eat_all(b"\"$date\"")?;
        cursor.blanks();
        cursor.eat(b':')?;
        cursor.blanks();
    }
    if cursor.eat(b'"').is_some() {
        let end = end_of_string(line, cursor.at)?;
        return value_of(line, cursor.at..end);
    }
    let is_number = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let length = cursor.rest().iter().take_while(is_number).count();
    value_of(line, cursor.at..cursor.at + length)
}

/// The offset of the quote that ends a string whose first byte is at `start`.
fn end_of_string(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr2(b'"', b'\\', line.get(at..)?)?;
        match line[at] {
            b'"' => return Some(at),
            _ => at += 2,
        }
    }
}

/// The end of a value: a string, an object or list with all its contents, or a plain word.
fn end_of_json_value(line: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match line.get(at)? {
            b'"' => at = end_of_string(line, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
}
