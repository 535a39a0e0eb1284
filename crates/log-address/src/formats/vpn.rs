//! Tunnels.

use super::scan::{Place, address_colon_port, after_time, split, word};
use crate::notation::parse;

/// OpenVPN: `ADDRESS:PORT TLS Error: …`, `NAME/ADDRESS:PORT …` (a name from a certificate that was accepted), `TLS Error:
/// cannot locate HMAC in incoming packet from [AF_INET]ADDRESS:PORT`. IPv6 has no brackets there.
pub(super) fn openvpn(line: &[u8]) -> Option<Place> {
    let rest = after_time(line);
    let rest = rest.strip_prefix(b"us=").map_or(rest, |rest| word(rest).1);
    let heads: [&[u8]; 2] = [
        b"TLS Error: cannot locate HMAC in incoming packet from ",
        b"Authenticate/Decrypt packet error: packet HMAC authentication failed from ",
    ];
    if let Some(rest) = heads.iter().find_map(|head| rest.strip_prefix(*head)) {
        return Some(peer(word(rest).0).into());
    }
    let (first, behind) = word(rest);
    let mut parts = first.rsplitn(2, |byte| *byte == b'/');
    let token = parts.next()?;
    // It replaces other bytes of a name; a line of another program may begin with any.
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.@:/=+".contains(byte);
    if !parts.next().is_none_or(|name| name.iter().all(fits)) {
        return None;
    }
    let kinds: [&[u8]; 10] = [
        b"TLS",
        b"WARNING",
        b"VERIFY",
        b"AUTH",
        b"OpenSSL",
        b"Bad",
        b"Connection",
        b"SIGUSR1",
        b"PLUGIN_CALL",
        b"peer",
    ];
    if !kinds.iter().any(|kind| behind.starts_with(kind)) {
        return None;
    }
    peer(token).map(Place::Address)
}

fn peer(token: &[u8]) -> Option<std::net::IpAddr> {
    let token = token
        .strip_prefix(b"[AF_INET]")
        .or_else(|| token.strip_prefix(b"[AF_INET6]"))
        .unwrap_or(token);
    address_colon_port(token)
}

/// strongSwan: `12[NET] received packet: from ADDRESS[500] to …`, `12[IKE] ADDRESS is initiating a Main Mode IKE_SA`.
pub(super) fn charon(message: &[u8]) -> Option<Place> {
    let (_, rest) = split(message, b"] ")?;
    let rest = match rest.strip_prefix(b"<") {
        Some(rest) => split(rest, b"> ")?.1,
        None => rest,
    };
    if let Some(rest) = rest.strip_prefix(b"received packet: from ") {
        return Some(
            split(rest, b"[")
                .and_then(|(address, _)| parse(address))
                .into(),
        );
    }
    let (address, rest) = word(rest);
    rest.starts_with(b"is initiating ")
        .then(|| parse(address).into())
}

/// pptpd: `CTRL: Client ADDRESS control connection started`.
pub(super) fn pptpd(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"CTRL: Client ")?;
    Some(parse(word(rest).0).into())
}
