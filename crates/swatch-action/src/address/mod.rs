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
    let _ = strict_field;
    match rule {
        Rule::Given(address) => Ok(plain(*address)),
        Rule::Field(list) => {
            let collapsed = collapse(line);
            let field = list.select(&collapsed);
            match script::quad(&field) {
                Some(quad) => Ok(plain(quad.into())),
                None => Err(NotFound::field(list, &field, &collapsed)),
            }
        }
        Rule::Auto => Err(NotFound::unknown_format(line)),
    }
}

fn plain(address: IpAddr) -> Found {
    Found {
        address: canonical(address),
        format: None,
        note: None,
    }
}
