//! nftables: a table of our own, `inet swatch`, with a set for each prefix length in use and timeouts in the kernel.
//!
//! A set holds network addresses, and its rule masks the source before it asks: so all sets are hash tables, whose cost
//! does not grow, where a set of intervals would be read whole by `nft` at each change. The chains come before the
//! usual filter (priority -10), so nothing that is accepted there lets a locked address in.

use std::{
    collections::{BTreeSet, HashSet},
    fmt::Write as _,
    net::IpAddr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Firewall, FirewallEntry};
use crate::{
    runner::{ProgramError, Runner},
    settings::Settings,
};

const TABLE: &str = "inet swatch";

/// More elements than this in one set are refused by the kernel.
const SIZE: u32 = 1_048_576;

pub(super) struct Nftables<'a> {
    hooks: Vec<&'static str>,
    runner: &'a Runner,
    lengths: BTreeSet<Key>,
}

/// A family, 4 or 6, and a prefix length.
pub(super) type Key = (u8, u8);

/// What these settings may lock.
pub(super) fn lengths(settings: &Settings) -> BTreeSet<Key> {
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
            // What passes to containers is forwarded, whoever's chain it is.
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

    /// Table, sets, chains and their rules, in a form that may be applied again and again.
    fn layout(&self, wanted: impl Iterator<Item = IpNet>) -> Result<String, ProgramError> {
        let mut lengths = self.lengths.clone();
        lengths.extend(wanted.map(key));
        lengths.extend(self.sets()?);
        let mut text = format!("add table {TABLE}\n");
        for (family, length) in &lengths {
            let _ = writeln!(
                text,
                "add set {TABLE} {} {{ type ipv{family}_addr; flags timeout; size {SIZE}; }}",
                set_name((*family, *length)),
            );
        }
        for hook in &self.hooks {
            let _ = writeln!(
                text,
                "add chain {TABLE} {hook} {{ type filter hook {hook} priority -10; policy accept; }}\nflush chain {TABLE} {hook}",
            );
            for &(family, length) in &lengths {
                let _ = writeln!(text, "add rule {TABLE} {hook} {}", rule((family, length)));
            }
        }
        Ok(text)
    }

    /// The sets that are there already: other settings may have made them, and their rules must stay.
    fn sets(&self) -> Result<Vec<(u8, u8)>, ProgramError> {
        if self.runner.is_dry() {
            return Ok(Vec::new());
        }
        let Ok(output) = self
            .runner
            .run(&["nft", "-t", "list", "table", "inet", "swatch"], b"")
        else {
            return Ok(Vec::new());
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text
            .lines()
            .filter_map(|line| set_key(line.trim()))
            .collect())
    }

    /// The quick way takes table and sets for granted; where they are missing, everything is laid out in one
    /// transaction with the elements.
    fn apply(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        let quick = !self.runner.is_dry() && self.feed(&elements(entries)).is_ok();
        if quick { Ok(()) } else { self.lay_out(entries) }
    }

    fn lay_out(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        let layout = self.layout(entries.iter().map(|entry| entry.net))?;
        self.feed(&(layout + &elements(entries)))
    }

    fn feed(&self, text: &str) -> Result<(), ProgramError> {
        self.runner
            .run(&["nft", "-f", "-"], text.as_bytes())
            .map(drop)
    }
}

/// Adding to what is there keeps the old timeout, and deleting what is not there fails: add, delete, add does both, and
/// nobody sees the moment between, for one `nft -f` is one transaction.
fn elements(entries: &[FirewallEntry]) -> String {
    let mut text = String::new();
    let mut keys: Vec<(u8, u8)> = entries.iter().map(|entry| key(entry.net)).collect();
    keys.sort_unstable();
    keys.dedup();
    for set in keys {
        let ours = || entries.iter().filter(|entry| key(entry.net) == set);
        let list = |timed: bool| {
            let items: Vec<String> = ours()
                .map(|entry| match entry.seconds.filter(|_| timed) {
                    Some(seconds) => format!("{} timeout {}s", entry.net.addr(), seconds.max(1)),
                    None => entry.net.addr().to_string(),
                })
                .collect();
            items.join(", ")
        };
        let name = set_name(set);
        let (timed, bare) = (list(true), list(false));
        let _ = writeln!(
            text,
            "add element {TABLE} {name} {{ {timed} }}\ndelete element {TABLE} {name} {{ {bare} }}\nadd element {TABLE} {name} {{ {timed} }}"
        );
    }
    text
}

pub(super) fn key(net: IpNet) -> Key {
    (
        if matches!(net, IpNet::V4(_)) { 4 } else { 6 },
        net.prefix_len(),
    )
}

fn set_name((family, length): (u8, u8)) -> String {
    format!("v{family}_{length}")
}

fn set_key(line: &str) -> Option<(u8, u8)> {
    let (family, length) = line
        .strip_prefix("set v")?
        .strip_suffix(" {")?
        .split_once('_')?;
    let key = (family.parse().ok()?, length.parse().ok()?);
    matches!(key, (4, 0..=32) | (6, 0..=128)).then_some(key)
}

fn rule(key: (u8, u8)) -> String {
    let name = set_name(key);
    match key {
        (4, 32) => format!("ip saddr @{name} drop"),
        (6, 128) => format!("ip6 saddr @{name} drop"),
        (4, length) => {
            let mask = Ipv4Net::new([0, 0, 0, 0].into(), length).map(|net| net.netmask());
            let mask = mask.unwrap_or([255; 4].into());
            format!("ip saddr & {mask} @{name} drop")
        }
        (_, length) => {
            let mask = Ipv6Net::new([0_u16; 8].into(), length).map(|net| net.netmask());
            let mask = mask.unwrap_or([0xffff_u16; 8].into());
            format!("ip6 saddr & {mask} @{name} drop")
        }
    }
}

impl Firewall for Nftables<'_> {
    fn name(&self) -> &'static str {
        "nftables"
    }

    fn has_timeouts(&self) -> bool {
        true
    }

    fn lock(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        self.apply(&[entry])
    }

    fn ensure(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        self.lay_out(&[entry])
    }

    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        self.lay_out(entries)
    }

    fn unlock(&self, net: IpNet) -> Result<(), ProgramError> {
        let name = set_name(key(net));
        let item = net.addr();
        // Adding first makes sure that there is something to delete; a missing table means that nothing is locked.
        let text = format!(
            "add element {TABLE} {name} {{ {item} timeout 1s }}\ndelete element {TABLE} {name} {{ {item} }}\n"
        );
        match self.feed(&text) {
            Err(error) if is_absence(&error) => Ok(()),
            other => other,
        }
    }

    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), ProgramError> {
        let mut keys: Vec<(u8, u8)> = nets.iter().map(|&net| key(net)).collect();
        keys.sort_unstable();
        keys.dedup();
        for set in keys {
            let items: Vec<String> = nets
                .iter()
                .filter(|&&net| key(net) == set)
                .map(|net| net.addr().to_string())
                .collect();
            let (name, items) = (set_name(set), items.join(", "));
            let text = format!(
                "add element {TABLE} {name} {{ {items} }}\ndelete element {TABLE} {name} {{ {items} }}\n"
            );
            match self.feed(&text) {
                Err(error) if !is_absence(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError> {
        let output = match self
            .runner
            .run(&["nft", "-j", "list", "table", "inet", "swatch"], b"")
        {
            Ok(output) => output,
            Err(error) if is_absence(&error) => return Ok(Some(HashSet::new())),
            Err(error) => return Err(error),
        };
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let mut found = HashSet::new();
        let mut ruled = HashSet::new();
        for object in json["nftables"].as_array().into_iter().flatten() {
            // A set that no rule asks locks nothing.
            if let Some(chain) = object["rule"]["chain"].as_str() {
                let text = object["rule"]["expr"].to_string();
                if let Some(at) = text.find("\"@") {
                    let name: String = text[at + 2..].chars().take_while(|&c| c != '"').collect();
                    ruled.insert((chain.to_owned(), name));
                }
            }
        }
        for object in json["nftables"].as_array().into_iter().flatten() {
            let set = &object["set"];
            let name = set["name"].as_str().unwrap_or_default();
            let Some((_, length)) = set_key(&format!("set {name} {{")) else {
                continue;
            };
            if !self
                .hooks
                .iter()
                .all(|hook| ruled.contains(&((*hook).to_owned(), name.to_owned())))
            {
                continue;
            }
            for item in set["elem"].as_array().into_iter().flatten() {
                let text = item["elem"]["val"].as_str().or(item.as_str());
                if let Some(Ok(address)) = text.map(str::parse::<IpAddr>)
                    && let Ok(net) = IpNet::new(address, length)
                {
                    found.insert(net);
                }
            }
        }
        Ok(Some(found))
    }

    fn unlock_command(&self, net: IpNet) -> Option<String> {
        Some(format!(
            "nft delete element {TABLE} {} '{{ {} }}'",
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
    fn rules_and_elements() {
        assert_eq!(rule((4, 32)), "ip saddr @v4_32 drop");
        assert_eq!(rule((4, 24)), "ip saddr & 255.255.255.0 @v4_24 drop");
        assert_eq!(
            rule((6, 64)),
            "ip6 saddr & ffff:ffff:ffff:ffff:: @v6_64 drop"
        );
        assert_eq!(set_key("set v6_64 {"), Some((6, 64)));
        assert_eq!(set_key("set v4_33 {"), None);
        let entry = |text: &str, seconds| FirewallEntry {
            net: crate::network::parse(text).expect("a network"),
            seconds,
            count: 3,
        };
        let text = elements(&[entry("203.0.113.9", Some(60)), entry("2001:db8::/64", None)]);
        assert_eq!(
            text,
            "add element inet swatch v4_32 { 203.0.113.9 timeout 60s }\n\
             delete element inet swatch v4_32 { 203.0.113.9 }\n\
             add element inet swatch v4_32 { 203.0.113.9 timeout 60s }\n\
             add element inet swatch v6_64 { 2001:db8:: }\n\
             delete element inet swatch v6_64 { 2001:db8:: }\n\
             add element inet swatch v6_64 { 2001:db8:: }\n"
        );
    }
}
