//! The part of a line that fail2ban removes before it matches: the date.
//!
//! fail2ban cuts the date out of the line and matches what is left. A rule sees the whole line, so
//! each place of a pattern where the date was cut out gets a pattern of the date.

use crate::python;

/// The dates that fail2ban finds by itself.
const DEFAULT: &[&str] = &[
    // 2024-06-01T12:00:00.123+02:00, 2024/06/01 12:00:00,123 and 01-06-2024 12:00:00
    r"\d{4}[-/.]\d\d[-/.]\d\d[T ]*\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s*(?:Z\b|UTC\b|[+-]\d\d:?\d\d))?",
    // Sat Jun  1 12:00:00.123 2024, Jun  1 12:00:00
    r"(?:[A-Z][A-Za-z]{2,4},? )?[A-Z][a-z]{2} +\d{1,2},? (?:\d{4} )?\d\d:\d\d:\d\d(?:[.,]\d+)?(?: [AP]M)?(?: \d{4})?",
    // 01/Jun/2024:12:00:00 +0200, 01-Jun-2024 12:00:00.123, 1 Jun 2024 12:00:00
    r"(?:[A-Z][a-z]{2},? )?\d{1,2}[-/ ][A-Z][a-z]{2}[-/ ]\d{2,4}[: ,]\s?\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?[+-]\d{4})?",
    // 06/01/2024:12:00:00, 01.06.2024 12:00:00, 20240601 12:00:00
    r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}[: ]\s*\d\d:\d\d:\d\d(?:[.,]\d+)?(?: [AP]M)?",
    r"\d{8}[T ]\s*\d{1,2}:?\d\d:?\d\d",
    r"\d{6}\s+\d{1,2}:\d\d:\d\d",
    // TAI64N, seconds since 1970
    r"@[0-9a-f]{24}",
    r"(?:audit\()?1\d{9}(?:\.\d{1,6})?(?::\d+\))?",
    // 06-01 12:00:00, 12:00:00
    r"\d{1,2}[-/.]\d{1,2}[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?",
    r"\d\d:\d\d:\d\d(?:[.,]\d+)?",
];

/// The date that a filter's other patterns have to allow for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dates {
    /// A pattern of the date itself, as it stands where a pattern has `[]` or its beginning.
    pub(crate) date: String,
    /// The date may stand elsewhere than at the beginning of the line.
    pub(crate) inside: bool,
    /// A pattern of everything that is removed at the beginning of the line.
    pub(crate) at_start: String,
    /// Nothing is ever removed.
    pub(crate) none: bool,
}

impl Dates {
    /// The dates that a `datepattern` option removes; none given means fail2ban's default.
    pub(crate) fn new(patterns: &[String]) -> Self {
        let default = DEFAULT.join("|");
        let mut dates = Vec::new();
        let mut starts = Vec::new();
        let mut inside = patterns.is_empty();
        for pattern in patterns {
            if pattern == "{NONE}" {
                continue;
            }
            let (whole, group) = parts(pattern);
            match group {
                // Only the group is removed: the text before it stays, so the hole is not at the
                // start of the line unless nothing precedes the group.
                Some(group) => {
                    if whole.starts_with("(?:") {
                        starts.push(whole);
                    } else {
                        inside = true;
                    }
                    dates.push(group);
                }
                None => {
                    dates.push(whole.clone());
                    starts.push(whole);
                }
            }
        }
        inside |= patterns.iter().any(|pattern| pattern == "EPOCH");
        let none = !patterns.is_empty() && dates.is_empty();
        if dates.is_empty() {
            dates.push(default.clone());
            starts.push(default);
        }
        Self {
            inside,
            date: python::to_perl(&dates.join("|")),
            at_start: python::to_perl(&starts.join("|")),
            none,
        }
    }
}

impl Dates {
    /// Something is removed at the beginning of the line.
    pub(crate) fn starts(&self) -> bool {
        !self.at_start.is_empty()
    }
}

/// A pattern of the whole match and of its first group, if it has one.
fn parts(pattern: &str) -> (String, Option<String>) {
    let text = pattern.trim_end_matches('*');
    let anchored = text.strip_prefix("{^LN-BEG}");
    let text = &anchored.unwrap_or(text).replace("(?P<_sep>[-/.])", "[-/.]");
    let text = text.strip_prefix('^').unwrap_or(text);
    if text.is_empty() {
        return (DEFAULT.join("|"), None);
    }
    let translated = translate(text);
    let group = first_group(&translated);
    (translated, group)
}

/// The text of the first capturing group without a name.
fn first_group(pattern: &str) -> Option<String> {
    let bytes = pattern.as_bytes();
    let mut from = 0;
    while let Some(at) = pattern[from..].find('(').map(|at| at + from) {
        from = at + 1;
        let escaped = at > 0 && bytes[at - 1] == b'\\';
        if escaped || bytes.get(at + 1) == Some(&b'?') {
            continue;
        }
        let mut depth = 0;
        for (offset, c) in pattern[at..].char_indices() {
            let escaped = pattern[..at + offset].ends_with('\\');
            match c {
                '(' if !escaped => depth += 1,
                ')' if !escaped => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(pattern[at + 1..at + offset].to_owned());
            }
        }
    }
    None
}

/// Writes fail2ban's date directives as patterns.
fn translate(text: &str) -> String {
    let default = DEFAULT.join("|");
    let epoch = r"1\d{9}(?:\d{3}|\.\d{1,6})?";
    let text = match text {
        "EPOCH" | "Epoch" => return epoch.into(),
        "LEPOCH" => return r"1\d{9}(?:\d{3,6})?(?:\.\d+)?".into(),
        "TAI64N" => return r"@[0-9a-f]{24}".into(),
        other => other.replace("{DATE}", &format!("(?:{default})")),
    };
    let text = text
        .replace("{EPOCH}", epoch)
        .replace("(?P<_sep>[-/.])", "[-/.]")
        .replace("(?P=_sep)", "[-/.]");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let key = if rest.starts_with("Ex") { 3 } else { 1 };
        let directive = rest.get(..key).unwrap_or(rest);
        out.push_str(match directive.trim_start_matches("Ex") {
            "Y" => r"\d{4}",
            "y" => r"\d\d",
            "d" | "m" | "k" | "H" | "I" | "l" => r"[ \d]?\d",
            "M" | "S" => r"\d\d",
            "b" | "a" => "[A-Za-z]{3}",
            "B" | "A" => "[A-Za-z]+",
            "f" => r"\d{1,6}",
            "j" => r"\d{1,3}",
            "p" => "[AaPp][Mm]",
            "z" => r"(?:Z|UTC|[+-]\d\d:?\d\d)",
            "Z" => "[A-Z]{3,5}",
            "s" => r"\d+",
            _ => r"\S+",
        });
        rest = rest.get(key..).unwrap_or("");
    }
    out.push_str(rest);
    out
}
