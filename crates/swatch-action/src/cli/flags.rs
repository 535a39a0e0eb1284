//! Flags that override settings.

use std::path::PathBuf;

use clap::Args;
use swatch_common::duration::Seconds;
use swatch_common::event_log::{Level, LogFormat};

use crate::settings::{Backend, Expiry, IgnoredNetworksError, Settings, SettingsError};

/// The settings that the command line can change; each overrides the settings file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings (see docs/action.md for all)")]
pub struct Flags {
    /// The settings file, instead of /etc/swatch/action.toml
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The recipients of a mail for each lock
    #[arg(long, value_name = "WHO")]
    pub mail: Option<String>,
    /// Send no mail
    #[arg(long, conflicts_with = "mail")]
    pub no_mail: bool,
    /// The program that reads the mail on its standard input, or smtp://HOST:PORT
    #[arg(long, value_name = "COMMAND")]
    pub mailer: Option<String>,
    /// The directory of the logs, one per address
    #[arg(long, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
    /// The directory of the lock state
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The directories in which programs are searched for
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// The time limit for each program
    #[arg(long, value_name = "TIME")]
    pub time_limit: Option<Seconds>,
    /// The number of lines from which on an address is locked
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// Count only the lines of the last TIME, such as 10m
    #[arg(long, value_name = "TIME")]
    pub window: Option<Seconds>,
    /// The time for which the log of an address without events is kept, such as 90d
    #[arg(long, value_name = "TIME")]
    pub keep_counts: Option<Seconds>,
    /// Lock also for lines whose source address anybody can forge
    #[arg(long)]
    pub lock_forgeable: bool,
    /// The lock time, such as 24h
    #[arg(long, value_name = "TIME")]
    pub lock_time: Option<Seconds>,
    /// The times of the first, second and further locks of an address, such as 10m,1h,1d
    #[arg(long, value_name = "TIMES", value_delimiter = ',', conflicts_with_all = ["lock_time", "growth"])]
    pub lock_times: Vec<Seconds>,
    /// Each further lock of an address lasts this many times longer
    #[arg(long, value_name = "FACTOR")]
    pub growth: Option<f64>,
    /// The longest lock that growth leads to
    #[arg(long, value_name = "TIME")]
    pub max_lock_time: Option<Seconds>,
    /// Lock a whole IPv4 network of this prefix length once enough of its addresses are locked
    #[arg(long, value_name = "LENGTH")]
    pub aggregate: Option<u8>,
    /// Never lock this network or address (may be repeated)
    #[arg(long, value_name = "NETWORK")]
    pub ignore: Vec<String>,
    /// Never lock what this file lists (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub ignore_file: Vec<PathBuf>,
    /// The firewall
    #[arg(long, value_enum, value_name = "NAME")]
    pub firewall: Option<Backend>,
    /// A chain for the rules (may be repeated)
    #[arg(long, value_name = "CHAIN")]
    pub chain: Vec<String>,
    /// The mechanism that ends locks
    #[arg(long, value_enum, value_name = "HOW")]
    pub expiry: Option<Expiry>,
    /// The whois server that is asked first
    #[arg(long, value_name = "HOST")]
    pub whois_server: Option<String>,
    /// Ask no whois server
    #[arg(long, conflicts_with = "whois_server")]
    pub no_whois: bool,
    /// Write messages as text, or as JSON, an object a line [values: text, json]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Write messages of this importance and above [values: error, warning, notice, info, debug]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<Level>,
    /// Take the field as the script did, whatever format the line has
    #[arg(long)]
    pub strict_field: bool,
}

impl Flags {
    /// The settings of the file, overridden by the flags.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        let mut settings = Settings::read(self.config.as_deref())?;
        let flags = self.clone();
        set(&mut settings.mail, flags.mail);
        set(&mut settings.log_dir, flags.log_dir);
        set(&mut settings.state_dir, flags.state_dir);
        set(&mut settings.path, flags.path);
        set(&mut settings.time_limit, flags.time_limit);
        set(&mut settings.count, flags.count);
        set(&mut settings.keep_counts, flags.keep_counts);
        if flags.lock_time.is_some() || flags.growth.is_some() {
            settings.lock_times.clear();
        }
        if !flags.lock_times.is_empty() {
            settings.lock_times = flags.lock_times;
            settings.growth = 1.0;
        }
        set(&mut settings.lock_time, flags.lock_time);
        set(&mut settings.growth, flags.growth);
        set(&mut settings.max_lock_time, flags.max_lock_time);
        set(&mut settings.firewall, flags.firewall);
        set(&mut settings.expiry, flags.expiry);
        set(&mut settings.whois.server, flags.whois_server);
        settings.window = flags.window.or(settings.window);
        settings.aggregate = flags.aggregate.or(settings.aggregate);
        settings.log_format = flags.log_format.or(settings.log_format);
        settings.log_level = flags.log_level.or(settings.log_level);
        settings.lock_forgeable |= flags.lock_forgeable;
        settings.strict_field |= flags.strict_field;
        if let Some(command) = flags.mailer {
            settings.mailer = command.split_whitespace().map(str::to_owned).collect();
        }
        if flags.no_mail {
            settings.mail.clear();
        }
        if flags.no_whois {
            settings.whois.server.clear();
        }
        if !flags.chain.is_empty() {
            settings.chains = flags.chain;
        }
        for text in &flags.ignore {
            let networks =
                text.parse()
                    .map_err(|error: IgnoredNetworksError| SettingsError::Value {
                        name: "ignore",
                        what: error.to_string(),
                    })?;
            settings.ignore.networks.push(networks);
        }
        settings.ignore.files.extend(flags.ignore_file);
        settings.check()?;
        Ok(settings)
    }
}

fn set<T>(setting: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *setting = value;
    }
}
