//! Commands of `exec` and `pipe`: their end, their variables, and whether they need a shell.
//! shell.

use swatch_common::sanitize;

use crate::ast::{Command, Piece, Template, Var};
use crate::diagnostic::Diagnostic;
use crate::grammar::options::{ListItem, named};
use crate::grammar::scope::Context;
use crate::grammar::shell_quotes::{QuoteState, escaped_marks};
use crate::grammar::variable::{Interpolation, Site, scan};
use crate::lines::located::{Located, is_space, is_word};

/// Options that a command line may have after a comma.
pub(crate) const OPTIONS: &[&str] = &[
    "command",
    "when",
    "message",
    "threshold",
    "thresholding",
    "track_by",
    "type",
    "count",
    "seconds",
];

/// A command line split into command and options.
pub(crate) struct CommandLine<'t> {
    /// The command, if there is one.
    pub(crate) command: Option<Located<'t>>,
    /// The options, `command` not among them.
    pub(crate) items: Vec<ListItem<'t>>,
}

fn option_start(text: &[u8], pipe: bool) -> Option<(String, usize, usize)> {
    let lead = text.iter().take_while(|&&b| is_space(b)).count();
    let rest = &text[lead..];
    let lower = |length: usize| String::from_utf8_lossy(&rest[..length]).to_ascii_lowercase();
    if let Some((length, value)) = named(rest) {
        let name = lower(length);
        let known = OPTIONS.contains(&name.as_str()) || (pipe && name == "keep_open");
        return known.then_some((name, lead, lead + value));
    }
    let word = rest.iter().take_while(|&&b| is_word(b)).count();
    let after = rest[word..].trim_ascii_start();
    let ends = after.is_empty() || after.starts_with(b",") || after.starts_with(b"#");
    (pipe && lower(word) == "keep_open" && ends).then(|| (lower(word), lead, lead + word))
}

/// Finds the commas that begin a known option, and the comment at the end. Quotes hide both; if
/// `quotes` is false, a backslash does.
fn marks(text: &[u8], pipe: bool, quotes: bool) -> (Vec<usize>, usize, bool) {
    let mut commas = Vec::new();
    let mut shell = QuoteState::default();
    let marks = escaped_marks(text);
    for (at, &byte) in text.iter().enumerate() {
        let hidden = at > 0 && text[at - 1] == b'\\';
        let outer = shell.outermost() || (!quotes && !hidden);
        if outer && byte == b',' && option_start(&text[at + 1..], pipe).is_some() {
            commas.push(at);
        }
        let word_start = at == 0 || is_space(text[at - 1]);
        if outer && byte == b'#' && word_start {
            return (commas, at, true);
        }
        let hides = marks && byte == b'\\' && text.get(at + 1) == Some(&b'\'');
        if !hides || shell.is_escaped() {
            shell.feed(byte);
        }
    }
    (commas, text.len(), shell.outermost())
}

/// Splits a command line: `=` and `,` belong to the command unless a known option follows a
/// comma.
pub(crate) fn divide<'t>(
    value: Located<'t>,
    pipe: bool,
    context: &mut Context<'_>,
) -> CommandLine<'t> {
    let (mut commas, mut end, balanced) = marks(value.bytes, pipe, true);
    if !balanced {
        (commas, end, _) = marks(value.bytes, pipe, false);
        let (message, label) = (
            "a quotation mark in this command is not closed",
            "the shell will refuse it",
        );
        // At run time the other actions of the rule still work.
        let finding = match context.scope.check {
            true => Diagnostic::error(value.span(), message, label),
            false => Diagnostic::warning(value.span(), message, label),
        };
        context.diagnostics.push(
            finding.with_help("to use a quotation mark in the text, write `\"'\"` or `\\\"`"),
        );
    }
    let spaced = if pipe {
        spaced_keep_open(value.to(end))
    } else {
        None
    };
    if let Some(at) = spaced {
        let finding = Diagnostic::warning(
            value.sub(at..end).trim().span(),
            "a comma is missing before `keep_open`",
            "taken as the option",
        );
        context
            .diagnostics
            .push(finding.with_help("write `,keep_open`"));
        commas.push(at);
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for comma in commas.into_iter().chain([end]) {
        parts.push(value.sub(start..comma));
        start = (comma + 1).min(end);
    }
    let mut divided = CommandLine {
        command: None,
        items: Vec::new(),
    };
    for (index, part) in parts.into_iter().enumerate() {
        match option_start(part.bytes, pipe) {
            Some((name, _, from)) if name == "command" => divided.command = Some(part.from(from)),
            Some((name, lead, from)) => {
                let text = part.from(from).trim();
                let quoted = text.bytes.len() > 1
                    && text.bytes.starts_with(b"\"")
                    && text.bytes.ends_with(b"\"");
                let inner = || text.sub(1..text.bytes.len() - 1).trim();
                divided.items.push(ListItem {
                    span: part.from(lead).trim_end().span(),
                    name: Some((name.clone(), part.at(lead..lead + name.len()))),
                    value: if quoted { inner() } else { text },
                });
            }
            None if index == 0 => divided.command = Some(part),
            None => {}
        }
    }
    divided.command = divided.command.map(bare_command).filter(|c| !c.is_empty());
    divided
}

/// `"command" keep_open`: the offset of the space before the last word.
fn spaced_keep_open(value: Located<'_>) -> Option<usize> {
    let command = value.trim_end().bytes.strip_suffix(b"keep_open")?;
    let at = command.len().checked_sub(1)?;
    let quoted = enclosing(command.trim_ascii()).is_some();
    (is_space(command[at]) && quoted).then_some(at)
}

/// Trims the command and drops a trailing comma, after which the original sees no option.
fn bare_command(command: Located<'_>) -> Located<'_> {
    let command = command.trim();
    match command.bytes.last() {
        Some(b',') => command.to(command.bytes.len() - 1).trim_end(),
        _ => command,
    }
}

/// The quotation mark that encloses a whole command, if any.
fn enclosing(command: &[u8]) -> Option<u8> {
    let quote = *command.first()?;
    if !matches!(quote, b'"' | b'\'') || command.len() < 2 || command.last() != Some(&quote) {
        return None;
    }
    let inner = &command[1..command.len() - 1];
    if inner.last() == Some(&b'\\') && quote == b'"' {
        return None;
    }
    let mut at = 0;
    while at < inner.len() {
        match inner[at] {
            b'\\' if quote == b'"' => at += 1,
            b if b == quote => {
                // `"sh -c "a b" x"`: this one opens, so it cannot be the end of the first.
                let opens = at > 0
                    && (is_space(inner[at - 1]) || inner[at - 1] == b'=')
                    && inner.get(at + 1).is_some_and(|&b| !is_space(b));
                return opens.then_some(quote);
            }
            _ => {}
        }
        at += 1;
    }
    Some(quote)
}

/// The offset at which a command would lose a comment, an option or its own outer quotation marks,
/// so that it has to be quoted.
pub(crate) fn lost_part(command: &[u8]) -> Option<usize> {
    let (mut commas, mut end, balanced) = marks(command, true, true);
    if !balanced {
        (commas, end, _) = marks(command, true, false);
    }
    let comment = (end < command.len()).then_some(end);
    let begins = option_start(command, true).is_some()
        || enclosing(command).is_some()
        || command.first() == Some(&b'=');
    let first = begins.then_some(0).or(commas.first().copied());
    first.or(comment)
}

/// Parses the text of a command. `None`: it is empty.
pub(crate) fn build(command: Located<'_>, context: &mut Context<'_>) -> Option<Command> {
    let mut inner = command.trim();
    let quote = enclosing(inner.bytes);
    if quote.is_some() {
        inner = inner.sub(1..inner.bytes.len() - 1).trim();
    }
    if inner.is_empty() {
        return None;
    }
    let unescaped;
    if quote == Some(b'"') {
        unescaped = inner.without_backslash(b'"');
        inner = unescaped.text();
    }
    let marked;
    if escaped_marks(inner.bytes) {
        marked = inner.without_backslash(b'\'');
        inner = marked.text();
    }
    let mut builder = CommandBuilder::default();
    builder.read(inner, context);
    Some(builder.finish())
}

#[derive(Default)]
struct CommandBuilder {
    template: Template,
    shell: QuoteState,
    /// The open double quotes hold the script of a `sh -c`.
    script: bool,
}

impl CommandBuilder {
    fn text(&mut self, text: &[u8]) {
        for &byte in text {
            if byte == b'"' && self.shell.outermost() {
                self.script = self.after_dash_c();
            }
            self.shell.feed(byte);
        }
        self.template.push_text(text);
    }

    fn after_dash_c(&self) -> bool {
        let Some(Piece::Text(text)) = self.template.pieces.last() else {
            return false;
        };
        let trimmed = text.trim_ascii_end();
        let word = trimmed.rsplit(|&b| is_space(b)).next().unwrap_or_default();
        trimmed.len() < text.len() && word.starts_with(b"-") && word.ends_with(b"c")
    }

    /// A constant's text, as the original pastes it. A shell reads `\@` as `@`, so the backslash is
    /// dropped.
    fn constant(&mut self, text: &[u8]) {
        for (at, &byte) in text.iter().enumerate() {
            let plain = byte == b'\\' && text.get(at + 1) == Some(&b'@');
            if !(plain && self.shell.outermost()) {
                self.text(&[byte]);
            }
        }
    }

    fn var(&mut self, var: Var) {
        self.template.pieces.push(Piece::Var(var));
    }

    fn read(&mut self, command: Located<'_>, context: &mut Context<'_>) {
        let text = command.bytes;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            match rest[0] {
                b'\\' => at += self.backslash(rest),
                b'$' if self.shell.is_escaped() => {
                    self.text(b"$");
                    at += 1;
                }
                b'$' => at += self.dollar(command, at, context),
                byte => {
                    self.text(&[byte]);
                    at += 1;
                }
            }
        }
    }

    /// Backslashes belong to the shell, except those that kept swatchdog from substituting.
    fn backslash(&mut self, rest: &[u8]) -> usize {
        match rest.get(1) {
            Some(b'@') => {
                self.text(b"@");
                2
            }
            Some(b'$') if self.shell.double() && self.script => {
                self.text(b"\\$");
                2
            }
            Some(b'$') => {
                self.text(b"$");
                let next = rest.get(2..4);
                let hidden = next.is_some_and(|next| next == b"\\*" || next == b"\\#");
                2 + usize::from(hidden)
            }
            Some(&next) if !self.shell.single() => {
                self.text(&[b'\\', next]);
                2
            }
            _ => {
                self.text(b"\\");
                1
            }
        }
    }

    fn dollar(&mut self, command: Located<'_>, at: usize, context: &mut Context<'_>) -> usize {
        let rest = &command.bytes[at..];
        let within = match self.shell.single() {
            true => Site::SingleQuoted,
            false => Site::Command,
        };
        let (found, length) = scan(rest, within, context);
        match found {
            Interpolation::Var(var) => self.var(var),
            Interpolation::Known(constant) => self.constant(&constant.pasted()),
            Interpolation::Empty => context.diagnostics.push(
                Diagnostic::warning(
                    command.at(at..at + length),
                    format!("`{}` is always empty", sanitize::text(&rest[..length])),
                    "an element of an array, as in Perl",
                )
                .with_help("to write the group and a bracket after it, use `${1}[`"),
            ),
            Interpolation::Perl(code) => {
                let what = format!("the value of `{}`", sanitize::text(&rest[..length]));
                context.need(command.at(at..at + length), what);
                self.var(Var::Perl(code));
            }
            Interpolation::Plain | Interpolation::Undeclared(_) => {
                self.text(b"$");
                return 1;
            }
        }
        length
    }

    fn finish(self) -> Command {
        match needs_shell(&self.template.pieces) {
            true => Command::Shell(self.template),
            false => Command::Direct(words(self.template)),
        }
    }
}

/// Perl's rule for its `exec`, applied to the text in the configuration.
fn needs_shell(pieces: &[Piece]) -> bool {
    if let Some(Piece::Text(first)) = pieces.first() {
        let name = first.iter().take_while(|&&b| is_word(b)).count();
        if first.get(name) == Some(&b'=') || first.starts_with(b"exec ") {
            return true;
        }
    }
    pieces.iter().any(|piece| match piece {
        Piece::Text(text) => text.iter().any(|b| b"$&*(){}[]'\";\\|?<>~`\n".contains(b)),
        Piece::Var(_) => false,
    })
}

fn words(command: Template) -> Vec<Template> {
    let mut words = Vec::new();
    let mut word = Template::default();
    for piece in command.pieces {
        let text = match piece {
            Piece::Var(var) => {
                word.pieces.push(Piece::Var(var));
                continue;
            }
            Piece::Text(text) => text,
        };
        for (index, part) in text.split(|&b| is_space(b)).enumerate() {
            if index > 0 && !word.pieces.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.push_text(part);
        }
    }
    if !word.pieces.is_empty() {
        words.push(word);
    }
    words
}
