//! Invariants for any text as a value or a command, shared by the test of mutated values and the
//! fuzz target.

use std::path::Path;

use swatch_config::{Config, Options, parse_str, print};
use swatch_engine::{ClockReading, Effect, Invocation, Program, State};

/// Text that an attacker may write to a log.
const RECORD: &[u8] = b"a x;$(id)`id`'\"\n\r\x00&|<>\\ \xff*?~# {b,c} -n";

/// A rule with the text in one of its places.
const PLACES: &[(&[u8], &[u8])] = &[
    (b"watchfor /(x.*)/s\nexec rec ", b"\n"),
    (b"watchfor /(x.*)/s\nexec \"rec ", b"\"\n"),
    (b"watchfor /(x.*)/s\npipe rec \"", b"\"\n"),
    (b"watchfor /(x.*)/s\nmail addresses=a,subject=\"", b"\"\n"),
    (b"watchfor /(x.*)/s\nmail addresses=", b"\n"),
    (b"watchfor /(x.*)/s\nwrite ", b"\n"),
    (b"watchfor /(x.*)/s\nthrottle 5,key=", b"\n"),
    (b"perlcode 0 my $re = qr/y/i;\nwatchfor m/", b"/\necho\n"),
    (b"perlcode 0 my $x = \"", b"\";\nwatchfor /$x/\necho $x\n"),
];

/// No panic, a printed form with the same meaning, and effects that can be performed.
pub(crate) fn any_value(place: u8, data: &[u8]) {
    let (before, behind) = PLACES[usize::from(place) % PLACES.len()];
    // A newline would end the value.
    let no_break = |&byte: &u8| if byte == b'\n' { b' ' } else { byte };
    let data: Vec<u8> = data.iter().map(no_break).collect();
    let text = [before, &data, behind].concat();
    let parsed = parse_str(&text, Path::new("any.conf"), &Options::default());
    if parsed.has_errors() || !parsed.config.perl_needs.is_empty() {
        return;
    }
    let printed = print(&parsed.config);
    let again = parse_str(&printed, Path::new("again.conf"), &Options::default());
    let shown = String::from_utf8_lossy(&printed);
    assert!(!again.has_errors(), "{shown}\n{:?}", again.diagnostics);
    let effects = decided(&parsed.config);
    effects.iter().for_each(sound);
    // If a command contains every kind of quotation mark, its special characters get backslashes.
    let hidden = |mark: &[u8]| printed.windows(2).any(|pair| pair == mark);
    if !hidden(b"\\#") && !hidden(b"\\,") {
        assert_eq!(effects, decided(&again.config), "{shown}");
    }
}

/// The effects for the record; none if a pattern is wrong.
fn decided(config: &Config) -> Vec<Effect> {
    let options = swatch_engine::Options {
        pid: 7,
        ..Default::default()
    };
    let Ok(program) = Program::compile(config, &options) else {
        return Vec::new();
    };
    let now = ClockReading {
        seconds: 1_700_000_000,
        wall: 1_700_000_000,
        weekday: 2,
        hour: 22,
    };
    let mut effects = Vec::new();
    swatch_engine::decide(
        &program,
        &mut State::new(&program),
        RECORD,
        &now,
        &mut effects,
    );
    effects.iter_mut().for_each(trim);
    effects
}

/// Removes spaces at the ends of a script, which are insignificant.
fn trim(effect: &mut Effect) {
    if let Effect::Exec(Invocation::Shell(text))
    | Effect::Pipe {
        command: Invocation::Shell(text),
        ..
    } = effect
    {
        *text = text.trim_ascii().to_vec();
    }
}

/// The guarantees documented for effects.
fn sound(effect: &Effect) {
    match effect {
        Effect::Exec(command) => runnable(command),
        Effect::Pipe { command, .. } => runnable(command),
        Effect::Mail {
            to,
            subject,
            mailer,
            ..
        } => {
            let broken = |text: &[u8]| text.iter().any(|byte| b"\r\n".contains(byte));
            assert!(!broken(subject), "{}", subject.escape_ascii());
            if let Some(to) = to {
                assert!(!broken(to), "{}", to.escape_ascii());
            }
            mailer.iter().for_each(runnable);
        }
        Effect::Write { program, .. } => program.iter().for_each(runnable),
        Effect::Echo { .. } | Effect::Bell { .. } | Effect::Quit => {}
    }
}

fn runnable(command: &Invocation) {
    match command {
        Invocation::Direct(words) => {
            assert!(!words.is_empty());
            assert!(words.iter().all(|word| !word.contains(&0)));
        }
        Invocation::Shell(text) => assert!(!text.contains(&0)),
    }
}
