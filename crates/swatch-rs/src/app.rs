//! From the command line to running watches.

mod banner;
mod doctor;
mod findings;
mod inspect;
mod load;
mod operands;
mod plan;
mod programs;
mod samples;
mod session;
mod state_dir;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use swatch_common::process::Cancel;
use swatch_common::sanitize;
use swatch_tail::Waker;

use crate::cli::{self, Cli, Command};
use crate::daemon::pid_file::PidFile;
use crate::daemon::restart_time::{self, Schedule};
use crate::daemon::service_manager::ServiceManager;
use crate::daemon::signals::{self, Signals};
use crate::daemon::supervisor::{End, Supervisor};
use crate::daemon::{background, output_pipe};
use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::metrics::{HttpServer, ListenAddress, Textfile};
use crate::monitor::{self, Instance, Monitor, RuntimeError, Server};
pub use doctor::{command as doctor_command, main as doctor};
use load::Loader;
pub use operands::COMMANDS;
use plan::Plan;
use session::Session;

/// Configurations that are named in the summary, at most.
const SUMMARY: usize = 10;

/// This program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The exit status if the command line or the rules are refused, as swatchdog's.
const REFUSED: u8 = 2;

/// The whole program, given the arguments with its name first.
///
/// Exit status: 0 if it ended as it should, 1 if an input failed, 2 if the command line or the
/// rules are refused and nothing ran, 128 and the signal's number if a pass was interrupted.
pub fn main(args: Vec<OsString>) -> ExitCode {
    signals::unblock();
    let cli = match cli::parse(args.iter().cloned()) {
        Ok(Command::Run(cli)) => *cli,
        Ok(Command::Print(text)) => return print(&text),
        Err(e) => return refuse(e),
    };
    log::configure(cli.monitoring.log_settings());
    match run(&cli, &args) {
        Ok(status) => status,
        Err(e) => {
            log::error(format_args!("{e:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli, args: &[OsString]) -> Result<ExitCode> {
    let takes_operands = cli.summary || cli.test.is_some();
    if let Some(meant) = operands::meant(cli).filter(|_| !takes_operands) {
        return Ok(refuse(meant));
    }
    if !cli.operands.is_empty() && !takes_operands && !background::is_second() {
        let words: Vec<_> = cli
            .operands
            .iter()
            .map(|w| sanitize::text(w.as_bytes()))
            .collect();
        log::warning(format_args!("ignored: {}", words.join(" ")));
    }
    let restart_time = cli.restart_time.as_deref().map(restart_time::parse);
    let restart_time = match restart_time.transpose() {
        Ok(time) => time,
        Err(e) => return Ok(refuse(e)),
    };
    if let Some(why) = inspect::contradiction(cli) {
        return Ok(refuse(why));
    }
    let loader = Loader::new(cli);
    let files = match plan::config_files(cli) {
        Ok(files) => files,
        Err(refusal) => {
            refusal.report();
            return Ok(ExitCode::from(REFUSED));
        }
    };
    if cli.test.is_some() {
        return Ok(samples::test(cli, &loader, &files));
    }
    if cli.check {
        return Ok(inspect::check(cli, &loader, &files));
    }
    if let Some(out) = &cli.dump_script {
        return inspect::dump(&loader, &files, out);
    }
    if cli.summary {
        return Ok(inspect::summary(cli, &loader, files));
    }
    if cli.daemon && !background::is_second() && !cli.explain && !cli.dry_run {
        // Wrong rules are reported before the first process ends.
        return match inspect::can_start(cli, &loader, &files) {
            true => background::start(args).context("cannot start in the background"),
            false => Ok(ExitCode::from(REFUSED)),
        };
    }
    let (plans, refused): (Vec<_>, Vec<_>) = plans(cli, &loader, files);
    if plans.is_empty() {
        return Ok(ExitCode::from(REFUSED));
    }
    watch(cli, loader, plans, refused, restart_time.map(Schedule::new))
}

/// Reports a command line that is refused.
fn refuse(reason: impl std::fmt::Display) -> ExitCode {
    let event = LogEvent::new(Level::Error, EventKind::Refused, &reason);
    log::write(&event.with("reason", reason.to_string()));
    ExitCode::from(REFUSED)
}

/// Loads all configurations; an error in one does not stop the others. Gives the plans, and the
/// names of the files that are refused.
fn plans(cli: &Cli, loader: &Loader, files: Vec<PathBuf>) -> (Vec<Plan>, Vec<String>) {
    let mut plans = Vec::new();
    let mut refused = Vec::new();
    for path in files {
        match plan::plan(cli, loader, &path) {
            Ok(plan) => plans.push(plan),
            Err(refusal) => {
                refusal.report();
                refused.push(plan::file_name(&path));
            }
        }
    }
    (plans, refused)
}

/// Starts the watches and runs until they end.
fn watch(
    cli: &Cli,
    loader: Loader,
    plans: Vec<Plan>,
    refused: Vec<String>,
    schedule: Option<Schedule>,
) -> Result<ExitCode> {
    let parent = background::adopt().context("cannot leave the terminal")?;
    let signals = Signals::take().context("cannot handle signals")?;
    let waker = Waker::new().context("cannot create an event descriptor")?;
    let cancel = Cancel::new().context("cannot create an event descriptor")?;
    let cancel = Arc::new(cancel);
    let pid_file = match cli.pid_file.as_deref().map(PidFile::claim).transpose() {
        Ok(file) => file,
        Err(e) if e.is_fatal() => return Err(e.into()),
        Err(e) => {
            log::warning(e);
            None
        }
    };
    if !cli.daemon && !cli.explain && banner::wanted() {
        print(&banner::text());
    }
    if !cli.json {
        announce(schedule.as_ref());
    }
    let reader_gone = match output_pipe::ends_with_reader(cli) {
        true => Some(output_pipe::watch(waker.clone()).context("cannot start a thread")?),
        false => None,
    };
    let manager = ServiceManager::from_environment();
    let place = place(cli)?;
    let name = place
        .as_ref()
        .map_or_else(|| monitor::name(cli), |place| place.name.clone());
    let (monitor, requests) = Monitor::new(name, waker.clone());
    let mut session = Session::new(
        cli.clone(),
        loader,
        waker.clone(),
        Arc::clone(&cancel),
        Arc::clone(&monitor),
    );
    let watches = session.start(plans);
    if watches.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let socket = place.map(|place| Server::start(&place, Arc::clone(&monitor)));
    let _socket = socket
        .map(|socket| usable(cli, socket))
        .transpose()?
        .flatten();
    let _metrics = metrics(cli, &monitor)?;
    let failed: Vec<_> = refused.into_iter().chain(session.failed()).collect();
    let summary = summary(&session.names(), &failed);
    manager.ready();
    manager.status(&summary);
    if let Some(parent) = parent {
        parent.ready();
    }
    log::write(
        &LogEvent::new(
            Level::Info,
            EventKind::Started,
            format_args!("swatch-rs {VERSION} has started, {summary}"),
        )
        .with("version", VERSION)
        .with("watches", watches.len())
        .with("failed", failed.len()),
    );
    let supervisor = Supervisor {
        signals,
        waker,
        manager,
        schedule,
        cancel,
        reader_gone,
        pid_file,
        reloader: session,
        monitor,
        requests,
    };
    let end = match supervisor.run(watches) {
        End::Finished if !failed.is_empty() => End::Failed,
        end => end,
    };
    let status = exit_status(cli, end);
    let text = format!("swatch-rs has ended with status {status}");
    let stopped = LogEvent::new(Level::Info, EventKind::Stopped, text);
    log::write(&stopped.with("status", u32::from(status)));
    Ok(ExitCode::from(status))
}

/// Writes and serves metrics, as asked.
fn metrics(cli: &Cli, monitor: &Arc<Monitor>) -> Result<Option<Textfile>> {
    let options = &cli.monitoring;
    if let Some(ListenAddress(address)) = options.metrics_listen {
        let server = HttpServer::start(address, Arc::clone(monitor));
        let server = server.with_context(|| format!("cannot serve metrics on {address}"))?;
        let address = server.address();
        if !address.ip().is_loopback() {
            log::warning(format_args!(
                "--metrics-listen: whoever reaches {address} can read the names of logs and rules"
            ));
        }
        log::log(
            Level::Info,
            format_args!("serving metrics on http://{address}/metrics"),
        );
    }
    let every = Duration::from_secs(options.metrics_interval);
    let file = options.metrics.as_deref();
    let file = file.map(|path| Textfile::start(path, every, Arc::clone(monitor)));
    Ok(file.transpose()?)
}

/// The place of the socket, if there is to be one.
fn place(cli: &Cli) -> Result<Option<Instance>> {
    match monitor::is_reachable(cli) {
        true => usable(cli, Instance::claim(cli)),
        false => Ok(None),
    }
}

/// A socket that was asked for has to be there. Without one that was not, watching goes on.
fn usable<T>(cli: &Cli, made: Result<T, RuntimeError>) -> Result<Option<T>> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(e) if cli.monitoring.runtime_dir.is_some() => Err(e.into()),
        Err(e) => {
            let level = match e {
                RuntimeError::None => Level::Info,
                _ => Level::Warning,
            };
            log::log(level, format_args!("no socket for swatch-rs status: {e}"));
            Ok(None)
        }
    }
}

/// `watching a.conf, b.conf`; logged if a configuration is not watched.
fn summary(watched: &[String], failed: &[String]) -> String {
    let watched_names = watched.join(", ");
    if failed.is_empty() {
        return format!("watching {watched_names}");
    }
    let verb = if failed.len() == 1 { "is" } else { "are" };
    let named = failed.iter().take(SUMMARY).cloned().collect::<Vec<_>>();
    let more = match failed.len().saturating_sub(SUMMARY) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let text = format!(
        "watching {} of {}; {}{more} {verb} not watched",
        watched.len(),
        watched.len() + failed.len(),
        named.join(", ")
    );
    log::warning(&text);
    text
}

fn exit_status(cli: &Cli, end: End) -> u8 {
    match end {
        End::Finished => 0,
        End::Failed => 1,
        // A pass that was interrupted has not done what was asked for.
        End::Signalled(signal) if cli.examine.is_some() => 128 + signal as u8,
        End::Signalled(_) => 0,
    }
}

fn announce(schedule: Option<&Schedule>) {
    match schedule.map(Schedule::announcement) {
        Some(Some(text)) => {
            print(&format!("{text}\n"));
        }
        Some(None) => {
            log::warning("--restart-time +0:00: the rules are not read again by themselves");
        }
        None => {}
    }
}

/// Errors are ignored: the reader of standard output may have closed it.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}
