//! Dovecot: its login processes and its authentication.

use std::net::IpAddr;

use super::add;

use super::scan::{Place, decide, every, leading, split, split_last};

/// `imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<NAME>, method=PLAIN, rip=ADDRESS, lip=…, TLS`
/// and `auth: passwd-file(NAME,ADDRESS): unknown user`.
///
/// What follows `lip=` is Dovecot's own (security, session); the name stands before. So the last `rip=` counts, unless
/// a name stands behind it too (a format of the administrator's).
pub(super) fn read(message: &[u8]) -> Option<Place> {
    // First: a name in it may hold all of the other form.
    if let Some(place) = auth(message) {
        return Some(place);
    }
    let (before, rest) = split_last(message, b" rip=")?;
    if split(rest, b"user=<").is_some() || !before.ends_with(b",") {
        return Some(every(message, b" rip=", at));
    }
    Some(at(rest).into())
}

/// The address, where the message could have it: a comma and a blank behind it, or the end.
fn at(rest: &[u8]) -> Option<IpAddr> {
    let (address, after) = leading(rest, b",")?;
    (after.is_empty() || after.starts_with(b", ")).then_some(address)
}

/// `driver(NAME,ADDRESS): …` and `driver(NAME,ADDRESS,<session>): …`.
fn auth(message: &[u8]) -> Option<Place> {
    const OWN: [&[u8]; 9] = [
        b"dovecot: ",
        b"auth(default): ",
        b"auth-worker(default): ",
        b"auth: ",
        b"auth-worker: ",
        b"auth-worker(",
        b"Info: ",
        b"Error: ",
        b"Debug: ",
    ];
    const DRIVERS: [&[u8]; 10] = [
        b"pam(",
        b"sql(",
        b"ldap(",
        b"passwd(",
        b"passwd-file(",
        b"shadow(",
        b"static(",
        b"login(",
        b"plain(",
        b"lua(",
    ];
    let mut rest = message;
    while let Some(head) = OWN.iter().find(|head| rest.starts_with(head)) {
        rest = &rest[head.len()..];
        if head.ends_with(b"(") {
            rest = split(rest, b"): ")?.1;
        }
    }
    if let Some(behind) = rest.strip_prefix(b"conn unix:auth-worker") {
        // Since 2.3: conn unix:auth-worker (pid=1,uid=2): auth-worker<3>: sql(NAME,ADDRESS): …
        rest = split(split(behind, b"): ")?.1, b">: ")?.1;
    }
    if !DRIVERS.iter().any(|driver| rest.starts_with(driver)) {
        return None;
    }
    let mut candidates = Vec::new();
    for at in memchr::memchr_iter(b',', rest) {
        if let Some((address, after)) = leading(&rest[at + 1..], b"),")
            && (after.starts_with(b"): ")
                || (after.starts_with(b",<") || after.starts_with(b",): ")))
        {
            add(&mut candidates, address);
        }
    }
    // A request without an address (doveadm, a local delivery) holds none.
    Some(decide(candidates))
}
