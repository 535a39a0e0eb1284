//! Firewalls behind one small interface.
//!
//! The state knows which addresses should be locked. The firewall is not asked for that: with
//! 50,000 rules, iptables takes half a second to answer. It is asked only where its answer can
//! differ: after a failure, for an event of an address that should be locked, and by `check`.

use std::{collections::HashMap, path::Path};

use ipnet::IpNet;

use crate::{
    runner::{ProgramError, Runner},
    settings::{Backend, Settings},
};

mod auto;
mod default;
mod firewalld;
mod ipset;
mod iptables;
mod nftables;
mod none;
mod template;

pub use auto::choose;
pub(crate) use default::lacks_at;
pub(crate) use template::filled;

/// An address or network to lock, as the firewall gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirewallEntry {
    /// An address or a network.
    pub net: IpNet,
    /// Seconds until its end; `None` for ever.
    pub seconds: Option<u64>,
    /// The count of log lines, for templates.
    pub count: u64,
}

/// The contents of a firewall, as far as they are locks.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The entries, by what they lock.
    pub entries: HashMap<IpNet, Held>,
    /// Damage that keeps entries from having an effect and is repaired by locking again.
    pub faults: Vec<String>,
    /// Rules of others that may keep entries from having an effect: for the administrator to judge.
    pub hints: Vec<String>,
}

/// One entry that a firewall holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// True if it drops packets: in every chain, with every rule that it needs.
    pub in_force: bool,
    /// The number of copies beyond the one that is needed.
    pub surplus: usize,
    /// Seconds until the firewall itself ends it, where it does.
    pub seconds: Option<u64>,
}

/// Why a firewall did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum FirewallError {
    /// Its program failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A program failed after another one, or itself for another chain, had done its part.
    #[error("{0}")]
    Partial(ProgramError),
    /// Its program gave an answer that cannot be relied on, though it reported success.
    #[error("`{command}` cannot tell what is locked: {reason}")]
    Unreadable {
        /// The command.
        command: String,
        /// The sentence that says so, or what is wrong with the answer.
        reason: String,
    },
}

impl FirewallError {
    /// True if it is certain that nothing was changed.
    #[must_use]
    pub fn nothing_changed(&self) -> bool {
        match self {
            Self::Program(error) => error.never_ran(),
            Self::Partial(_) => false,
            Self::Unreadable { .. } => true,
        }
    }
}

/// A firewall.
pub trait Firewall {
    /// Its name, as the settings spell it.
    fn name(&self) -> &'static str;

    /// True if the kernel or the firewall itself ends a lock when its time is over.
    fn has_timeouts(&self) -> bool;

    /// The longest time in seconds that the firewall takes for a lock; `None` where it has no
    /// times. A lock that lasts longer is renewed by `check` and by events.
    fn longest(&self) -> Option<u64> {
        None
    }

    /// True if everything in its [`Inventory`] was put there by this program. Rules of iptables in
    /// the usual chains may as well be the administrator's.
    fn is_exclusive(&self) -> bool;

    /// Locks an address that is not locked.
    ///
    /// # Errors
    /// [`FirewallError`].
    fn lock(&self, entry: FirewallEntry) -> Result<(), FirewallError>;

    /// Makes sure that an address is locked, for the given time where the firewall knows times,
    /// and that the lock has an effect.
    ///
    /// # Errors
    /// [`FirewallError`].
    fn ensure(&self, entry: FirewallEntry) -> Result<(), FirewallError> {
        self.lock(entry)
    }

    /// Locks many at once, with whatever else the firewall needs.
    ///
    /// # Errors
    /// [`FirewallError`]; a part may be locked.
    fn lock_all(&self, entries: &[FirewallEntry]) -> Result<(), FirewallError> {
        entries.iter().try_for_each(|&entry| self.lock(entry))
    }

    /// Ends a lock and every copy of it. True if there was one, `None` if that cannot be
    /// determined.
    ///
    /// # Errors
    /// [`FirewallError`]. A lock that is not there is not an error.
    fn unlock(&self, net: IpNet) -> Result<Option<bool>, FirewallError>;

    /// Ends many at once. Work done before an error stays done, so that the next call continues
    /// from there.
    ///
    /// # Errors
    /// As [`Firewall::unlock`].
    fn unlock_all(&self, nets: &[IpNet]) -> Result<(), FirewallError> {
        nets.iter().try_for_each(|&net| self.unlock(net).map(drop))
    }

    /// True if an address is locked, in full effect; `None` if that cannot be determined.
    fn holds(&self, net: IpNet) -> Option<bool>;

    /// Everything that the firewall holds of the form that this program gives to locks; `None` for
    /// a firewall that cannot tell.
    ///
    /// # Errors
    /// [`FirewallError`].
    fn inventory(&self) -> Result<Option<Inventory>, FirewallError>;

    /// Removes the copies of an entry beyond the first.
    ///
    /// # Errors
    /// [`FirewallError`].
    fn remove_surplus(&self, _: IpNet) -> Result<(), FirewallError> {
        Ok(())
    }

    /// Commands for an `at` job that end a lock without this program. Each line starts with
    /// `until_gone` (repeat until the exit code says that nothing is left) or `once`, which the job
    /// defines.
    fn unlock_script(&self, net: IpNet) -> Option<String>;

    /// Shell text for an `at` job that ends those of many locks that are over, where that takes
    /// less than one after the other. `notes` is the directory with the notes of their ends, which
    /// are removed with them.
    fn unlock_script_of_many(&self, _nets: &[IpNet], _notes: &Path) -> Option<String> {
        None
    }
}

/// The firewall of the settings. `Backend::Auto` and
/// `Backend::Default` must have been [chosen](choose) before.
#[must_use]
pub fn open<'a>(
    backend: Backend,
    settings: &'a Settings,
    runner: &'a Runner,
) -> Box<dyn Firewall + 'a> {
    match backend {
        Backend::Iptables | Backend::Default => Box::new(iptables::Iptables::new(settings, runner)),
        Backend::Nftables | Backend::Auto => Box::new(nftables::Nftables::new(settings, runner)),
        Backend::Ipset => Box::new(ipset::Ipset::new(settings, runner)),
        Backend::Firewalld => Box::new(firewalld::Firewalld::new(settings, runner)),
        Backend::Command => Box::new(template::Templated::new(settings, runner)),
        Backend::None => Box::new(none::Nothing),
    }
}

/// The backend of a name that the state remembers.
#[must_use]
pub fn by_name(name: &str) -> Option<Backend> {
    clap::ValueEnum::from_str(name, false).ok()
}
