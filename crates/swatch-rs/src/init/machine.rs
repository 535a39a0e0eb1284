//! A look at the machine: what is installed, what runs, and which logs there are.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swatch_common::process::{self, Input, Limits};

use super::services::{Place, Service};
use crate::perform::SENDMAIL;

/// The folders of unit files.
const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// It is there if systemd is process 1, as sd_booted(3) says.
const SYSTEMD: &str = "/run/systemd/system";

/// The folders of the journal: kept, and lost at the next boot.
const JOURNALS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];

/// A log without a line for so long may have been given up.
const QUIET: Duration = Duration::from_secs(7 * 86_400);

/// The time that systemctl may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Answers that are needed more than once.
pub(super) struct Machine {
    processes: HashSet<String>,
    has_journal: bool,
    /// True if there is a sendmail for the action `mail`.
    pub(super) has_sendmail: bool,
}

impl Machine {
    pub(super) fn look() -> Self {
        Self {
            processes: processes(),
            has_journal: !journal_files().is_empty(),
            has_sendmail: SENDMAIL.iter().any(|path| Path::new(path).exists()),
        }
    }

    /// False if the service has a process, and none runs.
    pub(super) fn runs(&self, service: &Service) -> bool {
        let mut names = service.processes.iter();
        service.processes.is_empty() || names.any(|name| self.processes.contains(*name))
    }

    /// The first of the places where the service's lines are, and are written to; a log that nobody
    /// writes to any more is taken only if there is nothing else.
    pub(super) fn place(&self, service: &Service) -> Option<Place> {
        let is_there = |place: &Place| match place {
            Place::Logs(_) => !place.files().is_empty(),
            Place::Journal(matches) => {
                let unit = matches.strip_prefix("_SYSTEMD_UNIT=");
                self.has_journal && unit.is_none_or(unit_exists)
            }
        };
        let mut places = service.places();
        places.retain(is_there);
        let in_use = places.iter().position(is_in_use).unwrap_or(0);
        (!places.is_empty()).then(|| places.swap_remove(in_use))
    }
}

/// False for a log that had no line for a week: where rsyslog was removed, `auth.log` stays.
fn is_in_use(place: &Place) -> bool {
    let files = match place {
        Place::Journal(_) => return true,
        Place::Logs(_) => place.files(),
    };
    files.iter().any(|path| {
        let age = path
            .metadata()
            .and_then(|meta| meta.modified())
            .map(|written| written.elapsed().unwrap_or_default());
        age.is_ok_and(|age| age < QUIET)
    })
}

/// True if there is a sign of the service.
pub(super) fn is_installed(service: &Service) -> bool {
    service.signs.iter().any(|path| Path::new(path).exists())
}

/// The names of all processes.
fn processes() -> HashSet<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok())
        .map(|name| name.trim_end().to_owned())
        .collect()
}

/// The files of the journals.
pub(crate) fn journal_files() -> Vec<PathBuf> {
    let folders = JOURNALS.iter().filter_map(|path| fs::read_dir(path).ok());
    let machines = folders.flatten().flatten();
    let files = machines.flat_map(|machine| fs::read_dir(machine.path()).into_iter().flatten());
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "journal"));
    paths
}

/// True if systemd is there to start units.
pub(super) fn has_systemd() -> bool {
    Path::new(SYSTEMD).is_dir()
}

/// True if there is a unit file of this name, or the template of an instance.
pub(crate) fn unit_exists(name: &str) -> bool {
    let template = name
        .split_once('@')
        .map(|(name, _)| format!("{name}@.service"));
    let mut names = std::iter::once(name).chain(template.as_deref());
    names.any(|name| {
        UNITS
            .iter()
            .any(|folder| Path::new(folder).join(name).exists())
    })
}

/// True if systemd says that a unit runs.
pub(super) fn unit_is_active(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let Some(systemctl) = process::find("systemctl", &path) else {
        return false;
    };
    let mut command = process::command(systemctl);
    command.args(["is-active", "--quiet", name]);
    let limits = Limits {
        time: Some(PATIENCE),
        ..Limits::default()
    };
    process::run(&mut command, Input::Null, &limits)
        .exit
        .is_success()
}
