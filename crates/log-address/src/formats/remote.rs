//! Remote access besides OpenSSH, and file services.

use super::scan::{
    Place, address_colon_port, after_brackets, every, from_at_end, leading, split, split_last, word,
};
use crate::notation::parse;

/// Dropbear: `Bad password attempt for 'NAME' from ADDRESS:PORT`, `Exit before auth from <ADDRESS:PORT>: (…)`.
pub(super) fn dropbear(message: &[u8]) -> Option<Place> {
    if let Some(rest) = message.strip_prefix(b"Exit before auth from <") {
        return Some(
            split(rest, b">")
                .and_then(|(address, _)| address_colon_port(address))
                .into(),
        );
    }
    if let Some(rest) = message
        .strip_prefix(b"Exit before auth: ")
        .or_else(|| message.strip_prefix(b"Exit before auth ("))
    {
        // (user 'NAME', 3 fails): Max auth tries reached - user 'NAME' from ADDRESS:PORT
        return Some(peer(rest));
    }
    let heads: [&[u8]; 9] = [
        b"bad password attempt for ",
        b"login attempt for nonexistent user",
        b"Bad password attempt for ",
        b"Bad PAM password attempt for ",
        b"Login attempt for nonexistent user",
        b"Login attempt with wrong user ",
        b"Max auth tries reached - user ",
        b"Child connection from ",
        b"User ",
    ];
    let head = heads.iter().find(|head| message.starts_with(head))?;
    Some(peer(message)).filter(|_| head.len() > 5 || split(message, b" from ").is_some())
}

/// ` from ADDRESS:PORT` at the end; IPv6 in brackets in newer versions only.
fn peer(text: &[u8]) -> Place {
    split_last(text, b" from ")
        .and_then(|(_, token)| address_colon_port(token))
        .into()
}

/// xrdp: `AUTHFAIL: user=NAME ip=ADDRESS time=1717243200`, `Socket 12: AF_INET6 connection received from ADDRESS port N`.
pub(super) fn xrdp(line: &[u8]) -> Option<Place> {
    // Its own log: [20240601-12:00:00] [INFO ] MESSAGE; in syslog the level at most.
    let rest = after_brackets(line);
    if rest.starts_with(b"Socket ") && split(rest, b" connection received from ").is_some() {
        return Some(from_at_end(rest));
    }
    let rest = rest.strip_prefix(b"AUTHFAIL: ")?;
    let (_, rest) = split_last(rest, b" ip=")?;
    let (address, rest) = word(rest);
    rest.starts_with(b"time=").then(|| parse(address).into())
}

/// Samba: `Auth: [SMB2,(null)] user [DOMAIN]\[NAME] at [TIME] with [NTLMv2] status [NT_STATUS_…] workstation [NAME] remote host
/// [ipv4:ADDRESS:PORT] mapped to …`, `Denied connection from HOST (ADDRESS)`.
pub(super) fn samba(line: &[u8]) -> Option<Place> {
    let rest = line.trim_ascii_start();
    if let Some(rest) = rest.strip_prefix(b"Denied connection from ") {
        return Some(
            split_last(rest, b" (")
                .and_then(|(_, address)| parse(address.strip_suffix(b")")?))
                .into(),
        );
    }
    if !rest.starts_with(b"Auth: [") {
        return None;
    }
    Some(every(rest, b"] remote host [ipv", |rest| {
        let (address, rest) = split(rest.get(2..)?, b"]")?;
        let known = rest.starts_with(b" mapped to [") || rest.starts_with(b" became [");
        known.then(|| address_colon_port(address)).flatten()
    }))
}

/// rsyncd: `auth failed on module NAME from HOST (ADDRESS) for USER: …`, `connect from HOST (ADDRESS)`, `rsync denied on
/// module NAME from HOST (ADDRESS)`.
pub(super) fn rsync(message: &[u8]) -> Option<Place> {
    let heads: [&[u8]; 3] = [
        b"auth failed on module ",
        b"rsync denied on module ",
        b"connect from ",
    ];
    let head = heads.iter().find(|head| message.starts_with(head))?;
    let rest = if head.starts_with(b"connect") {
        &message[b"connect".len()..]
    } else {
        message
    };
    let (_, rest) = split(rest, b" from ")?;
    // HOST is from the reverse zone, without blanks.
    let rest = word(rest).1.strip_prefix(b"(")?;
    Some(leading(rest, b")").map(|(address, _)| address).into())
}
