//! The places of a pattern where fail2ban would have cut the date out of the line.

use crate::date::Dates;

/// In how many gaps between words a date is allowed for, if it can stand inside the line.
const GAPS: usize = 3;

enum Piece {
    /// `\[\]`: what is left of `[DATE]`.
    EmptyBrackets,
    /// `audit\(:`: what is left of `audit(DATE:`.
    Audit,
    /// White space of any length, which the date and the white space beside it may be a part of.
    Gap,
    /// The first of two spaces that surrounded the date.
    Blanks,
    Other,
}

/// Puts `date`, the text of a pattern, into a Perl pattern wherever the date may stand. `start`
/// is the pattern of what is removed at the beginning of the line.
pub(crate) fn allow_for_date(pattern: &str, dates: &Dates, date: &str, start: &str) -> String {
    let pattern = pattern.replace("^^", "^");
    if dates.none {
        return pattern;
    }
    let mut out = String::new();
    let mut rest = pattern.as_str();
    let mut gaps = if dates.inside { GAPS } else { 0 };
    while !rest.is_empty() {
        let (taken, kind) = piece(rest);
        let (text, after) = rest.split_at(taken);
        rest = after;
        match kind {
            Piece::EmptyBrackets => out.push_str(&format!(r"\[{date}?\]")),
            Piece::Audit => out.push_str(&format!(r"audit\({date}?:")),
            Piece::Gap if gaps > 0 => {
                gaps -= 1;
                out.push_str(&format!(r"{text}(?:{date}\s*)?"));
            }
            Piece::Blanks if gaps > 0 => {
                gaps -= 1;
                out.push_str(&format!("{text}{date}?"));
            }
            Piece::Gap | Piece::Blanks | Piece::Other => out.push_str(text),
        }
    }
    match start_of(&out) {
        Some(at) if dates.starts() => {
            format!("{}(?:[\\[<\\s]*{start})?{}", &out[..at], &out[at..])
        }
        _ => out,
    }
}

/// The length of the first piece of a pattern. A class is one piece.
fn piece(pattern: &str) -> (usize, Piece) {
    for (text, kind) in [
        (r"\[\]", Piece::EmptyBrackets),
        (r"audit\(:", Piece::Audit),
        (r"\s*", Piece::Gap),
        (r"\s+", Piece::Gap),
    ] {
        if pattern.starts_with(text) {
            return (text.len(), kind);
        }
    }
    if pattern.starts_with("  ") {
        return (1, Piece::Blanks);
    }
    let mut chars = pattern.chars();
    let len = match chars.next() {
        Some('\\') => 1 + chars.next().map_or(0, char::len_utf8),
        Some('[') => class_len(pattern),
        Some(c) => c.len_utf8(),
        None => 0,
    };
    (len, Piece::Other)
}

fn class_len(pattern: &str) -> usize {
    let mut escaped = false;
    let end = pattern[1..].find(|c| {
        let closes = c == ']' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    end.map_or(pattern.len(), |at| at + 2)
}

/// The position after the `^` that a pattern begins with.
fn start_of(pattern: &str) -> Option<usize> {
    let starts = ["^", "(?:^", "(?i)^", "(^"];
    starts
        .iter()
        .find(|start| pattern.starts_with(**start))
        .map(|start| start.len())
}
