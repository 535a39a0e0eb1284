//! The watches to start: each a configuration and the source that it or the command line names.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

use swatch_common::sanitize;
use swatch_common::trust::Untrusted;
use swatch_config::Config;
use swatch_config::journal::{MatchError, parse_match};
use swatch_tail::Pattern;

use super::findings::{Findings, Told};
use super::load::Loader;
use crate::cli::Cli;
use crate::log::{self, EventKind, Level, LogEvent};
use crate::rules::Rules;
use crate::source::CommandPlan;

/// The original's default logs.
const DEFAULT_LOGS: [&str; 2] = ["/var/log/messages", "/var/log/syslog"];

/// A watch that can be started.
pub(super) struct Plan {
    /// The configuration file.
    pub(super) path: PathBuf,
    /// The source of its records.
    pub(super) input: Input,
    /// The rules.
    pub(super) rules: Rules,
    /// Warnings about the configuration.
    pub(super) findings: Findings,
}

/// The source of a watch, by name; compared on a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// One pass over a file.
    Examine(PathBuf),
    /// The output of a shell command.
    ReadPipe(OsString),
    /// The journal, with journalctl's matches.
    Journal(Vec<OsString>),
    /// Followed files: paths and globs.
    Tail(Vec<OsString>),
}

/// Why a configuration cannot be watched.
pub(super) enum Refusal {
    /// Users other than root could change it.
    Untrusted(Vec<Untrusted>),
    /// There are errors in it.
    Rules(Findings),
    /// No log is named.
    NoLog {
        /// The configuration.
        path: PathBuf,
        /// A configuration of a directory has to name its own log.
        in_directory: bool,
    },
    /// A match of `--journal` is wrong.
    Journal(MatchError),
    /// No configuration is named.
    NoHome,
    /// A directory without a configuration.
    Empty(PathBuf),
    /// A directory that cannot be read.
    Directory(PathBuf, io::Error),
}

impl Refusal {
    /// Writes the reason to standard error.
    pub(super) fn report(&self) {
        if let Refusal::Rules(findings) = self {
            findings.print();
            if !log::is_json() {
                // The text of the findings says it.
                return;
            }
        }
        for reason in self.reasons() {
            let event = LogEvent::new(Level::Error, EventKind::Refused, &reason);
            log::write(&event.with("reason", reason));
        }
    }

    /// The reasons for those who ask for the result of a reload.
    pub(super) fn told(&self) -> Told {
        match self {
            Refusal::Rules(findings) => findings.told(),
            _ => (self.reasons().join("\n") + "\n", Vec::new()),
        }
    }

    /// The reasons as text.
    pub(super) fn reasons(&self) -> Vec<String> {
        vec![match self {
            Refusal::Untrusted(files) => {
                let one = |file: &Untrusted| format!("{file}\n  to accept the risk: --insecure");
                return files.iter().map(one).collect();
            }
            Refusal::Rules(findings) => match findings.errors() {
                1 => "the rules have an error".to_owned(),
                errors => format!("the rules have {errors} errors"),
            },
            Refusal::NoLog {
                path,
                in_directory: true,
            } => format!(
                "{}: no log is named; add a line '# logfile PATH' or '# journal MATCH'",
                sanitize::path(path)
            ),
            Refusal::NoLog { path, .. } => format!(
                "{}: no log is named: there is no --tail-file, no '# logfile PATH' line, and \
                 neither {} nor {} exists; for the journal: --journal",
                sanitize::path(path),
                DEFAULT_LOGS[0],
                DEFAULT_LOGS[1]
            ),
            Refusal::Journal(e) => format!("--journal: {e}"),
            Refusal::NoHome => {
                "no --config-file is given, and HOME, where .swatchdogrc would be, is not set"
                    .to_owned()
            }
            Refusal::Empty(directory) => {
                format!("there is no *.conf in {}", sanitize::path(directory))
            }
            Refusal::Directory(path, e) => {
                format!("cannot read directory {}: {e}", sanitize::path(path))
            }
        }]
    }
}

/// The configuration files that the command line names.
///
/// # Errors
/// There is none.
pub(super) fn config_files(cli: &Cli) -> Result<Vec<PathBuf>, Refusal> {
    let mut tested = Vec::new();
    if let Some(first) = &cli.test {
        let all = std::iter::once(first).chain(&cli.operands);
        for path in all.filter(|path| !path.is_empty()).map(Path::new) {
            match path.is_dir() {
                true => tested.extend(directory_files(path)?),
                false => tested.push(path.to_owned()),
            }
        }
    }
    match &cli.config_dir {
        _ if !tested.is_empty() => Ok(tested),
        Some(directory) => directory_files(directory),
        None => Ok(vec![config_file(cli)?]),
    }
}

fn directory_files(directory: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let failed = |e| Refusal::Directory(directory.to_owned(), e);
    let entries = fs::read_dir(directory).map_err(failed)?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut files = paths.map_err(failed)?;
    files.retain(|path| path.extension() == Some(OsStr::new("conf")) && path.is_file());
    files.sort();
    match files.is_empty() {
        true => Err(Refusal::Empty(directory.to_owned())),
        false => Ok(files),
    }
}

/// Loads a configuration and finds its source.
pub(super) fn plan(cli: &Cli, loader: &Loader, path: &Path) -> Result<Plan, Refusal> {
    let (config, rules, findings) = loader.load(path)?;
    let input = input(cli, &config, path)?;
    Ok(Plan {
        path: path.to_owned(),
        input,
        rules,
        findings,
    })
}

fn config_file(cli: &Cli) -> Result<PathBuf, Refusal> {
    if let Some(path) = &cli.config_file {
        return Ok(path.clone());
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let home = PathBuf::from(home.ok_or(Refusal::NoHome)?);
    // Users of the program's older name have the older file.
    let names = [".swatchdogrc", ".swatchrc"].map(|name| home.join(name));
    let found = names.iter().find(|path| path.exists());
    Ok(found.unwrap_or(&names[0]).clone())
}

/// The source from the command line, else from the configuration, else the original's default.
pub(super) fn input(cli: &Cli, config: &Config, path: &Path) -> Result<Input, Refusal> {
    let named = |words: &[Vec<u8>]| -> Vec<OsString> {
        words
            .iter()
            .map(|w| OsStr::from_bytes(w).to_owned())
            .collect()
    };
    if let Some(path) = &cli.examine {
        return Ok(Input::Examine(path.clone()));
    }
    if let Some(command) = &cli.read_pipe {
        return Ok(Input::ReadPipe(command.clone()));
    }
    if let Some(file) = &cli.tail_file {
        return Ok(Input::Tail(vec![file.clone()]));
    }
    if let Some(matches) = &cli.journal {
        return match journal_words(matches) {
            Ok(words) => Ok(Input::Journal(words)),
            Err(e) => Err(Refusal::Journal(e)),
        };
    }
    if !config.journal.is_empty() {
        // An entry that fits any of the comments is read: journalctl writes that as `+`.
        let lists: Vec<_> = config.journal.iter().map(|list| named(list)).collect();
        return Ok(Input::Journal(lists.join(&OsString::from("+"))));
    }
    if !config.log_files.is_empty() {
        return Ok(Input::Tail(named(&config.log_files)));
    }
    let in_directory = cli.config_dir.is_some();
    let default = DEFAULT_LOGS.iter().find(|path| Path::new(path).exists());
    match default.filter(|_| !in_directory) {
        Some(path) => Ok(Input::Tail(vec![path.into()])),
        None => Err(Refusal::NoLog {
            path: path.to_owned(),
            in_directory,
        }),
    }
}

/// The name of a configuration in messages.
pub(super) fn file_name(path: &Path) -> String {
    sanitize::text(path.file_name().unwrap_or_default().as_bytes())
}

/// The matches of `--journal`. Options of journalctl, and the word after a short one, are passed
/// on as they are.
fn journal_words(text: &str) -> Result<Vec<OsString>, MatchError> {
    let mut after_option = false;
    text.split_whitespace()
        .map(|word| {
            let is_value = std::mem::replace(&mut after_option, false);
            if is_value || word.starts_with('-') {
                after_option = !is_value && word.len() == 2;
                return Ok(word.into());
            }
            parse_match(word.as_bytes()).map(OsString::from_vec)
        })
        .collect()
}

impl Input {
    /// The name in state files, and, made visible, in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Input::Examine(path) => path.display().to_string(),
            Input::ReadPipe(command) => command.to_string_lossy().into_owned(),
            Input::Journal(matches) => format!(
                "journal {}",
                matches.join(OsStr::new(" ")).to_string_lossy()
            ),
            Input::Tail(files) => files.join(OsStr::new(" ")).to_string_lossy().into_owned(),
        }
    }
}

/// Paths and globs of `--tail-file` values.
pub(super) fn patterns(files: &[OsString]) -> Vec<Pattern> {
    files
        .iter()
        .flat_map(swatch_tail::split_tail_file)
        .collect()
}

/// The tail(1) command, or its substitute, for `--tail-program-name` and `--tail-args`.
pub(super) fn tail_command(cli: &Cli, files: &[OsString]) -> Option<CommandPlan> {
    if cli.tail_program_name.is_none() && cli.tail_args.is_none() {
        return None;
    }
    let program = cli.tail_program_name.clone();
    let mut argv = vec![program.unwrap_or_else(|| "tail".into())];
    match &cli.tail_args {
        Some(arguments) => argv.extend(
            arguments
                .as_bytes()
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .map(|word| OsStr::from_bytes(word).to_owned()),
        ),
        None => argv.extend(["-n", "0", "-F"].map(OsString::from)),
    }
    let files: Vec<OsString> = patterns(files)
        .iter()
        .flat_map(Pattern::expand)
        .map(PathBuf::into_os_string)
        .collect();
    if files.len() > 1 && cli.tail_program_name.is_none() {
        // No `==> file <==` lines among those of the logs.
        argv.push("-q".into());
    }
    argv.extend(files);
    Some(CommandPlan {
        name: format!("tail program {}", sanitize::text(argv[0].as_bytes())),
        argv,
        respawn: cli.respawn,
        may_fail: false,
    })
}
