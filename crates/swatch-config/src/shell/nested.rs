//! Scripts that a command gives to another shell as an argument (`sh -c "…"`, `ssh HOST …`).
//!
//! The engine quotes log text in such an argument for both shells. This module knows where it
//! does so; anywhere else log text in shell code is raw.

use super::machine::Field;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Command,
    /// After the name of a shell, before its `-c`.
    Shell,
    /// The next word is a script.
    Script,
    /// All further words are scripts.
    Scripts,
    /// Options of `ssh`, then the host.
    Ssh,
    /// The value of an option of `ssh`.
    SshValue,
    Other,
}

/// Marks the words in which log text is quoted for a second shell.
pub(super) fn mark(fields: &mut [Field]) {
    let mut state = State::Command;
    let mut first = true;
    for field in fields {
        let text = field.text().filter(|_| field.verbatim).unwrap_or_default();
        let was_first = std::mem::replace(&mut first, false);
        state = match state {
            State::Script => {
                field.nested = true;
                State::Command
            }
            State::Scripts => {
                field.nested = true;
                State::Scripts
            }
            State::Shell if is_command_option(&text) => State::Script,
            State::SshValue => State::Ssh,
            State::Ssh => match text.as_slice() {
                [b'-', letter] if b"BbcDEeFIiJLlmOopQRSWw".contains(letter) => State::SshValue,
                [b'-', ..] => State::Ssh,
                _ => State::Scripts,
            },
            State::Command => {
                let (next, still_first) = command(&text, was_first);
                first = still_first;
                next
            }
            other => other,
        };
    }
}

/// A word that may name a command, and whether the next one may as well.
fn command(text: &[u8], first: bool) -> (State, bool) {
    match text {
        b"sudo" | b"doas" | b"nohup" | b"exec" | b"env" | b"nice" | b"timeout" | b"setsid"
        | b"command" | b"xargs" | b"time"
            if first =>
        {
            return (State::Command, true);
        }
        [b'-' | b'0'..=b'9', ..] if first => return (State::Command, true),
        b"case" | b"let" | b"[[" | b"export" | b"readonly" | b"local" | b"declare" | b"typeset"
            if first =>
        {
            return (State::Other, false);
        }
        _ => {}
    }
    let state = match super::programs::base_name(text) {
        b"sh" | b"bash" | b"dash" | b"ash" | b"ksh" | b"zsh" | b"su" | b"runuser" | b"script"
        | b"flock" => State::Shell,
        b"eval" | b"watch" if first => State::Scripts,
        b"ssh" if first => State::Ssh,
        _ => State::Command,
    };
    (state, false)
}

fn is_command_option(text: &[u8]) -> bool {
    matches!(text, [b'-', letters @ ..]
        if letters.contains(&b'c') && letters.iter().all(u8::is_ascii_alphabetic))
        || text == b"--command"
}
