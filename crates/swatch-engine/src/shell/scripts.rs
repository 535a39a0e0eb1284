//! The roles of the words of a simple command.

use swatch_config::nested_shell::{
    NestedShell, is_script_option, is_ssh_option_with_value, is_wrapper,
};

use super::quote::Quote;
use super::word::Word;

/// The state while the words of a simple command are read.
#[derive(Debug, Default)]
pub(super) struct Invoked {
    /// A word was read that is neither an assignment before the command nor a wrapper (`sudo`).
    named: bool,
    state: State,
    /// The next word is the file of a redirection.
    redirected: bool,
}

/// The role of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// Text that another shell parses.
    Script,
    /// `case`: parentheses of its patterns do not close anything.
    Case,
    Esac,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    None,
    /// A shell or `su` was named: the word after its `-c` is a script.
    Shell,
    /// The next word is a script.
    Script,
    /// `eval`, or the command for `ssh`: every word is.
    Eval,
    /// `ssh`: the words after its options and the host are a script.
    Ssh,
    /// The next word is the value of an option of ssh.
    SshValue,
    /// `case`: the next word is not split.
    Case,
    /// `export` and the like: `NAME=` is not split.
    Declaration,
    /// `let`: words are evaluated as arithmetic.
    Arithmetic,
    /// `[[ … ]]`: bash may evaluate words as arithmetic.
    Test,
}

impl Invoked {
    /// The quoting of an unquoted value in the current word.
    pub(super) fn quote(&self, word: &Word) -> Quote {
        let single = self.redirected
            || self.state == State::Case
            || ((!self.named || self.state == State::Declaration) && word.is_assignment());
        match self.state {
            State::Arithmetic => Quote::Number,
            State::Test => Quote::Plain,
            _ if single => Quote::Word,
            _ => Quote::Words,
        }
    }

    /// A redirection begins.
    pub(super) fn redirect(&mut self) {
        self.redirected = true;
    }

    /// Takes the next word.
    pub(super) fn next_word(&mut self, word: &Word) -> Role {
        if std::mem::take(&mut self.redirected) || (!self.named && word.is_assignment()) {
            return Role::Plain;
        }
        let literal = word.literal();
        let text = literal.as_deref().unwrap_or_default();
        let first = !self.named;
        self.named = true;
        match self.state {
            State::Script => {
                self.state = State::None;
                return Role::Script;
            }
            State::Eval => return Role::Script,
            State::Shell if is_script_option(text) => self.state = State::Script,
            State::SshValue => self.state = State::Ssh,
            State::Ssh if is_ssh_option_with_value(text) => self.state = State::SshValue,
            State::Ssh if text.starts_with(b"-") => {}
            State::Ssh => self.state = State::Eval,
            State::Case => self.state = State::None,
            State::None => return self.command(text, first),
            State::Shell | State::Declaration | State::Arithmetic | State::Test => {}
        }
        Role::Plain
    }

    /// A word that may name a command. After `sudo`, `env` or `xargs` it need not be the first.
    fn command(&mut self, text: &[u8], first: bool) -> Role {
        match text {
            b"if" | b"then" | b"else" | b"elif" | b"while" | b"until" | b"do" | b"!" | b"{"
            | b"time"
                if first =>
            {
                self.named = false;
            }
            _ if first && is_wrapper(text) => self.named = false,
            b"case" if first => {
                self.state = State::Case;
                return Role::Case;
            }
            b"esac" if first => return Role::Esac,
            b"let" if first => self.state = State::Arithmetic,
            b"[[" if first => self.state = State::Test,
            b"export" | b"readonly" | b"local" | b"declare" | b"typeset" if first => {
                self.state = State::Declaration;
            }
            _ => {
                let name = text.rsplit(|b| *b == b'/').next().unwrap_or_default();
                self.state = match NestedShell::of(name) {
                    Some(NestedShell::Option) => State::Shell,
                    Some(NestedShell::Words) if first => State::Eval,
                    Some(NestedShell::Ssh) if first => State::Ssh,
                    _ => State::None,
                };
            }
        }
        Role::Plain
    }
}
