//! A model of what a shell does with log text in a command.
//!
//! When a command is run, log text is quoted for its place, so a shell takes it as data. It can
//! still become code: as the name of a command, in a script that a program reads from an argument,
//! a file or a pipe, or in the language of another program. The model parses a command as a shell
//! would, follows log text through words, variables, files and pipes, and looks up in the
//! [table of programs](programs) what each does with it.

mod arguments;
mod hazard;
mod judge;
mod keywords;
mod lexer;
mod log_text;
mod machine;
mod nested;
mod programs;
mod unit;

#[cfg(test)]
mod tests;

use crate::ast::{Action, ActionKind, Command, Config, Piece, Rule, Template, Var};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use log_text::{LogText, of_variable};
use machine::{Field, Machine, Stream};
use unit::Unit;

/// Diagnostics about log text in the commands of a rule. Certain dangers are errors.
pub(crate) fn hazards(rule: &Rule, config: &Config) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for_each_command(rule, config, |action, machine| {
        let hazards = machine.hazards.iter();
        out.extend(hazards.map(|hazard| hazard.diagnostic(action.span)));
    });
    out
}

/// Programs that the commands of a rule run, without shell builtins.
pub(crate) fn programs(rule: &Rule, config: &Config) -> Vec<(Span, Vec<u8>)> {
    let mut out = Vec::new();
    for_each_command(rule, config, |action, machine| {
        out.extend(machine.programs.into_iter().map(|name| (action.span, name)));
    });
    out
}

fn for_each_command(rule: &Rule, config: &Config, mut act: impl FnMut(&Action, Machine<'_>)) {
    for action in &rule.actions {
        let message = message(action);
        for command in commands(action) {
            let mut model = Model {
                rule,
                config,
                texts: Vec::new(),
            };
            let (command, input) = model.units_of(command, message.as_ref());
            let mut machine = Machine::new(&model.texts);
            match command {
                Units::Direct(fields) => judge::command(&mut machine, &fields, &input, true),
                Units::Shell(units) => machine.script(&units, &input),
            };
            act(action, machine);
        }
    }
}

/// The commands of an action.
fn commands(action: &Action) -> Vec<&Command> {
    match &action.kind {
        ActionKind::Exec { command } | ActionKind::Pipe { command, .. } => vec![command],
        ActionKind::Mail { mailer, .. } => mailer.iter().collect(),
        ActionKind::Write { program, .. } => program.iter().collect(),
        _ => Vec::new(),
    }
}

/// The text that `pipe` writes to the standard input of its command.
fn message(action: &Action) -> Option<Template> {
    let record = || Template {
        pieces: vec![Piece::Var(Var::Record)],
    };
    match action.kind {
        ActionKind::Pipe { .. } => Some(action.message.clone().unwrap_or_else(record)),
        _ => None,
    }
}

struct Model<'r> {
    rule: &'r Rule,
    config: &'r Config,
    texts: Vec<LogText>,
}

/// A command with log text in it.
enum Units {
    Direct(Vec<Field>),
    Shell(Vec<Unit>),
}

impl Model<'_> {
    fn units_of(&mut self, command: &Command, message: Option<&Template>) -> (Units, Stream) {
        let input = message.map(|message| Stream::of(self.units(message)));
        let command = match command {
            Command::Direct(words) => {
                let fields = words.iter().map(|word| self.field(word));
                let mut fields: Vec<Field> =
                    fields.filter(|field| !field.units.is_empty()).collect();
                mark_remote(&mut fields);
                Units::Direct(fields)
            }
            Command::Shell(script) => Units::Shell(self.units(script)),
        };
        (command, input.unwrap_or_default())
    }

    fn units(&mut self, template: &Template) -> Vec<Unit> {
        let mut out = Vec::new();
        for piece in &template.pieces {
            match piece {
                Piece::Text(text) => out.extend(text.iter().map(|&byte| Unit::Byte(byte))),
                Piece::Var(var) => {
                    match of_variable(var, self.rule, self.config) {
                        Some(text) => {
                            out.push(Unit::Quoted(self.texts.len()));
                            self.texts.push(text);
                        }
                        None if *var == Var::Pid => out.push(Unit::Unknown(0)),
                        // A group that no pattern has is empty.
                        None => {}
                    }
                }
            }
        }
        out
    }

    /// A word of a command that runs without a shell.
    fn field(&mut self, word: &Template) -> Field {
        let units = self.units(word);
        Field {
            splits: unit::first_log_text(&units).is_some(),
            units,
            verbatim: true,
            nested: false,
        }
    }
}

/// Marks the words of a command without a local shell that the engine quotes for `ssh`.
fn mark_remote(fields: &mut [Field]) {
    let is_ssh = |field: &Field| {
        field
            .text()
            .is_some_and(|text| programs::base_name(&text) == b"ssh")
    };
    if !fields.first().is_some_and(is_ssh) {
        return;
    }
    let option = |field: &Field| field.units.first() == Some(&Unit::Byte(b'-'));
    let host = fields.iter().skip(1).position(|field| !option(field));
    if let Some(host) = host {
        let rest = fields.iter_mut().skip(host + 2);
        rest.for_each(|field| field.nested = true);
    }
}
