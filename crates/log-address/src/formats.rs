//! The table of known formats, and what they say of a line.

mod access;
mod alert;
mod json;
mod logfmt;
mod postgresql;
mod table;
#[cfg(test)]
mod tests;

use crate::header;
use crate::shape::{Positions, Readings, begins_up_to_cut, collect};
use table::{Format, Shape};

/// The readings of a line, with the name of the format that has them; `None` if no format knows the
/// line.
///
/// All formats that may have written the line are asked, and their readings count together.
pub(crate) fn find(line: &[u8]) -> Option<(&'static str, Readings)> {
    let entry = header::read(line);
    let mut name = None;
    let mut readings = Readings::default();
    for format in table::formats() {
        let found = match entry.program {
            Some(program) if format.is_of(program) => readings_of(format, entry.message, true),
            None if format.has_own_log() => readings_of(format, entry.message, false),
            _ => continue,
        };
        if !found.is_empty() {
            name = name.or(Some(format.name));
            readings.merge(found);
        }
    }
    name.map(|name| (name, readings))
}

/// The readings of a message, where something else than a syslog header names its program.
fn of_program(program: &[u8], message: &[u8]) -> Readings {
    let mut readings = Readings::default();
    for format in table::formats().iter().filter(|f| f.is_of(program)) {
        if format.code != Some("json") {
            readings.merge(readings_of(format, message, true));
        }
    }
    readings
}

/// The names of the formats, in the order of the table.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    table::formats().iter().map(|format| format.name)
}

/// The readings that one format allows. With `tagged`, a syslog header has named the program, and
/// the header of the program's own log may be missing.
fn readings_of(format: &Format, text: &[u8], tagged: bool) -> Readings {
    let mut readings = Readings::default();
    if let Some(read) = format.reader() {
        readings.merge(read(text));
    }
    let start = starts(format, text, tagged);
    let shapes: Vec<&Shape> = format
        .shapes
        .iter()
        .filter(|shape| {
            start
                .iter()
                .any(|at| text[at..].starts_with(shape.literal()))
        })
        .collect();
    let certain = shapes
        .iter()
        .filter(|shape| begins(shape, &start, text))
        .find_map(|shape| shape.before_cut());
    for shape in shapes.iter().filter(|shape| shape.before_cut() == certain) {
        for parts in shape.sequences() {
            collect(parts, &start, text, &mut readings);
        }
    }
    readings
}

/// The positions in `text` at which a message of a format may begin.
fn starts(format: &Format, text: &[u8], tagged: bool) -> Positions {
    let origin = Positions::at(0);
    let mut headers: Vec<Positions> = format
        .own_headers
        .iter()
        .map(|header| after(header, &origin, text))
        .collect();
    if tagged {
        headers.push(origin);
    }
    let start = Positions::union(headers);
    match &format.before {
        Some(before) => after(before, &start, text),
        None => start,
    }
}

fn after(shape: &Shape, start: &Positions, text: &[u8]) -> Positions {
    let ends = shape.sequences().iter().map(|parts| {
        parts
            .iter()
            .fold(start.clone(), |positions, part| positions.after(part, text))
    });
    Positions::union(ends)
}

/// True if the message begins as the shape does up to its cut.
fn begins(shape: &Shape, start: &Positions, text: &[u8]) -> bool {
    shape
        .sequences()
        .iter()
        .any(|parts| begins_up_to_cut(parts, start, text))
}
