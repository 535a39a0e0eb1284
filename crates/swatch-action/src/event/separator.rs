//! The calling convention of a second script in circulation, `swatch_action.sh SEPARATOR FIELD
//! [block]`: fields as `awk -F SEPARATOR '{print $FIELD}'` splits them.

use std::{borrow::Cow, fmt};

use regex::bytes::Regex;
use swatch_common::sanitize;

use crate::address::{self, FieldList, Found, Rule};

/// A separator and a field number.
#[derive(Clone, Debug)]
pub struct Separated {
    separator: Separator,
    field: usize,
    shown: String,
}

#[derive(Clone, Debug)]
enum Separator {
    Spaces,
    Byte(u8),
    Pattern(Regex),
}

/// Why a separator or field is refused.
#[derive(Debug, thiserror::Error)]
pub enum SeparatorError {
    /// The field is not a number.
    #[error("with --separator the field is one number, such as 3; got {0:?}")]
    Field(String),
    /// The separator is longer than one character and not a regular expression.
    #[error("--separator {text:?} is not a regular expression: {source}")]
    Pattern {
        /// The separator.
        text: String,
        /// The mistake in it.
        source: Box<regex::Error>,
    },
}

/// The field holds no address. The texts are excerpts without control characters.
#[derive(Debug, thiserror::Error)]
#[error("no address in field {place} ({field:?}) of the line: {line}")]
pub struct NoAddress {
    /// Field and separator as given.
    place: String,
    /// The field's contents.
    field: String,
    /// The line.
    line: String,
}

impl Separated {
    /// Reads both as awk does: a single space stands for runs of white space, another single
    /// character for itself, and anything longer is a regular expression.
    ///
    /// # Errors
    /// [`SeparatorError`].
    pub fn parse(separator: &str, field: &str) -> Result<Self, SeparatorError> {
        let number = field
            .parse()
            .map_err(|_| SeparatorError::Field(field.to_owned()))?;
        let kind = match separator.as_bytes() {
            [] | b" " => Separator::Spaces,
            b"t" | b"\\t" => Separator::Byte(b'\t'),
            [byte] => Separator::Byte(*byte),
            _ => Separator::Pattern(Regex::new(separator).map_err(|source| {
                SeparatorError::Pattern {
                    text: separator.to_owned(),
                    source: Box::new(source),
                }
            })?),
        };
        Ok(Self {
            separator: kind,
            field: number,
            shown: format!("{field} by {separator:?}"),
        })
    }

    /// The field. Number 0 is the whole line; a number beyond the last field gives nothing.
    fn select<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let at = match self.field {
            0 => return Cow::Borrowed(line),
            number => number - 1,
        };
        let field = match &self.separator {
            Separator::Spaces => line
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .nth(at),
            Separator::Byte(byte) => line.split(|found| found == byte).nth(at),
            Separator::Pattern(pattern) => pattern.split(line).nth(at),
        };
        Cow::Borrowed(field.unwrap_or_default())
    }

    /// The address in the field, by the script's rule.
    ///
    /// # Errors
    /// [`NoAddress`] where the field holds none.
    pub fn find(&self, raw: &[u8]) -> Result<Found, NoAddress> {
        let line = address::collapse(raw);
        let field = self.select(&line);
        let none = || NoAddress {
            place: self.shown.clone(),
            field: sanitize::excerpt(&field, 80),
            line: sanitize::excerpt(&line, 200),
        };
        let whole = FieldList::parse("1-").map_err(|_| none())?;
        address::find(&field, &Rule::Field(&whole), true).map_err(|_| none())
    }
}

impl fmt::Display for Separated {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_awk_takes_them() {
        let line = b"a:b::203.0.113.9 c";
        for (separator, field, expected) in [
            (":", "2", &b"b"[..]),
            (":", "3", b""),
            ("::", "2", b"203.0.113.9 c"),
            (" ", "2", b"c"),
            ("[:.]+", "4", b"0"),
            (":", "0", line),
            (":", "9", b""),
        ] {
            let separated = Separated::parse(separator, field).expect("valid");
            assert_eq!(&*separated.select(line), expected, "{separator} {field}");
        }
        assert!(Separated::parse(":", "2,3").is_err());
        assert!(Separated::parse("(:", "2").is_err());
        let found = Separated::parse("::", "2").expect("valid").find(line);
        assert_eq!(
            found.expect("an address").address.to_string(),
            "203.0.113.9"
        );
    }
}
