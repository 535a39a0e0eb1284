//! The settings of a fleet: hosts that count and lock together.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use swatch_common::duration::{DurationError, Seconds};

/// Hosts that share their counts and locks through an engine, Valkey or Redis 7 and later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fleet {
    /// The engine: `redis://`, `rediss://` (TLS), `redis+unix://`, and for several nodes
    /// `redis-cluster://` and `redis-sentinel://`; empty for no fleet.
    pub url: String,
    /// The ACL user; empty for the default one.
    pub user: String,
    /// The file with the password of the user.
    pub password_file: Option<PathBuf>,
    /// The certificates (PEM) of the authorities that may sign the engine's; `None` for the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// The file with the key of the fleet: the first line signs, a second one is accepted too.
    pub key_file: PathBuf,
    /// The name of this host in entries; empty for the system's host name.
    pub host: String,
    /// The group of hosts that count and lock together.
    pub group: String,
    /// The part that this host takes.
    pub role: Role,
    /// The longest time for which an event waits for the engine.
    pub timeout: Millis,
    /// The number of hosts that must have seen an address before the fleet locks it.
    pub votes: u32,
    /// The entries of one host that are accepted per minute; 0 for no limit.
    pub locks_per_minute: u32,
    /// The entries of all hosts that are accepted per minute; 0 for no limit.
    pub all_locks_per_minute: u32,
    /// The shortest IPv4 prefix that is accepted.
    pub widest_ipv4: u8,
    /// The shortest IPv6 prefix that is accepted.
    pub widest_ipv6: u8,
    /// The number of entries that the engine keeps in the group's stream.
    pub stream_length: u64,
}

/// The part that a host takes in its fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It tells the fleet of its events and locks, and applies those of others.
    Both,
    /// It only applies the locks of others.
    Listen,
    /// It only tells.
    Speak,
}

impl Role {
    /// True if the host tells the fleet of its events.
    #[must_use]
    pub fn speaks(self) -> bool {
        self != Self::Listen
    }

    /// True if the host applies the locks of others.
    #[must_use]
    pub fn listens(self) -> bool {
        self != Self::Speak
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            url: String::new(),
            user: String::new(),
            password_file: None,
            ca_file: None,
            key_file: "/etc/swatch/fleet.key".into(),
            host: String::new(),
            group: "default".into(),
            role: Role::Both,
            timeout: Millis(200),
            votes: 1,
            locks_per_minute: 600,
            all_locks_per_minute: 6000,
            widest_ipv4: 24,
            widest_ipv6: 48,
            stream_length: 100_000,
        }
    }
}

impl Fleet {
    /// True if there is a fleet.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.url.is_empty()
    }

    /// The first value that cannot be meant: the setting, and what would be accepted.
    pub(super) fn mistake(&self) -> Option<(&'static str, String)> {
        for (name, value, may_be_empty) in [
            ("fleet.group", &self.group, false),
            ("fleet.host", &self.host, true),
        ] {
            if value.is_empty() && may_be_empty {
                continue;
            }
            if !is_name(value) {
                return Some((
                    name,
                    format!(
                        "{value:?}: 1 to 64 letters, digits, dots, dashes and underscores are accepted"
                    ),
                ));
            }
        }
        if !(10..=10_000).contains(&self.timeout.0) {
            return Some((
                "fleet.timeout",
                format!("{} is not between 10ms and 10s", self.timeout),
            ));
        }
        if !(1..=1000).contains(&self.votes) {
            return Some((
                "fleet.votes",
                format!("{} is not between 1 and 1000", self.votes),
            ));
        }
        if !(8..=32).contains(&self.widest_ipv4) {
            return Some((
                "fleet.widest_ipv4",
                format!("/{} is not between /8 and /32", self.widest_ipv4),
            ));
        }
        if !(16..=128).contains(&self.widest_ipv6) {
            return Some((
                "fleet.widest_ipv6",
                format!("/{} is not between /16 and /128", self.widest_ipv6),
            ));
        }
        if !(1000..=100_000_000).contains(&self.stream_length) {
            return Some((
                "fleet.stream_length",
                format!("{} is not between 1000 and 100000000", self.stream_length),
            ));
        }
        for (name, path) in [
            ("fleet.key_file", Some(&self.key_file)),
            ("fleet.password_file", self.password_file.as_ref()),
            ("fleet.ca_file", self.ca_file.as_ref()),
        ] {
            if let Some(path) = path.filter(|path| !path.is_absolute()) {
                return Some((name, format!("{} is not an absolute path", path.display())));
            }
        }
        None
    }
}

/// True for a name that may stand in an engine's key and in an entry.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}

/// A length of time in milliseconds, written as `"200ms"` or as [`Seconds`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub u64);

impl Millis {
    /// As the standard library counts it.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl FromStr for Millis {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let number = text.trim().strip_suffix("ms").map(str::trim_end);
        match number.and_then(|number| number.parse().ok()) {
            Some(millis) => Ok(Self(millis)),
            None => text
                .parse::<Seconds>()
                .map(|seconds| Self(seconds.0 * 1000)),
        }
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 && self.0.is_multiple_of(1000) {
            Seconds(self.0 / 1000).fmt(out)
        } else {
            write!(out, "{}ms", self.0)
        }
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_read_and_shown() {
        for (text, millis, shown) in [
            ("200ms", 200, "200ms"),
            (" 1500 ms ", 1500, "1500ms"),
            ("2s", 2000, "2s"),
        ] {
            assert_eq!(text.parse(), Ok(Millis(millis)));
            assert_eq!(Millis(millis).to_string(), shown);
        }
        for wrong in ["", "200", "ms", "-1ms", "0.5s"] {
            assert!(wrong.parse::<Millis>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let set = |change: fn(&mut Fleet)| {
            let mut fleet = Fleet::default();
            change(&mut fleet);
            fleet.mistake().map(|(name, _)| name)
        };
        assert_eq!(set(|_| ()), None);
        assert_eq!(set(|fleet| fleet.group = "a b".into()), Some("fleet.group"));
        assert_eq!(set(|fleet| fleet.host = "}".into()), Some("fleet.host"));
        assert_eq!(
            set(|fleet| fleet.timeout = Millis(60_000)),
            Some("fleet.timeout")
        );
        assert_eq!(set(|fleet| fleet.votes = 0), Some("fleet.votes"));
        assert_eq!(
            set(|fleet| fleet.widest_ipv4 = 7),
            Some("fleet.widest_ipv4")
        );
        assert_eq!(
            set(|fleet| fleet.key_file = "key".into()),
            Some("fleet.key_file")
        );
    }
}
