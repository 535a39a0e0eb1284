//! The script's way: one rule for each address, `iptables -I INPUT -s ADDRESS -j DROP`.

use std::{fmt::Write as _, path::Path};

use ipnet::IpNet;
use swatch_common::shell_quote;

use super::{Firewall, FirewallEntry, FirewallError, Inventory};
use crate::{
    network,
    runner::{ProgramError, Runner},
    settings::Settings,
};

mod batch;
mod job;
mod saved;

use saved::Saved;

/// Seconds to wait for another program that changes the tables.
pub(super) const WAIT: &str = "5";

/// Up to this number, rules are deleted one by one.
const FEW: usize = 8;

/// More copies of a rule than this are not deleted in one call: something else is wrong.
const MOST_COPIES: usize = 1000;

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
        let argv = rule(verb, chain, net, &text);
        self.runner.run(&argv, b"").map(drop)
    }

    /// True if the rule is in the chain.
    fn has(&self, chain: &str, net: IpNet) -> Result<bool, ProgramError> {
        match self.change("-C", chain, net) {
            Ok(()) => Ok(true),
            Err(error) if is_absence(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes every copy of a rule. True if there was one.
    fn delete(&self, chain: &str, net: IpNet) -> Result<bool, ProgramError> {
        let mut found = false;
        for _ in 0..MOST_COPIES {
            match self.change("-D", chain, net) {
                Ok(()) if self.runner.is_dry() => return Ok(true),
                Ok(()) => found = true,
                Err(error) if is_absence(&error) => return Ok(found),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn saved(&self) -> Result<Saved, FirewallError> {
        Saved::read(self.runner, self.chains)
    }
}

fn rule<'a>(verb: &'a str, chain: &'a str, net: IpNet, text: &'a str) -> [&'a str; 9] {
    [
        program(net),
        "-w",
        WAIT,
        verb,
        chain,
        "-s",
        text,
        "-j",
        "DROP",
    ]
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

    fn is_exclusive(&self) -> bool {
        false
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), FirewallError> {
        for (done, chain) in self.chains.iter().enumerate() {
            self.change("-I", chain, entry.net)
                .map_err(|error| after(done, error))?;
        }
        Ok(())
    }

    fn ensure(&self, entry: FirewallEntry) -> Result<(), FirewallError> {
        for (done, chain) in self.chains.iter().enumerate() {
            let there = !self.runner.is_dry()
                && self
                    .has(chain, entry.net)
                    .map_err(|error| after(done, error))?;
            if !there {
                self.change("-I", chain, entry.net)
                    .map_err(|error| after(done, error))?;
            }
        }
        Ok(())
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), FirewallError> {
        let nets: Vec<IpNet> = entries.iter().map(|entry| entry.net).collect();
        // Of some, a part of the chains may have the rule already.
        let saved = self.saved()?;
        Ok(batch::insert(self.runner, self.chains, &nets, &saved)?)
    }

    fn unlock(&self, net: IpNet) -> Result<Option<bool>, FirewallError> {
        let mut found = false;
        for chain in self.chains {
            found |= self.delete(chain, net)?;
        }
        Ok(Some(found))
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), FirewallError> {
        if nets.len() < FEW {
            return nets.iter().try_for_each(|&net| self.unlock(net).map(drop));
        }
        Ok(batch::delete(self.runner, &self.saved()?, nets)?)
    }

    fn holds(&self, net: IpNet) -> Option<bool> {
        let mut all = true;
        for chain in self.chains {
            all &= self.has(chain, net).ok()?;
        }
        Some(all)
    }

    fn inventory(&self) -> Result<Option<Inventory>, FirewallError> {
        Ok(Some(self.saved()?.inventory(self.chains)))
    }

    fn remove_surplus(&self, net: IpNet) -> Result<(), FirewallError> {
        let saved = self.saved()?;
        for chain in self.chains {
            for _ in 1..saved.copies(chain, net) {
                self.change("-D", chain, net)?;
            }
        }
        Ok(())
    }

    fn unlock_script_of_many(&self, nets: &[IpNet], notes: &Path) -> Option<String> {
        (nets.len() >= FEW).then(|| job::script(self.chains, nets, notes))
    }

    fn unlock_script(&self, net: IpNet) -> Option<String> {
        let text = network::text(net);
        let mut script = String::new();
        for chain in self.chains {
            let _ = writeln!(
                script,
                "until_gone {}",
                shell_quote::join(rule("-D", chain, net, &text))
            );
        }
        Some(script)
    }
}

/// A failure after this many chains were done.
fn after(done: usize, error: ProgramError) -> FirewallError {
    if done == 0 {
        FirewallError::Program(error)
    } else {
        FirewallError::Partial(error)
    }
}

/// True if the rule was not there: iptables says so with one of two sentences.
pub(super) fn is_absence(error: &ProgramError) -> bool {
    let text = error.to_string();
    text.contains("does a matching rule exist")
        || text.contains("No chain/target/match by that name")
}
