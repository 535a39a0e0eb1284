//! The programs that rules run: whether they exist, and whether another user could change them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use swatch_common::trust::{self, Problem, Untrusted};
use swatch_common::{process, sanitize};
use swatch_config::ast::{ActionKind, Command, Item, Piece, Template};
use swatch_config::{Config, Diagnostic, Severity};

/// Interpreters, whose first argument is a script.
const INTERPRETERS: [&str; 9] = [
    "sh", "bash", "dash", "ksh", "zsh", "perl", "python3", "python", "ruby",
];

/// Warnings of programs that do not exist.
pub(super) fn missing(config: &Config) -> Vec<Diagnostic> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut out = Vec::new();
    for (span, program) in swatch_config::programs(config) {
        let Ok(program) = String::from_utf8(program) else {
            continue;
        };
        if process::find(&program, &path).is_none() {
            let shown = sanitize::text(program.as_bytes());
            let (label, help) = match (program.contains('/'), Path::new(&program).exists()) {
                (true, true) => ("not executable", format!("chmod +x {shown}")),
                (true, false) => ("not found", "correct the path".to_owned()),
                (false, _) => (
                    "not found",
                    format!("PATH is {}", sanitize::text(path.as_bytes())),
                ),
            };
            out.push(Diagnostic {
                severity: Severity::Warning,
                message: format!("the program {shown} cannot be run"),
                span: Some(span),
                label: label.to_owned(),
                help: Some(help),
            });
        }
    }
    out
}

/// Programs and scripts that another user could change.
pub(super) fn untrusted(config: &Config) -> Vec<Untrusted> {
    let mut files: Vec<PathBuf> = commands(config).flat_map(files).collect();
    files.sort();
    files.dedup();
    files.iter().filter_map(|file| check(file)).collect()
}

/// A directory that a group can write to is accepted: `/usr/local/bin` belongs to a group on some
/// systems.
fn check(file: &Path) -> Option<Untrusted> {
    let untrusted = trust::check(file).err()?;
    let is_group = matches!(untrusted.problem, Problem::Group { .. });
    (!is_group || untrusted.place == file).then_some(untrusted)
}

fn commands(config: &Config) -> impl Iterator<Item = &Command> {
    let rules = config.items.iter().filter_map(|item| match item {
        Item::Rule(rule) => Some(rule),
        Item::Perl(_) => None,
    });
    rules
        .flat_map(|rule| &rule.actions)
        .filter_map(|action| command(&action.kind))
}

fn command(kind: &ActionKind) -> Option<&Command> {
    match kind {
        ActionKind::Exec { command } | ActionKind::Pipe { command, .. } => Some(command),
        ActionKind::Mail { mailer, .. } => mailer.as_ref(),
        ActionKind::Write { program, .. } => program.as_ref(),
        _ => None,
    }
}

/// The files that a command runs: executable ones among its words, and scripts.
fn files(command: &Command) -> Vec<PathBuf> {
    let words: Vec<String> = match command {
        Command::Direct(words) => words.iter().map_while(literal).collect(),
        Command::Shell(text) => {
            let texts = text.pieces.iter().filter_map(|piece| match piece {
                Piece::Text(text) => std::str::from_utf8(text).ok(),
                Piece::Var(_) => None,
            });
            let separator = |c: char| c.is_whitespace() || ";|&()<>\"'`".contains(c);
            texts
                .flat_map(|text| text.split(separator))
                .map(str::to_owned)
                .collect()
        }
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let mut files = Vec::new();
    let mut after_interpreter = true;
    for (n, word) in words.iter().filter(|word| !word.is_empty()).enumerate() {
        let place = Path::new(word);
        if n == 0 && !word.contains('/') {
            files.extend(process::find(word, &path));
        } else if place.is_absolute() && (after_interpreter || is_executable(place)) {
            files.push(place.to_owned());
        }
        let name = place
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        after_interpreter = INTERPRETERS.contains(&name);
    }
    files
}

fn literal(word: &Template) -> Option<String> {
    let mut out = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Var(_) => return None,
        }
    }
    OsStr::from_bytes(&out).to_str().map(str::to_owned)
}

fn is_executable(path: &Path) -> bool {
    let meta = path.metadata();
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
