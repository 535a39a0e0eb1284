//! The notations of addresses: bare, in brackets, with a port, with a zone.

use std::net::{IpAddr, Ipv6Addr};

/// The longest address text: eight groups, the last two as a quad (45 bytes).
const LONGEST: usize = 45;

/// Reads a whole token as an address. It may be written in any of these ways:
///
/// ```text
/// 203.0.113.9        2001:db8::9        ::ffff:203.0.113.9      IPv6:2001:db8::9
/// 203.0.113.9:4711   [2001:db8::9]:4711 [203.0.113.9]:4711      [203.0.113.9]
/// 203.0.113.9#53     2001:db8::9#53     2001:db8::9%eth0        [2001:db8::9%eth0]:4711
/// ```
///
/// A zone is dropped: it names an interface of this machine, and no firewall rule takes one. The
/// result is [`canonical`]. An IPv6 address with a port but without brackets looks like a longer
/// address, so a token with several colons is always read as an address alone.
pub fn parse(token: &[u8]) -> Option<IpAddr> {
    if let Some(rest) = token.strip_prefix(b"[") {
        let close = rest.iter().position(|&byte| byte == b']')?;
        let (inner, after) = (&rest[..close], &rest[close + 1..]);
        return if after.is_empty() || port(after) {
            bare(inner)
        } else {
            None
        };
    }
    if let Some(hash) = token.iter().position(|&byte| byte == b'#') {
        return if port(&token[hash..]) {
            bare(&token[..hash])
        } else {
            None
        };
    }
    match split_once(token, b':') {
        Some((address, digits)) if !digits.contains(&b':') => {
            if port_number(digits) {
                v4(address)
            } else {
                None
            }
        }
        _ => bare(token),
    }
}

/// An address, with a zone at most.
pub(crate) fn bare(token: &[u8]) -> Option<IpAddr> {
    if let Some(quad) = v4(token) {
        return Some(quad);
    }
    let token = token
        .strip_prefix(b"IPv6:")
        .or_else(|| token.strip_prefix(b"ipv6:"))
        .unwrap_or(token);
    let token = match token.iter().position(|&byte| byte == b'%') {
        Some(percent) if zone(&token[percent + 1..]) => &token[..percent],
        Some(_) => return None,
        None => token,
    };
    text(token)?
        .parse::<Ipv6Addr>()
        .ok()
        .map(|ip| canonical(ip.into()))
}

/// Turns `::ffff:203.0.113.9`, as a socket that serves both protocols reports IPv4 peers, into
/// 203.0.113.9. An address in 64:ff9b::/96 (NAT64) stays IPv6: its packets carry that address.
pub fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

fn v4(token: &[u8]) -> Option<IpAddr> {
    text(token)?
        .parse::<std::net::Ipv4Addr>()
        .ok()
        .map(IpAddr::V4)
}

fn text(token: &[u8]) -> Option<&str> {
    if token.len() > LONGEST {
        None
    } else {
        std::str::from_utf8(token).ok()
    }
}

/// `:4711` or `#4711`.
fn port(text: &[u8]) -> bool {
    matches!(text, [b':' | b'#', digits @ ..] if port_number(digits))
}

fn port_number(digits: &[u8]) -> bool {
    (1..=5).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == at)?;
    Some((&text[..at], &text[at + 1..]))
}

/// The name or number of an interface. Linux allows up to 15 bytes.
fn zone(name: &[u8]) -> bool {
    (1..=15).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// An address and a port after the last colon, as programs write it that put no brackets around
/// IPv6. Without a port, the token is read as by [`parse`].
pub(crate) fn address_colon_port(token: &[u8]) -> Option<IpAddr> {
    let parted = token
        .iter()
        .rposition(|&byte| byte == b':')
        .and_then(|colon| {
            let (address, port) = (&token[..colon], &token[colon + 1..]);
            let inner = address
                .strip_prefix(b"[")
                .and_then(|inner| inner.strip_suffix(b"]"));
            port_number(port).then(|| bare(inner.unwrap_or(address)))?
        });
    parted.or_else(|| parse(token))
}
