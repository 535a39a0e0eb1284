//! The settings: defaults, overridden by the settings file, overridden by flags.

use std::{
    io::ErrorKind,
    net::IpAddr,
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use swatch_common::{
    duration::Seconds,
    event_log::{Level, LogFormat, LogSettings},
    sanitize,
    trust::{self, Untrusted},
};

use crate::network;

/// The settings file. Not `*.conf`: the init script of the tutorials starts a watcher for each
/// `/etc/swatch/*.conf`.
pub const FILE: &str = "/etc/swatch/action.toml";

/// All settings. The names are those of the settings file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The recipients of a mail for each lock; empty for none.
    pub mail: String,
    /// The program that takes a message with its headers on standard input, and its arguments; or
    /// `["smtp://HOST[:PORT]", "SENDER"]` for an SMTP server.
    pub mailer: Vec<String>,
    /// The directory of the logs, one per address.
    pub log_dir: PathBuf,
    /// The directory of the lock state.
    pub state_dir: PathBuf,
    /// The directories in which programs are searched for; also the `PATH` that they and `at` jobs
    /// get.
    pub path: String,
    /// The time limit for each program.
    pub time_limit: Seconds,
    /// The number of lines from which on an address is locked.
    pub count: u64,
    /// Count only the lines of this last length of time; `None` counts for ever.
    pub window: Option<Seconds>,
    /// The time for which the log of an address without events is kept; zero: for ever.
    pub keep_counts: Seconds,
    /// The time for which the history of decisions is kept; zero: none is kept.
    pub keep_history: Seconds,
    /// MaxMind-format files that tell country or AS of an address, for `report`.
    pub geo_databases: Vec<PathBuf>,
    /// The lock time.
    pub lock_time: Seconds,
    /// The lengths of the first, second and further locks of the same address, of which the last
    /// one stays; instead of `lock_time` and `growth`.
    pub lock_times: Vec<Seconds>,
    /// The factor by which each further lock of the same address is longer than the last.
    pub growth: f64,
    /// The longest lock that growth may lead to.
    pub max_lock_time: Seconds,
    /// Addresses that share this many leading bits are counted and locked together, IPv4.
    pub ipv4_prefix: u8,
    /// The same for IPv6.
    pub ipv6_prefix: u8,
    /// Lock a whole IPv4 network of this prefix length once enough of its addresses are locked.
    pub aggregate: Option<u8>,
    /// The number of locked addresses that is enough for `aggregate`.
    pub aggregate_at: u32,
    /// Locking of wider IPv6 networks.
    pub ipv6_escalation: Escalation,
    /// Lock also for lines whose source address anybody can forge.
    pub lock_forgeable: bool,
    /// Take the field as the script did, whatever format the line has.
    pub strict_field: bool,
    /// The firewall.
    pub firewall: Backend,
    /// The chains for iptables, ip6tables and ipset rules. For nftables, `INPUT` stands for the
    /// hook `input`, any other for `forward`.
    pub chains: Vec<String>,
    /// The mechanism that ends locks.
    pub expiry: Expiry,
    /// Commands of the `command` firewall.
    pub command: Templates,
    /// Addresses that are never locked.
    pub ignore: Ignore,
    /// The whois query.
    pub whois: Whois,
    /// Other notices than one mail per lock.
    pub notice: Notice,
    /// The SMTP server's user and certificate authority.
    pub smtp: Smtp,
    /// Web services that are told of each lock.
    pub notify: Vec<WebService>,
    /// The fleet of hosts that count and lock together.
    pub fleet: Fleet,
    /// The form of messages on standard error; by default that of the program that runs this one.
    pub log_format: Option<LogFormat>,
    /// The least important messages that are written.
    pub log_level: Option<Level>,
}

/// The firewalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// `iptables` with `at`, as in the script, where both are there; else as `auto`, once: the state
    /// remembers the choice.
    Default,
    /// The first that works here: nftables, firewalld, ipset, iptables.
    Auto,
    /// One rule per address, as the script made it.
    Iptables,
    /// Sets with timeouts in a table of its own.
    Nftables,
    /// Sets with timeouts, matched by one iptables rule.
    Ipset,
    /// firewalld's ipsets, dropped by its zone `drop`.
    Firewalld,
    /// The commands of the setting `command`.
    Command,
    /// Nothing is locked, but everything else is done.
    None,
}

/// The mechanisms that end locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// The kernel where the firewall has timeouts, `at` where it has none.
    Auto,
    /// A job of `at` for each lock.
    At,
    /// `swatch-action expire`, run by a timer, and each new lock on its way.
    Expire,
}

/// Commands as program and arguments, run without a shell. `{address}`, `{family}` (`4` or `6`),
/// `{seconds}` and `{count}` are replaced inside each word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Templates {
    /// Locks `{address}`, an address or a network.
    pub lock: Vec<String>,
    /// Ends the lock.
    pub unlock: Vec<String>,
}

/// Locking of a whole /56 or /48, for attackers who change their IPv6 prefix with each attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Escalation {
    /// Only networks with events in this last length of time count.
    pub window: Seconds,
    /// A /56 is locked when this many distinct networks in it have events; 0 for never.
    pub at_56: u32,
    /// The same for a /48.
    pub at_48: u32,
}

/// Addresses that are never locked, besides private ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ignore {
    /// Networks and addresses.
    pub networks: Vec<IgnoredNetworks>,
    /// Files with networks, addresses and host names; `#` starts a comment.
    pub files: Vec<PathBuf>,
    /// Host names.
    pub hosts: Vec<String>,
    /// The time for which the addresses of a host name are remembered.
    pub hosts_keep: Seconds,
    /// The machine's own addresses, its gateways and its resolvers.
    pub own: bool,
}

/// The whois query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Whois {
    /// The server that is asked first, `host` or `host:port`; empty for none.
    pub server: String,
    /// The number of referrals that are followed.
    pub follow: u8,
    /// The time limit for each server.
    pub timeout: Seconds,
    /// The longest answer that is accepted, in bytes.
    pub max_size: usize,
    /// The time for which an answer is used for the whole network it is about.
    pub keep: Seconds,
}

/// Other notices than one mail per lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notice {
    /// One mail for all locks within this length of time, instead of one each.
    pub digest: Option<Seconds>,
    /// A command for each lock, run without a shell, with `{address}`, `{count}`, `{seconds}`,
    /// `{network}` and `{reason}` replaced.
    pub webhook: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mail: "root".into(),
            mailer: ["sendmail", "-oi", "-t"].map(Into::into).into(),
            log_dir: "/var/log/swatch".into(),
            state_dir: "/var/lib/swatch".into(),
            path: "/bin:/sbin:/usr/bin:/usr/sbin".into(),
            time_limit: Seconds(10),
            count: 3,
            window: None,
            keep_counts: Seconds(90 * 86_400),
            keep_history: Seconds(90 * 86_400),
            geo_databases: Vec::new(),
            lock_time: Seconds(86_400),
            lock_times: Vec::new(),
            growth: 1.0,
            max_lock_time: Seconds(30 * 86_400),
            ipv4_prefix: 32,
            ipv6_prefix: 64,
            aggregate: None,
            aggregate_at: 8,
            ipv6_escalation: Escalation::default(),
            lock_forgeable: false,
            strict_field: false,
            firewall: Backend::Default,
            chains: vec!["INPUT".into()],
            expiry: Expiry::Auto,
            command: Templates::default(),
            ignore: Ignore::default(),
            whois: Whois::default(),
            notice: Notice::default(),
            smtp: Smtp::default(),
            notify: Vec::new(),
            fleet: Fleet::default(),
            log_format: None,
            log_level: None,
        }
    }
}

impl Default for Escalation {
    fn default() -> Self {
        // A /56 is what providers give to one household, a /48 what they give to one company.
        // If each subscriber has a /64 of a common network, as with some mobile providers,
        // this many strangers must fail within an hour.
        Self {
            window: Seconds(3600),
            at_56: 8,
            at_48: 32,
        }
    }
}

impl Default for Ignore {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            files: Vec::new(),
            hosts: Vec::new(),
            hosts_keep: Seconds(300),
            own: true,
        }
    }
}

impl Default for Whois {
    fn default() -> Self {
        Self {
            server: "whois.iana.org".into(),
            follow: 3,
            timeout: Seconds(5),
            max_size: 256 << 10,
            keep: Seconds(86_400),
        }
    }
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error(
        "cannot read the settings file {}: {source}{hint}",
        sanitize::path(path)
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
        /// The remedy, or nothing.
        hint: &'static str,
    },
    /// It is a directory, a pipe or a device.
    #[error(
        "the settings file {} is not a regular file: name one with --config",
        sanitize::path(path)
    )]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Another user could change it, or a file that it names, and so decide what root does.
    #[error("{what}: {source}")]
    Untrusted {
        /// `the settings file`, or the setting that names the file.
        what: &'static str,
        /// The path that another user could change, and the command that fixes it.
        source: Untrusted,
    },
    /// It cannot be parsed; toml's own message has line, column and a caret.
    #[error("{}: {}", sanitize::path(path), in_words(source))]
    Parse {
        /// The file.
        path: PathBuf,
        /// The mistake, with its place.
        source: Box<toml::de::Error>,
    },
    /// A value is out of its range, in the file or in a flag.
    #[error("setting `{name}`: {what}")]
    Value {
        /// The setting.
        name: &'static str,
        /// The problem, and what would be accepted.
        what: String,
    },
}

impl Settings {
    /// The settings of a file, or of [`FILE`] where it exists, else the defaults.
    ///
    /// # Errors
    /// A file that cannot be read or that another user could change, an unknown key, a value out of
    /// range.
    pub fn load(named: Option<&Path>) -> Result<Self, SettingsError> {
        let settings = Self::read(named)?;
        settings.check()?;
        Ok(settings)
    }

    /// As [`Self::load`], without the check of the values: flags may still change them.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, SettingsError> {
        let path = named.unwrap_or(Path::new(FILE));
        let refuse = |source| unreadable(path, source);
        let meta = match path.metadata() {
            Ok(meta) => meta,
            Err(error)
                if named.is_none()
                    && error.kind() == ErrorKind::NotFound
                    && path.symlink_metadata().is_err() =>
            {
                return Ok(Self::default());
            }
            Err(source) => return Err(refuse(source)),
        };
        if !meta.is_file() {
            return Err(SettingsError::NotAFile { path: path.into() });
        }
        trusted("the settings file", path)?;
        let text = std::fs::read_to_string(path).map_err(refuse)?;
        Self::parse(&text).map_err(|source| SettingsError::Parse {
            path: path.into(),
            source: Box::new(source),
        })
    }

    /// How messages are written: these settings, and where they are silent the environment.
    #[must_use]
    pub fn log(&self) -> LogSettings {
        let environment = LogSettings::from_environment();
        LogSettings {
            format: self.log_format.unwrap_or(environment.format),
            level: self.log_level.or(environment.level),
        }
    }

    /// The network that an address is counted and locked by.
    #[must_use]
    pub fn network_of(&self, address: IpAddr) -> IpNet {
        network::of(address, self.ipv4_prefix, self.ipv6_prefix)
    }

    /// Parses a settings file's text.
    ///
    /// # Errors
    /// toml's own, with line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// Refuses a file that another user could change.
fn trusted(what: &'static str, path: &Path) -> Result<(), SettingsError> {
    trust::check(path).map_err(|source| SettingsError::Untrusted { what, source })
}

fn unreadable(path: &Path, source: std::io::Error) -> SettingsError {
    let hint = match source.kind() {
        ErrorKind::NotFound => ": name an existing one",
        ErrorKind::PermissionDenied => ": run it as root, or name your own with --config",
        ErrorKind::InvalidData => ": settings are TOML, which must be UTF-8",
        _ => "",
    };
    SettingsError::Read {
        path: path.into(),
        source,
        hint,
    }
}

/// toml's message, with the names of Rust's types put into words.
fn in_words(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let words = [
        ("expected u64", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected u8", "expected a whole number up to 255"),
        ("expected usize", "expected a whole number"),
        ("expected f64", "expected a number"),
        ("expected a boolean", "expected true or false"),
        (
            "expected a sequence",
            "expected a list such as [\"a\", \"b\"]",
        ),
    ];
    let plain = words
        .iter()
        .fold(text, |text, (rust, plain)| text.replace(rust, plain));
    plain.trim_end().to_owned()
}

mod check;
pub(crate) mod fleet;
mod networks;
mod smtp_server;
mod web_service;

pub use fleet::{Fleet, Millis, Role};
pub use networks::{IgnoredNetworks, IgnoredNetworksError};
pub use smtp_server::{Smtp, SmtpServer, SmtpServerError, SmtpTls};
pub(crate) use web_service::check_url;
pub use web_service::{WebService, WebServiceError};
#[cfg(test)]
mod tests;
