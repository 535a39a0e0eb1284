//! Name servers.

use crate::notation::{bare, parse};

use super::scan::{Place, after_time, digits, leading, split, split_last, word};

/// BIND: `client @0x7fc1… ADDRESS#PORT (NAME): query …`, before 9.11 `client ADDRESS#PORT: query …`; in a log file of
/// its own behind a time, a category and a level (`security: info: `), each there or not.
pub(super) fn bind(message: &[u8]) -> Option<Place> {
    let mut rest = after_time(message);
    for _ in 0..2 {
        let (first, behind) = word(rest);
        match first.strip_suffix(b":") {
            Some(label)
                if label
                    .iter()
                    .all(|byte| byte.is_ascii_lowercase() || *byte == b'-') =>
            {
                rest = behind
            }
            _ => break,
        }
    }
    let rest = rest.strip_prefix(b"client ")?;
    let rest = if rest.starts_with(b"@0x") {
        word(rest).1
    } else {
        rest
    };
    let (token, behind) = split(rest, b"#")?;
    let address = bare(token)?;
    let behind = digits(behind)?;
    matches!(behind.first(), Some(b' ' | b':' | b'/')).then_some(Place::Address(address))
}

/// Unbound: `[123:0] info: ADDRESS NAME. TYPE CLASS` (`log-queries`), in a file behind `[1717243200] unbound`.
pub(super) fn unbound(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"[")?;
    let in_file = digits(rest).and_then(|rest| rest.strip_prefix(b"] unbound["));
    let rest = in_file.unwrap_or(rest);
    let (number, rest) = split(rest, b"] ")?;
    let (_, behind) = split(number, b":")?;
    digits(behind)?;
    let rest = rest
        .strip_prefix(b"info: ")
        .or_else(|| rest.strip_prefix(b"reply: "))
        .or_else(|| rest.strip_prefix(b"notice: ip_ratelimit exceeded "))?;
    leading(rest, b" ").map(|(address, _)| Place::Address(address))
}

/// dnsmasq: `query[A] NAME from ADDRESS` (`log-queries`). The name is the asker's, but has no blanks in it.
pub(super) fn dnsmasq(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"query[")?;
    let (_, rest) = split(rest, b"] ")?;
    let (_, address) = split_last(rest, b" from ")?;
    Some(parse(address).into())
}
