//! The syslog header of a line: which program wrote it, and its message.

use log_timestamp::{Format, find_at_front};

use crate::scan::{digits, split, word};

/// A line without its header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// The program's tag, without process number; `None` if the line has no syslog header.
    pub(crate) program: Option<&'a [u8]>,
    /// The message, or the whole line.
    pub(crate) message: &'a [u8],
}

/// A tag and what follows it.
type Tagged<'a> = (&'a [u8], &'a [u8]);

/// Takes the header off. These are known, with each of syslog's time stamps:
///
/// ```text
/// Jun  1 12:00:00 host sshd[123]: message              syslog, journalctl; also with <34> before it
/// Jun 01 12:00:00 imap-login: message                  without a host
/// Jun  1 12:00:00 <auth.info> host sshd[123]: message  FreeBSD's syslogd -v; with -vv <4.6>
/// Jun  1 12:00:00 host auth.info sshd[123]: message    BusyBox
/// Jun  1 12:00:00 host 1 2024-06-01T12:00:00Z host sshd 123 - - message   an RFC 5424 message taken for a classic one
/// Jun  1 12:00:00 [sshd] message                       metalog
/// @400000004c91b044077a9e94 auth.info: Jun  1 12:00:00 sshd[123]: message   socklog and svlogd
/// <34>1 2024-06-01T12:00:00Z host sshd 123 - - message RFC 5424
/// sshd[123]: message                                   without a time
/// ```
pub(crate) fn read(line: &[u8]) -> Entry<'_> {
    match header(line, true) {
        None => Entry {
            program: None,
            message: line,
        },
        // Solaris puts an id before the message.
        Some((tag, message)) => Entry {
            program: Some(tag),
            message: unrepeated(without_id(message.trim_ascii_start())),
        },
    }
}

fn header(line: &[u8], outermost: bool) -> Option<Tagged<'_>> {
    if let Some(rest) = without_priority(line).strip_prefix(b"1 ") {
        return rfc5424(rest);
    }
    if let Some(rest) = line.strip_prefix(b"<").and_then(|_| facility_colon(line)) {
        return header(rest, false);
    }
    let Some((kind, rest)) = after_stamp(line) else {
        if let Some(rest) = facility_colon(line).filter(|_| outermost) {
            return header(rest, false);
        }
        // Without a time, a first word that ends in a colon is a tag only if it has a process
        // number.
        let text = without_priority(line);
        return tagged(text).filter(|_| word(text).0.ends_with(b"]:"));
    };
    if let Some(rest) = facility_colon(rest).filter(|_| outermost) {
        return header(rest, false).or_else(|| tagged(rest));
    }
    let rest = facility_in_angles(rest).unwrap_or(rest);
    metalog(rest)
        .filter(|_| kind == Kind::Classic)
        .or_else(|| tagged(rest))
        .or_else(|| after_host(rest, kind))
}

/// The part that follows a host's name.
fn after_host(rest: &[u8], kind: Kind) -> Option<Tagged<'_>> {
    let (host, behind) = word(rest);
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:%/@".contains(byte);
    if host.is_empty() || !host.iter().all(fits) {
        return None;
    }
    let behind = facility_and_space(behind).unwrap_or(behind);
    if let Some(nested) = behind.strip_prefix(b"1 ")
        && find_at_front(nested).is_some_and(|stamp| stamp.format == Format::Iso)
    {
        return rfc5424(nested);
    }
    tagged(behind).filter(|_| kind != Kind::Common || word(behind).0.ends_with(b"]:"))
}

/// The kinds of time stamps that a syslog header can begin with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `Jun  1 12:00:00`.
    Classic,
    /// An ISO date with a space before the time, or a time that ends in Z. Many logs that are not
    /// syslog's begin like that, too: syslog daemons write `+00:00`, the journal `+0000`.
    Common,
    /// Any other.
    Other,
}

/// The text after a time stamp of syslog's.
fn after_stamp(line: &[u8]) -> Option<(Kind, &[u8])> {
    let stamp = find_at_front(line)?;
    let text = &line[stamp.range.clone()];
    let bracketed = text.starts_with(b"[");
    let kind = match stamp.format {
        Format::Uptime => Kind::Other,
        _ if bracketed => return None,
        Format::Syslog => Kind::Classic,
        Format::Iso if text.get(10) == Some(&b' ') || text.ends_with(b"Z") => Kind::Common,
        Format::Iso | Format::WeekdayIso | Format::Tai64n => Kind::Other,
        Format::Epoch if text.contains(&b'.') => Kind::Other,
        _ => return None,
    };
    Some((kind, stamp.rest(line)))
}

fn without_priority(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"<")
        .and_then(digits)
        .and_then(|rest| rest.strip_prefix(b">"))
        .unwrap_or(line)
}

/// The text after `auth.info: `.
fn facility_colon(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = word(text);
    first
        .strip_suffix(b":")
        .filter(|name| is_facility(name))
        .map(|_| rest)
}

/// The text after `auth.info `.
fn facility_and_space(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = word(text);
    is_facility(first).then_some(rest)
}

/// The text after `<auth.info> ` or `<4.6> `.
fn facility_in_angles(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = word(text);
    let inner = first.strip_prefix(b"<")?.strip_suffix(b">")?;
    let numeric = split(inner, b".").is_some_and(|(a, b)| is_number(a) && is_number(b));
    (numeric || is_facility(inner)).then_some(rest)
}

/// `auth.info` and the like.
fn is_facility(text: &[u8]) -> bool {
    const FACILITIES: [&[u8]; 16] = [
        b"kern",
        b"user",
        b"mail",
        b"daemon",
        b"auth",
        b"syslog",
        b"lpr",
        b"news",
        b"uucp",
        b"cron",
        b"authpriv",
        b"ftp",
        b"ntp",
        b"security",
        b"console",
        b"audit",
    ];
    const LEVELS: [&[u8]; 11] = [
        b"emerg", b"alert", b"crit", b"err", b"error", b"warning", b"warn", b"notice", b"info",
        b"debug", b"panic",
    ];
    let Some((facility, level)) = split(text, b".") else {
        return false;
    };
    let local = matches!(facility, [b'l', b'o', b'c', b'a', b'l', b'0'..=b'7']);
    (local || FACILITIES.contains(&facility)) && LEVELS.contains(&level)
}

/// `[sshd] message`, `[sshd][123] message`.
fn metalog(text: &[u8]) -> Option<Tagged<'_>> {
    let (name, rest) = split(text.strip_prefix(b"[")?, b"]")?;
    let rest = match rest.strip_prefix(b"[") {
        Some(rest) => {
            split(rest, b"]")
                .filter(|(process, _)| is_number(process))?
                .1
        }
        None => rest,
    };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./".contains(byte);
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(fits);
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    is_name.then_some((name, rest.strip_prefix(b" ")?))
}

/// `tag: message`, `tag[123]: message` or `tag[123] message`.
fn tagged(text: &[u8]) -> Option<Tagged<'_>> {
    let (first, message) = word(text);
    let tag = first
        .strip_suffix(b":")
        .or_else(|| first.ends_with(b"]").then_some(first));
    let Some(tag) = tag else {
        // SOGo has a space before the process number.
        let (process, message) = split(message.strip_prefix(b"[")?, b"]: ")?;
        let is_name = first.iter().all(u8::is_ascii_alphabetic) && !first.is_empty();
        return (is_name && is_number(process)).then_some((first, message));
    };
    let named = match tag.first()? {
        b'a'..=b'z' | b'A'..=b'Z' | b'(' | b'/' => true,
        // 3proxy, but not a number or an address.
        b'0'..=b'9' => tag.get(1).is_some_and(u8::is_ascii_alphabetic) && !tag.contains(&b':'),
        _ => false,
    };
    // Dovecot's own log begins with a name that a stranger may have chosen, in parentheses.
    let odd = |byte: &u8| byte.is_ascii_control() || b",<>\"'{}=;".contains(byte);
    if !named || tag.iter().any(odd) {
        return None;
    }
    let (name, process) = match tag.strip_suffix(b"]").and_then(|tag| split(tag, b"[")) {
        Some(parts) => parts,
        None => (tag, &b"0"[..]),
    };
    is_number(process).then_some((name, message))
}

/// RFC 5424 from the time on: `TIME HOST APP PROCID MSGID DATA MESSAGE`.
fn rfc5424(text: &[u8]) -> Option<Tagged<'_>> {
    let rest = match text.strip_prefix(b"- ") {
        Some(rest) => rest,
        None => find_at_front(text)
            .filter(|stamp| stamp.format == Format::Iso && stamp.range.start == 0)?
            .rest(text),
    };
    let (_host, rest) = word(rest);
    let (program, rest) = word(rest);
    let (_process, rest) = word(rest);
    let (_message_id, rest) = word(rest);
    let message = match rest.strip_prefix(b"-") {
        Some(message) => message,
        None => after_data(rest)?,
    };
    let message = message.strip_prefix(b" ").unwrap_or(message);
    Some((
        program,
        message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message),
    ))
}

/// The text after structured data: `[id name="value" …]`, several without a space between; in a
/// value a backslash escapes `"`, `\` and `]`.
fn after_data(text: &[u8]) -> Option<&[u8]> {
    let (mut quoted, mut escaped, mut open) = (false, false, false);
    for (at, &byte) in text.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' if open => quoted = !quoted,
            b'[' if !open => open = true,
            b']' if !quoted => open = false,
            _ if !open => return (byte == b' ' && at > 0).then(|| &text[at..]),
            _ => {}
        }
    }
    None
}

/// rsyslog writes a message that came again as `message repeated 2 times: [ MESSAGE]`.
fn unrepeated(message: &[u8]) -> &[u8] {
    message
        .strip_prefix(b"message repeated ")
        .and_then(digits)
        .and_then(|rest| rest.strip_prefix(b" times: [ ")?.strip_suffix(b"]"))
        .unwrap_or(message)
}

/// `[ID 800047 auth.info] MESSAGE`.
fn without_id(message: &[u8]) -> &[u8] {
    let behind = message.strip_prefix(b"[ID ").and_then(digits);
    behind
        .and_then(|rest| split(rest, b"] "))
        .map_or(message, |(_, message)| message)
}

fn is_number(text: &[u8]) -> bool {
    digits(text).is_some_and(<[u8]>::is_empty)
}
