//! One-line alerts of intrusion detection: Snort's and Suricata's fast.log.

use crate::error::Reading;
use crate::notation::{address_colon_port, parse};
use crate::scan::{split, split_last};
use crate::shape::Readings;

/// `06/01/2024-12:00:00.123456  [**] [1:2:3] TEXT [**] … {TCP} ADDRESS:PORT -> ADDRESS:PORT`; the
/// text is the rule's.
///
/// An alert may be about the answer of a server, whose packet goes the other way. A line does not
/// say who opened the connection, but the ports do: the client's is the higher one.
pub(super) fn read(line: &[u8]) -> Readings {
    reading(line).unwrap_or_default()
}

fn reading(line: &[u8]) -> Option<Readings> {
    let rest = match split(line, b"  [**] ") {
        Some((time, rest)) if !time.contains(&b' ') => rest,
        _ => line,
    };
    let (rule, rest) = split(rest.strip_prefix(b"[")?, b"] ")?;
    let numbers = rule
        .split(|byte| *byte == b':')
        .filter(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit));
    if numbers.count() != 3 {
        return None;
    }
    let (before, target) = split_last(rest, b" -> ")?;
    let (protocol, source) = split_last(before, b"} ")?;
    let with_ports = protocol.ends_with(b"{TCP") || protocol.ends_with(b"{UDP");
    let mut readings = Readings::default();
    if !with_ports {
        readings.add_token(source, parse(source).is_none(), true);
    } else if opened_by_first(source, target) {
        readings.add_token(source, true, true);
    } else {
        readings.add(Reading::Other(source.to_vec()), true);
        if let Some(address) = address_colon_port(target) {
            readings.add(Reading::Address(address), true);
        }
    }
    Some(readings)
}

fn opened_by_first(first: &[u8], second: &[u8]) -> bool {
    let port = |end: &[u8]| -> Option<u16> {
        let (_, port) = split_last(end, b":")?;
        std::str::from_utf8(port).ok()?.parse().ok()
    };
    match (port(first), port(second)) {
        (Some(first), Some(second)) => opened_by(first, second),
        _ => false,
    }
}

/// True if the first of two ports is the client's.
pub(super) fn opened_by(first: u16, second: u16) -> bool {
    first > second && first >= 1024
}
