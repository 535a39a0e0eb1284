//! Turns an action and its values into an [`Effect`].

use std::time::Duration;

use crate::effect::{Addressee, Effect};
use crate::env::Env;
use crate::program::{Step, StepKind};
use crate::text::{CompiledText, TextPart};

/// The effect of an action, or `None` if nothing is left of its command. `spare` is room for a text.
pub(crate) fn effect(
    step: &Step,
    message: &[u8],
    spare: &mut Vec<Vec<u8>>,
    env: &mut impl Env,
) -> Option<Effect> {
    if let (StepKind::Echo { sgr }, None) = (&step.act, &step.message) {
        let mut text = spare.pop().unwrap_or_default();
        text.extend_from_slice(message);
        let sgr = sgr.clone();
        return Some(Effect::Echo { text, sgr });
    }
    let own = step.message.as_ref().map(|m| m.render(env));
    let message = || own.clone().unwrap_or_else(|| message.to_vec());
    Some(match &step.act {
        StepKind::Echo { sgr } => Effect::Echo {
            text: message(),
            sgr: sgr.clone(),
        },
        StepKind::Bell { rings, delay_ms } => Effect::Bell {
            rings: *rings,
            delay: Duration::from_millis(*delay_ms),
        },
        StepKind::Exec(command) => Effect::Exec(command.render(env)?),
        StepKind::Pipe { command, keep_open } => Effect::Pipe {
            command: command.render(env)?,
            message: message(),
            keep_open: *keep_open,
        },
        StepKind::Mail(plan) => Effect::Mail {
            to: plan.to.as_ref().map(|to| recipients(to.render(env))),
            subject: match &plan.subject {
                Some(subject) => one_line(subject.render(env)),
                None => b"Message from Swatchdog".to_vec(),
            },
            body: message(),
            mailer: match &plan.mailer {
                Some(mailer) => Some(mailer.render(env)?),
                None => None,
            },
        },
        StepKind::Write { users, program } => Effect::Write {
            users: addressees(users, env),
            text: message(),
            program: match program {
                Some(program) => Some(program.render(env)?),
                None => None,
            },
        },
        StepKind::Foreign => return None,
    })
}

/// The value of a mail header: it must not start another header or control the reader's terminal.
/// The tab is the only control character allowed (RFC 5322, section 2.2).
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

/// Addressees are separated by colons, and their words by spaces of the configuration; a space from
/// the log does not separate. Addressees with a word that looks like an option are left out.
fn addressees(users: &CompiledText, env: &mut impl Env) -> Vec<Addressee> {
    // An argument cannot contain a NUL, so it can represent a separating space.
    const DIVIDES: u8 = 0;
    let mut text = Vec::new();
    for part in &users.parts {
        match part {
            TextPart::Literal(own) => text.extend(own.iter().map(|&b| match b {
                b' ' | b'\t' => DIVIDES,
                b => b,
            })),
            TextPart::Value(source) => {
                let value = env.value(source);
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
