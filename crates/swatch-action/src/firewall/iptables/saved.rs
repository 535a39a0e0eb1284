//! The rules as `iptables-save` prints them.

use std::collections::HashMap;

use ipnet::IpNet;
use swatch_common::sanitize;

use super::super::{FirewallError, Held, Inventory};
use crate::{network, runner::Runner};

/// The filter tables of both families.
pub(super) struct Saved {
    /// The rules of the form that locks have, in the order of their chains.
    pub(super) rules: Vec<Rule>,
    chains: Vec<Chain>,
}

/// A rule that drops everything from one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) net: IpNet,
    pub(super) chain: String,
    /// Its place in the chain, from 0.
    pub(super) place: usize,
}

/// A chain, apart from its locks.
struct Chain {
    six: bool,
    name: String,
    /// True if packets come here: a chain of the kernel, or one that another chain jumps to.
    reached: bool,
    /// The first rule that accepts packets, and its place.
    accept: Option<(usize, String)>,
}

impl Saved {
    /// # Errors
    /// A program that failed, or that says it cannot show the whole table.
    pub(super) fn read(runner: &Runner, wanted: &[String]) -> Result<Self, FirewallError> {
        let mut saved = Self {
            rules: Vec::new(),
            chains: Vec::new(),
        };
        for (program, six) in [("iptables-save", false), ("ip6tables-save", true)] {
            let argv = [program, "-t", "filter"];
            let output = match runner.run_bulk(&argv, b"", 50_000) {
                Ok(output) => output,
                // A machine without IPv6 has locked nothing there.
                Err(_) if six => continue,
                Err(error) => return Err(error.into()),
            };
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // nft's own rules in the table make iptables-save leave out all of it, with exit code
            // 0.
            if let Some(line) = text
                .lines()
                .chain(said.lines())
                .find(|line| line.contains("is incompatible, use"))
            {
                return Err(FirewallError::Unreadable {
                    command: argv.join(" "),
                    reason: format!(
                        "{}: remove the rules that nft has added to this table",
                        sanitize::excerpt(line.trim_start_matches("# ").as_bytes(), 200)
                    ),
                });
            }
            saved.parse(&text, six, wanted);
        }
        Ok(saved)
    }

    fn parse(&mut self, text: &str, six: bool, wanted: &[String]) {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let from = self.chains.len();
        for line in text.lines() {
            if let Some(name) = line
                .strip_prefix(':')
                .and_then(|rest| rest.split(' ').next())
            {
                if wanted.iter().any(|chain| chain == name) {
                    self.chains.push(Chain {
                        six,
                        name: name.to_owned(),
                        reached: !line.contains(" - ["),
                        accept: None,
                    });
                }
                continue;
            }
            let Some(rest) = line.strip_prefix("-A ") else {
                continue;
            };
            let (name, body) = rest.split_once(' ').unwrap_or((rest, ""));
            let place = places.entry(name).or_default();
            if let Some((_, target)) = body.rsplit_once("-j ").or(body.rsplit_once("-g ")) {
                let target = target.split(' ').next().unwrap_or_default();
                for chain in &mut self.chains[from..] {
                    chain.reached |= chain.name == target;
                    if chain.name == name && target == "ACCEPT" && chain.accept.is_none() {
                        chain.accept = Some((*place, line.to_owned()));
                    }
                }
            }
            if wanted.iter().any(|chain| chain == name)
                && let ["-s", net, "-j", "DROP"] = body.split(' ').collect::<Vec<_>>()[..]
                && let Ok(net) = network::parse(net)
            {
                self.rules.push(Rule {
                    net,
                    chain: name.to_owned(),
                    place: *place,
                });
            }
            *place += 1;
        }
    }

    /// The number of copies of a lock in a chain.
    pub(super) fn copies(&self, chain: &str, net: IpNet) -> usize {
        self.rules
            .iter()
            .filter(|rule| rule.net == net && rule.chain == chain)
            .count()
    }

    pub(super) fn inventory(&self, chains: &[String]) -> Inventory {
        let mut counts: HashMap<(IpNet, &str), usize> = HashMap::new();
        for rule in &self.rules {
            *counts.entry((rule.net, &rule.chain)).or_default() += 1;
        }
        let mut inventory = Inventory::default();
        for rule in &self.rules {
            inventory.entries.entry(rule.net).or_insert_with(|| {
                let copies = |chain: &String| {
                    counts
                        .get(&(rule.net, chain.as_str()))
                        .copied()
                        .unwrap_or_default()
                };
                Held {
                    in_force: chains.iter().all(|chain| copies(chain) > 0),
                    surplus: chains.iter().map(|chain| copies(chain).max(1) - 1).sum(),
                    seconds: None,
                }
            });
        }
        self.hints(&mut inventory);
        inventory
    }

    fn hints(&self, inventory: &mut Inventory) {
        for chain in &self.chains {
            let below = |place: usize| {
                let is_below = |rule: &&Rule| {
                    rule.chain == chain.name
                        && matches!(rule.net, IpNet::V6(_)) == chain.six
                        && rule.place > place
                };
                self.rules.iter().filter(is_below).count()
            };
            let name = if chain.six { "ip6tables" } else { "iptables" };
            if let Some((place, rule)) = &chain.accept
                && below(*place) > 0
            {
                inventory.hints.push(format!(
                    "{name}: {} locks in {} come after `{}`, which lets in what it matches",
                    below(*place),
                    chain.name,
                    sanitize::excerpt(rule.as_bytes(), 200)
                ));
            }
            if !chain.reached && self.rules.iter().any(|rule| rule.chain == chain.name) {
                inventory.hints.push(format!(
                    "{name}: no rule leads to the chain {}, so locks in it have no effect",
                    chain.name
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(text: &str) -> Saved {
        let mut saved = Saved {
            rules: Vec::new(),
            chains: Vec::new(),
        };
        saved.parse(text, false, &["INPUT".into(), "OWN".into()]);
        saved
    }

    #[test]
    fn copies_and_partial_locks_are_seen() {
        let saved = saved(
            "*filter\n:INPUT ACCEPT [0:0]\n:OWN - [0:0]\n\
             -A INPUT -s 203.0.113.9/32 -j DROP\n-A INPUT -j OWN\n\
             -A INPUT -s 203.0.113.9/32 -j DROP\n-A OWN -s 203.0.113.9/32 -j DROP\n\
             -A INPUT -s 203.0.113.8/32 -j DROP\nCOMMIT\n",
        );
        let chains = ["INPUT".to_owned(), "OWN".to_owned()];
        let inventory = saved.inventory(&chains);
        let held = |text: &str| inventory.entries[&network::parse(text).expect("a network")];
        assert_eq!(
            (held("203.0.113.9").in_force, held("203.0.113.9").surplus),
            (true, 1)
        );
        assert!(!held("203.0.113.8").in_force);
        assert_eq!(inventory.hints, Vec::<String>::new());
    }

    #[test]
    fn an_accept_above_and_a_chain_without_a_way_in_are_hints() {
        let saved = saved(
            "*filter\n:INPUT ACCEPT [0:0]\n:OWN - [0:0]\n\
             -A INPUT -s 203.0.113.8/32 -j DROP\n\
             -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n\
             -A INPUT -s 203.0.113.9/32 -j DROP\n-A OWN -s 203.0.113.9/32 -j DROP\nCOMMIT\n",
        );
        let hints = saved.inventory(&["INPUT".to_owned()]).hints;
        assert_eq!(hints.len(), 2, "{hints:?}");
        assert!(hints[0].contains("1 locks in INPUT") && hints[0].contains("--dport 22"));
        assert!(hints[1].contains("no rule leads to the chain OWN"));
    }
}
