//! Many rules at once, by `iptables-restore --noflush`.
//!
//! A rule is deleted by what it says, never by its number: a number may mean another rule by then.
//! To find it, iptables compares rule by rule from the head of the chain, 0.6 µs each, and a
//! transaction of 40,000 deletions takes the kernel 20 s. So rules are deleted in the order of
//! their chain, where most are at its head when their turn comes, and in batches bounded in both
//! (50,000 rules of one chain: 6 s).

use std::{collections::HashSet, fmt::Write as _};

use ipnet::IpNet;

use super::{
    WAIT,
    saved::{Rule, Saved},
};
use crate::{
    network,
    runner::{ProgramError, Runner},
};

/// Rules in one transaction.
const RULES: usize = 5000;

/// Comparisons of rules in one transaction: about 0.6 s, and several times that on a machine that
/// is busy.
const COMPARISONS: usize = 1_000_000;

const FAMILIES: [(&str, bool); 2] = [("iptables-restore", false), ("ip6tables-restore", true)];

/// Puts a rule for each of these at the head of each chain that has none.
pub(super) fn insert(
    runner: &Runner,
    chains: &[String],
    nets: &[IpNet],
    saved: &Saved,
) -> Result<(), ProgramError> {
    let there: HashSet<(IpNet, &str)> = saved
        .rules
        .iter()
        .map(|rule| (rule.net, rule.chain.as_str()))
        .collect();
    for (program, six) in FAMILIES {
        let family: Vec<IpNet> = nets
            .iter()
            .copied()
            .filter(|net| matches!(net, IpNet::V6(_)) == six)
            .collect();
        if family.is_empty() {
            continue;
        }
        let mut text = String::new();
        for net in &family {
            for chain in chains
                .iter()
                .filter(|chain| !there.contains(&(*net, chain.as_str())))
            {
                let _ = writeln!(text, "-I {chain} -s {} -j DROP", network::text(*net));
            }
        }
        if !text.is_empty() {
            commit(runner, program, &text, family.len())?;
        }
    }
    Ok(())
}

/// Deletes every rule for one of these, each batch a transaction of its own.
pub(super) fn delete(runner: &Runner, saved: &Saved, nets: &[IpNet]) -> Result<(), ProgramError> {
    let wanted: HashSet<&IpNet> = nets.iter().collect();
    for (program, six) in FAMILIES {
        let rules: Vec<&Rule> = saved
            .rules
            .iter()
            .filter(|rule| matches!(rule.net, IpNet::V6(_)) == six && wanted.contains(&rule.net))
            .collect();
        let mut chains: Vec<&str> = rules.iter().map(|rule| rule.chain.as_str()).collect();
        chains.sort_unstable();
        chains.dedup();
        for chain in chains {
            let mut text = String::new();
            let (mut batch, mut comparisons) = (0, 0);
            let here = rules.iter().filter(|rule| rule.chain == chain);
            // Those before it are gone when a rule's turn comes.
            for (gone, rule) in here.enumerate() {
                let _ = writeln!(text, "-D {chain} -s {} -j DROP", network::text(rule.net));
                batch += 1;
                comparisons += rule.place - gone;
                if batch == RULES || comparisons >= COMPARISONS {
                    commit(runner, program, &text, batch)?;
                    text.clear();
                    (batch, comparisons) = (0, 0);
                }
            }
            if batch > 0 {
                commit(runner, program, &text, batch)?;
            }
        }
    }
    Ok(())
}

fn commit(runner: &Runner, program: &str, text: &str, rules: usize) -> Result<(), ProgramError> {
    let text = format!("*filter\n{text}COMMIT\n");
    let argv = [program, "-w", WAIT, "--noflush"];
    runner.run_bulk(&argv, text.as_bytes(), rules).map(drop)
}
