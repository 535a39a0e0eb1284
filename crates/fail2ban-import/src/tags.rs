//! Tags of fail2ban's expressions: addresses, and names for parts of a match.

use crate::address::{self, Next};

/// A Python pattern in which all tags are replaced.
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// It catches the peer's address.
    pub(crate) host: bool,
}

/// Replaces the tags of `text`. `all` is the whole pattern that `text` is a part of: a `<F-…>`
/// that it refers to by name stays a named group. The address goes to the group `group`.
pub(crate) fn expand(text: &str, all: &str, group: Option<&str>) -> Expanded {
    let mut out = String::new();
    let mut host = false;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((tag, after)) = rest[1..].split_once('>') else {
            break;
        };
        let named_group = out.ends_with("(?P") || out.ends_with("(?");
        let replaced = match tag {
            _ if named_group => None,
            "SKIPLINES" => Some(r"[\s\S]*?".to_owned()),
            _ if tag.starts_with("/F-") => Some(")".to_owned()),
            _ => match tag.strip_prefix("F-") {
                Some(name) => Some(opening(name, all)),
                None => address::tag(tag, group, next(after)).inspect(|_| host |= tag != "CIDR"),
            },
        };
        match replaced {
            Some(replaced) => {
                out.push_str(&replaced);
                rest = after;
            }
            None => {
                out.push('<');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Expanded { text: out, host }
}

/// The group that `<F-NAME>` opens.
fn opening(name: &str, all: &str) -> String {
    if name.ends_with('/') {
        return r"\S+".to_owned();
    }
    let group = name.to_lowercase();
    let referenced =
        all.contains(&format!("(?P={group})")) || all.contains(&format!("(?({group})"));
    if referenced || group == "mlfid" || group == "nofail" {
        format!("(?P<{group}>")
    } else {
        "(?:".to_owned()
    }
}

/// The sign that follows an address in the pattern, perhaps as an optional group with a port.
fn next(pattern: &str) -> Next {
    let group = pattern
        .strip_prefix("(?:")
        .or_else(|| pattern.strip_prefix('('));
    let rest = group.unwrap_or(pattern);
    match rest {
        _ if rest.starts_with(':') => Next::Colon,
        _ if rest.starts_with(r"\.\d") => Next::Dot,
        _ => Next::Other,
    }
}
