//! Looking at configurations without running them: `--check`, `--dump-script`, `--summary`, and the
//! first process of a daemon.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::json;
use swatch_common::{process, sanitize};
use swatch_tail::Checkpoint;

use super::load::Loader;
use super::plan::{self, Input, Refusal};
use super::{REFUSED, session};
use crate::cli::Cli;
use crate::log;
use crate::source::SourcePlan;
use crate::summary;

/// Why the options for looking at a configuration do not go together.
pub(super) fn contradiction(cli: &Cli) -> Option<&'static str> {
    let others = cli.check || cli.explain || cli.dry_run || cli.daemon || cli.dump_script.is_some();
    if cli.summary && cli.examine.is_none() {
        Some("--summary goes with --examine LOG")
    } else if cli.summary && others {
        Some("--summary does nothing but print figures: leave out the other option")
    } else if cli.json && !cli.check && !cli.explain && !cli.summary && cli.test.is_none() {
        Some("--json goes with --check, --test, --explain or --summary")
    } else {
        None
    }
}

/// `--summary`: figures of a pass in which nothing is performed.
pub(super) fn summary(cli: &Cli, loader: &Loader, files: Vec<PathBuf>) -> ExitCode {
    let mut logs: Vec<PathBuf> = cli.examine.iter().cloned().collect();
    logs.extend(cli.operands.iter().map(PathBuf::from));
    let mut configurations = Vec::new();
    let mut status = ExitCode::SUCCESS;
    for path in files {
        match loader.load(&path) {
            Ok((_, rules, findings)) => {
                findings.print();
                configurations.push((path, rules));
            }
            Err(refusal) => {
                refusal.report();
                status = ExitCode::from(REFUSED);
            }
        }
    }
    if configurations.len() > 1 && logs.iter().any(|log| !log.is_file()) {
        log::error("several configurations can examine files only, which can be read again");
        return ExitCode::from(REFUSED);
    }
    let separator = session::splitting(cli).separator;
    let request = summary::Request {
        logs: &logs,
        separator: &separator,
        json: cli.json,
    };
    match summary::run(&request, configurations) {
        ExitCode::SUCCESS => status,
        failed => failed,
    }
}

/// `--check`: reports all errors and warnings, and fails where a start would.
pub(super) fn check(cli: &Cli, loader: &Loader, files: &[PathBuf]) -> ExitCode {
    let good = match cli.json {
        true => check_as_json(cli, loader, files),
        false => files
            .iter()
            .filter(|path| inspect(cli, loader, path))
            .count(),
    };
    match good == files.len() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(REFUSED),
    }
}

/// Writes one object to standard output, and gives the number of configurations without errors.
fn check_as_json(cli: &Cli, loader: &Loader, files: &[PathBuf]) -> usize {
    let mut found = Vec::new();
    let mut good = 0;
    for path in files {
        let inspected = loader.check(path).and_then(|(config, findings)| {
            found.extend(findings.json());
            plan::input(cli, &config, path)
        });
        let errors = match inspected {
            Ok(input) => can_open(cli, &input).err().into_iter().collect(),
            Err(Refusal::Rules(findings)) => {
                found.extend(findings.json());
                continue;
            }
            Err(refusal) => refusal.reasons(),
        };
        good += usize::from(errors.is_empty());
        let config = sanitize::path(path);
        let general = |text| json!({"severity": "error", "text": text, "file": config});
        found.extend(errors.into_iter().map(general));
    }
    let ok = good == files.len();
    let configurations: Vec<String> = files.iter().map(|path| sanitize::path(path)).collect();
    let all = json!({"ok": ok, "configurations": configurations, "diagnostics": found});
    // If the reader has gone away, the exit status still tells.
    let _ = writeln!(std::io::stdout(), "{all}");
    good
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
        Ok(input) => match can_open(cli, &input) {
            Ok(()) => true,
            Err(why) => {
                log::error(why);
                false
            }
        },
        Err(refusal) => {
            refusal.report();
            false
        }
    }
}

/// Opens the source. Programs are looked for, and not started.
fn can_open(cli: &Cli, input: &Input) -> Result<(), String> {
    let plan = session::source(cli, input, &Checkpoint::in_memory());
    let program = match &plan {
        SourcePlan::Command(command) => command.argv[0].to_str(),
        SourcePlan::Journal(_) => Some("journalctl"),
        SourcePlan::Examine(path) if path.is_file() || path.is_dir() || !path.exists() => None,
        SourcePlan::Examine(_) => return Ok(()),
        SourcePlan::Follow(_) => None,
    };
    let path = std::env::var("PATH").unwrap_or_default();
    match program {
        Some(program) if process::find(program, &path).is_none() => Err(format!(
            "cannot start {}: not found",
            sanitize::text(program.as_bytes())
        )),
        Some(_) => Ok(()),
        None => match plan.open(&session::splitting(cli)) {
            Ok(_) => Ok(()),
            Err(e) => Err(e.to_string()),
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
