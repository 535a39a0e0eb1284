//! Web applications and other servers with a log in words of their own. In most the name that was tried stands before
//! the address, so the end counts, or every place does.

use super::scan::{
    Place, after_brackets, after_time, bracket, decide, every, from_at_end, leading, leading_word,
    split, split_last, timed, word,
};
use crate::notation::parse;

/// Roundcube: `IMAP Error: Login failed for NAME from ADDRESS. AUTHENTICATE PLAIN: …`, and in its `userlogins`
/// `Failed login for NAME from ADDRESS in session ID (error: 0)`.
pub(super) fn roundcube(rest: &[u8]) -> Option<Place> {
    // A session's id, where there is one.
    let rest = match rest.strip_prefix(b"<") {
        Some(rest) => split(rest, b"> ")?.1,
        None => rest,
    };
    let heads: [&[u8]; 4] = [
        b"IMAP Error: Login failed for ",
        b"Failed login for ",
        b"FAILED login for ",
        b"IMAP Error: ",
    ];
    let head = heads.iter().find(|head| rest.starts_with(head))?;
    if !head.ends_with(b"login for ") && !head.ends_with(b"failed for ") {
        return Some(Place::Nowhere);
    }
    // `(X-Real-IP: …,X-Forwarded-For: …)` may stand behind the address; those are its sender's words.
    Some(every(rest, b" from ", |rest| {
        let (address, rest) = leading(rest, b" (").or_else(|| before_stop(rest))?;
        let known = rest.is_empty()
            || rest.starts_with(b"(")
            || rest.starts_with(b". ")
            || rest.starts_with(b" in session ");
        known.then_some(address)
    }))
}

/// Roundcube's own logs: `[TIME]: ` and the message.
pub(super) fn roundcube_log(line: &[u8]) -> Option<Place> {
    let (_time, rest) = bracket(line)?;
    roundcube(rest.strip_prefix(b": ")?)
}

fn before_stop(rest: &[u8]) -> Option<(std::net::IpAddr, &[u8])> {
    let token = word(rest).0;
    let address = token.strip_suffix(b".")?;
    Some((parse(address)?, &rest[address.len()..]))
}

/// Grafana, in logfmt: `… msg="Request Completed" … path=/login status=401 remote_addr=ADDRESS …`. A value with a blank,
/// a quote or an equals sign in it stands in quotes, with quotes inside guarded, so no path poses as a key.
pub(super) fn grafana(line: &[u8]) -> Option<Place> {
    if !line.starts_with(b"logger=") && !line.starts_with(b"t=") {
        return None;
    }
    split(line, b"logger=context ")?;
    let (mut quoted, mut guarded, mut start) = (false, false, 0);
    let mut found = Vec::new();
    for at in 0..=line.len() {
        match line.get(at) {
            Some(_) if guarded => guarded = false,
            Some(b'\\') if quoted => guarded = true,
            Some(b'"') => quoted = !quoted,
            Some(b' ') | None if !quoted => {
                if let Some(address) = line[start..at].strip_prefix(b"remote_addr=") {
                    found.extend(parse(address));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found.dedup();
    Some(decide(found))
}

/// phpMyAdmin: `user denied: NAME (mysql-denied) from ADDRESS`.
pub(super) fn phpmyadmin(message: &[u8]) -> Option<Place> {
    message.strip_prefix(b"user denied: ").map(from_at_end)
}

/// Webmin: `Invalid login as NAME from ADDRESS`, `Non-existent login as …`, `Security alert: Host ADDRESS blocked …`.
pub(super) fn webmin(message: &[u8]) -> Option<Place> {
    if let Some(rest) = message.strip_prefix(b"Security alert: Host ") {
        return Some(leading_word(rest).into());
    }
    let heads: [&[u8]; 3] = [
        b"Invalid login as ",
        b"Non-existent login as ",
        b"Expired login as ",
    ];
    heads
        .iter()
        .find_map(|head| message.strip_prefix(*head))
        .map(from_at_end)
}

/// WordPress with a plugin that writes to syslog: `Authentication failure for NAME from ADDRESS`, and its relatives.
pub(super) fn wordpress(message: &[u8]) -> Option<Place> {
    let heads: [&[u8]; 6] = [
        b"Authentication failure for ",
        b"Authentication attempt for unknown user ",
        b"Blocked authentication attempt for ",
        b"Blocked user enumeration attempt from ",
        b"XML-RPC authentication failure for ",
        b"XML-RPC authentication attempt for unknown user ",
    ];
    let head = heads.iter().find(|head| message.starts_with(head))?;
    Some(from_at_end(
        &message[head.len() - usize::from(head.ends_with(b" from ")) * b" from ".len()..],
    ))
}

/// Drupal: `BASE|TIME|TYPE|ADDRESS|REQUEST|REFERER|USER||MESSAGE`.
pub(super) fn drupal(message: &[u8]) -> Option<Place> {
    let mut parts = message.split(|byte| *byte == b'|');
    let base = parts.next()?;
    let time = parts.next()?;
    let _kind = parts.next()?;
    let address = parts.next()?;
    let known = base.starts_with(b"http") && time.len() >= 9 && time.iter().all(u8::is_ascii_digit);
    known.then(|| parse(address).into())
}

/// SquirrelMail's logger: `[LOGIN_ERROR] NAME (HOST) from ADDRESS: Unknown user or password incorrect.`, and
/// `Failed webmail login: by NAME (HOST) at ADDRESS on TIME: …`.
pub(super) fn squirrelmail(line: &[u8]) -> Option<Place> {
    let rest = after_time(line);
    let ends = |rest: &[u8], stop: &[u8]| {
        let token = word(rest).0;
        let address = token.strip_suffix(b":").unwrap_or(token);
        rest[address.len()..]
            .starts_with(stop)
            .then(|| parse(address))
            .flatten()
    };
    if let Some(rest) = rest.strip_prefix(b"[LOGIN_ERROR] ") {
        return Some(every(rest, b" from ", |rest| ends(rest, b": ")));
    }
    let rest = rest.strip_prefix(b"Failed webmail login: by ")?;
    Some(every(rest, b" at ", |rest| ends(rest, b" on ")))
}

/// Gitea and Forgejo: `Failed authentication attempt for NAME from ADDRESS:PORT: user does not exist …`.
pub(super) fn gitea(message: &[u8]) -> Option<Place> {
    let rest = message.strip_prefix(b"Failed authentication attempt for ")?;
    Some(every(rest, b" from ", |rest| {
        let token = word(rest).0;
        match token.strip_suffix(b":") {
            Some(address) => parse(address),
            None if rest.len() == token.len() => parse(token),
            None => None,
        }
    }))
}

/// Their own log: a time, the place in the source, `[LEVEL] ` (and a request's id) and the message.
pub(super) fn gitea_log(line: &[u8]) -> Option<Place> {
    let rest = timed(line)?;
    let rest = if rest.starts_with(b"[") {
        rest
    } else {
        word(rest).1
    };
    rest.starts_with(b"[")
        .then(|| gitea(after_brackets(rest)))
        .flatten()
}

/// Vaultwarden: `Username or password is incorrect. Try again. IP: ADDRESS. Username: NAME.`, behind `[TIME][MODULE][LEVEL] `.
pub(super) fn vaultwarden(line: &[u8]) -> Option<Place> {
    if !line.starts_with(b"[") {
        return None;
    }
    let rest = after_brackets(line);
    let heads: [&[u8]; 3] = [
        b"Username or password is incorrect. Try again. IP: ",
        b"Invalid admin token. IP: ",
        b"Invalid TOTP code! Server time: ",
    ];
    let head = heads.iter().find(|head| rest.starts_with(head))?;
    let rest = &rest[head.len()..];
    let rest = if head.ends_with(b"time: ") {
        split(rest, b" IP: ")?.1
    } else {
        rest
    };
    let token = word(rest).0;
    Some(
        parse(token)
            .or_else(|| parse(token.strip_suffix(b".")?))
            .into(),
    )
}

/// Home Assistant: `TIME LEVEL (THREAD) [homeassistant.components.http.ban] Login attempt or request with invalid
/// authentication from HOST (ADDRESS). Requested URL: '…'.`
pub(super) fn home_assistant(line: &[u8]) -> Option<Place> {
    let (_level, rest) = word(timed(line)?);
    let (_thread, rest) = split(rest.strip_prefix(b"(")?, b") ")?;
    let rest = rest.strip_prefix(b"[homeassistant.components.http.ban] ")?;
    let rest = rest.strip_prefix(b"Login attempt or request with invalid authentication from ")?;
    // HOST is from the reverse zone, without blanks.
    let (_host, rest) = word(rest);
    Some(
        rest.strip_prefix(b"(")
            .and_then(|rest| leading(rest, b")"))
            .map(|(address, _)| address)
            .into(),
    )
}

/// Jellyfin: `[TIME] [LEVEL] [THREAD] …UserManager: Authentication request for "NAME" has been denied (IP: "ADDRESS").`
pub(super) fn jellyfin(line: &[u8]) -> Option<Place> {
    if !line.starts_with(b"[") {
        return None;
    }
    let (class, rest) = word(after_brackets(line));
    if !class.ends_with(b"UserManager:") {
        return None;
    }
    let rest = rest.strip_prefix(b"Authentication request for ")?;
    let (_, rest) = split_last(rest, b" has been denied (IP: ")?;
    let address = rest.strip_suffix(b".").unwrap_or(rest).strip_suffix(b")")?;
    let bare = address
        .strip_prefix(b"\"")
        .and_then(|address| address.strip_suffix(b"\""));
    Some(parse(bare.unwrap_or(address)).into())
}

/// Keycloak: `type="LOGIN_ERROR", realmId="…", clientId="…", userId="null", ipAddress="ADDRESS", error="…", …`, the
/// quotes since version 22. The client's name and what follows the address are a stranger's.
pub(super) fn keycloak(line: &[u8]) -> Option<Place> {
    // TIME LEVEL [LOGGER] (THREAD) EVENT
    let (_level, rest) = word(timed(line)?);
    let rest = rest
        .trim_ascii_start()
        .strip_prefix(b"[org.keycloak.events] (")?;
    let (_thread, rest) = split(rest, b") ")?;
    let rest = rest
        .strip_prefix(b"type=LOGIN_ERROR, ")
        .or_else(|| rest.strip_prefix(b"type=\"LOGIN_ERROR\", "))?;
    Some(every(rest, b", ipAddress=", |rest| {
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        leading(rest, b",\"")
            .filter(|(_, after)| !after.is_empty())
            .map(|(address, _)| address)
    }))
}
