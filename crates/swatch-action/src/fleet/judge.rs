//! Decides whether an entry is applied: who signed it, when, for how much, and how many its host
//! has sent.

use std::collections::HashMap;

use ipnet::IpNet;

use super::entry::{Entry, Refusal};
use crate::settings::Fleet;

/// Counters that are kept; those of old minutes are dropped beyond that.
const COUNTERS: usize = 20_000;

/// The limits of a host, and what it has taken.
#[derive(Debug)]
pub(super) struct Judge {
    per_host: u32,
    all: u32,
    widest: (u8, u8),
    /// Entries by host (`None`: all hosts) and minute.
    taken: HashMap<(Option<String>, i64), u32>,
}

impl Judge {
    pub(super) fn new(settings: &Fleet) -> Self {
        Self {
            per_host: settings.locks_per_minute,
            all: settings.all_locks_per_minute,
            widest: (settings.widest_ipv4, settings.widest_ipv6),
            taken: HashMap::new(),
        }
    }

    /// Judges an entry that the engine took at `taken_at`, in milliseconds by its clock.
    ///
    /// # Errors
    /// The reason to refuse it.
    pub(super) fn check(&mut self, entry: &Entry, taken_at: i64, now: i64) -> Result<(), Refusal> {
        entry.check_time(now)?;
        let widest = match entry.net {
            IpNet::V4(_) => self.widest.0,
            IpNet::V6(_) => self.widest.1,
        };
        if entry.net.prefix_len() < widest {
            return Err(Refusal::TooWide);
        }
        let minute = taken_at.div_euclid(60_000);
        if self.taken.len() > COUNTERS {
            self.taken.retain(|(_, other), _| *other >= minute - 1);
        }
        if !self.take(Some(entry.host.clone()), minute, self.per_host) {
            return Err(Refusal::HostLimit);
        }
        if !self.take(None, minute, self.all) {
            return Err(Refusal::Limit);
        }
        Ok(())
    }

    fn take(&mut self, host: Option<String>, minute: i64, limit: u32) -> bool {
        if limit == 0 {
            return true;
        }
        let taken = self.taken.entry((host, minute)).or_default();
        if *taken >= limit {
            return false;
        }
        *taken += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::entry::{Kind, SKEW};

    fn entry(host: &str, net: &str) -> Entry {
        Entry {
            version: Entry::VERSION,
            group: "default".into(),
            host: host.into(),
            id: "0".repeat(24),
            kind: Kind::Lock,
            net: net.parse().expect("a network"),
            length: 60_000,
            time: 1_000_000,
            count: 3,
            rule: "auto".into(),
            reason: String::new(),
        }
    }

    #[test]
    fn a_host_that_sends_too_much_is_stopped_and_the_others_are_not() {
        let mut judge = Judge::new(&Fleet {
            locks_per_minute: 2,
            all_locks_per_minute: 3,
            ..Fleet::default()
        });
        let mut check = |host: &str, at| judge.check(&entry(host, "203.0.113.9/32"), at, 1_000_000);
        assert_eq!(check("a", 0), Ok(()));
        assert_eq!(check("a", 59_999), Ok(()));
        assert_eq!(check("a", 59_999), Err(Refusal::HostLimit));
        assert_eq!(check("b", 59_999), Ok(()));
        assert_eq!(check("b", 59_999), Err(Refusal::Limit));
        assert_eq!(check("a", 60_000), Ok(()));
    }

    #[test]
    fn wide_networks_and_wrong_times_are_refused() {
        let mut judge = Judge::new(&Fleet::default());
        let mut check = |net: &str, now| judge.check(&entry("a", net), 0, now);
        assert_eq!(check("203.0.113.0/24", 1_000_000), Ok(()));
        assert_eq!(check("203.0.112.0/23", 1_000_000), Err(Refusal::TooWide));
        assert_eq!(check("2001:db8::/48", 1_000_000), Ok(()));
        assert_eq!(check("2001:db8::/47", 1_000_000), Err(Refusal::TooWide));
        let net = "203.0.113.9/32";
        assert_eq!(check(net, 1_000_060 + SKEW), Ok(()));
        assert_eq!(check(net, 1_000_061 + SKEW), Err(Refusal::Stale));
        assert_eq!(check(net, 1_000_000 - SKEW), Ok(()));
        assert_eq!(check(net, 999_999 - SKEW), Err(Refusal::Future));
    }
}
