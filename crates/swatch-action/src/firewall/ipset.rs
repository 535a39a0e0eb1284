//! ipset: one set for each family, with timeouts in the kernel, and one iptables rule for each chain that asks it.

use std::{collections::HashSet, fmt::Write as _};

use ipnet::IpNet;

use super::{Firewall, FirewallEntry, iptables::is_absence};
use crate::{
    network,
    runner::{ProgramError, Runner},
    settings::Settings,
};

/// The longest timeout that the kernel's sets take, in seconds (about 24.8 days). A longer lock is put back by
/// `swatch-action check`.
const LONGEST: u64 = 2_147_483;

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

    /// Only the sets that are needed: a set that is there must be asked by its rules.
    fn layout(&self, entries: &[FirewallEntry]) -> String {
        let mut text = String::new();
        let used = |set| entries.iter().any(|entry| set_of(entry.net) == set);
        for (set, family, _) in SETS.into_iter().filter(|(set, ..)| used(*set)) {
            let _ = writeln!(
                text,
                "create {set} hash:net family {family} timeout 0 maxelem 1048576"
            );
        }
        text
    }

    /// Makes sure that the rules which ask the sets are there.
    fn rules(&self, six: bool) -> Result<(), ProgramError> {
        let (set, _, program) = SETS[usize::from(six)];
        for chain in self.chains {
            let words = ["-m", "set", "--match-set", set, "src", "-j", "DROP"];
            let argv = |verb| [&[program, "-w", "5", verb, chain][..], &words[..]].concat();
            if self.runner.is_dry() || self.runner.run(&argv("-C"), b"").is_err() {
                self.runner.run(&argv("-I"), b"")?;
            }
        }
        Ok(())
    }

    fn feed(&self, text: &str) -> Result<(), ProgramError> {
        self.runner
            .run(&["ipset", "-exist", "restore"], text.as_bytes())
            .map(drop)
    }
}

fn set_of(net: IpNet) -> &'static str {
    SETS[usize::from(matches!(net, IpNet::V6(_)))].0
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

    fn lock(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        // A set that is there is asked by its rules: we made both.
        let quick = !self.runner.is_dry() && self.feed(&addition(entry)).is_ok();
        if quick {
            Ok(())
        } else {
            self.lock_all(&[entry])
        }
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        let text: String = entries.iter().map(|&entry| addition(entry)).collect();
        self.feed(&(self.layout(entries) + &text))?;
        for six in [false, true] {
            if entries
                .iter()
                .any(|entry| matches!(entry.net, IpNet::V6(_)) == six)
            {
                self.rules(six)?;
            }
        }
        Ok(())
    }

    fn ensure(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        self.lock_all(&[entry])
    }

    fn unlock(&self, net: IpNet) -> Result<(), ProgramError> {
        self.unlock_all(&[net])
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), ProgramError> {
        let text: String = nets
            .iter()
            .map(|&net| format!("del {} {}\n", set_of(net), network::text(net)))
            .collect();
        match self.feed(&text) {
            Err(error) if error.to_string().contains("does not exist") => Ok(()),
            other => other,
        }
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        let mut found = HashSet::new();
        for (set, _, program) in SETS {
            let asked = self.chains.iter().all(|chain| {
                let argv = [
                    program,
                    "-w",
                    "5",
                    "-C",
                    chain,
                    "-m",
                    "set",
                    "--match-set",
                    set,
                    "src",
                    "-j",
                    "DROP",
                ];
                match self.runner.run(&argv, b"") {
                    Ok(_) => true,
                    Err(error) => {
                        !is_absence(&error) && !matches!(error, ProgramError::Failed { .. })
                    }
                }
            });
            // A set that no rule asks locks nothing.
            if !asked {
                continue;
            }
            let output = match self.runner.run(&["ipset", "save", set], b"") {
                Ok(output) => output,
                Err(error) if error.to_string().contains("does not exist") => continue,
                Err(error) => return Err(error),
            };
            for line in String::from_utf8_lossy(&output.stdout).lines() {
                let mut words = line.split(' ');
                if words.next() == Some("add")
                    && let Some(Ok(net)) = words.nth(1).map(network::parse)
                {
                    found.insert(net);
                }
            }
        }
        Ok(Some(found))
    }

    fn unlock_command(&self, net: IpNet) -> Option<String> {
        Some(format!(
            "ipset -exist del {} {}",
            set_of(net),
            network::text(net)
        ))
    }
}
