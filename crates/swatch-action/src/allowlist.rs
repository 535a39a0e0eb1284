//! Addresses that are never locked: the networks in the settings, the machine itself, and the
//! machines it depends on.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use swatch_common::sanitize;

use crate::{
    address::{canonical, is_private},
    network,
    resolve::{self, ResolveError},
    settings::Settings,
    state::State,
};

mod file;
mod machine;
mod routes;

pub use file::IgnoreError;

/// The longest time that a lock waits for the resolver, per host name.
const RESOLVE: Duration = Duration::from_secs(3);

/// A network that is never locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The network.
    pub net: IpNet,
    /// The reason: `ignored by the settings`, `this machine's own address`, …
    pub why: String,
}

/// All networks that are never locked.
#[derive(Debug, Default)]
pub struct Allowlist {
    /// The networks.
    pub list: Vec<Protected>,
    /// Files that could not be read and names that could not be resolved.
    pub warnings: Vec<String>,
}

/// The decision on a request to lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Lock this: the network asked for, or the address alone if the network contains something
    /// protected.
    Lock(IpNet),
    /// Lock nothing, for this reason.
    Never(String),
}

/// The networks in the settings and ignore files, and the host names, unresolved.
#[derive(Debug, Default)]
pub struct Ignored {
    list: Vec<Protected>,
    hosts: Vec<String>,
    /// Entries that could be read in another way.
    pub notes: Vec<String>,
    /// Files whose last good version is used instead.
    pub warnings: Vec<String>,
}

impl Ignored {
    /// Reads the networks and files of the settings.
    ///
    /// # Errors
    /// A file can be read neither now nor from the copy of its last good version.
    pub fn read(settings: &Settings) -> Result<Self, IgnoreError> {
        let ignore = &settings.ignore;
        let mut ignored = Self {
            hosts: ignore.hosts.clone(),
            ..Self::default()
        };
        for listed in &ignore.networks {
            ignored.notes.extend(
                listed
                    .note()
                    .map(|note| format!("setting `ignore.networks`: {note}")),
            );
            ignored.protect(listed.networks(), "ignored by the settings");
        }
        for path in &ignore.files {
            let listed = file::read(path, &settings.state_dir)?;
            ignored.hosts.extend(listed.entries.hosts);
            ignored.notes.extend(listed.entries.notes);
            ignored.warnings.extend(listed.warning);
            let why = format!("ignored by {}", sanitize::path(path));
            ignored.protect(&listed.entries.networks, &why);
        }
        Ok(ignored)
    }

    /// The reason to ignore an address: that of the first network which contains it. Host names are
    /// not resolved.
    #[must_use]
    pub fn why(&self, address: IpAddr) -> Option<&str> {
        self.list
            .iter()
            .find(|protected| protected.net.contains(&address))
            .map(|protected| protected.why.as_str())
    }

    fn protect(&mut self, nets: &[IpNet], why: &str) {
        self.list.extend(nets.iter().map(|&net| Protected {
            net,
            why: why.to_owned(),
        }));
    }
}

/// Collects everything that must not be locked now. `state` remembers the addresses of host names;
/// `by_hand` adds the client of the SSH session in which the command was typed.
#[must_use]
pub fn all(settings: &Settings, state: Option<&State>, now: i64, by_hand: bool) -> Allowlist {
    let Ignored {
        list,
        hosts,
        warnings,
        ..
    } = match Ignored::read(settings) {
        Ok(ignored) => ignored,
        Err(error) => return Allowlist::everything(&error),
    };
    let mut allowed = Allowlist { list, warnings };
    for name in &hosts {
        match host(name, settings, state, now) {
            Ok(addresses) => allowed
                .list
                .extend(addresses.into_iter().map(|address| Protected {
                    net: canonical(address).into(),
                    why: format!("an address of {name}"),
                })),
            Err(error) => allowed.warnings.push(error.to_string()),
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
    /// Protects everybody, because it is not known who is a friend.
    fn everything(error: &IgnoreError) -> Self {
        let protect = |net: IpNet| Protected {
            net,
            why: format!("possibly ignored: {error}"),
        };
        Self {
            list: vec![
                protect(Ipv4Net::default().into()),
                protect(Ipv6Net::default().into()),
            ],
            warnings: Vec::new(),
        }
    }

    /// Decides on a request to lock `net` because of `address`, or because of the network itself
    /// if no address is given.
    #[must_use]
    pub fn judge(&self, net: IpNet, address: Option<IpAddr>) -> Verdict {
        let shown = address.unwrap_or(net.addr());
        if is_private(shown) {
            return Verdict::Never(format!("{shown} is a private or special address"));
        }
        if let Some(address) = address
            && let Some(hit) = self.list.iter().find(|one| one.net.contains(&address))
        {
            return Verdict::Never(format!("{address} is {}", hit.why));
        }
        let overlap = |one: &&Protected| net.contains(&one.net) || one.net.contains(&net);
        match (self.list.iter().find(overlap), address) {
            (None, _) => Verdict::Lock(net),
            (Some(_), Some(address)) => Verdict::Lock(address.into()),
            (Some(hit), None) => Verdict::Never(format!(
                "{} contains {}, {}",
                network::text(net),
                network::text(hit.net),
                hit.why
            )),
        }
    }
}

/// The addresses of a host name: remembered ones while they are fresh, then the resolver's, then
/// remembered ones of any age, since a name server that is down must not get a friend locked.
fn host(
    name: &str,
    settings: &Settings,
    state: Option<&State>,
    now: i64,
) -> Result<Vec<IpAddr>, UnresolvedError> {
    let remembered = |oldest| state.and_then(|state| state.host(name, oldest).ok().flatten());
    if let Some(addresses) = remembered(now - settings.ignore.hosts_keep.seconds()) {
        return Ok(addresses);
    }
    match resolve::addresses(&format!("{name}:0"), RESOLVE) {
        Ok(found) => {
            let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
            if let Some(state) = state {
                let _ = state.keep_host(name, &addresses, now);
            }
            Ok(addresses)
        }
        Err(error) => remembered(i64::MIN).ok_or(UnresolvedError(error)),
    }
}

/// A host name in the settings that has no address, now or remembered.
#[derive(Debug, thiserror::Error)]
#[error("an ignored host cannot be resolved: {0}")]
struct UnresolvedError(ResolveError);

#[cfg(test)]
mod tests;
