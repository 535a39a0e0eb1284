//! The script's way: one rule for each address, `iptables -I INPUT -s ADDRESS -j DROP`.

use std::collections::HashSet;

use ipnet::IpNet;

use super::{Firewall, FirewallEntry};
use crate::{
    network,
    runner::{ProgramError, Runner, shell_words},
    settings::Settings,
};

/// Seconds to wait for another program that changes the tables.
const WAIT: &str = "5";

pub(super) struct Iptables<'a> {
    chains: &'a [String],
    runner: &'a Runner,
}

impl<'a> Iptables<'a> {
    pub(super) fn new(settings: &'a Settings, runner: &'a Runner) -> Self {
        Self {
            chains: &settings.chains,
            runner,
        }
    }

    fn change(&self, verb: &str, chain: &str, net: IpNet) -> Result<(), ProgramError> {
        let text = network::text(net);
        let argv = [
            program(net),
            "-w",
            WAIT,
            verb,
            chain,
            "-s",
            &text,
            "-j",
            "DROP",
        ];
        self.runner.run(&argv, b"").map(drop)
    }

    /// One `iptables-restore --noflush` for each family.
    fn bulk(&self, verb: &str, nets: &[IpNet]) -> Result<(), ProgramError> {
        for (program, six) in [("iptables-restore", false), ("ip6tables-restore", true)] {
            let mut text = String::from("*filter\n");
            for net in nets.iter().filter(|net| matches!(net, IpNet::V6(_)) == six) {
                for chain in self.chains {
                    text.push_str(&format!(
                        "{verb} {chain} -s {} -j DROP\n",
                        network::text(*net)
                    ));
                }
            }
            if text.lines().count() > 1 {
                text.push_str("COMMIT\n");
                self.runner
                    .run(&[program, "-w", WAIT, "--noflush"], text.as_bytes())?;
            }
        }
        Ok(())
    }
}

pub(super) fn program(net: IpNet) -> &'static str {
    match net {
        IpNet::V4(_) => "iptables",
        IpNet::V6(_) => "ip6tables",
    }
}

impl Firewall for Iptables<'_> {
    fn name(&self) -> &'static str {
        "iptables"
    }

    fn has_timeouts(&self) -> bool {
        false
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        for (done, chain) in self.chains.iter().enumerate() {
            if let Err(error) = self.change("-I", chain, entry.net) {
                // Half a lock would be a rule that nobody knows of.
                for chain in &self.chains[..done] {
                    let _ = self.change("-D", chain, entry.net);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn ensure(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        for chain in self.chains {
            if self.runner.is_dry() || self.change("-C", chain, entry.net).is_err() {
                self.change("-I", chain, entry.net)?;
            }
        }
        Ok(())
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        let nets: Vec<IpNet> = entries.iter().map(|entry| entry.net).collect();
        self.bulk("-I", &nets)
    }

    fn unlock(&self, net: IpNet) -> Result<(), ProgramError> {
        for chain in self.chains {
            match self.change("-D", chain, net) {
                Err(error) if !is_absence(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), ProgramError> {
        if nets.len() < 8 {
            return nets.iter().try_for_each(|&net| self.unlock(net));
        }
        // One rule that is not there would fail the whole batch: delete only what is.
        let there = self.rules()?;
        let mut text = [String::from("*filter\n"), String::from("*filter\n")];
        let mut any = [false, false];
        for (net, chain) in there.iter().filter(|(net, _)| nets.contains(net)) {
            let family = usize::from(matches!(net, IpNet::V6(_)));
            text[family].push_str(&format!("-D {chain} -s {} -j DROP\n", network::text(*net)));
            any[family] = true;
        }
        for (family, program) in ["iptables-restore", "ip6tables-restore"].iter().enumerate() {
            if any[family] {
                text[family].push_str("COMMIT\n");
                self.runner
                    .run(&[program, "-w", WAIT, "--noflush"], text[family].as_bytes())?;
            }
        }
        Ok(())
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        let rules = self.rules()?;
        let mut found: HashSet<IpNet> = rules.iter().map(|(net, _)| *net).collect();
        if let [_, _, ..] = self.chains {
            let all: HashSet<(IpNet, &str)> = rules
                .iter()
                .map(|(net, chain)| (*net, chain.as_str()))
                .collect();
            found.retain(|net| {
                self.chains
                    .iter()
                    .all(|chain| all.contains(&(*net, chain.as_str())))
            });
        }
        Ok(Some(found))
    }

    fn unlock_command(&self, net: IpNet) -> Option<String> {
        let text = network::text(net);
        let commands: Vec<String> = self
            .chains
            .iter()
            .map(|chain| {
                shell_words(&[
                    program(net),
                    "-w",
                    WAIT,
                    "-D",
                    chain,
                    "-s",
                    &text,
                    "-j",
                    "DROP",
                ])
            })
            .collect();
        Some(commands.join("; "))
    }
}

impl Iptables<'_> {
    /// The rules of our form in our chains.
    fn rules(&self) -> Result<Vec<(IpNet, String)>, ProgramError> {
        let mut rules = Vec::new();
        for program in ["iptables-save", "ip6tables-save"] {
            let output = match self.runner.run(&[program, "-t", "filter"], b"") {
                Ok(output) => output,
                // A machine without IPv6 has locked nothing there.
                Err(_) if program == "ip6tables-save" => continue,
                Err(error) => return Err(error),
            };
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                let words: Vec<&str> = line.split(' ').collect();
                if let ["-A", chain, "-s", net, "-j", "DROP"] = words[..]
                    && self.chains.iter().any(|ours| ours == chain)
                    && let Ok(net) = network::parse(net)
                {
                    rules.push((net, chain.to_owned()));
                }
            }
        }
        Ok(rules)
    }
}

/// Whether the rule was not there: iptables says so with exit code 1 and one of two sentences.
pub(super) fn is_absence(error: &ProgramError) -> bool {
    let text = error.to_string();
    text.contains("does a matching rule exist")
        || text.contains("No chain/target/match by that name")
}
