//! The subcommands, for people and timers.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Subcommand;

use crate::{
    cli::{Flags, complain, with_settings},
    duration::Span,
    event,
    lock::Locker,
    runner::Runner,
    settings::Settings,
};

mod by_hand;
mod extract;
mod listing;
mod maintenance;

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print for each line of standard input the address it would act on, `-` for none; no root needed
    Address {
        /// A field as `cut -d " " -f` takes it, or `auto`
        #[arg(allow_hyphen_values = true)]
        field: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// List what is locked
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Show one address: its lock, its history, its log
    Show {
        /// The address or network
        address: String,
        #[command(flatten)]
        flags: Flags,
    },
    /// Lock an address or network now
    Lock {
        /// The address or network
        address: String,
        /// How long, such as 2h; else the policy's time
        #[arg(long = "for", value_name = "TIME")]
        span: Option<Span>,
        /// Why, for the list
        #[arg(long, value_name = "TEXT", default_value = "by hand")]
        reason: String,
        /// Say what would be done and do none of it
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// End locks
    Unlock {
        /// An address, or a network with everything in it
        #[arg(required_unless_present = "all")]
        address: Option<String>,
        /// Every lock
        #[arg(long, conflicts_with = "address")]
        all: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Lock every address and network of a file, one a line
    Import {
        /// The file; `-` for standard input
        file: PathBuf,
        /// How long, such as 7d; else the policy's time
        #[arg(long = "for", value_name = "TIME")]
        span: Option<Span>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Print figures
    Stats {
        /// As JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Put back every lock that is in force, in bulk: after boot or a flush of the firewall
    Restore {
        #[command(flatten)]
        flags: Flags,
    },
    /// Compare the locks with the firewall, and mend it
    Check {
        /// Only tell
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// End the locks whose time is over
    Expire {
        #[command(flatten)]
        flags: Flags,
    },
}

/// Why a subcommand did not do its work: the whole message for standard error.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Something that was asked for failed.
    #[error("{0}")]
    Failed(String),
    /// The output was not taken; a closed pipe is none of our errors.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// Locking or unlocking failed.
    #[error(transparent)]
    Lock(#[from] crate::lock::LockError),
    /// The state.
    #[error(transparent)]
    State(#[from] crate::state::StateError),
    /// The firewall.
    #[error(transparent)]
    Firewall(#[from] crate::runner::ProgramError),
    /// An address or network on the command line.
    #[error(transparent)]
    Network(#[from] crate::network::NetworkError),
}

type Outcome = Result<u8, CommandError>;

impl Command {
    /// Whether a word is the name of a subcommand.
    #[must_use]
    pub(crate) fn is(word: &str) -> bool {
        Self::has_subcommand(word)
    }
}

/// Runs a subcommand and returns the exit code.
#[must_use]
pub(crate) fn run(command: Command) -> u8 {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let out: &mut dyn Write = &mut out;
    match command {
        Command::Address { field, flags } => with(&flags, |settings| {
            extract::address(settings, &field, &mut io::stdin().lock(), out)
        }),
        Command::List { json, flags } => {
            with(&flags, |settings| listing::list(settings, json, out))
        }
        Command::Show { address, flags } => {
            with(&flags, |settings| listing::show(settings, &address, out))
        }
        Command::Stats { json, flags } => {
            with(&flags, |settings| listing::stats(settings, json, out))
        }
        Command::Lock {
            address,
            span,
            reason,
            dry_run,
            flags,
        } => with(&flags, |settings| {
            let wish = by_hand::Wish {
                address,
                span,
                reason,
            };
            by_hand::lock(settings, wish, dry_run, out)
        }),
        Command::Unlock { address, flags, .. } => with(&flags, |settings| {
            by_hand::unlock(settings, address.as_deref(), out)
        }),
        Command::Import { file, span, flags } => with(&flags, |settings| {
            by_hand::import(settings, &file, span, out)
        }),
        Command::Restore { flags } => with(&flags, |settings| maintenance::restore(settings, out)),
        Command::Check { dry_run, flags } => with(&flags, |settings| {
            maintenance::check(settings, dry_run, out)
        }),
        Command::Expire { flags } => with(&flags, |settings| maintenance::expire(settings, out)),
    }
}

fn with(flags: &Flags, work: impl FnOnce(&Settings) -> Outcome) -> u8 {
    with_settings(flags.settings(), |settings| match work(settings) {
        Ok(code) => code,
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => event::OK,
        Err(error) => {
            complain(&error.to_string());
            event::FAILED
        }
    })
}

/// A runner with the settings' path and limit.
fn runner(settings: &Settings) -> Runner {
    Runner::new(&settings.path, settings.time_limit.duration())
}

/// The firewall of the settings; for `auto`, standard error tells which and why.
fn locker<'a>(settings: &'a Settings, runner: &'a Runner) -> Locker<'a> {
    let (backend, why) = crate::firewall::choose(settings);
    if let Some(why) = why {
        complain(&why);
    }
    Locker {
        settings,
        runner,
        backend,
    }
}
