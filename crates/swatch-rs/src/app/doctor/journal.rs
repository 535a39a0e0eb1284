//! The journal: readable, with entries of units that exist.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::{AccessFlags, access};
use swatch_common::finding::Finding;
use swatch_common::process::{self, Input, Limits, Output};
use swatch_common::sanitize;

use crate::init::machine::{journal_files, unit_exists};

/// The time that journalctl may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The field of a match that names a unit.
const UNIT: &str = "_SYSTEMD_UNIT=";

/// The findings for the matches of a configuration.
pub(super) fn look(config: &str, words: &[OsString]) -> Vec<Finding> {
    let files = journal_files();
    if let Some(hidden) = unreadable(&files) {
        return vec![hidden];
    }
    let mut findings: Vec<_> = unit(config, words).into_iter().collect();
    findings.push(entries(config, words));
    findings
}

/// The finding if there are journals, and this user may read none of them. journalctl then shows
/// nothing, as if there were no entries.
fn unreadable(files: &[PathBuf]) -> Option<Finding> {
    let is_readable = |path: &PathBuf| access(path, AccessFlags::R_OK).is_ok();
    let first = files.first()?;
    (!files.iter().any(is_readable)).then(|| {
        Finding::error(
            "journal",
            format!("{} cannot be read", sanitize::path(first)),
            "run it as root or as a member of the group systemd-journal",
        )
    })
}

/// The finding if the matches name units, and none of them is installed.
fn unit(config: &str, words: &[OsString]) -> Option<Finding> {
    let names: Vec<String> = words
        .iter()
        .filter_map(|word| word.to_str()?.strip_prefix(UNIT).map(str::to_owned))
        .collect();
    let is_missing = !names.is_empty() && !names.iter().any(|name| unit_exists(name));
    is_missing.then(|| {
        Finding::warning(
            "journal",
            format!(
                "no unit {} is installed",
                sanitize::text(names.join(" or ").as_bytes())
            ),
            format!(
                "install the service, or correct the `# journal` line of {config}: systemctl \
                 list-units shows the names"
            ),
        )
    })
}

/// journalctl is there and has an entry.
fn entries(config: &str, words: &[OsString]) -> Finding {
    let path = std::env::var("PATH").unwrap_or_default();
    let Some(program) = process::find("journalctl", &path) else {
        return Finding::error(
            "journal",
            format!("{config} reads the journal, and journalctl is not installed"),
            "name a file with `# logfile PATH`, or install systemd",
        );
    };
    let mut command = process::command(program);
    command
        .args(["--quiet", "--no-pager", "--lines=1"])
        .args(words);
    let limits = Limits {
        time: Some(PATIENCE),
        stdout: Output::Capture(1 << 16),
        ..Limits::default()
    };
    let finished = process::run(&mut command, Input::Null, &limits);
    let matches = words.join(OsStr::new(" "));
    let matches = sanitize::text(matches.to_string_lossy().as_bytes());
    if !finished.exit.is_success() {
        let said = sanitize::excerpt(finished.stderr.bytes.trim_ascii(), 200);
        return Finding::error(
            "journal",
            format!("journalctl {matches} {}: {said}", finished.exit),
            "run it as root or as a member of the group systemd-journal",
        );
    }
    match finished.stdout.bytes.is_empty() {
        false => Finding::fine("journal", format!("the journal has entries of {matches}")),
        true => Finding::warning(
            "journal",
            format!("the journal has no entry of {matches}"),
            format!("start the service, or correct the `# journal` line of {config}"),
        ),
    }
}
