//! From the command line to watches at work.

mod banner;
mod load;
mod plan;
mod session;
mod state_dir;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cli::{self, Asked, Cli};
use crate::daemon::background;
use crate::daemon::pid_file::PidFile;
use crate::daemon::restart_time::{self, Schedule};
use crate::daemon::service_manager::Manager;
use crate::daemon::signals::Signals;
use crate::daemon::supervisor::{Bell, Supervisor};
use crate::log::{Level, tell};
use load::Loader;
use session::Session;

/// Status for a command line or rules that cannot be honoured, as swatchdog's.
const REFUSED: u8 = 2;

/// The whole program: the arguments with its name first; gives the exit status.
///
/// 0: ended well. 1: an input failed. 2: the command line or the rules are refused; nothing ran.
pub fn main(args: Vec<OsString>) -> ExitCode {
    let cli = match cli::parse(args.iter().cloned()) {
        Ok(Asked::Run(cli)) => *cli,
        Ok(Asked::Print(text)) => return print(&text),
        Err(e) => {
            tell(Level::Error, e);
            return ExitCode::from(REFUSED);
        }
    };
    if cli.version {
        return print(&format!(
            "swatch-rs version {}\n",
            env!("CARGO_PKG_VERSION")
        ));
    }
    match run(&cli, &args) {
        Ok(status) => status,
        Err(e) => {
            tell(Level::Error, format_args!("{e:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli, args: &[OsString]) -> Result<ExitCode> {
    let restart_time = match cli
        .restart_time
        .as_deref()
        .map(restart_time::parse)
        .transpose()
    {
        Ok(time) => time,
        Err(e) => {
            tell(Level::Error, e);
            return Ok(ExitCode::from(REFUSED));
        }
    };
    // The second process of a daemon says nothing twice.
    let loader = Loader::new(cli, !background::is_second());
    let Some(plans) = plan::plans(cli, &loader) else {
        return Ok(ExitCode::from(REFUSED));
    };
    if cli.check {
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(file) = &cli.dump_script {
        return load::dump(&plans, file).map(|()| ExitCode::SUCCESS);
    }
    if starts_daemon(cli) {
        return background::start(args).context("cannot start in the background");
    }
    let parent = background::adopt().context("cannot leave the terminal")?;

    // Before any thread is started: threads inherit the mask.
    let signals = Signals::take().context("cannot take signals")?;
    let bell = Bell::new().context("cannot make an event descriptor")?;
    if !cli.daemon && !cli.explain {
        print(&banner::text());
    }
    let pid_file = cli
        .pid_file
        .as_deref()
        .and_then(|path| match PidFile::write(path) {
            Ok(file) => Some(file),
            Err(e) => {
                tell(
                    Level::Warning,
                    format_args!("cannot write pid file {}: {e}", path.display()),
                );
                None
            }
        });
    let schedule = restart_time.map(Schedule::new);
    announce(schedule.as_ref());
    let manager = Manager::from_environment();
    let mut session = Session::new(cli.clone(), loader, bell.clone());
    let watches = session.start(plans);
    let Some(watches) = watches else {
        return Ok(ExitCode::FAILURE);
    };
    manager.ready();
    manager.status(&format!("watching {}", session.names().join(", ")));
    if let Some(parent) = parent {
        parent.ready();
    }
    let deadlines = session.deadlines();
    let supervisor = Supervisor {
        signals,
        bell,
        manager,
        schedule,
        deadlines,
        reloader: session,
    };
    let well = supervisor.run(watches);
    drop(pid_file);
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// This is the first process of a daemon, which only looks at the rules.
fn starts_daemon(cli: &Cli) -> bool {
    cli.daemon && !background::is_second() && !cli.explain && !cli.dry_run
}

fn announce(schedule: Option<&Schedule>) {
    match schedule.map(Schedule::announcement) {
        Some(Some(text)) => {
            print(&format!("{text}\n"));
        }
        Some(None) => tell(
            Level::Warning,
            "setting restart alarm to zero: the rules are not read again by themselves",
        ),
        None => {}
    }
}

/// Standard output may be closed already: that is the reader's decision.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}
