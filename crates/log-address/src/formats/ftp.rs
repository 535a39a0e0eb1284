//! FTP servers.

use std::net::IpAddr;

use memchr::memmem;

use super::scan::{
    Place, bracket, decide, every, leading, name_and_address, split, split_last, timed, word,
};
use super::{add, scan};
use crate::notation::parse;

/// vsftpd in syslog: `[NAME] FAIL LOGIN: Client "ADDRESS"`, `CONNECT: Client "ADDRESS", "Connection refused: tcp_wrappers
/// denial."`.
///
/// The name and what stands in later quotes are a stranger's.
pub(super) fn vsftpd(rest: &[u8]) -> Option<Place> {
    if !rest.starts_with(b"[") {
        let (event, rest) = split(rest, b": Client \"")?;
        return is_event(event).then(|| leading(rest, b"\"").map(|(address, _)| address).into());
    }
    let mut seen = false;
    let mut candidates = Vec::new();
    for at in memmem::find_iter(rest, b": Client \"") {
        let near = &rest[at.saturating_sub(20)..at];
        if !split_last(near, b"] ").is_some_and(|(_, event)| is_event(event)) {
            continue;
        }
        seen = true;
        let Some((address, after)) = leading(&rest[at + b": Client \"".len()..], b"\"") else {
            continue;
        };
        if after == b"\"" || after.starts_with(b"\", ") {
            add(&mut candidates, address);
        }
    }
    seen.then(|| decide(candidates))
}

/// vsftpd's own log: `Sat Jun  1 12:00:00 2024 [pid 12] ` and the message.
pub(super) fn vsftpd_log(line: &[u8]) -> Option<Place> {
    let (process, rest) = bracket(timed(line)?)?;
    process.starts_with(b"pid ").then(|| vsftpd(rest)).flatten()
}

/// `FAIL LOGIN`, `CONNECT`, `FTP command`.
fn is_event(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_uppercase)
        && text.iter().all(|b| b.is_ascii_alphabetic() || *b == b' ')
}

/// ProFTPD: `SERVER (HOST[ADDRESS]) - USER NAME: no such user found …`.
pub(super) fn proftpd(message: &[u8]) -> Option<Place> {
    let (server, behind) = word(message);
    let (address, after) = name_and_address(behind.strip_prefix(b"(")?)?;
    let known = after.starts_with(b") - ") || after.starts_with(b"): ");
    (known && !server.is_empty()).then_some(address.into())
}

/// ProFTPD's own log: a time, `SERVER proftpd[12] ` and the message.
pub(super) fn proftpd_log(line: &[u8]) -> Option<Place> {
    let (_server, rest) = word(timed(line)?);
    let (program, rest) = word(rest);
    program
        .starts_with(b"proftpd[")
        .then(|| proftpd(rest))
        .flatten()
}

/// Pure-FTPd: `(?@ADDRESS) [WARNING] Authentication failed for user [NAME]`. The name before `@` is `?` until someone
/// is let in.
pub(super) fn pure_ftpd(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"(")?;
    let _ = split(rest, b") [")?;
    Some(match rest.strip_prefix(b"?@") {
        Some(rest) => in_parenthesis(rest).into(),
        None => every(rest, b"@", in_parenthesis),
    })
}

fn in_parenthesis(rest: &[u8]) -> Option<IpAddr> {
    let (address, after) = leading(rest, b")")?;
    after.starts_with(b") [").then_some(address)
}

/// wu-ftpd and BSD's ftpd: `FTP LOGIN FAILED FROM ADDRESS, NAME`, `failed login from HOST [ADDRESS]`, `ANONYMOUS FTP
/// LOGIN REFUSED FROM ADDRESS`.
pub(super) fn ftpd(message: &[u8]) -> Option<Place> {
    if let Some(rest) = message.strip_prefix(b"repeated login failures from ") {
        return Some(parse(word(rest).0).into());
    }
    if let Some(rest) = message.strip_prefix(b"failed login from ") {
        return scan::name_and_address(rest)
            .or_else(|| scan::name_and_address(word(rest).1))
            .map(|(address, _)| address.into());
    }
    let heads: [&[u8]; 3] = [
        b"FTP LOGIN FAILED FROM ",
        b"ANONYMOUS FTP LOGIN REFUSED FROM ",
        b"FTP LOGIN REFUSED FROM ",
    ];
    let rest = heads.iter().find_map(|head| message.strip_prefix(*head))?;
    let bracketed = scan::name_and_address(word(rest).1).and_then(|(address, _)| address);
    Some(
        leading(rest, b" ,")
            .map(|(address, _)| address)
            .or(bracketed)
            .into(),
    )
}
