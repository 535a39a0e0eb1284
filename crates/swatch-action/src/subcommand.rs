//! Shared by the subcommands: their errors, and the runner and firewall that the settings name.

use std::{io, path::PathBuf};

use ipnet::IpNet;
use swatch_common::sanitize;

use crate::{console::Console, lock::Locker, network, runner::Runner, settings::Settings};

/// Why a subcommand did not do its work: the whole message for standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A file, or standard input, that the command line names.
    #[error("cannot read {}: {source}", sanitize::path(path))]
    Read {
        /// The file, or `standard input`.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A list to import.
    #[error(transparent)]
    BanList(#[from] crate::ban_list::BanListError),
    /// A network that would lock out a continent.
    #[error("{net} is too wide: at least /{least}")]
    TooWide {
        /// As given.
        net: IpNet,
        /// The shortest prefix that is accepted.
        least: u8,
    },
    /// There is nothing to unlock.
    #[error("{} is not locked{}", network::text(*.net), inside(*.wider))]
    NotLocked {
        /// As given.
        net: IpNet,
        /// A locked network around it.
        wider: Option<IpNet>,
    },
    /// The field of `address FIELD`.
    #[error(transparent)]
    Field(#[from] crate::address::FieldListError),
    /// Standard output. The caller does not treat a closed pipe as an error.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// The file of metrics.
    #[error("cannot write the metrics: {0}")]
    Metrics(swatch_common::atomic_file::AtomicFileError),
    /// Locking or unlocking failed.
    #[error(transparent)]
    Lock(#[from] crate::lock::LockError),
    /// The state.
    #[error(transparent)]
    State(#[from] crate::state::StateError),
    /// The firewall.
    #[error(transparent)]
    Firewall(#[from] crate::firewall::FirewallError),
    /// An address or network on the command line.
    #[error(transparent)]
    Network(#[from] network::NetworkError),
    /// An ignore file.
    #[error(transparent)]
    Ignore(#[from] crate::allowlist::IgnoreError),
    /// The file that a report is written to.
    #[error(transparent)]
    Report(#[from] swatch_common::atomic_file::AtomicFileError),
    /// The logs of the addresses.
    #[error(transparent)]
    Count(#[from] crate::count::CountError),
    /// The fleet.
    #[error(transparent)]
    Fleet(#[from] crate::fleet::FleetError),
}

/// The result of a subcommand; warnings went to the console.
pub(crate) type Outcome = Result<(), CommandError>;

fn inside(wider: Option<IpNet>) -> String {
    wider.map_or(String::new(), |net| {
        format!("; it is inside {}, which is", network::text(net))
    })
}

/// A runner with the search path and the time limit of the settings.
pub(crate) fn runner(settings: &Settings) -> Runner {
    Runner::new(&settings.path, settings.time_limit.duration())
}

/// A locker for the firewall of the settings; with `auto`, the console says which one and why.
pub(crate) fn locker<'a>(
    settings: &'a Settings,
    runner: &'a Runner,
    console: &mut Console<'_>,
) -> Locker<'a> {
    let keep = !runner.is_dry();
    locker_with(settings, runner, keep, console)
}

/// As [`locker`], for a run that only compares: a choice of the firewall is not remembered.
pub(crate) fn locker_of_dry_run<'a>(
    settings: &'a Settings,
    runner: &'a Runner,
    console: &mut Console<'_>,
) -> Locker<'a> {
    locker_with(settings, runner, false, console)
}

fn locker_with<'a>(
    settings: &'a Settings,
    runner: &'a Runner,
    keep: bool,
    console: &mut Console<'_>,
) -> Locker<'a> {
    let (backend, why) = crate::firewall::choose(settings, keep);
    if let Some(why) = why {
        console.note(&why);
    }
    Locker {
        settings,
        runner,
        backend,
    }
}
