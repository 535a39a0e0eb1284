//! Directory, monitoring and intrusion detection.

use super::scan::{Place, address_colon_port, leading, split, split_last, word};
use crate::notation::parse;

/// OpenLDAP: `conn=1000 fd=12 ACCEPT from IP=ADDRESS:PORT (IP=0.0.0.0:389)`. Its later lines name the connection alone.
pub(super) fn slapd(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"conn=")?;
    let (_connection, rest) = word(rest);
    let (_descriptor, rest) = word(rest);
    let token = word(rest.strip_prefix(b"ACCEPT from IP=")?).0;
    Some(parse(token).or_else(|| address_colon_port(token)).into())
}

/// Monit: `HttpRequest: access denied -- client [ADDRESS]: wrong password for user 'NAME'`.
pub(super) fn monit(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"HttpRequest: access denied -- client ")?;
    let rest = rest.strip_prefix(b"[").unwrap_or(rest);
    let (token, _) = split(rest, b": ")?;
    Some(parse(token.strip_suffix(b"]").unwrap_or(token)).into())
}

/// The one-line alerts of Snort and Suricata: `06/01/2024-12:00:00.123456  [**] [1:2:3] TEXT [**] … {TCP} ADDRESS:PORT -> …`.
/// The text is the rule's.
pub(super) fn snort(line: &[u8]) -> Option<Place> {
    let rest = match split(line, b"  [**] ") {
        Some((time, rest)) if !time.contains(&b' ') => rest,
        _ => line,
    };
    // [1:2:3], three numbers.
    let (rule, rest) = split(rest.strip_prefix(b"[")?, b"] ")?;
    if rule.iter().filter(|byte| **byte == b':').count() != 2
        || !rule
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b':')
    {
        return None;
    }
    let (before, _target) = split_last(rest, b" -> ")?;
    let (protocol, source) = split_last(before, b"} ")?;
    let ported = protocol.ends_with(b"{TCP") || protocol.ends_with(b"{UDP");
    Some(
        if ported {
            address_colon_port(source)
        } else {
            parse(source)
        }
        .into(),
    )
}

/// portsentry: `attackalert: TCP SYN/Normal scan from host: NAME/ADDRESS to TCP port: 111`, `attackalert: Connect from host:
/// NAME/ADDRESS to TCP port: 1`.
pub(super) fn portsentry(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"attackalert: ")?;
    let (_, rest) = split(rest, b" from host: ")?;
    let (_name, rest) = split(rest, b"/")?;
    Some(leading(rest, b" ").map(|(address, _)| address).into())
}
