//! Scripts that a command gives to another shell as an argument (`sh -c "…"`, `ssh HOST …`).
//!
//! The engine quotes log text in such an argument for both shells. This module knows where it
//! does so; anywhere else log text in shell code is raw.

use super::machine::Field;
use super::programs::base_name;
use crate::nested_shell::{NestedShell, is_script_option, is_ssh_option_with_value, is_wrapper};

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
            State::Shell if is_script_option(&text) => State::Script,
            State::SshValue => State::Ssh,
            State::Ssh if is_ssh_option_with_value(&text) => State::SshValue,
            State::Ssh if text.starts_with(b"-") => State::Ssh,
            State::Ssh => State::Scripts,
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
    if first && is_wrapper(text) {
        return (State::Command, true);
    }
    let state = match NestedShell::of(base_name(text)) {
        Some(NestedShell::Option) => State::Shell,
        Some(NestedShell::Words) if first => State::Scripts,
        Some(NestedShell::Ssh) if first => State::Ssh,
        _ if first && is_other(text) => State::Other,
        _ => State::Command,
    };
    (state, false)
}

/// Commands of the shell whose words are never scripts.
fn is_other(text: &[u8]) -> bool {
    matches!(
        text,
        b"case" | b"let" | b"[[" | b"export" | b"readonly" | b"local" | b"declare" | b"typeset"
    )
}
