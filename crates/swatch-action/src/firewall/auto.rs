//! `--firewall auto`: what works here, and why.

use std::time::Duration;

use crate::{
    runner::Runner,
    settings::{Backend, Settings},
};

/// The time that a firewall has to say that it works here.
const PATIENCE: Duration = Duration::from_secs(2);

/// The firewall to use, and for `auto` the reason in words.
///
/// nftables first: its sets grow without getting slower and expire entries by themselves, and a
/// separate table is left alone by other managers of the firewall, firewalld among them. Then
/// firewalld where it runs, because it throws away the iptables rules of others when it reloads;
/// then ipset; then iptables.
#[must_use]
pub fn choose(settings: &Settings) -> (Backend, Option<String>) {
    if settings.firewall != Backend::Auto {
        return (settings.firewall, None);
    }
    // Asking changes nothing, so a dry run asks too. The limit is short: where firewalld does not
    // run, its client waits for the system bus as long as it may.
    let probe = Runner::new(&settings.path, settings.time_limit.duration().min(PATIENCE));
    let works = |argv: &[&str]| probe.run(argv, b"").map_err(|error| error.to_string());
    let mut passed_over = Vec::new();
    let mut pick = |backend, argv: &[&str], why: &str| match works(argv) {
        Ok(_) => Some((backend, why.to_owned())),
        Err(error) => {
            passed_over.push(error);
            None
        }
    };
    let found = pick(
        Backend::Nftables,
        &["nft", "list", "chains"],
        "nft works here: sets with timeouts",
    )
    .or_else(|| {
        pick(
            Backend::Firewalld,
            &["firewall-cmd", "--state"],
            "firewalld runs here",
        )
    })
    .or_else(|| {
        pick(
            Backend::Ipset,
            &["ipset", "list", "-n"],
            "ipset works here: sets with timeouts",
        )
    });
    let (backend, why) = found.unwrap_or((Backend::Iptables, "what else is there".to_owned()));
    let why = if passed_over.is_empty() {
        format!("firewall {backend:?}: {why}")
    } else {
        format!(
            "firewall {backend:?}: {why}; not taken: {}",
            passed_over.join("; ")
        )
    };
    (backend, Some(why.to_lowercase().replace('\n', " ")))
}
