//! `swatch-rs doctor`: the health of a deployment, each finding with its remedy.
//!
//! [`rules`] looks at configurations and what they run, [`logs`] and [`journal`] at what they watch,
//! [`hits`] at what their patterns have matched, [`positions`] at how far logs were read, [`system`]
//! at the rest of the machine. Locks are the helper's part: `swatch-action doctor` is asked.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use serde_json::json;
use swatch_common::finding::{self, Finding};

use super::load::Loader;
use super::plan;
use crate::cli::{self, Command};
use crate::init::{DIRECTORY, helper::Helper};

mod hits;
mod journal;
mod logs;
mod positions;
mod rules;
mod system;

/// Look at a deployment's health: rules, logs, programs, firewall, mail, clock, positions
///
/// Exit status: 0 all is fine, 1 there are warnings, 2 there are errors.
#[derive(Debug, Parser)]
#[command(
    name = "swatch-rs doctor",
    bin_name = "swatch-rs doctor",
    max_term_width = 100
)]
struct Arguments {
    /// The directory of the configurations
    #[arg(long, value_name = "DIR", default_value = DIRECTORY)]
    config_dir: PathBuf,
    /// One configuration instead of a directory
    #[arg(short, long, value_name = "FILE", conflicts_with = "config_dir")]
    config_file: Option<PathBuf>,
    /// The settings of swatch-action, instead of /etc/swatch/action.toml
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The directory of the positions
    #[arg(long, value_name = "DIR", default_value = "/var/lib/swatch-rs")]
    state_dir: PathBuf,
    /// Match the patterns with the last N MB of each log; 0: with nothing
    #[arg(long, value_name = "N", default_value_t = 10)]
    scan: u64,
    /// Do not try the firewall with a test address
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `doctor` as clap describes it.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs `doctor` with its arguments, `doctor` first; gives the exit status.
pub fn main(args: &[OsString]) -> ExitCode {
    cli::run(args, |arguments| print(&arguments))
}

fn print(arguments: &Arguments) -> ExitCode {
    let findings = examine(arguments);
    let status = finding::exit_status(&findings);
    let text = match arguments.json {
        true => {
            let all: Vec<_> = findings.iter().map(Finding::json).collect();
            format!("{}\n", json!({"status": status, "findings": all}))
        }
        false => findings.iter().map(Finding::lines).collect(),
    };
    // If the reader has gone away, the exit status still tells.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(status)
}

fn examine(arguments: &Arguments) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (option, place) = match &arguments.config_file {
        Some(file) => ("--config-file", file.as_path()),
        None => ("--config-dir", arguments.config_dir.as_path()),
    };
    let words = ["swatch-rs".into(), option.into(), place.into()];
    match cli::parse(words) {
        Ok(Command::Run(cli)) => match plan::config_files(&cli) {
            Ok(files) => {
                let loader = Loader::new(&cli);
                for file in &files {
                    findings.extend(rules::look(&cli, &loader, file, arguments.scan));
                }
                findings.extend(system::watchers(place, &files));
            }
            Err(refusal) => findings.extend(refusal.reasons().into_iter().map(|why| {
                let remedy = "`swatch-rs init` writes configurations for what is found here";
                Finding::error("rules", why, remedy)
            })),
        },
        Ok(Command::Print(_)) => {}
        Err(error) => findings.push(Finding::error("rules", error.to_string(), "see --help")),
    }
    findings.extend(positions::look(&arguments.state_dir));
    findings.push(system::time_zone());
    findings.extend(system::clock());
    findings.extend(helper(arguments.settings.as_deref(), !arguments.dry_run));
    findings
}

/// The findings of the helper, or that it has none.
fn helper(settings: Option<&Path>, try_firewall: bool) -> Vec<Finding> {
    match Helper::ask(try_firewall, settings) {
        Ok(helper) => helper.findings,
        Err(why) => vec![Finding::error(
            "swatch-action",
            why,
            "install swatch-action beside swatch-rs, or correct its settings",
        )],
    }
}
