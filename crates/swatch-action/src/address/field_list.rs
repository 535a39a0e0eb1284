//! The LIST of cut(1), which selects space-separated fields of a line.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A list of fields as `cut -d " " -f LIST` takes it: `7`, `7-9`, `7,9`, `-3`, `3-`, in any order
/// and overlapping, separated by commas or spaces. Fields are numbered from 1 and are printed in
/// the order of the line, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldList {
    text: String,
    /// First and last field of each range, both included; sorted, disjoint.
    ranges: Vec<(u64, u64)>,
}

/// Why a text is not a list of fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldListError {
    /// A list or one of its parts is empty.
    #[error(
        "field list {list:?}: a part of it is empty; expected numbers or ranges such as 7, 7-9, -3, 3- or 7,9"
    )]
    Empty {
        /// The whole list.
        list: String,
    },
    /// A part is neither a number nor a range.
    #[error(
        "field list {list:?}: {part:?} is neither a field number nor a range such as 7-9, -3 or 3-"
    )]
    NotANumber {
        /// The whole list.
        list: String,
        /// The part.
        part: String,
    },
    /// A field 0.
    #[error("field list {list:?}: fields are numbered from 1")]
    Zero {
        /// The whole list.
        list: String,
    },
    /// A range that ends before its start.
    #[error("field list {list:?}: the range {part:?} is decreasing")]
    Backwards {
        /// The whole list.
        list: String,
        /// The part.
        part: String,
    },
    /// A number that is larger than any line's number of fields.
    #[error("field list {list:?}: {part:?} contains a number that is too large")]
    TooLarge {
        /// The whole list.
        list: String,
        /// The part.
        part: String,
    },
}

impl FieldList {
    /// Reads a list.
    ///
    /// # Errors
    /// Everything that GNU cut refuses, with the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, FieldListError> {
        let list = || text.to_owned();
        let mut ranges = Vec::new();
        for part in text.split([',', ' ', '\t']) {
            ranges.push(range(part).map_err(|wrong| {
                let part = part.to_owned();
                match wrong {
                    Wrong::Empty => FieldListError::Empty { list: list() },
                    Wrong::NotANumber => FieldListError::NotANumber { list: list(), part },
                    Wrong::Zero => FieldListError::Zero { list: list() },
                    Wrong::Backwards => FieldListError::Backwards { list: list(), part },
                    Wrong::TooLarge => FieldListError::TooLarge { list: list(), part },
                }
            })?);
        }
        ranges.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => merged.push((first, last)),
            }
        }
        Ok(Self {
            text: list(),
            ranges: merged,
        })
    }

    /// The selected fields of a line whose white space is [collapsed](super::collapse), joined by
    /// single spaces: exactly what `cut -d " " -f LIST` prints. A line without a space is returned
    /// whole, whatever the list says.
    pub fn select<'a>(&self, collapsed: &'a [u8]) -> Cow<'a, [u8]> {
        if !collapsed.contains(&b' ') {
            return Cow::Borrowed(collapsed);
        }
        if let [(first, last)] = self.ranges[..] {
            return Cow::Borrowed(stretch(collapsed, first, last));
        }
        let mut ranges = self.ranges.iter().peekable();
        let mut out = Vec::new();
        let mut any = false;
        for (number, field) in (1u64..).zip(collapsed.split(|&byte| byte == b' ')) {
            while ranges.next_if(|(_, last)| *last < number).is_some() {}
            let Some((first, _)) = ranges.peek() else {
                break;
            };
            if number >= *first {
                if any {
                    out.push(b' ');
                }
                any = true;
                out.extend_from_slice(field);
            }
        }
        Cow::Owned(out)
    }
}

impl FromStr for FieldList {
    type Err = FieldListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for FieldList {
    /// The list as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Fields `first` to `last` of a line, with the spaces between them.
fn stretch(line: &[u8], first: u64, last: u64) -> &[u8] {
    let mut number = 1;
    let mut start = (first == 1).then_some(0);
    for (at, _) in line.iter().enumerate().filter(|(_, byte)| **byte == b' ') {
        if number == last {
            return start.map_or(&[], |start| &line[start..at]);
        }
        number += 1;
        if number == first {
            start = Some(at + 1);
        }
    }
    start.map_or(&[], |start| &line[start..])
}

enum Wrong {
    Empty,
    NotANumber,
    Zero,
    Backwards,
    TooLarge,
}

fn range(part: &str) -> Result<(u64, u64), Wrong> {
    match part.split_once('-') {
        None => number(part).map(|field| (field, field)),
        Some(("", "")) => Err(Wrong::NotANumber),
        Some((first, last)) => {
            let first = if first.is_empty() { 1 } else { number(first)? };
            let last = if last.is_empty() {
                u64::MAX
            } else {
                number(last).or_else(zero_end)?
            };
            if last < first {
                Err(Wrong::Backwards)
            } else {
                Ok((first, last))
            }
        }
    }
}

/// A range that ends at 0 is decreasing, wherever it starts; cut says so too.
fn zero_end(wrong: Wrong) -> Result<u64, Wrong> {
    match wrong {
        Wrong::Zero => Err(Wrong::Backwards),
        other => Err(other),
    }
}

fn number(digits: &str) -> Result<u64, Wrong> {
    if digits.is_empty() {
        return Err(Wrong::Empty);
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::NotANumber);
    }
    match digits.parse() {
        Ok(0) => Err(Wrong::Zero),
        // cut keeps the largest number for "no end".
        Ok(u64::MAX) | Err(_) => Err(Wrong::TooLarge),
        Ok(number) => Ok(number),
    }
}
