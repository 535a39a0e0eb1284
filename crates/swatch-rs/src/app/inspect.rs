//! Looking at configurations without running them: `--check`, `--dump-script`, and the first
//! process of a daemon.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use swatch_common::{process, sanitize};
use swatch_tail::Checkpoint;

use super::load::Loader;
use super::plan::{self, Input};
use super::{REFUSED, session};
use crate::cli::Cli;
use crate::log;
use crate::source::SourcePlan;

/// `--check`: reports all errors and warnings, and fails where a start would.
pub(super) fn check(cli: &Cli, loader: &Loader, files: &[PathBuf]) -> ExitCode {
    let good = files
        .iter()
        .filter(|path| inspect(cli, loader, path))
        .count();
    match good == files.len() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(REFUSED),
    }
}

/// True if a watch can be started for at least one of the files.
pub(super) fn can_start(cli: &Cli, loader: &Loader, files: &[PathBuf]) -> bool {
    let good = files
        .iter()
        .filter(|path| inspect(cli, loader, path))
        .count();
    good > 0
}

fn inspect(cli: &Cli, loader: &Loader, path: &Path) -> bool {
    let inspected = loader.check(path).and_then(|(config, findings)| {
        findings.print();
        plan::input(cli, &config, path)
    });
    match inspected {
        Ok(input) => can_open(cli, &input),
        Err(refusal) => {
            refusal.report();
            false
        }
    }
}

/// True if the source can be opened. Programs are looked for, and not started.
fn can_open(cli: &Cli, input: &Input) -> bool {
    let plan = session::source(cli, input, &Checkpoint::in_memory());
    let program = match &plan {
        SourcePlan::Command(command) => command.argv[0].to_str(),
        SourcePlan::Journal(_) => Some("journalctl"),
        SourcePlan::Examine(path) if path.is_file() || path.is_dir() || !path.exists() => None,
        SourcePlan::Examine(_) => return true,
        SourcePlan::Follow(_) => None,
    };
    let path = std::env::var("PATH").unwrap_or_default();
    match program {
        Some(program) if process::find(program, &path).is_none() => {
            log::error(format_args!(
                "cannot start {}: not found",
                sanitize::text(program.as_bytes())
            ));
            false
        }
        Some(_) => true,
        None => match plan.open(&session::splitting(cli)) {
            Ok(_) => true,
            Err(e) => {
                log::error(e);
                false
            }
        },
    }
}

/// `--dump-script`: writes the configurations as understood, to a file or standard output.
pub(super) fn dump(loader: &Loader, files: &[PathBuf], out: &OsStr) -> Result<ExitCode> {
    let mut text = b"### Watcher Script BEGIN ###\n".to_vec();
    let mut dumped = 0;
    for path in files {
        match loader.check(path) {
            Ok((config, findings)) => {
                findings.print();
                text.extend_from_slice(&swatch_config::print(&config));
                dumped += 1;
            }
            Err(refusal) => refusal.report(),
        }
    }
    if dumped == 0 {
        return Ok(ExitCode::from(REFUSED));
    }
    text.extend_from_slice(b"### Watcher Script END ###\n");
    if out.is_empty() {
        let written = std::io::stdout().write_all(&text);
        written.context("cannot write to standard output")?;
    } else {
        let written = std::fs::write(out, &text);
        written.with_context(|| format!("cannot write {}", sanitize::path(Path::new(out))))?;
    }
    Ok(ExitCode::SUCCESS)
}
