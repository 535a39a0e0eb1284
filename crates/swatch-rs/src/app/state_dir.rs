//! The state directory, which keeps the position of each watch.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::unistd::Uid;
use swatch_common::sanitize::Sanitized;
use swatch_tail::{Checkpoint, StateError, check_state_dir};

use super::plan::{Input, Plan};
use crate::cli::Cli;
use crate::log::{self, EventKind, Level, LogEvent};
use crate::source::log_event;

/// The default for a daemon that runs as root.
const STATE_DIR: &str = "/var/lib/swatch-rs";

/// The time for which a process that is shutting down may hold its state: an init script starts
/// the next one at once.
const HANDOVER: Duration = Duration::from_secs(10);

/// The extension of a state file; further words behind it are those of [`Checkpoint`].
pub(super) const EXTENSION: &str = "state";

/// The longest name of a state file, without suffixes.
const LONGEST_NAME: usize = 200;

/// Why positions cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateDirError {
    #[error(
        "cannot create the state directory {}: {source}",
        Sanitized::path(path)
    )]
    Create { path: PathBuf, source: io::Error },
    #[error(transparent)]
    State(#[from] StateError),
}

/// The positions of a watch: from the state directory, or in memory where none is used.
///
/// # Errors
/// Another process uses the same positions, or the directory given on the command line is not
/// safe: others can write to it, or a later version did. What cannot be created or written is
/// done without, with a warning, as is the default directory in any case.
pub(super) fn checkpoint(cli: &Cli, plan: &Plan) -> Result<Checkpoint, StateDirError> {
    let by_default = cli.daemon && Uid::effective().is_root();
    let keeps_position = matches!(plan.input, Input::Tail(_) | Input::Journal(_));
    if cli.no_state || cli.explain || cli.dry_run || !keeps_position {
        return Ok(Checkpoint::in_memory());
    }
    let directory = match &cli.state_dir {
        Some(directory) => directory.clone(),
        None if by_default => PathBuf::from(STATE_DIR),
        None => return Ok(Checkpoint::in_memory()),
    };
    match open(&directory, cli, plan) {
        Err(StateDirError::State(e @ StateError::InUse { .. })) => Err(e.into()),
        // Watching matters more than remembering: a full or read-only disk is no reason not to.
        Err(e @ (StateDirError::Create { .. } | StateDirError::State(StateError::Io { .. }))) => {
            not_kept(&e);
            Ok(Checkpoint::in_memory())
        }
        Err(e) if cli.state_dir.is_none() => {
            not_kept(&e);
            Ok(Checkpoint::in_memory())
        }
        opened => opened,
    }
}

fn not_kept(why: &StateDirError) {
    let text = format!("positions are not kept: {why}");
    let event = LogEvent::new(Level::Warning, EventKind::Positions, text);
    log::write(&event.with("reason", why.to_string()));
}

fn open(directory: &Path, cli: &Cli, plan: &Plan) -> Result<Checkpoint, StateDirError> {
    fs::create_dir_all(directory).map_err(|source| StateDirError::Create {
        path: directory.to_owned(),
        source,
    })?;
    if !cli.insecure {
        check_state_dir(directory)?;
    }
    let config = fs::canonicalize(&plan.path).unwrap_or_else(|_| plan.path.clone());
    let name = format!("{}--{}", config.display(), plan.input.name());
    let file = directory.join(file_name(&name));
    let until = Instant::now() + HANDOVER;
    loop {
        match Checkpoint::load(&file) {
            Ok(loaded) => {
                for event in loaded.events {
                    log::write(&log_event(&event));
                }
                return Ok(loaded.checkpoint);
            }
            Err(StateError::InUse { .. }) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(e) => return Err(e.into()),
        }
    }
}

/// Configuration and log as a name that every file system takes. Of a long one the end is kept,
/// where names differ.
fn file_name(what: &str) -> String {
    let safe: String = what
        .chars()
        .map(|c| match c.is_ascii_alphanumeric() || "._-".contains(c) {
            true => c,
            false => '_',
        })
        .collect();
    let start = safe.len().saturating_sub(LONGEST_NAME);
    format!(
        "{}.{EXTENSION}",
        safe[start..].trim_start_matches(['.', '_'])
    )
}

#[cfg(test)]
mod tests;
