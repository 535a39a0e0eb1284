//! Proxies.

use super::scan::{Place, address_colon_port, digits, split, word};
use crate::notation::parse;

/// HAProxy: `ADDRESS:PORT [01/Jun/2024:12:00:00.123] FRONTEND …`, `Connect from ADDRESS:PORT to …`. IPv6 has no
/// brackets there.
pub(super) fn haproxy(message: &[u8]) -> Option<Place> {
    if let Some(rest) = message.strip_prefix(b"Connect from ") {
        return Some(address_colon_port(word(rest).0).into());
    }
    let (first, rest) = word(message);
    if !rest.starts_with(b"[") {
        return None;
    }
    address_colon_port(first).map(Place::Address)
}

/// Squid's access log: `1717243200.123    100 ADDRESS TCP_DENIED/407 3900 CONNECT …`.
pub(super) fn squid(line: &[u8]) -> Option<Place> {
    let (time, rest) = word(line);
    let (seconds, fraction) = split(time, b".")?;
    let number = |text: &[u8]| digits(text).is_some_and(<[u8]>::is_empty);
    let (took, rest) = word(rest.trim_ascii_start());
    let (address, rest) = word(rest);
    let (result, _) = split(word(rest).0, b"/")?;
    let own = result
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    (number(seconds) && number(fraction) && number(took) && own).then(|| parse(address).into())
}

/// Tinyproxy: `Connect (file descriptor 5): HOST [ADDRESS]`, in newer versions the address alone.
pub(super) fn tinyproxy(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"Connect (file descriptor ")?;
    let (_, rest) = split(rest, b"): ")?;
    let bracketed = super::scan::split_last(rest, b" [")
        .and_then(|(_, inner)| parse(inner.strip_suffix(b"]")?));
    Some(bracketed.or_else(|| parse(rest)).into())
}

/// stunnel: `Service [NAME] accepted connection from ADDRESS:PORT`.
pub(super) fn stunnel(message: &[u8]) -> Option<Place> {
    let rest = match split(message, b"]: ") {
        Some((level, rest)) if level.starts_with(b"LOG") => rest,
        _ => message,
    };
    let (_, token) = split(
        rest.strip_prefix(b"Service [")?,
        b"] accepted connection from ",
    )?;
    Some(address_colon_port(token).into())
}
