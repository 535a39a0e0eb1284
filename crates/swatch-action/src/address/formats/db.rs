//! Databases.

use super::scan::{Place, after_time, every, leading, split, split_last, word};
use crate::address::notation::parse;

/// MySQL and MariaDB: `Access denied for user 'NAME'@'ADDRESS' (using password: YES)`, `Aborted connection 5 to db: … host:
/// 'ADDRESS' (…)`, `Host 'ADDRESS' is not allowed …`, `IP address 'ADDRESS' could not be resolved: …`.
pub(super) fn mysql(line: &[u8]) -> Option<Place> {
    // 240601 12:00:00, the time of old, and the number of the connection.
    let mut rest = after_time(line);
    for _ in 0..6 {
        let (first, behind) = word(rest);
        let own = first.is_empty()
            || (first.starts_with(b"[") && first.ends_with(b"]"))
            || first
                .iter()
                .all(|byte| byte.is_ascii_digit() || *byte == b':');
        if !own || rest.is_empty() {
            break;
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
    if let Some((_, rest)) = split_last(line, b"LOG:  connection received: host=") {
        let (address, rest) = word(rest);
        return rest.strip_prefix(b"port=").map(|_| parse(address).into());
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

/// Microsoft SQL Server: `Login failed for user 'NAME'. Reason: … [CLIENT: ADDRESS]`.
pub(super) fn mssql(line: &[u8]) -> Option<Place> {
    let (before, _) = split(line, b"Login failed for user '")?;
    if after_time(before).trim_ascii() != b"Logon" && !before.is_empty() {
        return None;
    }
    let (_, address) = split_last(line, b" [CLIENT: ")?;
    Some(address.strip_suffix(b"]").and_then(parse).into())
}
