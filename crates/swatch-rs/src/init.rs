//! `swatch-rs init`: configurations for what is found on this machine.
//!
//! It asks nothing and overwrites nothing. [`services`] is what it knows, [`machine`] is the look,
//! [`helper`] asks `swatch-action` which firewall it would use.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use swatch_common::{process, sanitize, shell_quote};

pub(crate) mod helper;
mod machine;
mod services;

use helper::Helper;
use machine::Machine;
use services::{Place, SERVICES, Service};

/// The directory that the service watches.
pub(crate) const DIRECTORY: &str = "/etc/swatch";

/// Status if nothing was found to watch, or a file could not be written.
const FAILED: u8 = 1;

/// Status for a command line that cannot be understood.
const REFUSED: u8 = 2;

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
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // If the reader of the help has gone, the error cannot be reported.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { REFUSED } else { 0 });
        }
    };
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
    Kept,
    Failed,
}

impl Run<'_> {
    fn all(&mut self) -> io::Result<()> {
        let machine = Machine::look();
        let mut absent = Vec::new();
        for service in &SERVICES {
            let is_there = machine::is_installed(service);
            match machine.place(service).filter(|_| is_there) {
                Some(place) => self.service(service, &place, machine.runs(service))?,
                None if is_there => self.without_log(service)?,
                None => absent.push(service.name),
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
        let place_words = place.comment();
        let from = place_words.trim_start_matches("# ");
        let asleep = if runs { "" } else { "; it does not run now" };
        let shown = sanitize::path(&path);
        let written = self.write(&path, &service.text(place))?;
        if !matches!(written, Written::Failed) {
            self.watched += 1;
        }
        match written {
            Written::New => writeln!(
                self.out,
                "{} {shown}: {} ({from}{asleep})",
                self.verb(),
                service.name
            ),
            Written::Kept => writeln!(self.out, "kept  {shown}: it was there already"),
            Written::Failed => Ok(()),
        }
    }

    fn without_log(&mut self, service: &Service) -> io::Result<()> {
        let places: Vec<String> = service
            .places()
            .iter()
            .map(|place| place.comment().trim_start_matches("# ").to_owned())
            .collect();
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
        let mut text = format!(
            "# Settings of swatch-action, written by `swatch-rs init`. swatch-action.toml(5), or \
             docs/action.md, has all of them.\n\n# Locks end by {}.\nfirewall = \"{}\"\n",
            helper.ends_by, helper.firewall
        );
        if helper.ends_by == "swatch-action expire" {
            text.push_str("expiry = \"expire\"\n");
        }
        let mailer = helper
            .finding("mailer")
            .filter(|found| !found.remedy.is_empty());
        if mailer.is_some() {
            text.push_str(
                "\n# No mailer was found. To get a mail for each lock, install one and remove this \
                 line.\nmail = \"\"\n",
            );
        }
        match self.write(&path, &text)? {
            Written::New => writeln!(
                self.out,
                "{} {shown}: firewall {}, locks end by {}",
                self.verb(),
                helper.firewall,
                helper.ends_by
            )?,
            Written::Kept => writeln!(self.out, "kept  {shown}: it was there already")?,
            Written::Failed => {}
        }
        if mailer.is_some() {
            writeln!(
                self.out,
                "none  mailer: no mail is sent; remedy: apt install msmtp-mta, and remove `mail` \
                 from action.toml"
            )?;
        }
        Ok(Some(helper))
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
        if helper.is_some_and(|helper| helper.ends_by == "swatch-action expire") {
            writeln!(
                self.out,
                "next: systemctl enable --now swatch-action-expire.timer"
            )?;
        }
        let dir = self.cli.config_dir.to_string_lossy();
        let dir = shell_quote::word(&dir);
        if self.cli.dry_run {
            return writeln!(self.out, "next: swatch-rs init --config-dir {dir}");
        }
        writeln!(self.out, "next: swatch-rs doctor --config-dir {dir}")?;
        let unit = ["/etc", "/usr/lib", "/lib"].iter().any(|folder| {
            Path::new(folder)
                .join("systemd/system/swatch-rs.service")
                .exists()
        });
        let system = Path::new("/run/systemd/system").is_dir();
        if unit && system && self.cli.config_dir == Path::new(DIRECTORY) {
            writeln!(self.out, "then: systemctl enable --now swatch-rs")
        } else {
            writeln!(self.out, "then: swatch-rs --config-dir {dir} --daemon")
        }
    }

    fn verb(&self) -> &'static str {
        match self.cli.dry_run {
            true => "would write",
            false => "wrote",
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
            Err(error) => {
                self.failed = true;
                let remedy = match error.kind() {
                    ErrorKind::PermissionDenied => "; remedy: run it as root, or name --config-dir",
                    _ => "",
                };
                writeln!(self.out, "failed {}: {error}{remedy}", sanitize::path(path))?;
                Ok(Written::Failed)
            }
        }
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
