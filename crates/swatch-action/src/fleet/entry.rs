//! Entries: a lock or an unlock, signed by the host that made it.

use std::io::{self, Read};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::key::{Keys, hex};
use crate::settings::fleet::is_name;

/// The format of entries.
const VERSION: u8 = 1;

/// A longer body is refused unread, in bytes.
const LONGEST: usize = 8192;

/// Seconds by which the clocks of two hosts may differ before one takes the other's entries for
/// old ones that somebody sends again.
pub(super) const SKEW: i64 = 86_400;

/// Seconds for which an unlock is news.
pub(super) const UNLOCK: u64 = 7 * 86_400;

/// A lock or an unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Lock,
    Unlock,
}

impl Kind {
    /// As the scripts name it.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Self::Lock => "L",
            Self::Unlock => "U",
        }
    }
}

/// An entry, as its host has made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) version: u8,
    pub(crate) group: String,
    pub(crate) host: String,
    /// Random, never used again.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) net: IpNet,
    /// The length of the lock in milliseconds, from the time at which the engine takes it; of an
    /// unlock, the time for which it is kept.
    pub(crate) length: u64,
    /// The host's clock, in seconds since 1970. Only to tell old entries from new ones.
    pub(crate) time: i64,
    pub(crate) count: u64,
    pub(crate) rule: String,
    pub(crate) reason: String,
}

/// A reason to refuse an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("its signature is not of the fleet's key")]
    Signature,
    #[error("it is not of the form of an entry")]
    Form,
    #[error("it is of another group")]
    Group,
    #[error("it is over: somebody sends it again, or the clock of its host is wrong")]
    Stale,
    #[error("it is from the future: the clock of its host, or of this one, is wrong")]
    Future,
    #[error("it was applied before: somebody sends it again")]
    Replayed,
    #[error("its network is wider than `widest_ipv4` or `widest_ipv6`")]
    TooWide,
    #[error("its host sends more than `locks_per_minute`")]
    HostLimit,
    #[error("all hosts together send more than `all_locks_per_minute`")]
    Limit,
    #[error("this host never locks it")]
    Protected,
}

impl Refusal {
    /// A short name, for counters.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Form => "form",
            Self::Group => "group",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::Replayed => "replayed",
            Self::TooWide => "too_wide",
            Self::HostLimit => "host_limit",
            Self::Limit => "limit",
            Self::Protected => "protected",
        }
    }
}

/// An id that nobody can guess and that is never used again.
///
/// # Errors
/// The system has no random numbers.
pub(super) fn new_id() -> io::Result<String> {
    let mut bytes = [0; 12];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

impl Entry {
    pub(super) const VERSION: u8 = VERSION;

    /// The text that is signed and sent.
    pub(super) fn body(&self) -> String {
        // Strings and numbers always have a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads an entry of this group that one of the keys has signed.
    ///
    /// # Errors
    /// The reason to refuse it.
    pub(super) fn read(
        body: &str,
        signature: &str,
        keys: &Keys,
        group: &str,
    ) -> Result<Self, Refusal> {
        if body.len() > LONGEST || !keys.verify(body.as_bytes(), signature) {
            return Err(Refusal::Signature);
        }
        let entry: Self = serde_json::from_str(body).map_err(|_| Refusal::Form)?;
        let is_id = entry.id.len() == 24 && entry.id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if entry.version != VERSION
            || !is_id
            || !is_name(&entry.host)
            || entry.net.trunc() != entry.net
        {
            return Err(Refusal::Form);
        }
        if entry.group != group {
            return Err(Refusal::Group);
        }
        Ok(entry)
    }

    /// The time after which the entry is refused, by the clocks of all hosts that are right within
    /// [`SKEW`].
    pub(super) fn valid_until(&self) -> i64 {
        let length = match self.kind {
            Kind::Lock => self.length / 1000,
            Kind::Unlock => UNLOCK,
        };
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        self.time.saturating_add(length).saturating_add(SKEW)
    }

    /// Refuses an entry that is over, or that is not made yet.
    pub(super) fn check_time(&self, now: i64) -> Result<(), Refusal> {
        if now > self.valid_until() {
            return Err(Refusal::Stale);
        }
        if self.time > now.saturating_add(SKEW) {
            return Err(Refusal::Future);
        }
        Ok(())
    }

    /// A name for the sender and the cause: `web1: auto (sshd)`.
    pub(super) fn origin(&self) -> String {
        format!("{}: {}", self.host, self.rule)
    }
}
