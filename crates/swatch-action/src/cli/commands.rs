//! The subcommands, for people and timers.

use std::{io, path::PathBuf};

use clap::{Args, Subcommand};

use super::flags::Flags;
use swatch_common::duration::Seconds;

use crate::{
    ban_list::Format,
    console::{Console, Exit},
    doctor, extract, fleet, listing, maintenance, manual, metrics, report,
    settings::{Settings, SettingsError},
    story,
    subcommand::{CommandError, Outcome},
};

/// The program that wrote a list of bans.
#[derive(Clone, Copy, Debug, Args)]
#[group(multiple = false)]
pub(super) struct ListFormat {
    /// The file is fail2ban's database, such as /var/lib/fail2ban/fail2ban.sqlite3
    #[arg(long)]
    fail2ban: bool,
    /// The file is sshguard's blacklist
    #[arg(long)]
    sshguard: bool,
    /// The file is the output of `cscli decisions list -o json`
    #[arg(long)]
    crowdsec: bool,
}

impl ListFormat {
    fn format(self) -> Format {
        match self {
            Self { fail2ban: true, .. } => Format::Fail2ban,
            Self { sshguard: true, .. } => Format::Sshguard,
            Self { crowdsec: true, .. } => Format::Crowdsec,
            Self { .. } => Format::Lines,
        }
    }
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the address that each line of standard input would act on, or `-`; needs no root
    Address {
        /// A field as `cut -d " " -f` takes it, or `auto`
        #[arg(allow_hyphen_values = true)]
        field: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// Show what is locked
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Show what the fleet has locked
        #[arg(long)]
        fleet: bool,
        /// Show all columns and the full text, however narrow the terminal is
        #[arg(long, conflicts_with = "json")]
        wide: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Tell the story of an address: its lock, who made it and why, each counted line, the past
    Show {
        /// The address or network
        address: String,
        /// Show also what the fleet knows of it
        #[arg(long)]
        fleet: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Lock an address or network now
    Lock {
        /// The address or network
        address: String,
        /// The lock time, such as 2h; default: that of the settings
        #[arg(long = "for", value_name = "TIME")]
        span: Option<Seconds>,
        /// The reason, for the list
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        reason: String,
        /// Lock on all hosts of the fleet
        #[arg(long)]
        fleet: bool,
        /// Say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// End locks
    #[command(override_usage = "swatch-action unlock [OPTIONS] <ADDRESS>\n       \
        swatch-action unlock [OPTIONS] --all")]
    Unlock {
        /// An address, or a network with everything inside it
        #[arg(required_unless_present = "all")]
        address: Option<String>,
        /// End all locks
        #[arg(long, conflicts_with = "address")]
        all: bool,
        /// End them on all hosts of the fleet
        #[arg(long)]
        fleet: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Lock every address and network in a file, one per line
    Import {
        /// The file; `-` for standard input
        file: PathBuf,
        #[command(flatten)]
        from: ListFormat,
        /// The lock time, such as 7d; default: that of the settings
        #[arg(long = "for", value_name = "TIME")]
        span: Option<Seconds>,
        /// Lock on all hosts of the fleet; their `locks_per_minute` holds
        #[arg(long)]
        fleet: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Print figures
    Stats {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Print the figures of the fleet
        #[arg(long)]
        fleet: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Print metrics in node_exporter's text format: locks by firewall, events of the last day
    Metrics {
        /// Write them to a file, as a whole, instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Report locks and events over time, by service, rule, network and country
    Report {
        /// The length of time before now, such as 30d
        #[arg(long, value_name = "TIME", default_value = "30d")]
        since: Seconds,
        /// Write an HTML page to a file, instead of text to standard output
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Put every lock that is in force into the firewall, in bulk: after a boot or a flush
    Restore {
        #[command(flatten)]
        flags: Flags,
    },
    /// Compare the locks with the firewall, and repair it
    Check {
        /// Only report
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Look whether locks would work here, and say what to do; status 0 fine, 1 warnings, 2 errors
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Do not try the firewall with a test address
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Apply the locks and unlocks of the fleet as they come
    Follow {
        /// End when everything is applied that is there
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// End the locks whose time is over
    Expire {
        #[command(flatten)]
        flags: Flags,
    },
}

impl Command {
    /// The first words that a misspelt one may stand for.
    pub(super) const NAMES_AND_AUTO: [&'static str; 16] = [
        "address", "list", "show", "lock", "unlock", "import", "stats", "report", "restore",
        "check", "expire", "follow", "metrics", "auto", "help", "doctor",
    ];

    /// True if a word is the name of a subcommand.
    #[must_use]
    pub(super) fn is(word: &str) -> bool {
        Self::has_subcommand(word)
    }

    fn flags(&self) -> &Flags {
        match self {
            Self::Address { flags, .. }
            | Self::List { flags, .. }
            | Self::Show { flags, .. }
            | Self::Lock { flags, .. }
            | Self::Unlock { flags, .. }
            | Self::Import { flags, .. }
            | Self::Stats { flags, .. }
            | Self::Metrics { flags, .. }
            | Self::Report { flags, .. }
            | Self::Restore { flags }
            | Self::Check { flags, .. }
            | Self::Doctor { flags, .. }
            | Self::Follow { flags, .. }
            | Self::Expire { flags } => flags,
        }
    }
}

/// Runs a subcommand.
///
/// # Errors
/// The settings; what goes wrong later is printed and becomes [`Exit::Failed`].
pub(super) fn run(command: Command, console: &mut Console<'_>) -> Result<Exit, SettingsError> {
    let settings = command.flags().settings()?;
    console.configure(settings.log());
    let done = match command {
        Command::Doctor { json, dry_run, .. } => {
            doctor::run(&settings, (json, dry_run), console).map(Exit::of_doctor)
        }
        command => outcome(command, &settings, console).map(|()| console.exit()),
    };
    Ok(match done {
        Ok(exit) => exit,
        // A reader that went away has seen all it wanted.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            console.exit()
        }
        Err(error) => {
            console.warn(&error.to_string());
            Exit::Failed
        }
    })
}

fn outcome(command: Command, settings: &Settings, console: &mut Console<'_>) -> Outcome {
    match command {
        Command::Address { field, .. } => {
            extract::address(settings, &field, &mut io::stdin().lock(), console)
        }
        Command::List {
            json, fleet: true, ..
        } => fleet::list(settings, json, console),
        Command::List { json, wide, .. } => listing::list(settings, json, wide, console),
        Command::Show {
            address,
            json,
            fleet,
            ..
        } => story::show(settings, &address, (json, fleet), console),
        Command::Stats {
            json, fleet: true, ..
        } => fleet::stats(settings, json, console),
        Command::Stats { json, .. } => listing::stats(settings, json, console),
        Command::Metrics { output, .. } => metrics::run(settings, output.as_deref(), console),
        Command::Report { since, html, .. } => {
            report::run(settings, since, html.as_deref(), console)
        }
        Command::Lock {
            address,
            span,
            reason,
            dry_run,
            fleet,
            ..
        } => {
            let request = manual::LockArguments {
                address,
                span,
                reason,
                fleet,
            };
            manual::lock(settings, request, dry_run, console)
        }
        Command::Unlock { address, fleet, .. } => {
            manual::unlock(settings, address.as_deref(), fleet, console)
        }
        Command::Import {
            file,
            from,
            span,
            fleet,
            ..
        } => manual::import(settings, (from.format(), &file), span, fleet, console),
        Command::Restore { .. } => maintenance::restore(settings, console),
        Command::Check { dry_run, .. } => maintenance::check(settings, dry_run, console),
        // It has an exit status of its own: see `run`.
        Command::Doctor { .. } => Ok(()),
        Command::Follow { once, .. } => fleet::follow(settings, once, console),
        Command::Expire { .. } => maintenance::expire(settings, console),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_can_be_suggested() {
        #[derive(clap::Parser)]
        struct All {
            #[command(subcommand)]
            _command: Command,
        }
        let all = All::command();
        let names: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(names.len(), Command::NAMES_AND_AUTO.len() - 2);
        assert!(
            names
                .iter()
                .all(|name| Command::NAMES_AND_AUTO.contains(name))
        );
    }
}
