//! The reasons why a line gives no address.

use super::field_list::FieldList;
use swatch_common::sanitize::excerpt;

/// The number of characters of a line that a message shows.
const LINE: usize = 300;
/// The number of characters of a field that a message shows.
const FIELD: usize = 80;

/// The reason why a line gives no address. All texts in it are bounded and safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// The field holds no address, and the format of the line is not known.
    #[error("field {list} holds no address: \"{field}\", in the line \"{line}\"")]
    InField {
        /// The list of fields.
        list: String,
        /// The text of these fields.
        field: String,
        /// The line.
        line: String,
    },
    /// The format is not known, and no field was named.
    #[error("no known log format fixes an address in the line \"{line}\"; name its field instead")]
    UnknownFormat {
        /// The line.
        line: String,
    },
    /// The format is known, but fixes no address.
    #[error("{reason}; nothing is done for the line \"{line}\"")]
    InFormat {
        /// The reason.
        reason: log_address::NotFound,
        /// The line.
        line: String,
    },
}

impl NotFound {
    pub(super) fn in_field(list: &FieldList, field: &[u8], line: &[u8]) -> Self {
        Self::InField {
            list: list.to_string(),
            field: excerpt(field, FIELD),
            line: excerpt(line, LINE),
        }
    }

    pub(super) fn in_log(reason: log_address::NotFound, line: &[u8]) -> Self {
        let line = excerpt(line.trim_ascii_end(), LINE);
        match reason {
            log_address::NotFound::UnknownFormat => Self::UnknownFormat { line },
            reason => Self::InFormat { reason, line },
        }
    }
}
