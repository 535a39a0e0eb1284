//! The table as `nft -j list table` prints it.

use std::{collections::HashSet, net::IpAddr};

use ipnet::IpNet;
use serde_json::Value;

use super::{
    super::{FirewallError, Held, Inventory},
    set::set_key,
};

/// The elements. They are in force if a rule in a chain that packets pass matches their set.
pub(super) fn inventory(
    argv: &[&str],
    text: &[u8],
    hooks: &[&'static str],
) -> Result<Inventory, FirewallError> {
    let json: Value = serde_json::from_slice(text).map_err(|error| FirewallError::Unreadable {
        command: argv.join(" "),
        reason: error.to_string(),
    })?;
    let objects: Vec<&Value> = json["nftables"].as_array().into_iter().flatten().collect();
    let mut inventory = Inventory::default();
    // The only flag that a table of this program can have; its name is not printed reliably.
    let is_dormant = objects
        .iter()
        .any(|object| !object["table"]["flags"].is_null());
    if is_dormant {
        inventory = dormant();
    }
    let live: Vec<&str> = hooks
        .iter()
        .copied()
        .filter(|hook| {
            let live = objects
                .iter()
                .any(|object| is_hooked(&object["chain"], hook));
            if !live {
                inventory.faults.push(format!(
                    "nftables: the chain inet swatch {hook} is not at its hook"
                ));
            }
            live
        })
        .collect();
    let matched: HashSet<(&str, String)> = objects
        .iter()
        .filter_map(|object| dropping(&object["rule"]))
        .collect();
    for object in &objects {
        let set = &object["set"];
        let name = set["name"].as_str().unwrap_or_default();
        let Some((_, length)) = set_key(name) else {
            continue;
        };
        let elements = set["elem"].as_array().map_or(&[][..], Vec::as_slice);
        let mut in_force = !is_dormant && live.len() == hooks.len();
        for hook in live.iter().filter(|_| !elements.is_empty()) {
            if !matched.contains(&(hook, name.to_owned())) {
                in_force = false;
                inventory.faults.push(format!(
                    "nftables: no rule in inet swatch {hook} matches the set {name}"
                ));
            }
        }
        for item in elements {
            let item = if item["elem"].is_object() {
                &item["elem"]
            } else {
                item
            };
            let text = item["val"].as_str().or(item.as_str());
            if let Some(Ok(address)) = text.map(str::parse::<IpAddr>)
                && let Ok(net) = IpNet::new(address, length)
            {
                let held = Held {
                    in_force,
                    surplus: 0,
                    seconds: item["expires"].as_u64(),
                };
                inventory.entries.insert(net, held);
            }
        }
    }
    Ok(inventory)
}

/// A table that is switched off.
pub(super) fn dormant() -> Inventory {
    Inventory {
        faults: vec!["nftables: the table inet swatch is dormant".to_owned()],
        ..Inventory::default()
    }
}

fn is_hooked(chain: &Value, hook: &str) -> bool {
    chain["name"] == hook && chain["hook"] == hook && chain["prio"] == -10
}

/// Chain and set of a rule that drops what is in a set.
fn dropping(rule: &Value) -> Option<(&str, String)> {
    let chain = rule["chain"].as_str()?;
    let parts = rule["expr"].as_array()?;
    let set = parts
        .iter()
        .find_map(|part| part["match"]["right"].as_str())?;
    let drops = parts.iter().any(|part| part.get("drop").is_some());
    drops.then(|| (chain, set.trim_start_matches('@').to_owned()))
}
