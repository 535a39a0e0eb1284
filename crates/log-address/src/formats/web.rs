//! Web servers.

use super::scan::{
    Place, address_colon_port, after_time, digits, every, is_time, leading, split, split_last, word,
};
use crate::notation::parse;

/// The access log of nginx, Apache, lighttpd, Traefik and others (common and combined): the line starts with
/// `ADDRESS IDENT NAME [01/Jun/2024:12:00:00 +0000] "`, or with `HOST:PORT` before that (`vhost_combined`).
pub(super) fn access(line: &[u8]) -> Option<Place> {
    let (first, rest) = word(line);
    let dated = |rest: &[u8]| {
        // The name may be anything; the date is looked for, in the server's own shape.
        memchr::memmem::find_iter(rest, b" [").any(|at| {
            let date = &rest[at + 2..];
            let named = matches!(date.first(), Some(b'0'..=b'3'))
                && date.get(2) == Some(&b'/')
                && date.get(6) == Some(&b'/');
            named && date.get(11) == Some(&b':') && date.get(12..20).is_some_and(is_time)
        })
    };
    if first.is_empty() || !dated(rest) {
        return None;
    }
    if !ported(first) {
        return parse(first).map(Place::Address);
    }
    // HOST:PORT ADDRESS IDENT NAME [
    let (second, behind) = word(rest);
    if ported(second) || !dated(behind) {
        return None;
    }
    parse(second).map(Place::Address)
}

/// `HOST:PORT`, where HOST is a name or an IPv4 address.
fn ported(word: &[u8]) -> bool {
    let Some((host, port)) = split_last(word, b":") else {
        return false;
    };
    !host.is_empty()
        && !host.contains(&b':')
        && !port.is_empty()
        && port.iter().all(u8::is_ascii_digit)
}

/// nginx's error log: `2024/06/01 12:00:00 [error] 12#12: *3 TEXT, client: ADDRESS, server: NAME, request: "…"`.
///
/// TEXT may name a file or user that a stranger chose, and what follows is his request, so every place counts.
pub(super) fn nginx_error(line: &[u8]) -> Option<Place> {
    let rest = after_time(line).strip_prefix(b"[")?;
    let (level, rest) = split(rest, b"] ")?;
    if !level.iter().all(u8::is_ascii_lowercase) {
        return None;
    }
    let (process, rest) = split(rest, b": ")?;
    if !process
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'#')
    {
        return None;
    }
    let text = match rest.strip_prefix(b"*") {
        Some(rest) => word(rest).1,
        None => rest,
    };
    let at = |rest: &[u8]| {
        let (address, rest) = leading(rest, b",")?;
        (rest.is_empty() || rest.starts_with(b", server: ")).then_some(address)
    };
    // These are nginx's own words up to the client.
    let own: [&[u8]; 4] = [
        b"limiting requests, ",
        b"limiting connections ",
        b"delaying request, ",
        b"access forbidden by rule, ",
    ];
    let (before, _) = split(text, b" client: ")?;
    if own.iter().any(|own| text.starts_with(own)) && before.ends_with(b",") {
        return Some(
            split(text, b" client: ")
                .and_then(|(_, rest)| at(rest))
                .into(),
        );
    }
    Some(every(text, b", client: ", at))
}

/// Apache's error log: `[Sat Jun 01 12:00:00.123456 2024] [auth_basic:error] [pid 12] [client ADDRESS:PORT] TEXT`. What
/// stands before the client is Apache's own.
pub(super) fn apache_error(line: &[u8]) -> Option<Place> {
    // The groups before the client: in a log file the time, in syslog a level or module:level comes first.
    let (first, rest) = split(line.strip_prefix(b"[")?, b"] ")?;
    let level = |group: &[u8]| {
        split_last(group, b":")
            .map_or(group, |(_, level)| level)
            .to_vec()
    };
    let known = [
        &b"error"[..],
        b"warn",
        b"notice",
        b"crit",
        b"alert",
        b"emerg",
        b"info",
    ];
    let dated = !first.is_empty() && after_time(first).is_empty();
    if !dated && !known.contains(&level(first).as_slice()) {
        return None;
    }
    let mut rest = rest;
    let mut with_process = false;
    while !rest.starts_with(b"[client ") && !rest.starts_with(b"[remote ") {
        let Some(group) = rest.strip_prefix(b"[") else {
            break;
        };
        with_process |= group.starts_with(b"pid ");
        rest = split(group, b"] ")?.1;
    }
    if let Some(error) = rest
        .strip_prefix(b"(")
        .and_then(digits)
        .filter(|rest| rest.starts_with(b")"))
    {
        // (111)Connection refused: [client …], the system's own words.
        rest = &error[memchr::memchr(b'[', error)?..];
    }
    let rest = rest
        .strip_prefix(b"[client ")
        .or_else(|| rest.strip_prefix(b"[remote "))?;
    if rest.starts_with(b"[") {
        return Some(
            split(rest, b"] ")
                .and_then(|(inner, _)| parse(inner))
                .into(),
        );
    }
    let (token, _) = split(rest, b"]")?;
    // Since 2.4 (which writes the process too) a port is always there, and no brackets around IPv6.
    let with_port = with_process.then(|| address_colon_port(token)).flatten();
    Some(with_port.or_else(|| parse(token)).into())
}

/// lighttpd's error log: `… (mod_auth.c.12) password doesn't match for /x username: NAME IP: ADDRESS`.
pub(super) fn lighttpd(line: &[u8]) -> Option<Place> {
    let (file, rest) = split(after_time(line), b") ")?;
    let file = file.strip_prefix(b"(").unwrap_or(file);
    if !file.starts_with(b"mod_auth") && !file.starts_with(b"http_auth") {
        return None;
    }
    Some(
        split_last(rest, b" IP: ")
            .and_then(|(_, address)| parse(address))
            .into(),
    )
}
