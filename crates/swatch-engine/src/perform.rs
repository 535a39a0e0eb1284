//! From an action and its values to an [`Effect`].

use std::time::Duration;

use crate::effect::{Addressee, Effect};
use crate::lookup::{Lookup, Part, Text};
use crate::program::{Act, Step};

/// The effect of an action; none if nothing is left of its command.
pub(crate) fn effect(step: &Step, message: &[u8], lookup: &mut impl Lookup) -> Option<Effect> {
    let own = step.message.as_ref().map(|m| m.render(lookup));
    let message = || own.clone().unwrap_or_else(|| message.to_vec());
    Some(match &step.act {
        Act::Echo { sgr } => Effect::Echo {
            text: message(),
            sgr: sgr.clone(),
        },
        Act::Bell { rings, delay_ms } => Effect::Bell {
            rings: *rings,
            delay: Duration::from_millis(*delay_ms),
        },
        Act::Exec(command) => Effect::Exec(command.render(lookup)?),
        Act::Pipe { command, keep_open } => Effect::Pipe {
            command: command.render(lookup)?,
            message: message(),
            keep_open: *keep_open,
        },
        Act::Mail {
            to,
            subject,
            mailer,
        } => Effect::Mail {
            to: to.as_ref().map(|to| recipients(to.render(lookup))),
            subject: match subject {
                Some(subject) => one_line(subject.render(lookup)),
                None => b"Message from Swatchdog".to_vec(),
            },
            body: message(),
            mailer: match mailer {
                Some(mailer) => Some(mailer.render(lookup)?),
                None => None,
            },
        },
        Act::Write { users, program } => Effect::Write {
            users: addressees(users, lookup),
            text: message(),
            program: match program {
                Some(program) => Some(program.render(lookup)?),
                None => None,
            },
        },
        Act::Foreign => return None,
    })
}

/// A header's value: nothing in it may begin another header, nor talk to the terminal of who reads
/// it. Of control characters only the tab may stand in one (RFC 5322, section 2.2).
fn one_line(mut text: Vec<u8>) -> Vec<u8> {
    for byte in &mut text {
        if byte.is_ascii_control() && *byte != b'\t' {
            *byte = b' ';
        }
    }
    text
}

fn recipients(text: Vec<u8>) -> Vec<u8> {
    let mut text = one_line(text);
    for byte in &mut text {
        if *byte == b':' {
            *byte = b',';
        }
    }
    text
}

/// Addressees between colons, words in them between the configuration's own blanks: a blank of the
/// log divides nothing. Who has a word that looks like an option is left out.
fn addressees(users: &Text, lookup: &mut impl Lookup) -> Vec<Addressee> {
    // No argument can hold a NUL, so it can stand for a blank that divides.
    const DIVIDES: u8 = 0;
    let mut text = Vec::new();
    for part in &users.parts {
        match part {
            Part::Literal(own) => text.extend(own.iter().map(|&b| match b {
                b' ' | b'\t' => DIVIDES,
                b => b,
            })),
            Part::Value(source) => {
                let value = lookup.value(source);
                text.extend(value.iter().filter(|&&b| b != DIVIDES));
            }
        }
    }
    let listed = text.split(|&b| b == b':').filter_map(|one| {
        let words = one.split(|&b| b == DIVIDES).filter(|word| !word.is_empty());
        let mut words = words.map(<[u8]>::to_vec);
        Some(Addressee {
            login: words.next()?,
            more: words.collect(),
        })
    });
    listed
        .filter(|one| one.words().all(|word| !word.starts_with(b"-")))
        .collect()
}
