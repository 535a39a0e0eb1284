//! Firewalls behind one small interface.
//!
//! A firewall is asked to lock, to unlock and to list. Whether an address is locked is asked of the state and never of
//! the firewall: with 50,000 rules, iptables takes half a second to answer.

use std::collections::HashSet;

use ipnet::IpNet;

use crate::{
    runner::{ProgramError, Runner},
    settings::{Backend, Settings},
};

mod auto;
mod firewalld;
mod ipset;
mod iptables;
mod nftables;
mod template;

pub use auto::choose;
pub(crate) use template::filled;

/// One lock as a firewall sees it: what, how many seconds more (`None` for ever), and from how many lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirewallEntry {
    /// An address or a network.
    pub net: IpNet,
    /// Seconds until its end.
    pub seconds: Option<u64>,
    /// The count of log lines, for templates.
    pub count: u64,
}

/// A firewall.
pub trait Firewall {
    /// Its name, as the settings spell it.
    fn name(&self) -> &'static str;

    /// Whether the kernel or the firewall itself ends a lock when its time is over.
    fn has_timeouts(&self) -> bool;

    /// Locks an address that is not locked.
    ///
    /// # Errors
    /// What the firewall's program did.
    fn lock(&self, entry: FirewallEntry) -> Result<(), ProgramError>;

    /// Gives a lock that is in force a new time. Where the firewall knows no time there is nothing to do.
    ///
    /// # Errors
    /// What the firewall's program did.
    fn renew(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        if self.has_timeouts() {
            self.lock(entry)
        } else {
            Ok(())
        }
    }

    /// Locks an address of which it is not known whether it is locked already.
    ///
    /// # Errors
    /// What the firewall's program did.
    fn ensure(&self, entry: FirewallEntry) -> Result<(), ProgramError> {
        self.lock(entry)
    }

    /// Locks many at once, none of which is locked, and makes whatever else the firewall needs for it.
    ///
    /// # Errors
    /// What the firewall's program did.
    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), ProgramError> {
        entries.iter().try_for_each(|&entry| self.lock(entry))
    }

    /// Ends a lock.
    ///
    /// # Errors
    /// What the firewall's program did; a lock that is not there is none.
    fn unlock(&self, net: IpNet) -> Result<(), ProgramError>;

    /// Ends many at once.
    ///
    /// # Errors
    /// As [`Firewall::unlock`].
    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), ProgramError> {
        nets.iter().try_for_each(|&net| self.unlock(net))
    }

    /// Everything that is locked by rules or sets such as ours; `None` for a firewall that cannot tell.
    ///
    /// # Errors
    /// What the firewall's program did.
    fn list(&self) -> Result<Option<HashSet<IpNet>>, ProgramError>;

    /// The command, for `sh`, that ends a lock without us, for an `at` job. `net` may be the shell text `"$net"`.
    fn unlock_command(&self, net: IpNet) -> Option<String>;
}

/// The firewall of the settings. `Backend::Auto` must have been [chosen](choose) before.
#[must_use]
pub fn open<'a>(
    backend: Backend,
    settings: &'a Settings,
    runner: &'a Runner,
) -> Box<dyn Firewall + 'a> {
    match backend {
        Backend::Iptables => Box::new(iptables::Iptables::new(settings, runner)),
        Backend::Nftables | Backend::Auto => Box::new(nftables::Nftables::new(settings, runner)),
        Backend::Ipset => Box::new(ipset::Ipset::new(settings, runner)),
        Backend::Firewalld => Box::new(firewalld::Firewalld::new(settings, runner)),
        Backend::Command => Box::new(template::Templated::new(settings, runner)),
        Backend::None => Box::new(template::Nothing),
    }
}

/// The backend of a name that the state remembers.
#[must_use]
pub fn by_name(name: &str) -> Option<Backend> {
    clap::ValueEnum::from_str(name, false).ok()
}
