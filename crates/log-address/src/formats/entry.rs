//! The syslog header of a line: which program wrote it, and its message.

use super::scan::{digits, is_time, split, word};

/// A line without its header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The program's tag, without process number; `None` if the line has no syslog header.
    pub(super) program: Option<&'a [u8]>,
    /// The message, or the whole line.
    pub(super) message: &'a [u8],
}

/// Takes the header off. Known are:
///
/// ```text
/// Jun  1 12:00:00 host sshd[123]: message            RFC 3164, also with <34> before it, also journald's "short"
/// Jun 01 12:00:00.123456 host sshd[123]: message     journald's "short-precise"
/// 2024-06-01T12:00:00.123+02:00 host sshd[123]: …    RFC 3339, journald's "short-iso"
/// 2024-06-01T12:00:00Z host sshd[123]: message       the same in UTC: many programs' own logs begin like that, too
/// Sat 2024-06-01 12:00:00 UTC host sshd[123]: …      journald's "short-full"
/// 2024-06-01 12:00:00 host sshd[123]: message        as some syslogds and Dovecot's own log have it
/// @400000004c91b044077a9e94 imap-login: message      daemontools' TAI64N
/// 1717243200.123456 host sshd[123]: message          journald's "short-unix"
/// <34>1 2024-06-01T12:00:00Z host sshd 123 - - …     RFC 5424
/// Jun 01 12:00:00 imap-login: message                without a host (Dovecot's own log)
/// sshd[123]: message                                 without a time
/// ```
pub(super) fn read(line: &[u8]) -> Entry<'_> {
    match header(line) {
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

fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let prioritised = line
        .strip_prefix(b"<")
        .and_then(digits)
        .and_then(|rest| rest.strip_prefix(b">"));
    if let Some(rest) = prioritised.and_then(|rest| rest.strip_prefix(b"1 ")) {
        return rfc5424(rest);
    }
    let text = prioritised.unwrap_or(line);
    match after_stamp(text) {
        // Without a time, a first word that ends in a colon is a tag only if it has a process number.
        None => tagged(text).filter(|_| word(text).0.ends_with(b"]:")),
        // Where the first word is a tag itself, there is no host. A date with a blank before the time starts many a log
        // that is not syslog's, and so does one that ends in Z (syslog daemons write +00:00, the journal +0000): there a
        // tag that is not at once must have a process number.
        Some(rest) => tagged(rest).or_else(|| {
            let behind = word(rest).1;
            let plain = text.starts_with(b"2")
                && (text.get(10) == Some(&b' ') || word(text).0.ends_with(b"Z"));
            tagged(behind).filter(|_| !plain || word(behind).0.ends_with(b"]:"))
        }),
    }
}

/// The text behind a time in one of syslog's ways.
fn after_stamp(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = word(text);
    if first.len() == 3 && first.iter().all(u8::is_ascii_alphabetic) {
        let (second, rest) = word(rest.trim_ascii_start());
        let (third, rest) = word(rest);
        if number(second) {
            return is_time(third).then_some(rest);
        }
        // Sat 2024-06-01 12:00:00 UTC
        return (is_time(third) && second.len() == 10).then(|| word(rest).1);
    }
    if let Some((date, time)) = split(first, b"T") {
        return (date.len() == 10 && digits(date).is_some() && is_time(time)).then_some(rest);
    }
    if let Some(stamp) = first.strip_prefix(b"@") {
        return (stamp.len() == 24 && stamp.iter().all(u8::is_ascii_hexdigit)).then_some(rest);
    }
    if first.len() == 10 && matches!(first, [b'2', _, _, _, b'-', _, _, b'-', ..]) {
        let (time, rest) = word(rest);
        return is_time(time).then_some(rest);
    }
    let (seconds, fraction) = split(first, b".")?;
    (seconds.len() >= 9 && number(seconds) && number(fraction)).then_some(rest)
}

/// `tag: message`, `tag[123]: message` or `tag[123] message`.
fn tagged(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, message) = word(text);
    let tag = first
        .strip_suffix(b":")
        .or_else(|| first.ends_with(b"]").then_some(first))?;
    if !matches!(tag.first()?, b'a'..=b'z' | b'A'..=b'Z' | b'(' | b'/') {
        return None;
    }
    let (name, process) = match tag.strip_suffix(b"]").and_then(|tag| split(tag, b"[")) {
        Some(parts) => parts,
        None => (tag, &b"0"[..]),
    };
    number(process).then_some((name, message))
}

/// RFC 5424 from the time on: `TIME HOST APP PROCID MSGID DATA MESSAGE`.
fn rfc5424(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, rest) = word(text);
    if time != b"-" && !split(time, b"T").is_some_and(|(_, time)| is_time(time)) {
        return None;
    }
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

/// The text behind structured data: `[id name="value" …]`, several without a blank between; in a value a backslash
/// guards `"`, `\` and `]`.
fn after_data(text: &[u8]) -> Option<&[u8]> {
    let (mut quoted, mut guarded, mut open) = (false, false, false);
    for (at, &byte) in text.iter().enumerate() {
        if guarded {
            guarded = false;
            continue;
        }
        match byte {
            b'\\' if quoted => guarded = true,
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

fn number(text: &[u8]) -> bool {
    digits(text).is_some_and(<[u8]>::is_empty)
}
