//! How programs write an address: bare, in brackets, with a port, with a zone.

use std::net::{IpAddr, Ipv6Addr};

/// The longest address text: eight groups, the last two as a quad (45 bytes).
const LONGEST: usize = 45;

/// Reads a whole token as an address. These notations are known:
///
/// ```text
/// 203.0.113.9        2001:db8::9        ::ffff:203.0.113.9      IPv6:2001:db8::9
/// 203.0.113.9:4711   [2001:db8::9]:4711 [203.0.113.9]:4711      [203.0.113.9]
/// 203.0.113.9#53     2001:db8::9#53     2001:db8::9%eth0        [2001:db8::9%eth0]:4711
/// ```
///
/// A zone is dropped: it names an interface of this machine and no firewall rule takes it. The result is
/// [`canonical`]. An IPv6 address with a port but without brackets cannot be told from a longer address, so a bare
/// token with colons is always read as an address alone; formats that write such take the port off first.
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

/// An address alone, a zone behind it at most.
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

/// The address as it is treated: `::ffff:203.0.113.9` is the IPv4 address 203.0.113.9 (so it comes in on a socket that
/// serves both kinds). An address in 64:ff9b::/96 stays IPv6, for so its packets arrive and so a rule must name it.
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

/// An interface's name or number; 15 bytes is the longest that Linux takes.
fn zone(name: &[u8]) -> bool {
    (1..=15).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// An address and a port after the last colon, as programs write it that put no brackets around IPv6. Where there is no
/// port, the token is read as by [`parse`].
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
