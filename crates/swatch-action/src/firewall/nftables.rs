//! nftables: a table of our own, `inet swatch`, with a set for each prefix length in use and
//! timeouts in the kernel.
//!
//! A set holds network addresses, and its rule masks the source before the lookup. So all sets are
//! hash tables, whose cost does not grow; a set of intervals would be read whole by `nft` at each
//! change. The chains come before the usual filter (priority -10), so nothing that is accepted
//! there lets a locked address in.
//!
//! Every lock lays out table, chains and rules again, in one transaction with its element: somebody
//! may have flushed a chain or made the table dormant, and to look costs more. With 400,000
//! elements the transaction takes 10 ms, while `list chain`, `list table` and `get element` of nft
//! 1.0.6 read every element (7 s). `list chains` and `-t list sets` read none.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use ipnet::IpNet;

use super::{Firewall, FirewallEntry, FirewallError, Inventory};
use crate::{
    runner::{ProgramError, Runner},
    settings::Settings,
};

mod listing;
mod set;

pub(super) use set::{SetKey, key};
use set::{rule, set_key, set_name};

const TABLE: &str = "inet swatch";

/// More elements than this in one set are refused by the kernel.
const SIZE: u32 = 1_048_576;

/// The longest timeout in seconds: nft 1.0.6 refuses three years as too large.
const LONGEST: u64 = 365 * 86_400;

pub(super) struct Nftables<'a> {
    hooks: Vec<&'static str>,
    runner: &'a Runner,
    lengths: BTreeSet<SetKey>,
}

/// The sets that these settings may use.
pub(super) fn lengths(settings: &Settings) -> BTreeSet<SetKey> {
    let usual = [
        (4, 32),
        (4, settings.ipv4_prefix),
        (6, 128),
        (6, settings.ipv6_prefix),
    ];
    usual
        .into_iter()
        .chain(settings.aggregate.map(|length| (4, length)))
        .collect()
}

impl<'a> Nftables<'a> {
    pub(super) fn new(settings: &'a Settings, runner: &'a Runner) -> Self {
        let mut hooks = Vec::new();
        for chain in &settings.chains {
            // Packets to containers are forwarded, whatever the chain is called.
            let hook = if chain.eq_ignore_ascii_case("INPUT") {
                "input"
            } else {
                "forward"
            };
            if !hooks.contains(&hook) {
                hooks.push(hook);
            }
        }
        Self {
            hooks,
            runner,
            lengths: lengths(settings),
        }
    }

    /// Table, sets, chains and their rules, in a form that may be applied again and again. `anew`
    /// replaces chains that stand in the way: without a hook, or with another priority.
    fn layout(&self, lengths: &BTreeSet<SetKey>, anew: bool) -> String {
        // To add a table that is dormant wakes it.
        let mut text = format!("add table {TABLE}\n");
        for &length in lengths {
            let (family, name) = (length.0, set_name(length));
            let _ = writeln!(
                text,
                "add set {TABLE} {name} {{ type ipv{family}_addr; flags timeout; size {SIZE}; }}",
            );
        }
        for hook in &self.hooks {
            if anew {
                let _ = writeln!(
                    text,
                    "add chain {TABLE} {hook}\nflush chain {TABLE} {hook}\ndelete chain {TABLE} {hook}"
                );
            }
            let _ = writeln!(
                text,
                "add chain {TABLE} {hook} {{ type filter hook {hook} priority -10; policy accept; }}\nflush chain {TABLE} {hook}",
            );
            for &length in lengths {
                let _ = writeln!(text, "add rule {TABLE} {hook} {}", rule(length));
            }
        }
        text
    }

    /// The sets that are there already: other settings may have made them, and their rules must
    /// stay. If this query fails, nothing may be changed.
    fn sets(&self) -> Result<Vec<SetKey>, ProgramError> {
        if self.runner.is_dry() {
            return Ok(Vec::new());
        }
        let argv = ["nft", "-t", "list", "sets", "inet"];
        let output = self.runner.run(&argv, b"")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut ours = false;
        let mut sets = Vec::new();
        for line in text.lines() {
            if let Some(table) = line.strip_prefix("table ") {
                ours = table.strip_suffix(" {") == Some(TABLE);
            } else if ours
                && let Some(name) = line.trim().strip_prefix("set ")
                && let Some(key) = name.strip_suffix(" {").and_then(set_key)
            {
                sets.push(key);
            }
        }
        Ok(sets)
    }

    fn lay_out(&self, entries: &[FirewallEntry]) -> Result<(), FirewallError> {
        let mut lengths = self.lengths.clone();
        lengths.extend(entries.iter().map(|entry| key(entry.net)));
        lengths.extend(self.sets()?);
        let elements = elements(entries);
        let apply = |anew| self.feed(&(self.layout(&lengths, anew) + &elements), entries.len());
        match apply(false) {
            Err(error) if !error.never_ran() && !error.is_timeout() => {
                // A dormant table takes no new chain in the transaction that wakes it.
                self.feed(&format!("add table {TABLE}\n"), 0)?;
                Ok(apply(true)?)
            }
            other => Ok(other?),
        }
    }

    fn is_dormant(&self) -> Result<bool, ProgramError> {
        let argv = ["nft", "-t", "list", "table", "inet", "swatch"];
        let output = self.runner.run_bulk(&argv, b"", 100_000)?;
        Ok(String::from_utf8_lossy(&output.stdout).contains("flags dormant"))
    }

    fn feed(&self, text: &str, entries: usize) -> Result<(), ProgramError> {
        self.runner
            .run_bulk(&["nft", "-f", "-"], text.as_bytes(), entries)
            .map(drop)
    }
}

/// Adding an element that is there keeps its old timeout, and deleting one that is not there fails:
/// add, delete, add does both. One `nft -f` is one transaction, so no packet slips through between.
fn elements(entries: &[FirewallEntry]) -> String {
    let mut sets: BTreeMap<SetKey, Vec<&FirewallEntry>> = BTreeMap::new();
    for entry in entries {
        sets.entry(key(entry.net)).or_default().push(entry);
    }
    let mut text = String::new();
    for (set, entries) in sets {
        let timed: Vec<String> = entries
            .iter()
            .map(|entry| {
                let address = entry.net.addr();
                entry.seconds.map_or(address.to_string(), |seconds| {
                    format!("{address} timeout {}s", seconds.clamp(1, LONGEST))
                })
            })
            .collect();
        let bare: Vec<String> = entries
            .iter()
            .map(|entry| entry.net.addr().to_string())
            .collect();
        let (name, timed, bare) = (set_name(set), timed.join(", "), bare.join(", "));
        let _ = writeln!(
            text,
            "add element {TABLE} {name} {{ {timed} }}\ndelete element {TABLE} {name} {{ {bare} }}\nadd element {TABLE} {name} {{ {timed} }}"
        );
    }
    text
}

impl Firewall for Nftables<'_> {
    fn name(&self) -> &'static str {
        "nftables"
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
        self.lay_out(&[entry])
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), FirewallError> {
        self.lay_out(entries)
    }

    fn unlock(&self, net: IpNet) -> Result<Option<bool>, FirewallError> {
        let name = set_name(key(net));
        let text = format!("delete element {TABLE} {name} {{ {} }}\n", net.addr());
        match self.feed(&text, 1) {
            Ok(()) => Ok(Some(true)),
            // No such element, set or table.
            Err(error) if is_absence(&error) => Ok(Some(false)),
            Err(error) => Err(error.into()),
        }
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), FirewallError> {
        let mut sets: BTreeMap<SetKey, Vec<String>> = BTreeMap::new();
        for &net in nets {
            sets.entry(key(net))
                .or_default()
                .push(net.addr().to_string());
        }
        for (set, items) in sets {
            let (name, count, items) = (set_name(set), items.len(), items.join(", "));
            // Adding first makes sure that there is something to delete.
            let text = format!(
                "add element {TABLE} {name} {{ {items} }}\ndelete element {TABLE} {name} {{ {items} }}\n"
            );
            match self.feed(&text, count) {
                Err(error) if !is_absence(&error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn holds(&self, net: IpNet) -> Option<bool> {
        let set = set_name(key(net));
        let element = format!("{{ {} }}", net.addr());
        let argv = ["nft", "get", "element", "inet", "swatch", &set, &element];
        match self.runner.run(&argv, b"") {
            // The element is there; whether a rule drops what is in the set was not asked.
            Ok(_) => None,
            Err(error) if is_absence(&error) => Some(false),
            Err(_) => None,
        }
    }

    fn inventory(&self) -> Result<Option<Inventory>, FirewallError> {
        let argv = ["nft", "-j", "list", "table", "inet", "swatch"];
        let output = match self.runner.run_bulk(&argv, b"", 100_000) {
            Ok(output) => output,
            Err(error) if is_absence(&error) => return Ok(Some(Inventory::default())),
            Err(error) => return Err(error.into()),
        };
        match listing::inventory(&argv, &output.stdout, &self.hooks) {
            Ok(inventory) => Ok(Some(inventory)),
            // nft 1.0.6 prints the flags of a table from memory that was never set, and mostly that
            // is not JSON. Without JSON it says what is the matter.
            Err(error) => {
                if self.is_dormant()? {
                    Ok(Some(listing::dormant()))
                } else {
                    Err(error)
                }
            }
        }
    }

    fn unlock_script(&self, net: IpNet) -> Option<String> {
        Some(format!(
            "once nft delete element {TABLE} {} '{{ {} }}'",
            set_name(key(net)),
            net.addr()
        ))
    }
}

fn is_absence(error: &ProgramError) -> bool {
    error.to_string().contains("No such file or directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_replaced_with_their_timeouts() {
        let entry = |text: &str, seconds| FirewallEntry {
            net: crate::network::parse(text).expect("a network"),
            seconds,
            count: 3,
        };
        let text = elements(&[
            entry("203.0.113.9", Some(60)),
            entry("2001:db8::/64", None),
            entry("203.0.113.8", Some(u64::MAX)),
        ]);
        assert_eq!(
            text,
            "add element inet swatch v4_32 { 203.0.113.9 timeout 60s, 203.0.113.8 timeout 31536000s }\n\
             delete element inet swatch v4_32 { 203.0.113.9, 203.0.113.8 }\n\
             add element inet swatch v4_32 { 203.0.113.9 timeout 60s, 203.0.113.8 timeout 31536000s }\n\
             add element inet swatch v6_64 { 2001:db8:: }\n\
             delete element inet swatch v6_64 { 2001:db8:: }\n\
             add element inet swatch v6_64 { 2001:db8:: }\n"
        );
    }
}
