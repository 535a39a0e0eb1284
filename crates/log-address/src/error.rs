//! The reasons why a line gives no address.

use std::fmt;
use std::net::IpAddr;

/// The number of readings that a message names.
const NAMED: usize = 4;
/// The number of bytes of a name that a message shows.
const SHOWN: usize = 60;

/// The reason why a line gives no address.
///
/// The line itself is not part of it: the caller has it and knows how to show it. Display never
/// writes control characters or more than a few hundred bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFound {
    /// No known program writes such lines.
    #[error("no known log format")]
    UnknownFormat,
    /// The line can be read in more than one way, because part of it is a stranger's text.
    #[error(
        "the peer may be {} (format {format}); part of the line is a stranger's text",
        listed(readings)
    )]
    Ambiguous {
        /// The name of the format.
        format: &'static str,
        /// The possible peers, at least two, in the order of the line. Not all of them need be
        /// listed.
        readings: Vec<Reading>,
    },
    /// The format is known, but in this line it has no address where it would stand: a host name,
    /// or nothing.
    #[error(
        "format {format} has no address in this line; whatever else looks like one is a stranger's text"
    )]
    NoAddress {
        /// The name of the format.
        format: &'static str,
    },
}

/// One way to read a line: what stands where the program writes its peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// An address.
    Address(IpAddr),
    /// Something else, such as a host name or nothing: the bytes as the line has them.
    Other(Vec<u8>),
}

impl fmt::Display for Reading {
    /// The address, or up to 60 bytes of other text in quotes, escaped to printable ASCII.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Other(text) if text.len() > SHOWN => {
                write!(f, "\"{}…\"", text[..SHOWN].escape_ascii())
            }
            Self::Other(text) => write!(f, "\"{}\"", text.escape_ascii()),
        }
    }
}

fn listed(readings: &[Reading]) -> String {
    let texts: Vec<String> = readings
        .iter()
        .take(NAMED)
        .map(Reading::to_string)
        .collect();
    let more = if readings.len() > NAMED {
        " or others"
    } else {
        ""
    };
    texts.join(" or ") + more
}
