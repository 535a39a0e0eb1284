//! Mailbox servers other than Dovecot.

use super::scan::{
    Place, after_time, bracket, digits, every, leading, name_and_address, split, split_last, word,
};
use crate::notation::parse;

/// Courier: `LOGIN FAILED, user=NAME, ip=[ADDRESS]`, a port behind it in some versions; `error,relay=ADDRESS,…`.
pub(super) fn courier(message: &[u8]) -> Option<Place> {
    if let Some(rest) = message.strip_prefix(b"error,relay=") {
        return Some(leading(rest, b",").map(|(address, _)| address).into());
    }
    let heads: [&[u8]; 4] = [
        b"LOGIN FAILED, ",
        b"Connection, ",
        b"Disconnected, ",
        b"LOGIN: ",
    ];
    heads.iter().find(|head| message.starts_with(head))?;
    let ported = split_last(message, b", port=[").filter(|(_, port)| {
        digits(port).is_some_and(|rest| rest == b"]" || rest.starts_with(b"], "))
    });
    let text = match ported {
        Some((before, _)) if before.ends_with(b"]") => before,
        _ => message,
    };
    let (_, address) = split_last(text, b"ip=[")?;
    Some(address.strip_suffix(b"]").and_then(parse).into())
}

/// Cyrus: `badlogin: HOST [ADDRESS] plaintext NAME SASL(-13): …`.
pub(super) fn cyrus(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"badlogin: ")?;
    // HOST[ADDRESS], or with a blank between.
    let near = name_and_address(rest).or_else(|| name_and_address(word(rest).1));
    Some(near.and_then(|(address, _)| address).into())
}

/// Zimbra's audit and mailbox logs: `… WARN  [qtp-1:https:…] [name=NAME;oip=ADDRESS;ua=AGENT;] security - cmd=Auth; …`.
/// `oip` is the client where a proxy (`ip`) stands between.
pub(super) fn zimbra(message: &[u8]) -> Option<Place> {
    let rest = after_time(message);
    let (level, rest) = word(rest);
    if rest.len() == message.len()
        || !matches!(level, b"INFO" | b"WARN" | b"ERROR" | b"FATAL" | b"DEBUG")
    {
        return None;
    }
    let (_thread, rest) = bracket(rest.trim_ascii_start())?;
    let context = rest.strip_prefix(b"[")?;
    let keys: [&[u8]; 4] = [b"name=", b"aname=", b"ip=", b"oip="];
    keys.iter().find(|key| context.starts_with(key))?;
    let at = |rest: &[u8]| {
        leading(rest, b";")
            .filter(|(_, after)| !after.is_empty())
            .map(|(address, _)| address)
    };
    if split(rest, b"oip=").is_some() {
        return Some(every(rest, b"oip=", at));
    }
    if split(rest, b"ip=").is_some() {
        return Some(every(rest, b"ip=", at));
    }
    None
}

/// Perdition, UW imapd and ipop3d: `Login failed user=NAME auth=NAME host=HOST [ADDRESS]`.
pub(super) fn uw(message: &[u8]) -> Option<Place> {
    let heads: [&[u8]; 3] = [b"Login failed ", b"Login disabled ", b"Login excessive "];
    heads.iter().find(|head| message.starts_with(head))?;
    let (_, rest) = split_last(message, b" host=")?;
    let rest = if rest.starts_with(b"[") {
        rest
    } else {
        word(rest).1
    };
    let (address, rest) = name_and_address(rest)?;
    rest.is_empty().then_some(address.into())
}
