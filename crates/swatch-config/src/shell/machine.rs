//! Follows log text through a script: words, variables, files, pipes.
//!
//! Commands are run in the order in which they are written, each once, as if every branch were
//! taken. That is enough to see where a text can end up.

use std::collections::BTreeMap;

use super::hazard::Hazard;
use super::judge;
use super::keywords::{End, compound, ends, is_filler, is_pattern, is_plain, skip_past};
use super::lexer::{self, Part, Redirect, Token, Word};
use super::log_text::LogText;
use super::nested;
use super::unit::{Unit, expanded, first_log_text};

/// A word of a command after expansion.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) units: Vec<Unit>,
    /// It has log text outside quotes, which may become several words.
    pub(super) splits: bool,
    /// No part of it came from a variable or substitution.
    pub(super) verbatim: bool,
    /// When the command is run, log text in it is quoted for a second shell as well.
    pub(super) nested: bool,
}

impl Field {
    /// The word, if all of it is known.
    pub(super) fn text(&self) -> Option<Vec<u8>> {
        self.units.iter().map(|unit| unit.byte()).collect()
    }

    pub(super) fn has_log_text(&self) -> bool {
        first_log_text(&self.units).is_some()
    }
}

/// Input or output of a command.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) units: Vec<Unit>,
    /// The content is as stated. Otherwise an unknown program made it from log text.
    pub(super) sure: bool,
    /// `\n` in log text becomes a line break on the way (dash's `echo`).
    pub(super) escapes: bool,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            units: Vec::new(),
            sure: true,
            escapes: false,
        }
    }
}

impl Stream {
    pub(super) fn of(units: Vec<Unit>) -> Self {
        Self {
            units,
            ..Self::default()
        }
    }

    pub(super) fn extend(&mut self, other: &Stream) {
        self.units.extend(&other.units);
        self.sure &= other.sure;
        self.escapes |= other.escapes;
    }

    pub(super) fn has_log_text(&self) -> bool {
        first_log_text(&self.units).is_some()
    }
}

/// The state of the shell that the model runs.
pub(super) struct Machine<'a> {
    pub(super) texts: &'a [LogText],
    pub(super) hazards: Vec<Hazard>,
    /// The text being run certainly is code. False after an unknown program.
    pub(super) sure: bool,
    /// Programs that are run on this machine.
    pub(super) programs: Vec<Vec<u8>>,
    /// The text being run runs on another machine or in another root directory.
    pub(super) elsewhere: bool,
    /// The shell knows `[[ … ]]`, in which operators do not separate commands.
    pub(super) has_test_brackets: bool,
    functions: Vec<Vec<u8>>,
    variables: BTreeMap<Vec<u8>, Vec<Unit>>,
    /// Number of unknown texts so far.
    unknown: usize,
    /// Contents by name; unknown parts of a name contain NUL bytes.
    pub(super) files: BTreeMap<Vec<u8>, Stream>,
    depth: usize,
}

/// Nesting limit of scripts.
const MAX_DEPTH: usize = 20;

impl<'a> Machine<'a> {
    pub(super) fn new(texts: &'a [LogText]) -> Self {
        Self {
            texts,
            hazards: Vec::new(),
            sure: true,
            programs: Vec::new(),
            elsewhere: false,
            has_test_brackets: false,
            functions: Vec::new(),
            variables: BTreeMap::new(),
            unknown: 0,
            files: BTreeMap::new(),
            depth: 0,
        }
    }

    /// Runs a script; returns what it prints.
    pub(super) fn script(&mut self, units: &[Unit], input: &Stream) -> Stream {
        let tokens = lexer::tokens(units, 0);
        self.tokens(&tokens, input)
    }

    /// Runs a script with positional parameters.
    pub(super) fn script_with(
        &mut self,
        units: &[Unit],
        arguments: &[Field],
        input: &Stream,
    ) -> Stream {
        for (number, argument) in arguments.iter().enumerate() {
            let name = number.to_string().into_bytes();
            self.set(name, &argument.units);
        }
        let all: Vec<Unit> = arguments.iter().flat_map(|a| a.units.clone()).collect();
        self.set(b"@".to_vec(), &all);
        self.set(b"*".to_vec(), &all);
        self.script(units, input)
    }

    fn tokens(&mut self, tokens: &[Token], input: &Stream) -> Stream {
        if self.depth >= MAX_DEPTH {
            return Stream::default();
        }
        self.depth += 1;
        let mut at = 0;
        let out = self.list(tokens, &mut at, input, End::Script);
        self.depth -= 1;
        out
    }

    /// Takes `NAME=value`.
    pub(super) fn assign(&mut self, field: &Field) {
        let name = lexer::name(&field.units);
        if !name.is_empty() && field.units.get(name.len()) == Some(&Unit::Byte(b'=')) {
            self.set(name.clone(), &field.units[name.len() + 1..]);
        }
    }

    /// Remembers a variable.
    pub(super) fn set(&mut self, name: Vec<u8>, value: &[Unit]) {
        self.variables.insert(name, expanded(value));
    }

    /// Commands up to and including an end.
    fn list(&mut self, tokens: &[Token], at: &mut usize, input: &Stream, end: End) -> Stream {
        let mut out = Stream::default();
        let mut piped: Option<Stream> = None;
        while let Some(token) = tokens.get(*at) {
            match token {
                Token::Close => {
                    *at += 1;
                    if end == End::Bracket {
                        break;
                    }
                }
                Token::Separator | Token::Pipe => *at += 1,
                Token::Word(word) if ends(word, end) => {
                    *at += 1;
                    break;
                }
                // The pattern of a branch.
                Token::Word(_) if end == End::Case && is_pattern(&tokens[*at..]) => *at += 1,
                _ => {
                    let stdin = piped.take().unwrap_or_else(|| input.clone());
                    let printed = self.command(tokens, at, &stdin);
                    match tokens.get(*at) {
                        Some(Token::Pipe) => piped = Some(printed),
                        _ => out.extend(&printed),
                    }
                }
            }
        }
        out
    }

    /// One command, simple or compound, with its redirections.
    fn command(&mut self, tokens: &[Token], at: &mut usize, input: &Stream) -> Stream {
        let mut fields: Vec<Field> = Vec::new();
        let mut printed: Option<Stream> = None;
        let mut stdin = input.clone();
        let mut target = None;
        while let Some(token) = tokens.get(*at) {
            *at += 1;
            match token {
                Token::Pipe | Token::Separator | Token::Close => {
                    *at -= 1;
                    break;
                }
                Token::Open if fields.is_empty() => {
                    printed = Some(self.list(tokens, at, &stdin, End::Bracket));
                }
                // A function: its body is run where it is defined.
                Token::Open => {
                    self.functions.extend(fields.iter().filter_map(Field::text));
                    fields.clear();
                    *at += usize::from(matches!(tokens.get(*at), Some(Token::Close)));
                }
                Token::Redirect(kind) => {
                    let Some(Token::Word(word)) = tokens.get(*at) else {
                        continue;
                    };
                    *at += 1;
                    let units = self.joined(word);
                    match kind {
                        Redirect::Input => stdin = self.file(&units),
                        Redirect::HereString => stdin = Stream::of(units),
                        Redirect::Output => {
                            judge::output_file(self, &units);
                            target = Some(units);
                        }
                        Redirect::Other => {}
                    }
                }
                Token::Word(word) if fields.is_empty() => {
                    if let Some(end) = compound(word) {
                        printed = Some(self.compound(end, tokens, at, &stdin));
                    } else if is_plain(word, b"[[") && self.has_test_brackets {
                        skip_past(tokens, at, b"]]");
                        printed = Some(Stream::default());
                    } else if is_plain(word, b"function") {
                        if let Some(Token::Word(name)) = tokens.get(*at) {
                            self.functions.extend(name.literal());
                            *at += 1;
                        }
                    } else if !is_filler(word) && !self.assignment(word) {
                        fields.extend(self.expand(word));
                    }
                }
                Token::Word(word) => fields.extend(self.expand(word)),
            }
        }
        let printed = printed.unwrap_or_else(|| self.simple(fields, &stdin));
        match target {
            Some(name) => {
                judge::written(self, &name, &printed);
                self.write(&name, &printed);
                Stream::default()
            }
            None => printed,
        }
    }

    fn compound(
        &mut self,
        end: &'static [u8],
        tokens: &[Token],
        at: &mut usize,
        input: &Stream,
    ) -> Stream {
        let head = match tokens.get((*at).wrapping_sub(1)) {
            Some(Token::Word(word)) => word.literal().unwrap_or_default(),
            _ => Vec::new(),
        };
        if matches!(head.as_slice(), b"for" | b"select") {
            self.loop_variable(tokens, at);
        }
        if head == b"case" {
            while let Some(token) = tokens.get(*at) {
                *at += 1;
                if matches!(token, Token::Word(word) if word.literal().as_deref() == Some(b"in")) {
                    break;
                }
            }
            return self.list(tokens, at, input, End::Case);
        }
        self.list(tokens, at, input, End::Word(end))
    }

    /// `for NAME in WORDS`.
    fn loop_variable(&mut self, tokens: &[Token], at: &mut usize) {
        let mut name = None;
        let mut values = Vec::new();
        while let Some(Token::Word(word)) = tokens.get(*at) {
            *at += 1;
            match name {
                None => name = word.literal(),
                Some(_) => values.extend(self.joined(word)),
            }
        }
        if let Some(name) = name {
            self.set(name, &values);
        }
    }

    /// Takes `NAME=value` before a command.
    fn assignment(&mut self, word: &Word) -> bool {
        let head: Vec<Unit> = word
            .parts
            .iter()
            .map_while(|part| match part {
                Part::Literal {
                    unit,
                    quoted: false,
                } => Some(*unit),
                _ => None,
            })
            .collect();
        let name = lexer::name(&head);
        if name.is_empty() || head.get(name.len()) != Some(&Unit::Byte(b'=')) {
            return false;
        }
        let units = self.joined(word);
        self.set(name.clone(), &units[name.len() + 1..]);
        true
    }

    /// A word as one text.
    fn joined(&mut self, word: &Word) -> Vec<Unit> {
        let fields = self.expand(word);
        let mut out = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                out.push(Unit::Byte(b' '));
            }
            out.extend(&field.units);
        }
        out
    }

    /// Expands a word. The value of a variable outside quotes is split.
    fn expand(&mut self, word: &Word) -> Vec<Field> {
        let mut out = Vec::new();
        let mut field = Field {
            verbatim: true,
            ..Field::default()
        };
        let mut begun = word.quoted;
        for part in &word.parts {
            let (units, quoted) = match part {
                Part::Literal { unit, quoted } => {
                    begun = true;
                    field.splits |= !quoted && unit.log_text().is_some();
                    field.units.push(*unit);
                    continue;
                }
                Part::Variable { name, quoted } => (self.variable(name), *quoted),
                Part::Substitution { script, quoted } => {
                    let printed = self.tokens(script, &Stream::default());
                    let units = match printed.units.is_empty() {
                        true => vec![self.unknown()],
                        false => expanded(&printed.units),
                    };
                    (units, *quoted)
                }
                Part::Unknown => (vec![self.unknown()], true),
            };
            field.verbatim = false;
            for unit in units {
                if !quoted && matches!(unit, Unit::Byte(b' ' | b'\n' | b'\t')) {
                    if begun {
                        out.push(std::mem::take(&mut field));
                    }
                    begun = false;
                    continue;
                }
                begun = true;
                field.splits |= !quoted && unit.log_text().is_some();
                field.units.push(unit);
            }
            begun |= quoted;
        }
        if begun {
            out.push(field);
        }
        out
    }

    /// Notes a program that must exist before the script runs.
    pub(super) fn note_program(&mut self, field: &Field, name: &[u8]) {
        let made_here = self.functions.iter().any(|own| own == name)
            || self.files.contains_key(&file_name(&field.units));
        let relative = name.contains(&b'/') && !name.starts_with(b"/");
        if self.sure && !self.elsewhere && field.verbatim && !made_here && !relative {
            self.programs.push(name.to_vec());
        }
    }

    fn unknown(&mut self) -> Unit {
        self.unknown += 1;
        Unit::Unknown(self.unknown)
    }

    /// The value of a variable. A variable that the script does not set has a fixed unknown value.
    fn variable(&mut self, name: &[u8]) -> Vec<Unit> {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        let value = vec![self.unknown()];
        self.set(name.to_vec(), &value);
        value
    }

    /// Runs a simple command; returns what it prints.
    pub(super) fn simple(&mut self, mut fields: Vec<Field>, input: &Stream) -> Stream {
        nested::mark(&mut fields);
        judge::command(self, &fields, input, true)
    }

    /// The content of a file.
    pub(super) fn file(&self, name: &[Unit]) -> Stream {
        let name = file_name(name);
        self.files.get(&name).cloned().unwrap_or_default()
    }

    /// Appends to a file.
    pub(super) fn write(&mut self, name: &[Unit], content: &Stream) {
        let name = file_name(name);
        self.files.entry(name).or_default().extend(content);
    }
}

/// The name of a file as a key, with unknown parts by number.
fn file_name(units: &[Unit]) -> Vec<u8> {
    let mut name = Vec::new();
    for unit in units {
        match unit {
            Unit::Byte(byte) => name.push(*byte),
            Unit::Unknown(number) => name.extend(format!("\0{number}\0").bytes()),
            Unit::Quoted(number) | Unit::Raw(number) => {
                name.extend(format!("\0log{number}\0").bytes())
            }
        }
    }
    name.strip_prefix(b"./").map(<[u8]>::to_vec).unwrap_or(name)
}
