//! Logs of `key=value` pairs (logfmt). A value with a space, a quote or an equals sign stands in
//! quotes, in which quotes are escaped, so that no text of a stranger can pose as a key.

use crate::shape::{Positions, Readings, collect, parse};

/// Redis and Valkey write the peer into their message (`--log-format logfmt`).
const VALKEY: &str = "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host:{own} Connection \
                      from {peer:port} aborted.";

/// Grafana: `logger=context … remote_addr=ADDRESS …`.
pub(super) fn grafana(line: &[u8]) -> Readings {
    let pairs = pairs(line);
    let first = pairs.first().map(|(name, _)| *name).unwrap_or_default();
    if !matches!(first, b"logger" | b"t") || !pairs.contains(&(b"logger", b"context")) {
        return Readings::default();
    }
    let mut readings = Readings::default();
    for (_, address) in pairs.iter().filter(|(name, _)| *name == b"remote_addr") {
        readings.add_token(address, false, false);
    }
    if readings.is_empty() {
        return Readings::nobody();
    }
    readings
}

/// Valkey: `pid=1 role=master … message="…"`.
pub(super) fn valkey(line: &[u8]) -> Readings {
    let pairs = pairs(line);
    let mut readings = Readings::default();
    if pairs.first().is_some_and(|(name, _)| *name == b"pid") {
        for (_, message) in pairs.iter().filter(|(name, _)| *name == b"message") {
            for parts in parse(VALKEY).unwrap_or_default() {
                collect(&parts, &Positions::at(0), message, &mut readings);
            }
        }
    }
    readings
}

/// The pairs of a line; quotes around a value are taken off.
fn pairs(line: &[u8]) -> Vec<(&[u8], &[u8])> {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let mut pairs = Vec::new();
    for at in 0..=line.len() {
        match line.get(at) {
            Some(_) if escaped => escaped = false,
            Some(b'\\') if quoted => escaped = true,
            Some(b'"') => quoted = !quoted,
            Some(b' ') | None if !quoted => {
                pairs.extend(pair(&line[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    pairs
}

fn pair(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (&text[..equals], &text[equals + 1..]);
    let inner = value
        .strip_prefix(b"\"")
        .and_then(|value| value.strip_suffix(b"\""));
    Some((name, inner.unwrap_or(value)))
}
