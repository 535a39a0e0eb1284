//! `swatch-rs import`: configurations of other programs, translated.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory, Parser, Subcommand};
use fail2ban_import::{FilterName, Imported, Jails, import_filter, import_jail};
use swatch_common::sanitize;

use crate::cli;

/// Status if something could not be imported; the rest was.
const INCOMPLETE: u8 = 1;

#[derive(Debug, Parser)]
#[command(
    name = "swatch-rs import",
    bin_name = "swatch-rs import",
    about = "Translate another program's configuration",
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// Translate fail2ban's filters (printed) or jails (written to a directory)
    Fail2ban(Fail2ban),
}

#[derive(Debug, Args)]
struct Fail2ban {
    /// Filters, such as sshd or "sshd[mode=aggressive]"; with --jails: jails [default: all enabled]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// fail2ban's configuration directory
    #[arg(long, value_name = "DIR", default_value = "/etc/fail2ban")]
    directory: PathBuf,
    /// The filter's mode, such as normal, ddos, extra or aggressive
    #[arg(long, value_name = "MODE", conflicts_with = "jails")]
    mode: Option<String>,
    /// Set an option of the filter (may be repeated)
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "jails")]
    option: Vec<String>,
    /// The action of each rule; {host} is the address [default: pipe it to swatch-action]
    #[arg(long, value_name = "TEXT")]
    action: Option<String>,
    /// Translate the enabled jails of a configuration directory, one file each, for --config-dir
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "/etc/fail2ban")]
    jails: Option<PathBuf>,
    /// Write the files of the jails to this directory, which is made; existing files are kept
    #[arg(
        long,
        value_name = "DIR",
        default_value = "swatch-imported",
        requires = "jails"
    )]
    output: PathBuf,
}

/// `import` as clap describes it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs `import` with its arguments, `import` first; gives the exit status.
///
/// 0: all was imported. 1: some was not; messages say what and why. 2: the command line is wrong.
pub fn main(args: &[OsString]) -> ExitCode {
    cli::run(args, |Cli { from }| {
        let From::Fail2ban(options) = from;
        match run(&options) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(INCOMPLETE),
            Err(error) => {
                report(&error);
                ExitCode::from(cli::REFUSED)
            }
        }
    })
}

fn run(options: &Fail2ban) -> Result<bool> {
    match &options.jails {
        Some(directory) => jails(options, directory),
        None => filters(options),
    }
}

fn report(error: &anyhow::Error) {
    eprintln!(
        "swatch-rs: error: {}",
        sanitize::text(format!("{error:#}").as_bytes())
    );
}

/// Prints the rules of filters. False: some filter or rule is missing.
fn filters(options: &Fail2ban) -> Result<bool> {
    if options.names.is_empty() {
        bail!(
            "name at least one filter of {}/filter.d, or use --jails",
            options.directory.display()
        );
    }
    let action = options
        .action
        .as_deref()
        .unwrap_or(r#"pipe "swatch-action --ip {host}""#);
    let directory = options.directory.join("filter.d");
    let mut complete = true;
    let mut text = String::new();
    for name in &options.names {
        let imported = filter_name(name, options)
            .and_then(|name| Ok(import_filter(&directory, &name, action)?));
        match imported {
            Ok(imported) => {
                let (kept, dropped) = accepted(imported);
                dropped.iter().for_each(report);
                complete &= dropped.is_empty();
                text.push_str(&kept.text());
                notes(name, &kept.notes);
            }
            Err(error) => {
                report(&error);
                complete = false;
            }
        }
    }
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(complete),
    }
}

fn filter_name(text: &str, options: &Fail2ban) -> Result<FilterName> {
    let mut name = FilterName::parse(text)?;
    if let Some(mode) = &options.mode {
        name.options.push(("mode".into(), mode.clone()));
    }
    for option in &options.option {
        let (key, value) = option
            .split_once('=')
            .with_context(|| format!("--option {option}: expected NAME=VALUE"))?;
        name.options
            .push((key.trim().to_lowercase(), value.to_owned()));
    }
    Ok(name)
}

/// Prints the differences from fail2ban to standard error, so that the rules can be redirected.
fn notes(name: &str, notes: &[String]) {
    for note in notes {
        eprintln!("{name}: {}", sanitize::text(note.as_bytes()));
    }
}

/// Writes the enabled jails, one file each.
fn jails(options: &Fail2ban, directory: &Path) -> Result<bool> {
    let output = &options.output;
    let jails = Jails::load(directory)?;
    let names = match options.names.is_empty() {
        true => jails.enabled()?,
        false => options.names.clone(),
    };
    if names.is_empty() {
        bail!("no jail is enabled in {}", directory.display());
    }
    std::fs::create_dir_all(output)
        .with_context(|| format!("cannot create {}", output.display()))?;
    let mut complete = true;
    for name in &names {
        match jail(&jails, name, options.action.as_deref(), output) {
            Ok(dropped) => {
                dropped.iter().for_each(report);
                complete &= dropped.is_empty();
            }
            Err(error) => {
                report(&error.context(format!("jail {name}")));
                complete = false;
            }
        }
    }
    Ok(complete)
}

fn jail(
    jails: &Jails,
    name: &str,
    action: Option<&str>,
    output: &Path,
) -> Result<Vec<anyhow::Error>> {
    if name.contains('/') || name.starts_with('.') {
        bail!("its name cannot be a file's name");
    }
    let (kept, dropped) = accepted(import_jail(jails, name, action)?);
    let path = output.join(format!("{name}.conf"));
    // Rules are commands for root: nobody else may change them.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&path)
        .with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(kept.text().as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{name}: {} rules, {}", kept.rules.len(), path.display());
    notes(name, &kept.notes);
    Ok(dropped)
}

/// Leaves out rules whose expression cannot be used, each with an error that says why.
fn accepted(imported: Imported) -> (Imported, Vec<anyhow::Error>) {
    if check(&imported.text()).is_none() {
        return (imported, Vec::new());
    }
    let mut dropped = Vec::new();
    let (head, mut kept) = (imported.head.clone(), Vec::new());
    for rule in imported.rules {
        match check(&format!("{head}\n{}", rule.text)) {
            None => kept.push(rule),
            Some(why) => dropped.push(anyhow::anyhow!(
                "{}: {why}; the rule is left out: rewrite the expression in a .local file",
                rule.origin
            )),
        }
    }
    let imported = Imported {
        rules: kept,
        ..imported
    };
    (imported, dropped)
}

/// The first error of a configuration, if it has one.
fn check(text: &str) -> Option<String> {
    let options = swatch_config::Options::default();
    let parsed = swatch_config::parse_str(text.as_bytes(), Path::new("imported"), &options);
    let explained =
        |finding: &swatch_config::Diagnostic| format!("{}: {}", finding.message, finding.label);
    let mut errors = parsed.diagnostics.iter();
    if let Some(error) = errors.find(|finding| finding.severity == swatch_config::Severity::Error) {
        return Some(explained(error));
    }
    let program = swatch_engine::Program::compile(&parsed.config, &Default::default());
    program
        .err()
        .and_then(|errors| errors.first().map(explained))
}
