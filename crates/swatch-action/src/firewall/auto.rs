//! `firewall = "auto"`: what works here, and why.

use std::time::Duration;

use swatch_common::process;

use super::default;
use crate::{
    runner::Runner,
    settings::{Backend, Settings},
};

/// The time that a firewall has to say that it works here.
const PATIENCE: Duration = Duration::from_secs(2);

/// The result of a look at what works here.
#[derive(Debug)]
pub(super) struct Best {
    /// The best firewall; `None` if no program of any is there.
    pub(super) backend: Option<Backend>,
    /// The reason in words.
    pub(super) why: String,
    /// The messages of those that do not work.
    pub(super) passed_over: Vec<String>,
}

/// The firewall to use, and the reason in words where there is something to say: always for `auto`,
/// and for the default when it is chosen for the first time. With `keep`, a choice of the default is
/// remembered in the state.
#[must_use]
pub fn choose(settings: &Settings, keep: bool) -> (Backend, Option<String>) {
    match settings.firewall {
        Backend::Auto => {
            let best = best(settings);
            let backend = best.backend.unwrap_or(Backend::Iptables);
            (backend, Some(described(backend, &best)))
        }
        Backend::Default => default::choose(settings, keep),
        named => (named, None),
    }
}

fn described(backend: Backend, best: &Best) -> String {
    let why = &best.why;
    let why = if best.passed_over.is_empty() {
        format!("firewall {backend:?}: {why}")
    } else {
        format!(
            "firewall {backend:?}: {why}; not taken: {}",
            best.passed_over.join("; ")
        )
    };
    why.to_lowercase().replace('\n', " ")
}

/// Asks the firewalls, the best first.
///
/// nftables first: its sets grow without getting slower and expire entries by themselves, and a
/// separate table is left alone by other managers of the firewall, firewalld among them. Then
/// firewalld where it runs, because it throws away the iptables rules of others when it reloads;
/// then ipset, whose sets a rule of iptables has to match; then iptables.
pub(super) fn best(settings: &Settings) -> Best {
    // Asking changes nothing, so a dry run asks too. The limit is short: where firewalld does not
    // run, its client waits for the system bus as long as it may.
    let probe = Runner::new(&settings.path, settings.time_limit.duration().min(PATIENCE));
    let iptables = process::find("iptables", &settings.path).is_some();
    let mut passed_over = Vec::new();
    let mut pick = |backend, argv: &[&str], why: &str| match probe.run(argv, b"") {
        Ok(_) => Some((backend, why.to_owned())),
        Err(error) => {
            passed_over.push(error.to_string());
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
        .filter(|_| iptables)
    })
    .or_else(|| iptables.then(|| (Backend::Iptables, "what else is there".to_owned())));
    let (backend, why) = match found {
        Some((backend, why)) => (Some(backend), why),
        None => (None, "no firewall works here".to_owned()),
    };
    Best {
        backend,
        why,
        passed_over,
    }
}
