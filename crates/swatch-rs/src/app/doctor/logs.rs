//! Logs: there, readable, growing.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use swatch_common::finding::Finding;
use swatch_common::sanitize;

use super::super::plan;

/// A log without a line for so long is suspicious.
const QUIET: Duration = Duration::from_secs(7 * 86_400);

/// A log that was written so much later than now shows that a clock is wrong.
const AHEAD: Duration = Duration::from_secs(300);

/// The findings for the files of a configuration, and the files that can be read.
pub(super) fn files(config: &str, names: &[OsString]) -> (Vec<Finding>, Vec<PathBuf>) {
    let mut findings = Vec::new();
    let mut readable = Vec::new();
    let patterns = plan::patterns(names);
    let paths: Vec<PathBuf> = patterns.iter().flat_map(|one| one.expand()).collect();
    if paths.is_empty() {
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        let names = sanitize::text(names.join(" ").as_bytes());
        findings.push(missing(config, &names));
    }
    for path in paths {
        let shown = sanitize::path(&path);
        let meta = match File::open(&path).and_then(|file| file.metadata()) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                findings.push(missing(config, &shown));
                continue;
            }
            Err(error) => {
                findings.push(Finding::error(
                    "log",
                    format!("{shown} cannot be read: {error}"),
                    "run swatch-rs as root, or as a member of the group that may read it (adm)",
                ));
                continue;
            }
        };
        if !meta.is_file() {
            findings.push(Finding::error(
                "log",
                format!("{shown} is not a regular file"),
                format!("name the log itself in the `# logfile` line of {config}"),
            ));
            continue;
        }
        findings.push(growth(&shown, meta.len(), meta.modified()));
        readable.push(path);
    }
    (findings, readable)
}

fn missing(config: &str, log: &str) -> Finding {
    Finding::error(
        "log",
        format!("{log} does not exist"),
        format!(
            "start the service that writes it, or correct the `# logfile` line of {config}; without \
             a syslog daemon use a `# journal` line"
        ),
    )
}

fn growth(shown: &str, length: u64, written: std::io::Result<SystemTime>) -> Finding {
    let written = written.unwrap_or(SystemTime::UNIX_EPOCH);
    match SystemTime::now().duration_since(written) {
        Err(ahead) if ahead.duration() > AHEAD => Finding::warning(
            "clock",
            format!(
                "{shown} was written {} s from now: the clock is wrong, or was",
                ahead.duration().as_secs()
            ),
            "timedatectl set-ntp true",
        ),
        Ok(age) if age > QUIET => Finding::warning(
            "log",
            format!(
                "{shown} has had no line for {} days",
                age.as_secs() / 86_400
            ),
            "look whether the service logs elsewhere now (the journal), or whether its log is \
             rotated to another name",
        ),
        _ => Finding::fine(
            "log",
            format!("{shown} is readable and in use, {length} bytes"),
        ),
    }
}
