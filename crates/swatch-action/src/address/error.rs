//! Why a line gives no address.

use std::net::IpAddr;

use super::fields::FieldList;
use super::visible::visible;

/// How much of a line a message shows, in bytes.
const LINE: usize = 300;
/// How much of a field or a host name it shows.
const FIELD: usize = 80;

/// Why a line gives no address. The text shows the line, bounded in length and with control characters made visible,
/// so that it can go to a terminal or a log as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// The field holds no address, and the line is of no known format.
    #[error("field {list} holds no address: \"{field}\", in the line \"{line}\"")]
    NoAddressInField {
        /// The list of fields that was asked for.
        list: String,
        /// What they hold.
        field: String,
        /// The line.
        line: String,
    },
    /// No known format, and no field to look at.
    #[error("no known log format fixes an address in the line \"{line}\"; name its field instead")]
    UnknownFormat {
        /// The line.
        line: String,
    },
    /// A known format, but the line can be read in more than one way: part of it is text that a stranger chose.
    #[error(
        "the line can be read as speaking of {}; a part of it is a stranger's text, so nothing is done \
         (format {format}, line \"{line}\")",
        listed(.candidates)
    )]
    Ambiguous {
        /// The format's name.
        format: &'static str,
        /// The addresses that it may speak of, in the order of the line.
        candidates: Vec<IpAddr>,
        /// The line.
        line: String,
    },
    /// A known format which has no address in this line where it would stand: a host name, or nothing.
    #[error(
        "format {format} has no address in this line, and what else looks like one is not the program's own word: \
         \"{line}\""
    )]
    NoAddressInFormat {
        /// The format's name.
        format: &'static str,
        /// The line.
        line: String,
    },
}

impl NotFound {
    pub(super) fn field(list: &FieldList, field: &[u8], line: &[u8]) -> Self {
        let list = visible(list.to_string().as_bytes(), FIELD);
        Self::NoAddressInField {
            list,
            field: visible(field, FIELD),
            line: visible(line, LINE),
        }
    }

    pub(super) fn ambiguous(format: &'static str, candidates: Vec<IpAddr>, line: &[u8]) -> Self {
        Self::Ambiguous {
            format,
            candidates,
            line: visible(line, LINE),
        }
    }

    pub(super) fn nowhere(format: &'static str, line: &[u8]) -> Self {
        Self::NoAddressInFormat {
            format,
            line: visible(line, LINE),
        }
    }

    pub(super) fn unknown_format(line: &[u8]) -> Self {
        Self::UnknownFormat {
            line: visible(line, LINE),
        }
    }
}

fn listed(candidates: &[IpAddr]) -> String {
    let texts: Vec<String> = candidates.iter().take(4).map(IpAddr::to_string).collect();
    let more = if candidates.len() > 4 {
        " or others"
    } else {
        ""
    };
    texts.join(" or ") + more
}
