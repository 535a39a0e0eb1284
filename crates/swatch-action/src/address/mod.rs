//! Which address a log line speaks of.
//!
//! Pure functions: a line (bytes) and a [`Rule`] go in, a [`Found`] or a [`NotFound`] comes out. No file, no process,
//! no clock.
//!
//! Two readings of a line meet here:
//!
//! * the **field**: what the bash script that this program replaces took from the field its caller named
//!   ([`FieldList`], [`script`]);
//! * the **format**: the place where a known program writes the address of its peer ([`formats`]).
//!
//! An attacker chooses user names, and with them how many blanks stand before a field. So where a known format fixes
//! the address, it wins over the field; where it leaves two readings open, nothing is taken. Where neither speaks,
//! there is no guess.

mod blanks;
mod error;
mod fields;
mod formats;
mod notation;
mod private;
pub mod script;
mod visible;

use std::net::IpAddr;

pub use blanks::{collapse, first_line};
pub use error::NotFound;
pub use fields::{FieldList, FieldListError};
pub use notation::{canonical, parse as parse_address};
pub use private::is_private;

use formats::Place;

/// How the address of a line is chosen.
#[derive(Debug, Clone, Copy)]
pub enum Rule<'a> {
    /// The field of the line that the caller named, as the script took it.
    Field(&'a FieldList),
    /// The place that a known log format fixes.
    Auto,
    /// An address that the caller knows already (`--ip`).
    Given(IpAddr),
}

/// The address of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The address, with an IPv4 one that was mapped into IPv6 (`::ffff:a.b.c.d`) as the IPv4 one it is.
    pub address: IpAddr,
    /// The name of the log format that fixed it; `None` where the field alone did, or the caller gave it.
    pub format: Option<&'static str>,
    /// What the caller should be told: that the field held another address than the format's place. Control
    /// characters are made visible and the length is bounded, so that it can go to a terminal or a log.
    pub note: Option<String>,
}

/// Finds the address that `line` speaks of.
///
/// `line` is what was read from standard input; only its first line counts ([`first_line`]). With `strict_field` a
/// [`Rule::Field`] is the script's rule alone: the formats are not asked, and only IPv4 is found.
///
/// An address of the private kinds ([`is_private`]) is found like any other; leaving it alone is the caller's step.
///
/// # Errors
/// [`NotFound`] says what was looked at and shows the line.
pub fn find(line: &[u8], rule: &Rule, strict_field: bool) -> Result<Found, NotFound> {
    match rule {
        Rule::Given(address) => Ok(plain(*address)),
        Rule::Auto => in_format(line)?.ok_or_else(|| NotFound::unknown_format(first_line(line))),
        Rule::Field(list) => {
            let collapsed = collapse(line);
            let field = list.select(&collapsed);
            let by_script = script::quad(&field).map(IpAddr::V4);
            if strict_field {
                return by_script
                    .map(plain)
                    .ok_or_else(|| NotFound::field(list, &field, &collapsed));
            }
            // A field that is an IPv6 address from end to end is one, whatever the script sees in its tail.
            let by_field = parse_address(&field).or(by_script);
            match (in_format(line)?, by_field) {
                (Some(found), Some(address)) if found.address != address => {
                    Ok(differing(found, list, address))
                }
                (Some(found), _) => Ok(found),
                (None, Some(address)) => Ok(plain(address)),
                (None, None) => Err(NotFound::field(list, &field, &collapsed)),
            }
        }
    }
}

/// The names of the known formats, as [`Found::format`] and the messages have them.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    formats::names()
}

/// What the known formats say: an address, nothing at all, or that nothing may be taken.
fn in_format(line: &[u8]) -> Result<Option<Found>, NotFound> {
    let line = first_line(line);
    let Some(verdict) = formats::find(line) else {
        return Ok(None);
    };
    match verdict.place {
        Place::Address(address) => Ok(Some(Found {
            format: Some(verdict.format),
            ..plain(address)
        })),
        Place::Several(candidates) => Err(NotFound::ambiguous(verdict.format, candidates, line)),
        Place::Nowhere => Err(NotFound::nowhere(verdict.format, line)),
    }
}

fn differing(found: Found, list: &FieldList, by_field: IpAddr) -> Found {
    let format = found.format.unwrap_or_default();
    let note = format!(
        "field {list} holds {by_field}, but format {format} has its peer elsewhere: {} is taken",
        found.address
    );
    Found {
        note: Some(note),
        ..found
    }
}

fn plain(address: IpAddr) -> Found {
    Found {
        address: canonical(address),
        format: None,
        note: None,
    }
}
