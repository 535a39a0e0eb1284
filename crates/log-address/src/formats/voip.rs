//! Telephony and chat.

use super::scan::{
    Place, after_time, bracket, every, from_at_end, leading, split, split_last, timed, word,
};
use crate::notation::parse;

/// Asterisk: `NOTICE[12] chan_sip.c: Registration from '…' failed for 'ADDRESS:PORT' - Wrong password`, `Call from 'NAME'
/// (ADDRESS:PORT) to extension …`, `SECURITY[12] res_security_log.c: SecurityEvent="…",…,RemoteAddress="IPV4/UDP/ADDRESS/5060"`.
///
/// Names, extensions and call ids are a stranger's, and stand on both sides.
pub(super) fn asterisk(line: &[u8]) -> Option<Place> {
    let rest = match line.strip_prefix(b"[") {
        Some(rest) => split(rest, b"] ")?.1,
        None => line,
    };
    let (level, rest) = split(rest, b"[")?;
    let level = level.trim_ascii_end();
    if !matches!(level, b"NOTICE" | b"WARNING" | b"ERROR" | b"SECURITY") {
        return None;
    }
    // The thread, a call's number, the source file with or without line and function.
    let (_, rest) = split(rest, b"]")?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let rest = match rest.strip_prefix(b"[C-") {
        Some(rest) => {
            let rest = split(rest, b"]")?.1;
            rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start()
        }
        None => rest,
    };
    let (file, rest) = split(rest, b": ")?;
    let rest = match rest.strip_prefix(b"in ") {
        Some(rest) => split(rest, b": ")?.1,
        None => rest,
    };
    let rejected = rest.strip_prefix(b"\"Rejecting unknown SIP connection from ");
    if let Some(rest) = rejected.filter(|_| file.starts_with(b"Ext. ")) {
        return Some(rest.strip_suffix(b"\"").and_then(parse).into());
    }
    split(file, b".c")?;
    if rest.starts_with(b"SecurityEvent=\"") {
        return Some(every(rest, b",RemoteAddress=\"IPV", |rest| {
            let mut parts = rest.get(..100.min(rest.len()))?.split(|byte| *byte == b'/');
            let (_version, _transport, address) = (parts.next()?, parts.next()?, parts.next()?);
            parse(address)
        }));
    }
    let quoted = |rest: &[u8]| {
        let (address, rest) = leading(rest, b"'")?;
        rest.starts_with(b"' ").then_some(address)
    };
    if rest.starts_with(b"Registration from ") || rest.starts_with(b"Request ") {
        return Some(every(rest, b" failed for '", quoted));
    }
    if rest.starts_with(b"Call from '") {
        return Some(every(rest, b"' (", |rest| {
            let transports: [&[u8]; 3] = [b"TCP:", b"UDP:", b"TLS:"];
            let behind = transports.iter().find_map(|name| rest.strip_prefix(*name));
            let rest = behind.unwrap_or(rest);
            let (address, rest) = leading(rest, b")")?;
            rest.starts_with(b") to extension ").then_some(address)
        }));
    }
    if rest.starts_with(b"No registration for peer '") {
        let (_, address) = split_last(rest, b"' (from ")?;
        return Some(address.strip_suffix(b")").and_then(parse).into());
    }
    if let Some(rest) = rest.strip_prefix(b"Host ") {
        let (address, rest) = word(rest);
        return (rest.starts_with(b"failed ") || rest.starts_with(b"denied "))
            .then(|| parse(address).into());
    }
    let (address, rest) = word(rest);
    let failed = rest.starts_with(b"failed to authenticate as ")
        || rest.starts_with(b"tried to authenticate with nonexistent user ");
    failed.then(|| parse(address).into())
}

/// FreeSWITCH: `SIP auth failure (REGISTER) on sofia profile 'internal' for [NAME@HOST] from ip ADDRESS`,
/// `Can't find user [NAME@HOST] from ADDRESS`.
pub(super) fn freeswitch(rest: &[u8]) -> Option<Place> {
    if rest.starts_with(b"SIP auth ") {
        return Some(
            split_last(rest, b" from ip ")
                .and_then(|(_, address)| parse(address))
                .into(),
        );
    }
    rest.starts_with(b"Can't find user [")
        .then(|| from_at_end(rest))
}

/// FreeSWITCH's own log: a time, in newer versions a percentage, `[LEVEL] sofia_reg.c:1792 ` and the message.
pub(super) fn freeswitch_log(line: &[u8]) -> Option<Place> {
    let rest = timed(line)?;
    let (first, behind) = word(rest);
    let rest = if first.ends_with(b"%") { behind } else { rest };
    let (_level, rest) = bracket(rest)?;
    freeswitch(word(rest.strip_prefix(b"sofia_reg.c:")?).1)
}

/// Mumble's server: `<W>2024-06-01 12:00:00.123 1 => <3:NAME(-1)> Rejected connection from ADDRESS:PORT: Wrong …`.
pub(super) fn murmur(line: &[u8]) -> Option<Place> {
    let (level, rest) = split(line, b">")?;
    if !matches!(level, b"<W" | b"<X" | b"<F" | b"<C" | b"<D")
        || after_time(rest).len() == rest.len()
    {
        return None;
    }
    Some(every(rest, b"> Rejected connection from ", |rest| {
        parse(word(rest).0.strip_suffix(b":")?)
    }))
    .filter(|_| split(rest, b"> Rejected connection from ").is_some())
}

/// The longest address that ejabberd writes.
const LONGEST: usize = 50;

/// ejabberd: `(tls|<0.1.0>) Failed c2s PLAIN authentication for NAME@HOST from ADDRESS: Invalid …`.
pub(super) fn ejabberd(line: &[u8]) -> Option<Place> {
    // TIME [LEVEL] PROCESS:LINE (CONNECTION) MESSAGE
    let (_level, rest) = split(after_time(line).strip_prefix(b"[")?, b"] ")?;
    let (_connection, rest) = split(word(rest).1.strip_prefix(b"(")?, b") ")?;
    let rest = rest.strip_prefix(b"Failed c2s ")?;
    Some(every(rest, b" from ", |rest| {
        let near = &rest[..rest.len().min(LONGEST)];
        split(near, b": ").and_then(|(address, _)| parse(address))
    }))
}
