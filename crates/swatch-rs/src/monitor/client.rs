//! `swatch-rs status`, `reload` and `stop`: what a running watcher is asked.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, CommandFactory, Parser, Subcommand};
use serde_json::Value;
use swatch_common::sanitize;

use super::runtime::{self, Instance};
use crate::cli;

mod text;

/// The time for an answer; that of a reload is longer.
const PATIENCE: Duration = Duration::from_secs(70);

#[derive(Debug, Parser)]
#[command(
    name = "swatch-rs",
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    request: Request,
}

#[derive(Debug, Subcommand)]
enum Request {
    /// Show what a running watcher does
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Let a running watcher read its rules again, and tell the result
    Reload {
        #[command(flatten)]
        target: Target,
    },
    /// End a running watcher, and wait until it has ended
    Stop {
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
struct Target {
    /// The watcher: the name of its pid file without suffix, else of its state directory, else of
    /// its configuration [default: the only one that runs]
    name: Option<String>,
    /// The directory of the sockets [default: $RUNTIME_DIRECTORY, /run/swatch-rs]
    #[arg(long, value_name = "DIR")]
    runtime_dir: Option<PathBuf>,
}

/// `status`, `reload` and `stop` as clap describes them.
pub fn commands() -> Vec<clap::Command> {
    Cli::command().get_subcommands().cloned().collect()
}

/// Runs a command with its arguments, `swatch-rs` first; gives the exit status.
///
/// 0: done. 1: the watcher did not answer, or a reload was refused. 2: the command line is wrong,
/// or there is no such watcher.
pub fn main(args: &[OsString]) -> ExitCode {
    cli::run(args, |Cli { request }| ask(&request))
}

fn ask(request: &Request) -> ExitCode {
    let target = match request {
        Request::Status { target, .. } | Request::Reload { target } | Request::Stop { target } => {
            target
        }
    };
    let found = match target.find() {
        Ok(found) => found,
        Err(error) => return failed(&error, cli::REFUSED),
    };
    match run(request, found) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // A reader that went away has seen all it wanted.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 1),
    }
}

fn failed(error: &anyhow::Error, status: u8) -> ExitCode {
    eprintln!("swatch-rs: error: {error:#}");
    ExitCode::from(status)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A connection to a watcher.
struct Found {
    name: String,
    stream: UnixStream,
}

impl Target {
    fn find(&self) -> Result<Found> {
        let directory = runtime::directory(self.runtime_dir.as_deref())?;
        let shown = sanitize::path(&directory);
        let all = match Instance::all(&directory) {
            Ok(all) => all,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e).with_context(|| format!("cannot read {shown}")),
        };
        if let Some(name) = &self.name {
            let Some(instance) = all.into_iter().find(|instance| instance.name == *name) else {
                let name = sanitize::text(name.as_bytes());
                bail!("no watcher called {name} has a socket in {shown}");
            };
            return connect(instance);
        }
        // A socket that nobody answers was left by a process that was killed.
        let mut running: Vec<Found> = all.into_iter().filter_map(|i| connect(i).ok()).collect();
        match (running.pop(), running.len()) {
            (None, _) => bail!("no watcher that can be asked has a socket in {shown}"),
            (Some(only), 0) => Ok(only),
            (Some(last), _) => {
                let names: Vec<_> = running.iter().map(|found| found.name.as_str()).collect();
                bail!("name one of {}, {}", names.join(", "), last.name)
            }
        }
    }
}

fn connect(instance: Instance) -> Result<Found> {
    let stream = UnixStream::connect(&instance.socket).with_context(|| shown(&instance.socket))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let name = sanitize::text(instance.name.as_bytes());
    Ok(Found { name, stream })
}

fn shown(socket: &Path) -> String {
    format!("cannot connect to {}", sanitize::path(socket))
}

fn run(request: &Request, mut found: Found) -> Result<bool> {
    let word = match request {
        Request::Status { .. } => "status",
        Request::Reload { .. } => "reload",
        Request::Stop { .. } => "stop",
    };
    writeln!(found.stream, "{word}").context("cannot ask")?;
    let mut reader = BufReader::new(&found.stream);
    let mut answer = String::new();
    let length = reader.read_line(&mut answer).context("no answer")?;
    if length == 0 {
        bail!(
            "{} gave no answer: it answers root and its own user",
            found.name
        );
    }
    let answer: Value = serde_json::from_str(&answer).context("the answer is no JSON")?;
    if let Some(why) = answer["error"].as_str() {
        bail!("{}: {why}", found.name);
    }
    let mut out = std::io::stdout().lock();
    match request {
        Request::Status { json: true, .. } => writeln!(out, "{answer}")?,
        Request::Status { .. } => out.write_all(text::status(&answer).as_bytes())?,
        Request::Reload { .. } => out.write_all(text::reload(&answer).as_bytes())?,
        Request::Stop { .. } => {
            // The connection ends with the process.
            let rest = reader.read_line(&mut String::new());
            rest.context("it has been told to end, and has not ended yet")?;
            writeln!(out, "{} has ended (process {})", found.name, answer["pid"])?;
        }
    }
    Ok(!matches!(request, Request::Reload { .. }) || answer["ok"] == true)
}
