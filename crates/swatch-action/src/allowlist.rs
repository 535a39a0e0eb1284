//! What is never locked: the networks of the settings, the machine itself and what it cannot live without.

use std::{
    fs,
    net::{IpAddr, ToSocketAddrs},
    path::Path,
    sync::mpsc,
    time::Duration,
};

use ipnet::IpNet;

use crate::{
    address::{canonical, is_private},
    network,
    settings::{Ignore, Settings},
    state::State,
};

mod machine;

/// How long the resolver may take for one host name; a lock does not wait longer for it.
const RESOLVE: Duration = Duration::from_secs(3);

/// A network that is not locked, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The network.
    pub net: IpNet,
    /// `ignored by the settings`, `this machine's own address`, …
    pub why: String,
}

/// Everything that is not locked.
#[derive(Debug, Default)]
pub struct Allowlist {
    /// The networks.
    pub list: Vec<Protected>,
    /// What could not be read or resolved.
    pub warnings: Vec<String>,
}

/// What becomes of a wish to lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is locked: the network asked for, or the address alone where the network holds something protected.
    Lock(IpNet),
    /// Nothing is locked, and why.
    Never(String),
}

/// Whether the settings say to leave an address alone, as far as that can be known without asking anybody: networks and
/// files. This is looked at before an event is counted.
#[must_use]
pub fn ignored(ignore: &Ignore, address: IpAddr) -> (Option<String>, Vec<String>) {
    if ignore.networks.is_empty() && ignore.files.is_empty() {
        return (None, Vec::new());
    }
    let (allowed, _) = written(ignore);
    let why = allowed
        .list
        .iter()
        .find(|protected| protected.net.contains(&address))
        .map(|protected| protected.why.clone());
    (why, allowed.warnings)
}

/// Everything that is not locked at this moment. `state` remembers the addresses of host names.
///
/// `by_hand` protects the address of the SSH login that the command was typed in.
#[must_use]
pub fn all(settings: &Settings, state: Option<&State>, now: i64, by_hand: bool) -> Allowlist {
    let (mut allowed, hosts) = written(&settings.ignore);
    for name in &hosts {
        match host(name, settings, state, now) {
            Ok(addresses) => allowed
                .list
                .extend(addresses.into_iter().map(|address| Protected {
                    net: canonical(address).into(),
                    why: format!("an address of {name}"),
                })),
            Err(warning) => allowed.warnings.push(warning),
        }
    }
    if settings.ignore.own {
        allowed.list.extend(machine::own());
        allowed.list.extend(machine::gateways());
        allowed.list.extend(machine::resolvers());
    }
    if by_hand {
        allowed.list.extend(machine::ssh_client());
    }
    allowed
}

impl Allowlist {
    /// What becomes of the wish to lock `net` for the sake of `address` (the network's own for a network by hand).
    #[must_use]
    pub fn judge(&self, net: IpNet, address: IpAddr) -> Verdict {
        if is_private(address) {
            return Verdict::Never(format!("{address} is a private or special address"));
        }
        if let Some(hit) = self.list.iter().find(|one| one.net.contains(&address)) {
            return Verdict::Never(format!("{address} is {}", hit.why));
        }
        let overlap = |one: &&Protected| net.contains(&one.net) || one.net.contains(&net);
        match self.list.iter().find(overlap) {
            None => Verdict::Lock(net),
            Some(_) if net.contains(&address) && address != net.network() => {
                Verdict::Lock(address.into())
            }
            Some(hit) => Verdict::Never(format!(
                "{} holds {}, {}",
                network::text(net),
                network::text(hit.net),
                hit.why
            )),
        }
    }
}

/// The networks that are written down, and the host names that are.
fn written(ignore: &Ignore) -> (Allowlist, Vec<String>) {
    let mut allowed = Allowlist::default();
    let mut hosts = ignore.hosts.clone();
    allowed
        .list
        .extend(ignore.networks.iter().map(|&net| Protected {
            net,
            why: "ignored by the settings".to_owned(),
        }));
    for path in &ignore.files {
        match fs::read_to_string(path) {
            Ok(text) => file(path, &text, &mut allowed, &mut hosts),
            Err(error) => allowed.warnings.push(format!(
                "cannot read the list of ignored networks {}: {error}",
                path.display()
            )),
        }
    }
    (allowed, hosts)
}

fn file(path: &Path, text: &str, allowed: &mut Allowlist, hosts: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        let entry = line.split('#').next().unwrap_or_default().trim();
        let is_name = entry.contains(|c: char| c.is_ascii_alphabetic())
            && !entry.contains([':', '/'])
            && entry
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        if entry.is_empty() {
            continue;
        }
        match network::parse(entry) {
            Ok(net) => allowed.list.push(Protected {
                net,
                why: format!("ignored by {}", path.display()),
            }),
            Err(_) if is_name => hosts.push(entry.to_owned()),
            Err(error) => {
                allowed
                    .warnings
                    .push(format!("{}:{}: {error}", path.display(), number + 1))
            }
        }
    }
}

/// The addresses of a host name: remembered ones while they are fresh, then the resolver's, then remembered ones of any
/// age, for a name server that is down must not get a friend locked.
fn host(
    name: &str,
    settings: &Settings,
    state: Option<&State>,
    now: i64,
) -> Result<Vec<IpAddr>, String> {
    let remembered = |oldest| state.and_then(|state| state.host(name, oldest).ok().flatten());
    if let Some(addresses) = remembered(now - settings.ignore.hosts_keep.seconds()) {
        return Ok(addresses);
    }
    let (sender, receiver) = mpsc::channel();
    let asked = name.to_owned();
    std::thread::spawn(move || {
        let found = (asked.as_str(), 0).to_socket_addrs();
        let _ = sender.send(found.map(|all| all.map(|one| one.ip()).collect::<Vec<_>>()));
    });
    let why = match receiver.recv_timeout(RESOLVE) {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            if let Some(state) = state {
                let _ = state.keep_host(name, &addresses, now);
            }
            return Ok(addresses);
        }
        Ok(Ok(_)) => "it has no address".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", RESOLVE.as_secs()),
    };
    remembered(i64::MIN).ok_or_else(|| format!("the ignored host {name} cannot be resolved: {why}"))
}

#[cfg(test)]
mod tests;
