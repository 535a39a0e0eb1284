//! What is to be watched: a configuration, and the source that it or the command line names.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use swatch_config::Config;
use swatch_tail::Pattern;

use super::load::Loader;
use crate::cli::Cli;
use crate::log::{Level, tell};
use crate::rules::Rules;
use crate::source::CommandPlan;

/// The original's default logs.
const DEFAULT_LOGS: [&str; 2] = ["/var/log/messages", "/var/log/syslog"];

/// One watch to be.
pub(super) struct Plan {
    /// Its configuration file.
    pub(super) path: PathBuf,
    /// What it reads.
    pub(super) input: Input,
    /// Its rules.
    pub(super) rules: Rules,
    /// The configuration in canonical form; only filled for `--dump-script`.
    pub(super) dump: Vec<u8>,
}

/// What a watch reads, by name; compared on a reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// One pass over a file.
    Examine(PathBuf),
    /// What a shell command prints.
    ReadPipe(OsString),
    /// The journal.
    Journal(Vec<OsString>),
    /// Followed files.
    Tail(Vec<OsString>),
}

/// The watches that the command line asks for. None: it is refused, and why has been told.
pub(super) fn plans(cli: &Cli, loader: &Loader) -> Option<Vec<Plan>> {
    let Some(folder) = &cli.config_dir else {
        return Some(vec![plan(cli, loader, &config_file(cli)?)?]);
    };
    let files = config_files(folder)?;
    // The error of one file stops no other, but --check is to tell of each.
    let plans: Vec<Option<Plan>> = files.iter().map(|file| plan(cli, loader, file)).collect();
    let complete = plans.iter().all(Option::is_some);
    let plans: Vec<Plan> = plans.into_iter().flatten().collect();
    if plans.is_empty() || cli.check && !complete {
        if files.is_empty() {
            tell(
                Level::Error,
                format_args!("there is no *.conf in {}", folder.display()),
            );
        }
        return None;
    }
    Some(plans)
}

/// The `*.conf` files of a folder, by name.
pub(super) fn config_files(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => {
            tell(
                Level::Error,
                format_args!("cannot read folder {}: {e}", folder.display()),
            );
            return None;
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("conf")) && path.is_file())
        .collect();
    files.sort();
    Some(files)
}

/// Loads one file and finds its source.
pub(super) fn plan(cli: &Cli, loader: &Loader, path: &Path) -> Option<Plan> {
    let loaded = loader.load(path)?;
    let input = match input(cli, &loaded.config) {
        Ok(input) => input,
        Err(why) if cli.check || cli.dump_script.is_some() => {
            tell(Level::Warning, format_args!("{}: {why}", path.display()));
            Input::Tail(Vec::new())
        }
        Err(why) => {
            tell(Level::Error, format_args!("{}: {why}", path.display()));
            return None;
        }
    };
    let dump = match cli.dump_script {
        Some(_) => swatch_config::print(&loaded.config),
        None => Vec::new(),
    };
    Some(Plan {
        path: path.to_owned(),
        input,
        rules: loaded.rules,
        dump,
    })
}

fn config_file(cli: &Cli) -> Option<PathBuf> {
    if let Some(path) = &cli.config_file {
        return Some(path.clone());
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let Some(home) = home else {
        tell(
            Level::Error,
            "no --config-file is given, and HOME is not set to find .swatchdogrc in",
        );
        return None;
    };
    let home = PathBuf::from(home);
    // Users of the older name have the older file.
    let names = [".swatchdogrc", ".swatchrc"].map(|name| home.join(name));
    let found = names.iter().find(|path| path.exists()).unwrap_or(&names[0]);
    Some(found.clone())
}

/// The command line's source, else the configuration's, else the original's default.
fn input(cli: &Cli, config: &Config) -> Result<Input, String> {
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
        return Ok(Input::Journal(
            matches.split_whitespace().map(OsString::from).collect(),
        ));
    }
    if !config.journal.is_empty() {
        // Several comments: any of them. `+` is journalctl's word for it.
        let lists: Vec<_> = config.journal.iter().map(|list| named(list)).collect();
        return Ok(Input::Journal(lists.join(&OsString::from("+"))));
    }
    if !config.log_files.is_empty() {
        return Ok(Input::Tail(named(&config.log_files)));
    }
    let default = DEFAULT_LOGS.iter().find(|path| Path::new(path).exists());
    default.map(|path| Input::Tail(vec![path.into()])).ok_or_else(|| {
        format!(
            "no log is named: neither --tail-file nor a `# logfile PATH` line, and neither {} nor {} exists; for the journal: --journal",
            DEFAULT_LOGS[0], DEFAULT_LOGS[1]
        )
    })
}

impl Input {
    /// What it is called in messages and state files.
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

/// tail(1), or what is used instead of it, for `--tail-program-name` and `--tail-args`.
pub(super) fn tail_command(cli: &Cli, files: &[OsString]) -> Option<CommandPlan> {
    if cli.tail_program_name.is_none() && cli.tail_args.is_none() {
        return None;
    }
    let program = cli
        .tail_program_name
        .clone()
        .unwrap_or_else(|| "tail".into());
    let mut argv = vec![program];
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
        // No `==> file <==` lines between the log's.
        argv.push("-q".into());
    }
    argv.extend(files);
    Some(CommandPlan {
        name: format!("tail program {}", argv[0].to_string_lossy()),
        argv,
        respawn: cli.respawn,
        may_end: false,
    })
}
