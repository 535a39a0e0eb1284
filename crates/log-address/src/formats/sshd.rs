//! OpenSSH's sshd (since 9.8 sshd-session and sshd-auth do the talking).
//!
//! The user name is a stranger's and may hold blanks, `from 198.51.100.7 port 22` or a whole message; sshd bounds it
//! to 100 bytes, so that the end of the message is always its own.

use crate::notation::parse;

use super::scan::{
    Place, decide, digits, each, every, from_at_end, last_word, leading, leading_word, split,
    split_last, without_port, word,
};
use super::{add, login};

/// How a message goes on behind its first words.
enum Shape {
    /// `… NAME from ADDRESS[ port N][ ssh2[: KEY]]`.
    From,
    /// `… NAME from ADDRESS[ via OWN-ADDRESS]`.
    Via,
    /// `[invalid user NAME |authenticating user NAME |user NAME ]ADDRESS[ port N]`.
    By,
    /// As `By`, with sshd's reason and perhaps a stranger's text behind: `… ADDRESS port N: TEXT`.
    ByText,
    /// `ADDRESS …` or `[ADDRESS]:PORT …`, at once.
    First,
    /// `NAME from ADDRESS not allowed because …`.
    NotAllowed,
    /// `NAME [ADDRESS] failed …`.
    Mapping,
    /// `"NAME" is set up for ADDRESS, ignoring`.
    Nasty,
    /// `HOST (ADDRESS)`.
    Refused,
    /// No address of sshd's own.
    Nothing,
}

const SHAPES: &[(&[u8], Shape)] = &[
    (b"Invalid user", Shape::From),
    (b"Illegal user", Shape::From),
    (b"Failed ", Shape::From),
    (b"Accepted ", Shape::From),
    (b"Postponed ", Shape::From),
    (b"Partial ", Shape::From),
    (b"maximum authentication attempts exceeded for", Shape::From),
    (b"PAM: ", Shape::Via),
    (b"Bad protocol version identification", Shape::From),
    (b"Connection closed by", Shape::By),
    (b"Connection reset by", Shape::By),
    (b"Disconnected from", Shape::By),
    (b"Disconnecting", Shape::ByText),
    (b"ssh_dispatch_run_fatal: Connection from", Shape::ByText),
    (b"Received disconnect from ", Shape::First),
    (b"Did not receive identification string from ", Shape::First),
    (b"banner exchange: Connection from ", Shape::First),
    (b"Unable to negotiate with ", Shape::First),
    (b"Connection from ", Shape::First),
    (
        b"Timeout before authentication for connection from ",
        Shape::First,
    ),
    (b"Timeout before authentication for ", Shape::First),
    (b"Protocol major versions differ for ", Shape::First),
    (b"ROOT LOGIN REFUSED FROM ", Shape::First),
    (b"Address ", Shape::First),
    (b"scanned from ", Shape::First),
    (b"drop connection ", Shape::First),
    (b"User ", Shape::NotAllowed),
    (b"reverse mapping checking getaddrinfo for ", Shape::Mapping),
    (b"Nasty PTR record ", Shape::Nasty),
    (b"refused connect from ", Shape::Refused),
    (b"input_userauth_request: ", Shape::Nothing),
    (b"kex_exchange_identification: ", Shape::Nothing),
    (b"kex_protocol_error: ", Shape::Nothing),
    (b"Could not get shadow information for ", Shape::Nothing),
];

pub(super) fn read(message: &[u8]) -> Option<Place> {
    let message = message
        .strip_prefix(b"error: ")
        .or_else(|| message.strip_prefix(b"fatal: "))
        .unwrap_or(message);
    let message = message.strip_suffix(b" [preauth]").unwrap_or(message);
    let (rest, shape) = SHAPES
        .iter()
        .find_map(|(head, shape)| Some((message.strip_prefix(*head)?, shape)))?;
    match shape {
        Shape::From => Some(from(rest)),
        Shape::Via => Some(via(rest)),
        Shape::By => Some(by(rest)),
        Shape::ByText => Some(by_text(rest)),
        Shape::First => Some(first(rest)),
        Shape::NotAllowed => {
            let (before, _) = split_last(rest, b" not allowed because ")?;
            Some(from_at_end(before))
        }
        Shape::Mapping => {
            let (before, _) = split_last(rest, b"] failed")?;
            Some(
                split_last(before, b" [")
                    .and_then(|(_, address)| parse(address))
                    .into(),
            )
        }
        Shape::Nasty => {
            let (before, _) = split_last(rest, b", ignoring")?;
            Some(
                split_last(before, b" is set up for ")
                    .and_then(|(_, address)| parse(address))
                    .into(),
            )
        }
        Shape::Refused => Some(login::refused(rest)),
        Shape::Nothing => Some(Place::Nowhere),
    }
}

/// Behind `Failed METHOD for` even the method is a stranger's, so the end counts; only the two real methods that have a
/// key write it behind `ssh2: `, and in that a certificate's name is its maker's text.
fn from(rest: &[u8]) -> Place {
    if let Some(rest) = rest.strip_suffix(b" ssh2") {
        return from_at_end(rest);
    }
    if split(rest, b" ssh1: ruser ").is_some() {
        // Protocol 1 had the client's own user name at the end.
        let mut candidates: Vec<_> = from_at_end(rest).address().into_iter().collect();
        each(rest, b" from ", &mut candidates, |rest| {
            let (address, rest) = leading(rest, b" ")?;
            digits(rest.strip_prefix(b" port ")?)?
                .starts_with(b" ssh1: ruser ")
                .then_some(address)
        });
        return decide(candidates);
    }
    let rest = rest.strip_suffix(b" ssh1").unwrap_or(rest);
    let keyed = [&b"publickey for "[..], b"hostbased for "]
        .iter()
        .any(|head| rest.starts_with(head));
    if !keyed || split(rest, b" ssh2: ").is_none() {
        return from_at_end(rest);
    }
    every(rest, b" from ", |rest| {
        let (address, rest) = leading(rest, b" ")?;
        digits(rest.strip_prefix(b" port ")?)?
            .starts_with(b" ssh2: ")
            .then_some(address)
    })
}

fn via(rest: &[u8]) -> Place {
    let rest = rest.trim_ascii_end();
    let own = split_last(rest, b" via ").filter(|(_, own)| parse(own).is_some());
    from_at_end(own.map_or(rest, |(before, _)| before))
}

fn by(rest: &[u8]) -> Place {
    let named = [&b" invalid user "[..], b" authenticating user ", b" user "];
    match without_port(rest) {
        Some(before) if named.iter().any(|name| before.starts_with(name)) => {
            parse(last_word(before)).into()
        }
        Some(before) => before.strip_prefix(b" ").and_then(parse).into(),
        None => rest.strip_prefix(b" ").and_then(leading_word).into(),
    }
}

fn by_text(rest: &[u8]) -> Place {
    let mut candidates = Vec::new();
    for at in memchr::memmem::find_iter(rest, b" port ") {
        let behind = digits(&rest[at + b" port ".len()..]);
        if behind.is_some_and(|behind| behind.starts_with(b": ")) {
            let near = &rest[at.saturating_sub(80)..at];
            if let Some(address) = parse(last_word(near)) {
                add(&mut candidates, address);
            }
        }
    }
    decide(candidates)
}

fn first(rest: &[u8]) -> Place {
    // drop connection #3 from [ADDRESS]:PORT on …
    let rest = rest
        .strip_prefix(b"#")
        .and_then(digits)
        .and_then(|rest| rest.strip_prefix(b" from "))
        .unwrap_or(rest);
    leading_word(word(rest).0).into()
}
