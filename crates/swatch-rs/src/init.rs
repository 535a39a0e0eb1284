//! `swatch-rs init`: configurations for what is found on this machine.
//!
//! It asks nothing and overwrites nothing. [`services`] is what it knows, [`machine`] is the look,
//! [`helper`] asks `swatch-action` which firewall it would use, [`settings`] puts that into
//! `action.toml`.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use swatch_common::atomic_file::{AtomicFile, Durability};
use swatch_common::{process, sanitize, shell_quote};

pub(crate) mod helper;
pub(crate) mod machine;
mod services;
mod settings;

use crate::cli;
use helper::Helper;
use machine::Machine;
use services::{Place, SERVICES, Service};
use settings::{Choice, EXPIRE};

/// The directory that the service watches.
pub(crate) const DIRECTORY: &str = "/etc/swatch";

/// Status if nothing was found to watch, or a file could not be written.
const FAILED: u8 = 1;

/// The unit of the watcher.
const UNIT: &str = "swatch-rs.service";

/// The unit that ends locks where nothing else does.
const EXPIRE_TIMER: &str = "swatch-action-expire.timer";

/// Write configurations for the services found on this machine, and the choice of the firewall
///
/// Asks nothing and overwrites nothing. Exit status: 0 done, 1 nothing to watch was found or a file
/// could not be written, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(
    name = "swatch-rs init",
    bin_name = "swatch-rs init",
    max_term_width = 100
)]
struct Cli {
    /// The directory for the configurations and the settings of swatch-action, action.toml
    #[arg(long, value_name = "DIR", default_value = DIRECTORY)]
    config_dir: PathBuf,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// `init` as clap describes it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs `init` with its arguments, `init` first; gives the exit status.
pub fn main(args: &[OsString]) -> ExitCode {
    cli::run(args, |cli: Cli| {
        let mut run = Run {
            cli: &cli,
            out: io::stdout().lock(),
            watched: 0,
            failed: false,
        };
        match run.all() {
            Ok(()) if run.watched > 0 && !run.failed => ExitCode::SUCCESS,
            // A reader that went away has seen all it wanted.
            Ok(()) | Err(_) => ExitCode::from(FAILED),
        }
    })
}

struct Run<'a> {
    cli: &'a Cli,
    out: io::StdoutLock<'static>,
    /// Services whose configuration is there now, or would be.
    watched: usize,
    failed: bool,
}

/// The outcome for a file.
enum Written {
    New,
    Added,
    Kept,
    Failed,
}

impl Run<'_> {
    fn all(&mut self) -> io::Result<()> {
        let machine = Machine::look();
        let mut absent = Vec::new();
        for service in &SERVICES {
            if !machine::is_installed(service) {
                absent.push(service.name);
            } else if service.only_mails() && !machine.has_sendmail {
                writeln!(
                    self.out,
                    "none  {}: its rules send mail, and there is no mailer",
                    service.name
                )?;
            } else if let Some(place) = machine.place(service) {
                self.service(service, &place, machine.runs(service))?;
            } else {
                self.without_log(service)?;
            }
        }
        let helper = self.settings()?;
        if !absent.is_empty() {
            writeln!(self.out, "not installed: {}", absent.join(", "))?;
        }
        self.end(helper)
    }

    fn service(&mut self, service: &Service, place: &Place, runs: bool) -> io::Result<()> {
        let path = self.cli.config_dir.join(format!("{}.conf", service.name));
        let asleep = if runs { "" } else { "; it does not run now" };
        let shown = sanitize::path(&path);
        let written = self.write(&path, &service.text(place))?;
        if !matches!(written, Written::Failed) {
            self.watched += 1;
        }
        match written {
            Written::New | Written::Added => {
                writeln!(
                    self.out,
                    "{} {shown}: {} ({}{asleep})",
                    self.verb("write"),
                    service.name,
                    place.words()
                )?;
                match service.needs {
                    None => Ok(()),
                    Some(needs) => {
                        writeln!(self.out, "needs {} to be set so: {needs}", service.name)
                    }
                }
            }
            Written::Kept => writeln!(self.out, "kept  {shown}: it was there already"),
            Written::Failed => Ok(()),
        }
    }

    fn without_log(&mut self, service: &Service) -> io::Result<()> {
        let places: Vec<String> = service.places().iter().map(Place::words).collect();
        writeln!(
            self.out,
            "none  {}: installed, but no log of it was found; looked for: {}",
            service.name,
            places.join(", ")
        )
    }

    /// The settings of the helper: the firewall, and no mail where nothing could send one.
    fn settings(&mut self) -> io::Result<Option<Helper>> {
        let path = self.cli.config_dir.join("action.toml");
        let shown = sanitize::path(&path);
        let helper = match Helper::ask(false, None) {
            Ok(helper) => helper,
            Err(why) => {
                self.failed = true;
                writeln!(self.out, "none  {shown}: {why}")?;
                return Ok(None);
            }
        };
        if helper
            .finding("default-firewall")
            .is_some_and(|found| found.text.contains("no firewall works"))
        {
            writeln!(
                self.out,
                "none  firewall: nothing works here; remedy: apt install nftables, then run this again"
            )?;
            self.failed = true;
            return Ok(Some(helper));
        }
        let has_mailer = helper
            .finding("mailer")
            .is_none_or(|found| found.remedy.is_empty());
        let choice = Choice {
            firewall: &helper.firewall,
            ends_by: &helper.ends_by,
            has_mailer,
        };
        let verb = match self.add_or_write(&path, &choice)? {
            Written::New => self.verb("write"),
            Written::Added => self.verb("add"),
            Written::Kept => {
                writeln!(self.out, "kept  {shown}: it names a firewall already")?;
                return Ok(Some(helper));
            }
            Written::Failed => return Ok(Some(helper)),
        };
        writeln!(
            self.out,
            "{verb} {shown}: firewall {}, locks end by {}",
            helper.firewall, helper.ends_by
        )?;
        if !has_mailer {
            writeln!(
                self.out,
                "none  mailer: no mail is sent; remedy: apt install msmtp-mta, and remove `mail` \
                 from action.toml"
            )?;
        }
        Ok(Some(helper))
    }

    /// Writes the settings, or adds to those that are there.
    fn add_or_write(&mut self, path: &Path, choice: &Choice<'_>) -> io::Result<Written> {
        // Behind a link is the file that is to be changed.
        let Ok(path) = path.canonicalize() else {
            return self.write(path, &choice.file());
        };
        let added = fs::read_to_string(&path)
            .map_err(|error| error.to_string())
            .and_then(|text| choice.add_to(&text));
        let text = match added {
            Ok(None) => return Ok(Written::Kept),
            Ok(Some(_)) if self.cli.dry_run => return Ok(Written::Added),
            Ok(Some(text)) => text,
            Err(why) => return self.fail(&path, &why),
        };
        let mode = path
            .metadata()
            .map_or(0o644, |meta| meta.permissions().mode());
        let written = AtomicFile::new(&path)
            .mode(mode & 0o7777)
            .durability(Durability::File)
            .write(text.as_bytes());
        match written {
            Ok(()) => Ok(Written::Added),
            Err(error) => self.fail(&path, &format!("{}{}", error.source, remedy(&error.source))),
        }
    }

    fn fail(&mut self, path: &Path, why: &str) -> io::Result<Written> {
        self.failed = true;
        writeln!(
            self.out,
            "failed {}: {}",
            sanitize::path(path),
            sanitize::text(why.as_bytes())
        )?;
        Ok(Written::Failed)
    }

    fn end(&mut self, helper: Option<Helper>) -> io::Result<()> {
        if self.watched == 0 {
            writeln!(
                self.out,
                "No service with a log was found: write a *.conf of your own in {}, with a line \
                 `# logfile PATH`.",
                sanitize::path(&self.cli.config_dir)
            )?;
        }
        let dir = self.cli.config_dir.to_string_lossy();
        let dir = shell_quote::word(&dir);
        if self.cli.dry_run {
            return writeln!(self.out, "next: swatch-rs init --config-dir {dir}");
        }
        let by_timer = helper.is_some_and(|helper| helper.ends_by == EXPIRE);
        let has_units = machine::has_systemd() && machine::unit_exists(UNIT);
        if by_timer && has_units {
            writeln!(self.out, "next: systemctl enable --now {EXPIRE_TIMER}")?;
        } else if by_timer {
            writeln!(
                self.out,
                "next: call `swatch-action expire` each minute (cron)"
            )?;
        }
        writeln!(self.out, "next: swatch-rs doctor --config-dir {dir}")?;
        if !has_units || self.cli.config_dir != Path::new(DIRECTORY) {
            return writeln!(self.out, "then: swatch-rs --config-dir {dir} --daemon");
        }
        // A watcher that runs does not look for new files by itself.
        match machine::unit_is_active(UNIT) {
            true => writeln!(self.out, "then: systemctl reload swatch-rs"),
            false => writeln!(self.out, "then: systemctl enable --now swatch-rs"),
        }
    }

    /// The word for a change, or for one that would be made.
    fn verb(&self, change: &str) -> &'static str {
        match (change, self.cli.dry_run) {
            ("add", false) => "added to",
            ("add", true) => "would add to",
            (_, false) => "wrote",
            (_, true) => "would write",
        }
    }

    /// Writes a file that does not exist, in a directory that is made.
    fn write(&mut self, path: &Path, text: &str) -> io::Result<Written> {
        if path.symlink_metadata().is_ok() {
            return Ok(Written::Kept);
        }
        if self.cli.dry_run {
            return Ok(Written::New);
        }
        let mut directory = DirBuilder::new();
        let made = directory
            .recursive(true)
            .mode(0o755)
            .create(&self.cli.config_dir);
        let written = made.and_then(|()| {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o644)
                .open(path)?;
            file.write_all(text.as_bytes())
        });
        match written {
            Ok(()) => Ok(Written::New),
            Err(error) => self.fail(path, &format!("{error}{}", remedy(&error))),
        }
    }
}

/// The remedy for a file that cannot be written, as the end of a message.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => "; remedy: run it as root, or name --config-dir",
        _ => "",
    }
}

/// A program beside this one, else in the search path.
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok();
    let beside = own.and_then(|own| Some(own.parent()?.join(name)));
    let path = std::env::var("PATH").unwrap_or_default();
    beside
        .filter(|path| path.is_file())
        .or_else(|| process::find(name, &path))
}
