//! firewalld: its ipsets, bound as sources to its zone `drop`.
//!
//! A source goes before an interface, so this holds in whatever zone a packet arrives, which a rich rule in one zone
//! does not; and one call takes 20,000 entries from its standard input, where each rich rule costs firewalld a
//! transaction. The price: these entries have no timeouts (firewalld does not manage sets that have them), so `at` or
//! `swatch-action expire` ends them, as with iptables.
//!
//! The sets are part of firewalld's permanent configuration, for it makes none at run time; the entries are not. So
//! a reload or restart of firewalld keeps the sets and forgets the entries, and `check` or `restore` puts them back.
//! There is a set for each prefix length in use: firewalld refuses an entry that overlaps another of its set.

use std::collections::{BTreeSet, HashSet};

use ipnet::IpNet;

use super::{
    Firewall, FirewallEntry,
    nftables::{Key, key, lengths},
};
use crate::{
    network,
    runner::{Output, ProgramError, Runner, shell_words},
    settings::Settings,
};

/// How many entries go into one call; that takes firewalld some seconds.
const AT_ONCE: usize = 10_000;

/// The zone whose target drops everything.
const ZONE: &str = "--zone=drop";

pub(super) struct Firewalld<'a> {
    runner: &'a Runner,
    lengths: BTreeSet<Key>,
}

impl<'a> Firewalld<'a> {
    pub(super) fn new(settings: &'a Settings, runner: &'a Runner) -> Self {
        Self {
            runner,
            lengths: lengths(settings),
        }
    }

    fn run(&self, words: &[&str], input: &str) -> Result<Output, ProgramError> {
        let argv = [&["firewall-cmd"], words].concat();
        self.runner.run(&argv, input.as_bytes())
    }

    fn lines(&self, words: &[&str]) -> Result<Vec<String>, ProgramError> {
        let output = self.run(words, "")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    /// The sets of ours that firewalld has, and whether the zone drops what is in them.
    fn sets(&self) -> Result<Vec<(Key, bool)>, ProgramError> {
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

    fn entries(&self, set: Key) -> Result<Vec<IpNet>, ProgramError> {
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
        let mut wanted: BTreeSet<Key> = entries.iter().map(|entry| key(entry.net)).collect();
        if wanted
            .iter()
            .all(|set| there.iter().any(|(known, _)| known == set))
        {
            return Ok(());
        }
        // One reload for all that may be needed, as it makes firewalld forget what was made at run time: ours is
        // put back.
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

    fn make(&self, set: Key) -> Result<(), ProgramError> {
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

    fn bind(&self, set: Key, how: &[&str]) -> Result<(), ProgramError> {
        let source = format!("--add-source=ipset:{}", set_name(set));
        self.run(&[how, &[ZONE, source.as_str()]].concat(), "")
            .map(drop)
    }

    /// Adds or removes many entries, some thousands in one call: more would take longer than a program may.
    fn change(&self, verb: &str, nets: &[IpNet]) -> Result<(), ProgramError> {
        let sets: BTreeSet<Key> = nets.iter().map(|&net| key(net)).collect();
        for set in sets {
            let entries: Vec<String> = nets
                .iter()
                .filter(|&&net| key(net) == set)
                .map(|&net| network::text(net) + "\n")
                .collect();
            for some in entries.chunks(AT_ONCE) {
                self.run(
                    &[&format!("--ipset={}", set_name(set)), verb],
                    &some.concat(),
                )?;
            }
        }
        Ok(())
    }
}

fn is_host(set: Key) -> bool {
    matches!(set, (4, 32) | (6, 128))
}

fn set_name((family, length): Key) -> String {
    format!("swatch-v{family}-{length}")
}

fn set_key(name: &str) -> Option<Key> {
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

    fn lock(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        let [set, add] = entry_words("add", entry.net);
        match self.run(&[&set, &add], "") {
            Err(error) if is_absence(&error) => self.lock_all(&[entry]),
            other => other.map(drop),
        }
    }

    fn ensure(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        self.lock_all(&[entry])
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        self.lay_out(entries)?;
        let nets: Vec<IpNet> = entries.iter().map(|entry| entry.net).collect();
        self.change("--add-entries-from-file=/dev/stdin", &nets)
    }

    fn unlock(&self, net: IpNet) -> Result<(), ProgramError> {
        let [set, remove] = entry_words("remove", net);
        match self.run(&[&set, &remove], "") {
            // An entry that is not there is only a warning.
            Err(error) if is_absence(&error) => Ok(()),
            other => other.map(drop),
        }
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), ProgramError> {
        match self.change("--remove-entries-from-file=/dev/stdin", nets) {
            Err(error) if is_absence(&error) => nets.iter().try_for_each(|&net| self.unlock(net)),
            other => other,
        }
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        let mut found = HashSet::new();
        // A set that the zone does not know locks nothing.
        for (set, _) in self.sets()?.into_iter().filter(|(_, bound)| *bound) {
            found.extend(self.entries(set)?);
        }
        Ok(Some(found))
    }

    fn unlock_command(&self, net: IpNet) -> Option<String> {
        let [set, remove] = entry_words("remove", net);
        Some(shell_words(&["firewall-cmd", &set, &remove]))
    }
}

fn is_absence(error: &ProgramError) -> bool {
    error.to_string().contains("INVALID_IPSET")
}
