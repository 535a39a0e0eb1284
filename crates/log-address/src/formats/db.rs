//! Databases.

use super::scan::{
    Place, address_colon_port, after_time, bracket, decide, digits, every, leading, split,
    split_last, timed, word,
};
use crate::notation::parse;

/// MySQL and MariaDB: `Access denied for user 'NAME'@'ADDRESS' (using password: YES)`, `Aborted connection 5 to db: … host:
/// 'ADDRESS' (…)`, `Host 'ADDRESS' is not allowed …`, `IP address 'ADDRESS' could not be resolved: …`.
pub(super) fn mysql(line: &[u8]) -> Option<Place> {
    // A time of one of several kinds, a connection's or a thread's number, and labels such as [Warning].
    let stamp = |byte: &u8| byte.is_ascii_digit() || b"-:.TZ ".contains(byte);
    let start = line.iter().position(|byte| !stamp(byte))?;
    let mut rest = &line[start..];
    while let Some(behind) = rest.strip_prefix(b"[") {
        let (label, behind) = split(behind, b"] ")?;
        if !label
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        {
            return None;
        }
        rest = behind;
    }
    if let Some(rest) = rest.strip_prefix(b"IP address '") {
        return Some(leading(rest, b"'").map(|(address, _)| address).into());
    }
    if let Some(rest) = rest.strip_prefix(b"Access denied for user '") {
        // The end is the server's: a database's name may stand there in other versions, hence every place.
        return Some(every(rest, b"'@'", |rest| {
            let (address, rest) = leading(rest, b"'")?;
            let ends = rest.starts_with(b"' (using password: ") || rest == b"'";
            ends.then_some(address)
        }));
    }
    if rest.starts_with(b"Aborted connection ") {
        return Some(every(rest, b" host: '", |rest| {
            let (address, rest) = leading(rest, b"'")?;
            rest.starts_with(b"' (").then_some(address)
        }));
    }
    None
}

/// PostgreSQL: `LOG:  connection received: host=ADDRESS port=N`, `FATAL:  no pg_hba.conf entry for host "ADDRESS", user …`,
/// `FATAL:  pg_hba.conf rejects connection for host "ADDRESS", …`. What stands before is the administrator's prefix, with
/// the user's name perhaps.
pub(super) fn postgres(line: &[u8]) -> Option<Place> {
    if let Some((before, rest)) = split(line, b"LOG:  connection received: host=") {
        // Other messages quote names and statements: the line must be this one from its severity to its end.
        let (address, rest) = word(rest);
        let ends = rest
            .strip_prefix(b"port=")
            .and_then(digits)
            .is_some_and(<[u8]>::is_empty);
        if ends && split(before, b":  ").is_none() {
            return Some(parse(address).into());
        }
    }
    if split(line, b"FATAL:  password authentication failed for user \"").is_some() {
        // Only a prefix with %r, `ADDRESS(PORT)`, tells; a user's name in it may look the same, so every one counts.
        let mut candidates = Vec::new();
        for token in line.split(|byte| b" @,[]=".contains(byte)) {
            let address = token
                .strip_suffix(b")")
                .and_then(|token| split(token, b"("));
            if let Some((address, port)) = address
                && digits(port).is_some_and(<[u8]>::is_empty)
                && let Some(address) = parse(address)
            {
                super::add(&mut candidates, address);
            }
        }
        return (!candidates.is_empty()).then(|| decide(candidates));
    }
    let heads: [&[u8]; 3] = [
        b"FATAL:  no pg_hba.conf entry for host \"",
        b"FATAL:  pg_hba.conf rejects connection for host \"",
        b"FATAL:  no pg_hba.conf entry for replication connection from host \"",
    ];
    let head = heads.iter().find(|head| split(line, head).is_some())?;
    Some(every(line, head, |rest| {
        let (address, rest) = leading(rest, b"\"")?;
        rest.starts_with(b"\", user \"").then_some(address)
    }))
}

/// PostgreSQL's own log, with the prefix that is its default (`%m [%p] `) or starts so.
pub(super) fn postgres_log(line: &[u8]) -> Option<Place> {
    let rest = timed(line)?;
    let (zone, behind) = word(rest);
    let rest = if zone.iter().all(u8::is_ascii_uppercase) {
        behind
    } else {
        rest
    };
    let (process, _) = bracket(rest)?;
    digits(process)?
        .is_empty()
        .then(|| postgres(line))
        .flatten()
}

/// Redis and Valkey: `… Possible SECURITY ATTACK detected. … Connection from ADDRESS:PORT aborted.`. Nothing in it is a
/// stranger's.
pub(super) fn redis(line: &[u8]) -> Option<Place> {
    let (before, rest) = split(
        line,
        b"Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host:",
    )?;
    // `123:M 22 Nov 2026 10:00:00.123 # `, or nothing in syslog.
    if !before.is_empty() && (!before.ends_with(b" # ") || digits(before).is_none()) {
        return None;
    }
    let (_, address) = split_last(rest, b" Connection from ")?;
    let address = address.strip_suffix(b" aborted.")?;
    Some(address_colon_port(address).into())
}

/// Microsoft SQL Server: `Login failed for user 'NAME'. Reason: … [CLIENT: ADDRESS]`.
pub(super) fn mssql(line: &[u8]) -> Option<Place> {
    let (before, _) = split(line, b"Login failed for user '")?;
    if after_time(before).trim_ascii() != b"Logon" && !before.is_empty() {
        return None;
    }
    let (_, address) = split_last(line, b" [CLIENT: ")?;
    Some(address.strip_suffix(b"]").and_then(parse).into())
}
