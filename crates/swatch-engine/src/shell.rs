//! Commands with variables, quoted for the place where each value goes.

mod context;
mod quote;
mod scripts;
#[cfg(test)]
mod tests;
mod word;

use swatch_config::ast::{Command, Piece, Var};

use crate::effect::Invocation;
use crate::env::{Env, Variable};
use crate::fields::is_blank;
use crate::text::{CompiledText, TextPart};
use quote::Quote;
use word::Unit;

/// A compiled command.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CompiledCommand {
    /// The words of the command.
    Direct(Vec<DirectWord>),
    Shell(Vec<ShellPart>),
}

/// A word of a command that runs without a shell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DirectWord {
    text: CompiledText,
    /// `ssh` passes it to a shell on the remote side.
    remote: bool,
}

/// A part of shell text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ShellPart {
    Literal(Vec<u8>),
    Value(Variable, Vec<Quote>),
}

impl CompiledCommand {
    /// `awk_fields`: `$1` is a field of the record instead of a group.
    pub(crate) fn compile(command: &Command, awk_fields: bool) -> Self {
        let source = |var: &Var| match var {
            Var::Group(n) if awk_fields => Variable::Field(*n),
            other => Variable::Var(other.clone()),
        };
        match command {
            Command::Direct(words) => {
                let ssh = matches!(words.first().map(CompiledText::compile), Some(t)
                    if t.literal().is_some_and(|w| w == b"ssh" || w.ends_with(b"/ssh")));
                // The host is the first word that is neither an option nor an option's value.
                // Mistaking such a value for the host causes more quoting, never less.
                let host = words
                    .iter()
                    .skip(1)
                    .position(|w| !matches!(CompiledText::compile(w).literal(), Some([b'-', ..])));
                let words = words.iter().enumerate().map(|(i, w)| DirectWord {
                    text: CompiledText::with(w, source),
                    remote: ssh && host.is_some_and(|h| i > h + 1),
                });
                CompiledCommand::Direct(words.collect())
            }
            Command::Shell(script) => {
                let mut units = Vec::new();
                let mut holes = 0;
                for piece in &script.pieces {
                    match piece {
                        Piece::Text(t) => units.extend(t.iter().map(|b| Unit::Byte(*b))),
                        Piece::Var(_) => {
                            units.push(Unit::Hole(holes));
                            holes += 1;
                        }
                    }
                }
                let mut quotes = context::contexts(&units, holes).into_iter();
                let parts = script.pieces.iter().map(|piece| match piece {
                    Piece::Text(t) => ShellPart::Literal(t.clone()),
                    Piece::Var(var) => {
                        let steps = quotes.next().unwrap_or_default();
                        ShellPart::Value(source(var), steps)
                    }
                });
                CompiledCommand::Shell(parts.collect())
            }
        }
    }

    /// Adds the variables whose values another engine must supply, each once.
    pub(crate) fn add_sources(&self, out: &mut Vec<Variable>) {
        match self {
            CompiledCommand::Direct(words) => words.iter().for_each(|w| w.text.add_sources(out)),
            CompiledCommand::Shell(parts) => {
                for part in parts {
                    if let ShellPart::Value(source, _) = part {
                        source.add_to(out);
                    }
                }
            }
        }
    }

    /// The command with its values, or `None` if no word is left.
    pub(crate) fn render(&self, env: &mut impl Env) -> Option<Invocation> {
        match self {
            CompiledCommand::Direct(words) => {
                let mut argv = Vec::with_capacity(words.len());
                for word in words {
                    render_word(word, env, &mut argv);
                }
                (!argv.is_empty()).then_some(Invocation::Direct(argv))
            }
            CompiledCommand::Shell(parts) => {
                let mut script = Vec::new();
                for part in parts {
                    match part {
                        ShellPart::Literal(t) => script.extend(without_nul(t)),
                        ShellPart::Value(source, quotes) => {
                            let value = env.value(source);
                            let mut value: Vec<u8> = without_nul(&value).collect();
                            for quote in quotes {
                                let mut quoted = Vec::with_capacity(value.len() + 16);
                                quote.apply(&value, &mut quoted);
                                value = quoted;
                            }
                            script.extend_from_slice(&value);
                        }
                    }
                }
                Some(Invocation::Shell(script))
            }
        }
    }
}

/// An argument cannot contain a NUL; swatchdog's command ended at it.
fn without_nul(bytes: &[u8]) -> impl Iterator<Item = u8> + '_ {
    bytes.iter().copied().filter(|b| *b != 0)
}

/// Adds the words that result from a word: values are split at white space, and their ends joined
/// to the adjacent text.
fn render_word(word: &DirectWord, env: &mut impl Env, argv: &mut Vec<Vec<u8>>) {
    let mut current: Option<Vec<u8>> = None;
    for part in &word.text.parts {
        match part {
            TextPart::Literal(t) => current.get_or_insert_default().extend(without_nul(t)),
            TextPart::Value(source) => {
                let value = env.value(source);
                if word.remote {
                    let mut quoted = Vec::new();
                    let value: Vec<u8> = without_nul(&value).collect();
                    Quote::Words.apply(&value, &mut quoted);
                    current.get_or_insert_default().extend(quoted);
                    continue;
                }
                for byte in without_nul(&value) {
                    if is_blank(byte) {
                        argv.extend(current.take());
                    } else {
                        current.get_or_insert_default().push(byte);
                    }
                }
            }
        }
    }
    argv.extend(current);
}
