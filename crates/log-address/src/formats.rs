//! The places where known programs write the address of their peer.
//!
//! A [`Format`] belongs to a program and reads its messages from the side that the program alone writes: sshd's
//! `Invalid user NAME from ADDRESS port N` is read from its end, for NAME is a stranger's text. Where a stranger's text
//! stands on both sides, every place that the program could have written is collected, and two different addresses
//! mean that nothing can be said. Nothing is compiled and no expression is matched: one line is one process, and all
//! readers take time linear in the line's length.

mod db;
mod dns;
mod dovecot;
mod entry;
mod ftp;
mod imap;
mod json;
mod login;
mod mta;
mod net;
mod postfix;
mod proxy;
mod remote;
mod scan;
mod sshd;
mod table;
mod voip;
mod vpn;
mod web;
mod webapp;

use std::net::IpAddr;

pub(super) use scan::Place;

/// One known format.
pub(super) struct Format {
    /// Its name in messages and in the table of the documentation.
    name: &'static str,
    /// The programs that write it, as in a syslog tag: `postfix` stands for `postfix/smtpd` too, a `*` at the end for
    /// anything behind it. Empty: a library's message, whatever the program.
    programs: &'static [&'static str],
    /// Reads a message behind a syslog header.
    message: Reader,
    /// Reads a line of the program's own log, header and all; `None` if it has no log of its own. Whatever stands in
    /// such a line before the program's first own word must be named here, or a stranger's text elsewhere poses as it.
    line: Option<Reader>,
}

/// Reads a message or a line; `None` if it is none of the format.
type Reader = fn(&[u8]) -> Option<Place>;

impl Format {
    fn is_of(&self, tag: &[u8]) -> bool {
        self.programs.is_empty() || self.programs.iter().any(|name| named(name, tag))
    }
}

/// What the formats say of a line.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The format's name.
    pub(super) format: &'static str,
    /// What stands at its place.
    pub(super) place: Place,
}

/// The first format that knows the line.
pub(super) fn find(line: &[u8]) -> Option<Verdict> {
    let entry = entry::read(line);
    table::FORMATS.iter().find_map(|format| {
        let read = |reader: Reader| reader(entry.message);
        let place = match entry.program {
            None => format.line.and_then(read),
            Some(program) if format.is_of(program) => {
                // syslog may carry lines of the program's own log, too.
                format.line.and_then(read).or_else(|| read(format.message))
            }
            Some(_) => None,
        };
        Some(Verdict {
            format: format.name,
            place: place?,
        })
    })
}

/// What a program's message says, where something else than syslog names the program.
fn of_program(program: &[u8], message: &[u8]) -> Option<Place> {
    table::FORMATS
        .iter()
        .filter(|format| format.is_of(program))
        .find_map(|format| (format.message)(message))
}

/// The names of the formats, as messages and the documentation's table have them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    table::FORMATS.iter().map(|format| format.name)
}

/// Whether a syslog tag (without process number) is of the program `name`.
fn named(name: &str, tag: &[u8]) -> bool {
    let name = name.as_bytes();
    if let Some(prefix) = name.strip_suffix(b"*") {
        return tag
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    }
    let end = tag
        .iter()
        .position(|byte| matches!(byte, b'/' | b'('))
        .unwrap_or(tag.len());
    tag[..end].eq_ignore_ascii_case(name)
}

/// Keeps at most a handful of different addresses: more than one is all that matters.
fn add(candidates: &mut Vec<IpAddr>, address: IpAddr) {
    const ENOUGH: usize = 5;
    if candidates.len() < ENOUGH && !candidates.contains(&address) {
        candidates.push(address);
    }
}
