//! Postfix: smtpd and postscreen. A host name stands before the address in brackets, from the reverse zone that its
//! owner writes; Postfix lets none through that has a blank or a bracket.

use super::scan::{Place, digits, name_and_address, split, word};
use crate::notation::parse;

/// Messages in which everything before the first ` from ` is Postfix's own.
const FROM: &[&[u8]] = &[
    b"connect from ",
    b"disconnect from ",
    b"lost connection after ",
    b"timeout after ",
    b"too many errors after ",
    b"improper command pipelining after ",
    b"SSL_accept error from ",
    b"setting up TLS connection from ",
    b"Anonymous TLS connection established from ",
    b"Untrusted TLS connection established from ",
    b"Trusted TLS connection established from ",
    b"Connection concurrency limit exceeded: ",
    b"Connection rate limit exceeded: ",
    b"Message delivery request rate limit exceeded: ",
    b"Recipient address rate limit exceeded: ",
    b"New TLS session rate limit exceeded: ",
    b"AUTH command rate limit exceeded: ",
    b"non-SMTP command from ",
    b"Illegal address syntax from ",
    b"CONNECT from ",
    b"PREGREET ",
    b"HANGUP ",
    b"COMMAND COUNT LIMIT from ",
    b"COMMAND TIME LIMIT from ",
    b"COMMAND LENGTH LIMIT from ",
    b"COMMAND PIPELINING from ",
    b"BARE NEWLINE from ",
    b"NON-SMTP COMMAND from ",
];

/// postscreen's verdicts, with the address at once: `PASS NEW [ADDRESS]:PORT`.
const VERDICTS: &[&[u8]] = &[
    b"PASS NEW ",
    b"PASS OLD ",
    b"DISCONNECT ",
    b"BLACKLISTED ",
    b"DENYLISTED ",
    b"WHITELISTED ",
    b"ALLOWLISTED ",
    b"WHITELIST VETO ",
    b"ALLOWLIST VETO ",
];

/// What a queue's or the word `NOQUEUE`'s message says before the stage and the client.
const STAGES: &[&[u8]] = &[
    b"reject: ",
    b"reject_warning: ",
    b"milter-reject: ",
    b"warn: ",
    b"hold: ",
    b"filter: ",
    b"discard: ",
];

pub(super) fn read(message: &[u8]) -> Option<Place> {
    let message = message.strip_prefix(b"warning: ").unwrap_or(message);
    if let Some(rest) = message.strip_prefix(b"DNSBL rank ") {
        return split(rest, b" for ").map(|(_, rest)| at(rest));
    }
    if FROM.iter().any(|head| message.starts_with(head)) {
        let (_, rest) = split(message, b" from ")?;
        return Some(at(rest));
    }
    if let Some(rest) = VERDICTS.iter().find_map(|head| message.strip_prefix(*head)) {
        return Some(at(rest));
    }
    if let Some(rest) = message.strip_prefix(b"hostname ") {
        // hostname NAME does not resolve to address ADDRESS: hostname nor servname provided
        let (_, rest) = word(rest);
        let token = word(rest.strip_prefix(b"does not resolve to address ")?).0;
        return Some(
            parse(token)
                .or_else(|| parse(token.strip_suffix(b":")?))
                .into(),
        );
    }
    if let Some((address, rest)) = name_and_address(message) {
        // NAME[ADDRESS]: SASL LOGIN authentication failed: …
        let rest = rest.strip_prefix(b":").and_then(digits).unwrap_or(rest);
        return rest.starts_with(b": ").then_some(address.into());
    }
    let (queue, rest) = word(message);
    let id = queue.strip_suffix(b":")?;
    if !id.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    if let Some(rest) = rest.strip_prefix(b"client=") {
        return Some(at(rest));
    }
    if STAGES.iter().any(|stage| rest.starts_with(stage)) {
        // The stage is one word (RCPT, END-OF-MESSAGE), so that a header which cleanup quotes is not taken for it.
        let (_, rest) = word(rest);
        let (_stage, rest) = word(rest);
        return rest.strip_prefix(b"from ").map(at);
    }
    None
}

fn at(rest: &[u8]) -> Place {
    name_and_address(rest)
        .and_then(|(address, _)| address)
        .into()
}
