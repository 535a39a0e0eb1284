//! Perl's messages, located in the configuration.

use std::ops::Range;

use swatch_config::ast::{ActionKind, Item};
use swatch_config::{Config, Diagnostic, FileId, Span};

use super::script::file_name;

/// The files by the names that Perl knows, with their lines.
#[derive(Debug)]
pub(super) struct Places {
    files: Vec<(FileId, String, Vec<Range<usize>>)>,
    /// The places where functions are used as actions.
    functions: Vec<(Vec<u8>, Span)>,
}

impl Places {
    pub(super) fn of(config: &Config) -> Self {
        let files = config.sources.files().map(|id| {
            let mut start = 0;
            let text = config.sources.text(id);
            let lines = text.split_inclusive(|b| *b == b'\n').map(|line| {
                let end = start + line.trim_ascii_end().len();
                let range = start..end.max(start);
                start += line.len();
                range
            });
            let lines = lines.collect();
            let span = Span {
                file: id,
                start: 0,
                end: 0,
            };
            (id, file_name(config, span), lines)
        });
        let mut functions = Vec::new();
        for item in &config.items {
            let Item::Rule(rule) = item else { continue };
            for action in &rule.actions {
                if let ActionKind::Custom { name, .. } = &action.kind {
                    functions.push((name.clone(), action.span));
                }
            }
        }
        Self {
            files: files.collect(),
            functions,
        }
    }

    /// A message as one finding for each of its lines that names a place; at least one.
    pub(super) fn all(&self, text: &[u8]) -> Vec<Diagnostic> {
        let text = String::from_utf8_lossy(text);
        let mut found: Vec<Diagnostic> = Vec::new();
        for line in text.lines() {
            if let Some((message, span)) = self.place(line)
                && !found.iter().any(|d| d.span == Some(span))
            {
                let help = "the words beside the caret are Perl's own";
                found.push(Diagnostic::error(span, "Perl refuses this", message).with_help(help));
            }
        }
        if found.is_empty() {
            found.push(Diagnostic {
                severity: swatch_config::Severity::Error,
                message: format!("Perl refuses the configuration's code: {}", text.trim()),
                span: None,
                label: String::new(),
                help: None,
            });
        }
        found
    }

    /// Functions that do not exist, where they are used.
    pub(super) fn missing(&self, names: &[Vec<u8>]) -> Vec<Diagnostic> {
        let used = self.functions.iter().filter(|(n, _)| names.contains(n));
        used.map(|(name, span)| {
            let name = String::from_utf8_lossy(name);
            let message = format!("there is no action and no Perl function `{name}`");
            Diagnostic::error(
                *span,
                message,
                "expected an action, or a function that perlcode or a -M module defines",
            )
        })
        .collect()
    }

    /// A message of user code that died, on one line.
    pub(super) fn text(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text);
        let lines: Vec<String> = text.lines().map(without_position).collect();
        lines.join("; ")
    }

    /// Splits `MESSAGE at FILE line N…`.
    fn place<'t>(&self, line: &'t str) -> Option<(&'t str, Span)> {
        for (id, name, lines) in &self.files {
            let needle = format!(" at {name} line ");
            let Some(at) = line.find(&needle) else {
                continue;
            };
            let rest = &line[at + needle.len()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = rest[..digits].parse().ok()?;
            let range = lines.get(number.checked_sub(1)?)?;
            let span = Span {
                file: *id,
                start: range.start,
                end: range.end,
            };
            return Some((&line[..at], span));
        }
        None
    }
}

/// A line of Perl's without `, <$lines> line 7`: with it, each death of the same code would look
/// different.
fn without_position(line: &str) -> String {
    const HANDLE: &str = ", <$lines> ";
    let line = line.trim_end();
    let Some(at) = line.find(HANDLE) else {
        return line.to_owned();
    };
    let rest = &line[at + HANDLE.len()..];
    let rest = rest
        .trim_start_matches("line ")
        .trim_start_matches("chunk ");
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{}{rest}", &line[..at])
}
