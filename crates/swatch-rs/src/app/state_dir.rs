//! Where the position of a watch is kept, if it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Uid;
use swatch_tail::{Checkpoint, StateError, check_state_dir};

use super::plan::{Input, Plan};
use crate::cli::Cli;
use crate::log::{Level, tell};

/// Positions of a daemon that runs as root are kept there by default.
const STATE_DIR: &str = "/var/lib/swatch-rs";

/// How long a process that was told to end may hold its state: an init script starts the next
/// one at once.
const HANDOVER: Duration = Duration::from_secs(10);

/// Length of a state file's name, without its suffixes.
const LONGEST_NAME: usize = 200;

/// The positions for a watch: from the state folder, or in memory where there is none.
///
/// # Errors
/// A state folder that was asked for cannot be used; the text says why. The one by default is
/// done without, with a warning.
pub(super) fn checkpoint(cli: &Cli, plan: &Plan) -> Result<Checkpoint, String> {
    let by_default = cli.daemon && Uid::effective().is_root();
    let keeps_position = matches!(plan.input, Input::Tail(_) | Input::Journal(_));
    if cli.no_state || cli.explain || cli.dry_run || !keeps_position {
        return Ok(Checkpoint::in_memory());
    }
    let folder = match &cli.state_dir {
        Some(folder) => folder.clone(),
        None if by_default => PathBuf::from(STATE_DIR),
        None => return Ok(Checkpoint::in_memory()),
    };
    match open(&folder, cli, plan) {
        Ok(checkpoint) => Ok(checkpoint),
        Err(why) if cli.state_dir.is_none() => {
            tell(
                Level::Warning,
                format_args!("positions are not kept: {why}"),
            );
            Ok(Checkpoint::in_memory())
        }
        Err(why) => Err(why),
    }
}

fn open(folder: &Path, cli: &Cli, plan: &Plan) -> Result<Checkpoint, String> {
    fs::create_dir_all(folder)
        .map_err(|e| format!("cannot make state folder {}: {e}", folder.display()))?;
    if !cli.insecure {
        check_state_dir(folder).map_err(|e| e.to_string())?;
    }
    let config = fs::canonicalize(&plan.path).unwrap_or_else(|_| plan.path.clone());
    let file = folder.join(file_name(&format!(
        "{}--{}",
        config.display(),
        plan.input.name()
    )));
    let until = Instant::now() + HANDOVER;
    loop {
        match Checkpoint::load(&file) {
            Ok(loaded) => {
                for event in loaded.events {
                    tell(Level::Warning, event);
                }
                return Ok(loaded.checkpoint);
            }
            Err(StateError::InUse { .. }) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(e) => return Err(e.to_string()),
        }
    }
}

/// Rules and log in a name that any file system takes; of a long one the end, where names differ.
fn file_name(what: &str) -> String {
    let safe: String = what
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let start = safe.len().saturating_sub(LONGEST_NAME);
    format!("{}.state", safe[start..].trim_start_matches(['.', '_']))
}

#[cfg(test)]
mod tests;
