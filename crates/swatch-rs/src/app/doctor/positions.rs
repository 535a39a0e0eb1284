//! Saved positions: their directory, and what each says of its log.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::unistd::{AccessFlags, access};
use swatch_common::finding::Finding;
use swatch_common::sanitize;
use swatch_tail::{SavedLog, SavedPosition, SavedState, check_state_dir};

use crate::app::state_dir::EXTENSION;

/// A watcher acts on a line within this time, unless the actions before it take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The findings for the directory, and for every state in it and in those of its instances.
pub(super) fn look(dir: &Path) -> Vec<Finding> {
    let found = directory(dir);
    let is_usable = dir.is_dir() && found.remedy.is_empty();
    let mut findings = vec![found];
    if is_usable {
        findings.extend(states(dir).iter().flat_map(|path| state(path)));
    }
    findings
}

/// The directory: trusted, and can be written to.
fn directory(dir: &Path) -> Finding {
    let shown = sanitize::path(dir);
    if dir.symlink_metadata().is_err() {
        let text = format!("{shown} does not exist yet: a daemon that runs as root makes it");
        return Finding::fine("positions", text);
    }
    if !dir.is_dir() {
        return Finding::error(
            "positions",
            format!("{shown} is not a directory: no position is kept"),
            "move it away; the watcher makes the directory",
        );
    }
    if let Err(error) = check_state_dir(dir) {
        return Finding::error(
            "positions",
            sanitize::text(error.to_string().as_bytes()),
            format!("chown root: {shown} && chmod go-w {shown}"),
        );
    }
    if access(dir, AccessFlags::W_OK).is_err() {
        return Finding::error(
            "positions",
            format!("{shown} cannot be written to"),
            "run the watcher as root, or name another directory with --state-dir",
        );
    }
    Finding::fine("positions", format!("{shown} can be written to"))
}

/// The states in a directory and in the directories in it, sorted, as paths of their main files.
fn states(dir: &Path) -> Vec<PathBuf> {
    let below = |dir: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let mut paths = below(dir);
    let folders: Vec<_> = paths.iter().filter(|path| path.is_dir()).cloned().collect();
    paths.extend(folders.iter().flat_map(|folder| below(folder)));
    let mut states: Vec<_> = paths.iter().filter_map(|path| state_of(path)).collect();
    states.sort();
    states.dedup();
    states
}

/// The state that a file belongs to: there may be only its parts, such as `NAME.state.unsynced`.
fn state_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let (stem, rest) = name.rsplit_once(&format!(".{EXTENSION}"))?;
    let is_part = !rest.ends_with(".damaged") && (rest.is_empty() || rest.starts_with('.'));
    is_part.then(|| path.with_file_name(format!("{stem}.{EXTENSION}")))
}

fn state(path: &Path) -> Vec<Finding> {
    let shown = sanitize::path(path);
    let state = match SavedState::read(path) {
        Ok(state) => state,
        Err(error) => {
            return vec![Finding::error(
                "positions",
                sanitize::text(error.to_string().as_bytes()),
                format!(
                    "mend that, or remove {shown}: the watcher then begins at the end of the log"
                ),
            )];
        }
    };
    let mut findings: Vec<_> = state
        .events
        .iter()
        .map(|event| {
            Finding::warning(
                "positions",
                sanitize::text(event.to_string().as_bytes()),
                format!("look whether the disk is in order; if no watcher runs, remove {shown}"),
            )
        })
        .collect();
    findings.extend(
        state
            .positions
            .iter()
            .map(|position| judge(&shown, position)),
    );
    findings
}

fn judge(state: &str, position: &SavedPosition) -> Finding {
    let log = sanitize::path(&position.path);
    let offset = position.offset;
    let unread = match position.log {
        SavedLog::Missing => {
            return Finding::warning(
                "positions",
                format!("{log} is gone; {offset} bytes of it were read"),
                format!(
                    "start the service that writes it; if it is given up, remove {state} while no \
                     watcher runs"
                ),
            );
        }
        SavedLog::Same(0) => {
            return Finding::fine(
                "positions",
                format!("{log} is read to its end, {offset} bytes"),
            );
        }
        SavedLog::Same(unread) => format!("{unread} bytes behind the position {offset}"),
        SavedLog::Other(0) => {
            let text = format!("{log} is new and empty since the position {offset} was saved");
            return Finding::fine("positions", text);
        }
        SavedLog::Other(unread) => {
            format!("all {unread} bytes: it is new, or was truncated, since the position {offset}")
        }
    };
    let written = position.path.metadata().and_then(|meta| meta.modified());
    let age = written.map_or(Duration::ZERO, |written| {
        SystemTime::now()
            .duration_since(written)
            .unwrap_or_default()
    });
    let text = format!("{log}: not acted on yet: {unread}");
    match age > PATIENCE {
        true => Finding::warning(
            "positions",
            format!(
                "{text}; the last line is {} minutes old",
                age.as_secs() / 60
            ),
            "start the watcher; if it runs, `swatch-rs status` shows what it waits for",
        ),
        false => Finding::fine("positions", text),
    }
}
