//! The address that an event acts on: the peer that the line's format names, or the field that the
//! caller names.
//!
//! Attackers choose user names, and with them the number of words before a field. So where the log
//! format is known ([`log_address`]), it overrules the field; where it leaves the peer open,
//! nothing is taken. The field counts where no format is known. [`FieldList`], [`script`] and
//! [`collapse`] take it exactly as the bash script did.

mod collapse;
mod error;
mod field_list;
pub mod script;

use std::net::IpAddr;

pub use log_address::{canonical, is_private, parse_address};

pub use collapse::collapse;
pub use error::NotFound;
pub use field_list::{FieldList, FieldListError};

/// The way in which the address of a line is chosen.
#[derive(Debug, Clone, Copy)]
pub enum Rule<'a> {
    /// From a field of the line, as the script took it.
    Field(&'a FieldList),
    /// From the place that the line's format fixes.
    Auto,
    /// The caller gives it (`--ip`).
    Given(IpAddr),
}

/// The address of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The address. An IPv4 address that was mapped into IPv6 (`::ffff:a.b.c.d`) is given as IPv4.
    pub address: IpAddr,
    /// The name of the log format that fixed it; `None` where it came from the field or the caller.
    pub format: Option<&'static str>,
    /// True if anybody can cause such a line with an address of their choice
    /// ([`log_address::Found::forgeable`]).
    pub forgeable: bool,
    /// A warning for the user: the field held another address. Safe to print.
    pub note: Option<String>,
}

/// Finds the address of a line read from standard input; only its first line counts.
///
/// With `strict_field`, a [`Rule::Field`] is the script's rule alone: the formats are not asked,
/// and only IPv4 is found. Private addresses ([`is_private`]) are found like any other; leaving
/// them alone is the caller's job.
///
/// # Errors
/// [`NotFound`] says where the address was looked for, and shows the line.
pub fn find(line: &[u8], rule: &Rule, strict_field: bool) -> Result<Found, NotFound> {
    match rule {
        Rule::Given(address) => Ok(plain(*address)),
        Rule::Auto => Ok(in_format(
            log_address::find(line).map_err(|error| NotFound::in_log(error, line))?,
        )),
        Rule::Field(list) => in_field(line, list, strict_field),
    }
}

fn in_field(line: &[u8], list: &FieldList, strict_field: bool) -> Result<Found, NotFound> {
    let collapsed = collapse(line);
    let field = list.select(&collapsed);
    let by_script = script::quad(&field).map(IpAddr::V4);
    if strict_field {
        return by_script
            .map(plain)
            .ok_or_else(|| NotFound::in_field(list, &field, &collapsed));
    }
    // A field that is an IPv6 address from end to end is one, whatever the script sees in its tail.
    let by_field = parse_address(&field).or(by_script);
    match log_address::find(line) {
        Ok(found) => Ok(Found {
            note: by_field
                .filter(|address| *address != found.address)
                .map(|address| difference(&found, list, address)),
            ..in_format(found)
        }),
        Err(log_address::NotFound::UnknownFormat) => by_field
            .map(plain)
            .ok_or_else(|| NotFound::in_field(list, &field, &collapsed)),
        Err(error) => Err(NotFound::in_log(error, line)),
    }
}

fn difference(found: &log_address::Found, list: &FieldList, by_field: IpAddr) -> String {
    format!(
        "field {list} holds {by_field}, but format {} has its peer elsewhere: {} is taken",
        found.format, found.address
    )
}

fn in_format(found: log_address::Found) -> Found {
    Found {
        address: found.address,
        format: Some(found.format),
        forgeable: found.forgeable,
        note: None,
    }
}

fn plain(address: IpAddr) -> Found {
    Found {
        address: canonical(address),
        format: None,
        forgeable: false,
        note: None,
    }
}
