//! ipset: one set for each family, with timeouts in the kernel, and one iptables rule for each
//! chain that matches it.

use std::fmt::Write as _;

use ipnet::IpNet;

use super::{
    Firewall, FirewallEntry, FirewallError, Held, Inventory,
    iptables::{WAIT, is_absence},
};
use crate::{
    network,
    runner::{ProgramError, Runner},
    settings::Settings,
};

/// The longest timeout that the kernel's sets take, in seconds (about 24.8 days). A longer lock is
/// put back by `swatch-action check`, or by the next event of its address.
const LONGEST: u64 = 2_147_483;

/// Name, family and program of each set.
const SETS: [(&str, &str, &str); 2] = [
    ("swatch-v4", "inet", "iptables"),
    ("swatch-v6", "inet6", "ip6tables"),
];

pub(super) struct Ipset<'a> {
    chains: &'a [String],
    runner: &'a Runner,
}

impl<'a> Ipset<'a> {
    pub(super) fn new(settings: &'a Settings, runner: &'a Runner) -> Self {
        Self {
            chains: &settings.chains,
            runner,
        }
    }

    fn rule(&self, verb: &str, chain: &str, six: bool) -> Result<(), ProgramError> {
        let (set, _, program) = SETS[usize::from(six)];
        let argv = [
            program,
            "-w",
            WAIT,
            verb,
            chain,
            "-m",
            "set",
            "--match-set",
            set,
            "src",
            "-j",
            "DROP",
        ];
        self.runner.run(&argv, b"").map(drop)
    }

    /// True if a chain drops what is in the set.
    fn is_matched(&self, chain: &str, six: bool) -> Result<bool, ProgramError> {
        match self.rule("-C", chain, six) {
            Ok(()) => Ok(true),
            // That is also how iptables reports that there is no such set.
            Err(error) if is_absence(&error) || is_missing_set(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes sure that every chain drops what is in the sets of these families.
    fn match_sets(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        for six in [false, true] {
            if !entries.iter().any(|entry| is_six(entry.net) == six) {
                continue;
            }
            for chain in self.chains {
                if self.runner.is_dry() || !self.is_matched(chain, six)? {
                    self.rule("-I", chain, six)?;
                }
            }
        }
        Ok(())
    }

    fn feed(&self, text: &str, entries: usize) -> Result<(), ProgramError> {
        self.runner
            .run_bulk(&["ipset", "-exist", "restore"], text.as_bytes(), entries)
            .map(drop)
    }

    fn delete(&self, net: IpNet) -> Result<bool, ProgramError> {
        let text = network::text(net);
        match self.runner.run(&["ipset", "del", set_of(net), &text], b"") {
            Ok(_) => Ok(true),
            Err(error) if is_missing_set(&error) || is_missing_entry(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The entries of a set, none where there is no such set.
    fn entries(&self, set: &str) -> Result<Vec<(IpNet, Option<u64>)>, FirewallError> {
        let output = match self.runner.run_bulk(&["ipset", "save", set], b"", 100_000) {
            Ok(output) => output,
            Err(error) if is_missing_set(&error) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .lines()
            .filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let ["add", _, net, ..] = words[..] else {
                    return None;
                };
                let seconds = words.iter().position(|&word| word == "timeout");
                let seconds = seconds.and_then(|at| words.get(at + 1)?.parse().ok());
                Some((network::parse(net).ok()?, seconds.filter(|&left| left > 0)))
            })
            .collect())
    }
}

fn is_six(net: IpNet) -> bool {
    matches!(net, IpNet::V6(_))
}

fn set_of(net: IpNet) -> &'static str {
    SETS[usize::from(is_six(net))].0
}

/// Commands that make the sets which these entries need.
fn creation(entries: &[FirewallEntry]) -> String {
    let mut text = String::new();
    for (six, (set, family, _)) in SETS.into_iter().enumerate() {
        if entries.iter().any(|entry| is_six(entry.net) == (six == 1)) {
            let _ = writeln!(
                text,
                "create {set} hash:net family {family} timeout 0 maxelem 1048576"
            );
        }
    }
    text
}

fn addition(entry: FirewallEntry) -> String {
    let seconds = entry.seconds.map_or(0, |seconds| seconds.clamp(1, LONGEST));
    format!(
        "add {} {} timeout {seconds}\n",
        set_of(entry.net),
        network::text(entry.net)
    )
}

impl Firewall for Ipset<'_> {
    fn name(&self) -> &'static str {
        "ipset"
    }

    fn has_timeouts(&self) -> bool {
        true
    }

    fn longest(&self) -> Option<u64> {
        Some(LONGEST)
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), FirewallError> {
        self.lock_all(&[entry])
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), FirewallError> {
        let additions: String = entries.iter().map(|&entry| addition(entry)).collect();
        self.feed(&(creation(entries) + &additions), entries.len())?;
        self.match_sets(entries).map_err(FirewallError::Partial)
    }

    fn unlock(&self, net: IpNet) -> Result<Option<bool>, FirewallError> {
        Ok(Some(self.delete(net)?))
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), FirewallError> {
        for six in [false, true] {
            let text: String = nets
                .iter()
                .filter(|&&net| is_six(net) == six)
                .map(|&net| format!("del {} {}\n", set_of(net), network::text(net)))
                .collect();
            match self.feed(&text, nets.len()) {
                Err(error) if !is_missing_set(&error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn holds(&self, net: IpNet) -> Option<bool> {
        let text = network::text(net);
        match self.runner.run(&["ipset", "test", set_of(net), &text], b"") {
            Ok(_) => {}
            Err(error) if is_missing_set(&error) => return Some(false),
            Err(error) if error.to_string().contains("is NOT in set") => return Some(false),
            Err(_) => return None,
        }
        // In the set without a rule that matches it is neither locked nor gone.
        let matched = |chain: &String| self.is_matched(chain, is_six(net)).unwrap_or(false);
        self.chains.iter().all(matched).then_some(true)
    }

    fn inventory(&self) -> Result<Option<Inventory>, FirewallError> {
        let mut inventory = Inventory::default();
        for (six, (set, _, program)) in SETS.into_iter().enumerate() {
            let entries = self.entries(set)?;
            let mut in_force = true;
            for chain in self.chains.iter().filter(|_| !entries.is_empty()) {
                if !self.is_matched(chain, six == 1)? {
                    in_force = false;
                    inventory.faults.push(format!(
                        "{program}: no rule in {chain} matches the set {set}"
                    ));
                }
            }
            for (net, seconds) in entries {
                let held = Held {
                    in_force,
                    surplus: 0,
                    seconds,
                };
                inventory.entries.insert(net, held);
            }
        }
        Ok(Some(inventory))
    }

    fn unlock_script(&self, net: IpNet) -> Option<String> {
        Some(format!(
            "once ipset -exist del {} {}",
            set_of(net),
            network::text(net)
        ))
    }
}

fn is_missing_set(error: &ProgramError) -> bool {
    let text = error.to_string();
    // ipset's words, and those of iptables for its match.
    text.contains("set with the given name does not exist")
        || (text.contains("Set ") && text.contains("doesn't exist"))
}

fn is_missing_entry(error: &ProgramError) -> bool {
    error.to_string().contains("it's not added")
}
