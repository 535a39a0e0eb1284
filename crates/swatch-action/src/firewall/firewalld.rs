//! firewalld: ipsets of its own, bound as sources to its zone `drop`.
//!
//! A source takes precedence over an interface, so this holds in whatever zone a packet arrives;
//! a rich rule holds in one zone only. And one call takes thousands of entries from its standard
//! input, where each rich rule costs firewalld a transaction. The price: these entries have no
//! timeouts (firewalld does not manage sets that have them), so `at` or `swatch-action expire` ends
//! them, as with iptables.
//!
//! The sets are part of firewalld's permanent configuration, because it cannot make any at run
//! time; the entries are not. So a reload or restart of firewalld keeps the sets and forgets the
//! entries, and `check` or `restore` puts them back. There is a set for each prefix length in use:
//! firewalld refuses an entry that overlaps another one of its set.

use std::collections::BTreeSet;

use ipnet::IpNet;
use swatch_common::shell_quote;

use super::{
    Firewall, FirewallEntry, FirewallError, Held, Inventory,
    nftables::{SetKey, key, lengths},
};
use crate::{
    network,
    runner::{Printed, ProgramError, Runner},
    settings::Settings,
};

/// The number of entries in one call.
const AT_ONCE: usize = 5000;

/// The zone whose target drops everything.
const ZONE: &str = "--zone=drop";

pub(super) struct Firewalld<'a> {
    runner: &'a Runner,
    lengths: BTreeSet<SetKey>,
}

impl<'a> Firewalld<'a> {
    pub(super) fn new(settings: &'a Settings, runner: &'a Runner) -> Self {
        Self {
            runner,
            lengths: lengths(settings),
        }
    }

    fn run(&self, words: &[&str], input: &str) -> Result<Printed, ProgramError> {
        let argv = [&["firewall-cmd"], words].concat();
        self.runner.run(&argv, input.as_bytes())
    }

    fn lines(&self, words: &[&str]) -> Result<Vec<String>, ProgramError> {
        let output = self.run(words, "")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    /// The sets of locks that firewalld has, and whether the zone drops what is in them.
    fn sets(&self) -> Result<Vec<(SetKey, bool)>, ProgramError> {
        if self.runner.is_dry() {
            return Ok(Vec::new());
        }
        let there = self.lines(&["--get-ipsets"])?;
        let bound = self.lines(&[ZONE, "--list-sources"])?;
        let bound = |name: &str| {
            bound
                .iter()
                .any(|source| *source == format!("ipset:{name}"))
        };
        Ok(there
            .iter()
            .filter_map(|name| Some((set_key(name)?, bound(name))))
            .collect())
    }

    fn entries(&self, set: SetKey) -> Result<Vec<IpNet>, ProgramError> {
        let found = self.lines(&[&format!("--ipset={}", set_name(set)), "--get-entries"])?;
        Ok(found
            .iter()
            .filter_map(|text| network::parse(text).ok())
            .collect())
    }

    /// Makes the sets that are missing and binds them to the zone.
    fn lay_out(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        let there = self.sets()?;
        for (set, _) in there.iter().filter(|(_, bound)| !bound) {
            self.bind(*set, &[])?;
            self.bind(*set, &["--permanent"])?;
        }
        let mut wanted: BTreeSet<SetKey> = entries.iter().map(|entry| key(entry.net)).collect();
        if wanted
            .iter()
            .all(|set| there.iter().any(|(known, _)| known == set))
        {
            return Ok(());
        }
        // One reload for all that may be needed, because it makes firewalld forget what was made at
        // run time. The entries are put back.
        wanted.extend(&self.lengths);
        let mut kept = Vec::new();
        for (set, _) in &there {
            kept.extend(self.entries(*set)?);
        }
        for set in wanted {
            self.make(set)?;
        }
        self.run(&["--reload"], "")?;
        self.change("--add-entries-from-file=/dev/stdin", &kept)
    }

    fn make(&self, set: SetKey) -> Result<(), ProgramError> {
        let family = if set.0 == 4 { "inet" } else { "inet6" };
        // A set of single addresses is a hash table, whose cost does not grow.
        let kind = if is_host(set) { "hash:ip" } else { "hash:net" };
        let made = self.run(
            &[
                "--permanent",
                &format!("--new-ipset={}", set_name(set)),
                &format!("--type={kind}"),
                &format!("--option=family={family}"),
                "--option=maxelem=1048576",
            ],
            "",
        );
        match made {
            Err(error) if !error.to_string().contains("NAME_CONFLICT") => return Err(error),
            _ => {}
        }
        self.bind(set, &["--permanent"])
    }

    fn bind(&self, set: SetKey, how: &[&str]) -> Result<(), ProgramError> {
        let source = format!("--add-source=ipset:{}", set_name(set));
        self.run(&[how, &[ZONE, source.as_str()]].concat(), "")
            .map(drop)
    }

    /// True if the zone drops what is in a set.
    fn is_bound(&self, set: SetKey) -> Result<bool, ProgramError> {
        let source = format!("--query-source=ipset:{}", set_name(set));
        answer(self.run(&[ZONE, &source], ""))
    }

    fn has(&self, net: IpNet) -> Result<bool, ProgramError> {
        let [set, query] = entry_words("query", net);
        answer(self.run(&[&set, &query], ""))
    }

    /// Adds or removes many entries, some thousands in one call: more would take longer than a
    /// program may.
    fn change(&self, verb: &str, nets: &[IpNet]) -> Result<(), ProgramError> {
        let sets: BTreeSet<SetKey> = nets.iter().map(|&net| key(net)).collect();
        for set in sets {
            let entries: Vec<String> = nets
                .iter()
                .filter(|&&net| key(net) == set)
                .map(|&net| network::text(net) + "\n")
                .collect();
            for some in entries.chunks(AT_ONCE) {
                let argv = ["firewall-cmd", &format!("--ipset={}", set_name(set)), verb];
                let input = some.concat();
                self.runner
                    .run_bulk(&argv, input.as_bytes(), 10 * some.len())?;
            }
        }
        Ok(())
    }
}

/// A question that firewall-cmd answers with `yes`, or with `no` and exit code 1.
fn answer(result: Result<Printed, ProgramError>) -> Result<bool, ProgramError> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.to_string().ends_with(": no") || is_absence(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_host(set: SetKey) -> bool {
    matches!(set, (4, 32) | (6, 128))
}

fn set_name((family, length): SetKey) -> String {
    format!("swatch-v{family}-{length}")
}

fn set_key(name: &str) -> Option<SetKey> {
    let (family, length) = name.strip_prefix("swatch-v")?.split_once('-')?;
    let key = (family.parse().ok()?, length.parse().ok()?);
    matches!(key, (4, 0..=32) | (6, 0..=128)).then_some(key)
}

fn entry_words(verb: &str, net: IpNet) -> [String; 2] {
    [
        format!("--ipset={}", set_name(key(net))),
        format!("--{verb}-entry={}", network::text(net)),
    ]
}

impl Firewall for Firewalld<'_> {
    fn name(&self) -> &'static str {
        "firewalld"
    }

    fn has_timeouts(&self) -> bool {
        false
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), FirewallError> {
        let [set, add] = entry_words("add", entry.net);
        match self.run(&[&set, &add], "") {
            Err(error) if is_absence(&error) => return self.lock_all(&[entry]),
            other => other?,
        };
        let key = key(entry.net);
        let bind = || {
            if self.runner.is_dry() || self.is_bound(key)? {
                return Ok(());
            }
            self.bind(key, &[])
        };
        bind().map_err(FirewallError::Partial)
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), FirewallError> {
        self.lay_out(entries)?;
        let nets: Vec<IpNet> = entries.iter().map(|entry| entry.net).collect();
        Ok(self.change("--add-entries-from-file=/dev/stdin", &nets)?)
    }

    fn unlock(&self, net: IpNet) -> Result<Option<bool>, FirewallError> {
        let held = self.has(net)?;
        let [set, remove] = entry_words("remove", net);
        match self.run(&[&set, &remove], "") {
            // An entry that is not there is only a warning.
            Err(error) if is_absence(&error) => Ok(Some(false)),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Some(held)),
        }
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), FirewallError> {
        match self.change("--remove-entries-from-file=/dev/stdin", nets) {
            Err(error) if is_absence(&error) => {
                nets.iter().try_for_each(|&net| self.unlock(net).map(drop))
            }
            other => Ok(other?),
        }
    }

    fn holds(&self, net: IpNet) -> Option<bool> {
        if !self.has(net).ok()? {
            return Some(false);
        }
        self.is_bound(key(net)).ok()?.then_some(true)
    }

    fn inventory(&self) -> Result<Option<Inventory>, FirewallError> {
        let mut inventory = Inventory::default();
        for (set, in_force) in self.sets()? {
            let entries = self.entries(set)?;
            if !in_force && !entries.is_empty() {
                inventory.faults.push(format!(
                    "firewalld: the zone drop does not have the source ipset:{}",
                    set_name(set)
                ));
            }
            let held = Held {
                in_force,
                ..Held::default()
            };
            inventory
                .entries
                .extend(entries.into_iter().map(|net| (net, held)));
        }
        Ok(Some(inventory))
    }

    fn unlock_script(&self, net: IpNet) -> Option<String> {
        let [set, remove] = entry_words("remove", net);
        Some(format!(
            "once {}",
            shell_quote::join(["firewall-cmd", &set, &remove])
        ))
    }
}

fn is_absence(error: &ProgramError) -> bool {
    error.to_string().contains("INVALID_IPSET")
}
