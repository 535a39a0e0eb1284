//! Finds the address of the peer that a log line reports.
//!
//! A program that logs a failed login writes two kinds of text: its own words, and text that the
//! peer chose, such as the user name. Only the program's own words say who the peer is. For each
//! known format this crate therefore knows where the program puts the address and which parts of
//! the message a stranger writes:
//!
//! ```
//! let line = b"Jun  1 12:00:00 web1 sshd[1001]: Invalid user a from 198.51.100.7 from 203.0.113.9 port 40022";
//! let found = log_address::find(line)?;
//! assert_eq!(found.address.to_string(), "203.0.113.9");
//! assert_eq!(found.format, "openssh");
//! # Ok::<(), log_address::NotFound>(())
//! ```
//!
//! The functions are pure: bytes go in, an address or the reason why there is none comes out. No
//! host name is looked up, no file is read and nothing is remembered. Lines may hold any bytes;
//! they need not be UTF-8.

mod error;
mod formats;
mod header;
mod notation;
mod private;
mod scan;
mod shape;

use std::net::IpAddr;

pub use error::{NotFound, Reading};
pub use notation::{canonical, parse as parse_address};
pub use private::is_private;

/// The peer of a log line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// Its address. An IPv4 address that was mapped into IPv6 (`::ffff:a.b.c.d`) is given as IPv4.
    pub address: IpAddr,
    /// The name of the log format that has it there.
    pub format: &'static str,
    /// True if anyone can make the program write a line with an address of their choice: the line
    /// reports a packet or datagram whose sender was never asked to confirm that the source address
    /// is his own. Also true if the line may report an innocent neighbour (sshd's penalties).
    pub forgeable: bool,
}

/// Finds the peer that `line` reports. Only the first line of `line` counts; a `\r` before the line
/// feed is dropped.
///
/// Private addresses ([`is_private`]) are found like any other.
///
/// # Errors
/// [`NotFound`] says why there is no address.
pub fn find(line: &[u8]) -> Result<Found, NotFound> {
    let (format, readings) = formats::find(first_line(line)).ok_or(NotFound::UnknownFormat)?;
    match readings.found[..] {
        [Reading::Address(address)] => Ok(Found {
            address: canonical(address),
            format,
            forgeable: readings.claimed,
        }),
        _ if readings
            .found
            .iter()
            .any(|reading| matches!(reading, Reading::Address(_))) =>
        {
            Err(NotFound::Ambiguous {
                format,
                readings: readings.found,
            })
        }
        _ => Err(NotFound::NoAddress { format }),
    }
}

/// The names of the known formats.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    formats::names()
}

fn first_line(input: &[u8]) -> &[u8] {
    let line = input
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
}
