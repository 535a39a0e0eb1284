//! What the script kept in variables, and the rest that can be set: defaults, then the settings file, then flags.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use swatch_common::{
    duration::Seconds,
    trust::{self, Untrusted},
};

/// Where the settings file is looked for. Not `*.conf`: the init script of the tutorial starts a watcher for each
/// `/etc/swatch/*.conf`.
pub const FILE: &str = "/etc/swatch/action.toml";

/// All settings. The names are those of the settings file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Who gets a mail for each lock; empty for nobody.
    pub mail: String,
    /// The program that takes a message with its headers on standard input, and its arguments; or
    /// `["smtp://HOST[:PORT]", "SENDER"]` for an SMTP server.
    pub mailer: Vec<String>,
    /// The directory of the logs, one per address.
    pub log_dir: PathBuf,
    /// The directory of the lock state.
    pub state_dir: PathBuf,
    /// Where programs are found; also the `PATH` that they and `at` jobs get.
    pub path: String,
    /// How long one program may run.
    pub time_limit: Seconds,
    /// From how many lines on an address is locked.
    pub count: u64,
    /// Count only the lines of this last length of time; `None` counts for ever.
    pub window: Option<Seconds>,
    /// How long the log of an address without events is kept; zero keeps it for ever.
    pub keep_counts: Seconds,
    /// How long a lock lasts.
    pub lock_time: Seconds,
    /// By how much each further lock of the same address is longer than the one before.
    pub growth: f64,
    /// The longest that growth may make a lock.
    pub max_lock_time: Seconds,
    /// Addresses that share this many leading bits are counted and locked together, IPv4.
    pub ipv4_prefix: u8,
    /// The same for IPv6.
    pub ipv6_prefix: u8,
    /// Lock a whole IPv4 network of this prefix length when enough of its addresses are locked.
    pub aggregate: Option<u8>,
    /// How many locked addresses are enough for `aggregate`.
    pub aggregate_at: u32,
    /// Locking of wider IPv6 networks.
    pub ipv6_escalation: Escalation,
    /// Lock also for lines whose source address anybody can forge.
    pub lock_forgeable: bool,
    /// Take the field as the script did, whatever format the line has.
    pub strict_field: bool,
    /// Which firewall does the locking.
    pub firewall: Backend,
    /// The chains of iptables, ip6tables and ipset rules; `INPUT` and `FORWARD` name the hooks for nftables.
    pub chains: Vec<String>,
    /// Who ends a lock.
    pub expiry: Expiry,
    /// Commands of the `command` firewall.
    pub command: Templates,
    /// What is never locked.
    pub ignore: Ignore,
    /// The whois question.
    pub whois: Whois,
    /// Other notices than one mail per lock.
    pub notice: Notice,
}

/// The firewalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The best that works here: nftables, else firewalld, ipset, iptables.
    Auto,
    /// One rule per address, as the script's.
    Iptables,
    /// Sets with timeouts in a table of our own.
    Nftables,
    /// Sets with timeouts, matched by one iptables rule.
    Ipset,
    /// firewalld's ipsets, dropped by its zone `drop`.
    Firewalld,
    /// The commands of the setting `command`.
    Command,
    /// Nothing is locked; everything else is done.
    None,
}

/// Who ends a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// The kernel where the firewall has timeouts, `at` where it has none.
    Auto,
    /// A job of `at` for each lock.
    At,
    /// `swatch-action expire`, run by a timer, and each lock on its way.
    Expire,
}

/// Commands by argv: no shell reads them. `{address}`, `{family}` (`4` or `6`), `{seconds}` and `{count}` are replaced
/// inside each word.
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
    /// A /56 is locked when so many distinct networks in it have events; 0 for never.
    pub at_56: u32,
    /// The same for a /48.
    pub at_48: u32,
}

/// What is never locked, besides private networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ignore {
    /// Networks and addresses.
    pub networks: Vec<IgnoredNetworks>,
    /// Files with one network, address or host name a line; `#` starts a comment.
    pub files: Vec<PathBuf>,
    /// Host names.
    pub hosts: Vec<String>,
    /// How long the addresses of a host name are remembered.
    pub hosts_keep: Seconds,
    /// The machine's own addresses, its gateways and its resolvers.
    pub own: bool,
}

/// The whois question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Whois {
    /// The server that is asked first, `host` or `host:port`; empty asks none.
    pub server: String,
    /// How many referrals are followed.
    pub follow: u8,
    /// The time for one server.
    pub timeout: Seconds,
    /// The longest answer that is taken, in bytes.
    pub max_size: usize,
    /// How long an answer is good for its whole network.
    pub keep: Seconds,
}

/// Other notices than one mail per lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notice {
    /// One mail for all locks of such a length of time, instead of one each.
    pub digest: Option<Seconds>,
    /// A command by argv for each lock, with `{address}`, `{count}`, `{seconds}`, `{network}` and `{reason}` replaced.
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
            lock_time: Seconds(86_400),
            growth: 1.0,
            max_lock_time: Seconds(30 * 86_400),
            ipv4_prefix: 32,
            ipv6_prefix: 64,
            aggregate: None,
            aggregate_at: 8,
            ipv6_escalation: Escalation::default(),
            lock_forgeable: false,
            strict_field: false,
            firewall: Backend::Iptables,
            chains: vec!["INPUT".into()],
            expiry: Expiry::Auto,
            command: Templates::default(),
            ignore: Ignore::default(),
            whois: Whois::default(),
            notice: Notice::default(),
        }
    }
}

impl Default for Escalation {
    fn default() -> Self {
        // A /56 is what providers give to one household, a /48 what they give to one company.
        // Where each subscriber has a /64 of a common network, as with some mobile providers,
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

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {path}: {source}{hint}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
        /// What to do, or nothing.
        hint: &'static str,
    },
    /// It is a directory, a pipe, a device.
    #[error("the settings file {path} is not a regular file: name one with --config")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Another user could change it, or a file that it names, and so decide what root does.
    #[error("{what}: {source}")]
    Untrusted {
        /// `the settings file`, or the setting that names the file.
        what: &'static str,
        /// What another user could change, and the command that fixes it.
        source: Untrusted,
    },
    /// It is no settings file; toml's own message has line, column and a caret.
    #[error("{path}: {}", plainly(source))]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A value is out of its range, in the file or in a flag.
    #[error("setting `{name}`: {what}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What is wrong and what would be right.
        what: String,
    },
}

impl Settings {
    /// The settings of a file, or of [`FILE`] where it exists, else the defaults.
    ///
    /// # Errors
    /// A named file that cannot be read, a file others can change, unknown keys, values out of range.
    pub fn load(named: Option<&Path>) -> Result<Self, SettingsError> {
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
        let settings = Self::parse(&text).map_err(|source| SettingsError::Parse {
            path: path.into(),
            source: Box::new(source),
        })?;
        settings.check()?;
        Ok(settings)
    }

    /// The settings that a text in TOML says.
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
        ErrorKind::NotFound => ": name one that is there",
        ErrorKind::PermissionDenied => ": run it as root, or name one of yours with --config",
        ErrorKind::InvalidData => ": settings are TOML, which is UTF-8",
        _ => "",
    };
    SettingsError::Read {
        path: path.into(),
        source,
        hint,
    }
}

/// toml's message, with the names of Rust's types in words.
fn plainly(error: &toml::de::Error) -> String {
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
mod networks;

pub use networks::{IgnoredNetworks, IgnoredNetworksError};
#[cfg(test)]
mod tests;
