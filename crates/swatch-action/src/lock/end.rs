//! Ending locks: when their time is over, or by hand.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{LockError, Locker, at_job};
use crate::{
    firewall::{self, Firewall},
    network,
    settings::Backend,
    state::{Lock, State},
};

/// Seconds for which a lock that is over is left to `at`: its daemon may be slow.
const GRACE: i64 = 120;

/// The number of old locks that one new lock cleans up.
const SWEEP: usize = 50;

/// Ends these locks in the firewall, then in the state.
///
/// # Errors
/// The firewall's or the state's; what the state still holds is tried again next time.
pub(crate) fn end_all(
    locker: &Locker<'_>,
    state: &State,
    locks: &[Lock],
    now: i64,
    how: &str,
) -> Result<(), LockError> {
    let state_dir = &locker.settings.state_dir;
    let mut by_backend: BTreeMap<&str, Vec<&Lock>> = BTreeMap::new();
    for lock in locks {
        by_backend.entry(&lock.backend).or_default().push(lock);
    }
    for locks in by_backend.into_values() {
        let firewall = locker.firewall_of(locks[0]);
        // A job of `at` that has removed its lock says so. Of the kernel it is not known whether it
        // has forgotten a lock: its clock is not the one that the state is dated by.
        let is_gone = |lock: &Lock| {
            !lock.in_force(now)
                && !firewall.has_timeouts()
                && lock.job.is_some()
                && at_job::has_run(state_dir, lock.net)
        };
        let nets: Vec<IpNet> = locks
            .iter()
            .filter(|lock| !is_gone(lock))
            .map(|lock| lock.net)
            .collect();
        if !nets.is_empty() {
            firewall.unlock_all(&nets)?;
        }
    }
    state.together(|state| locks.iter().try_for_each(|lock| state.end(lock, now, how)))?;
    let in_force = locks.iter().filter(|lock| lock.in_force(now));
    at_job::cancel(
        locker.runner,
        in_force.filter_map(|lock| lock.job.as_deref()),
    );
    for lock in locks {
        at_job::forget(state_dir, lock.net);
    }
    Ok(())
}

/// Ends every lock whose time is over, and returns them.
///
/// # Errors
/// As [`end_all`].
pub(crate) fn expire(locker: &Locker<'_>, state: &State, now: i64) -> Result<Vec<Lock>, LockError> {
    let due = state.due(now)?;
    end_all(locker, state, &due, now, "expired")?;
    Ok(due)
}

/// Ends some locks that are long over, while a new one is made: so `expire` need not run for locks
/// to end, as long as there are attackers.
pub(super) fn sweep(locker: &Locker<'_>, state: &State, now: i64) -> Result<(), LockError> {
    let mut due = state.due(now - GRACE)?;
    due.truncate(SWEEP);
    end_all(locker, state, &due, now, "expired")
}

/// A lock that was ended by hand.
pub(crate) struct Unlocked {
    pub(crate) net: IpNet,
    /// False if the state did not know it and it was found in the firewall.
    pub(crate) known: bool,
}

/// Ends every lock inside a network, or all for `None`: those of the state, and what the firewalls
/// hold besides. Of a firewall that is not ours alone, only what is named is removed.
///
/// # Errors
/// As [`end_all`].
pub(crate) fn unlock(
    locker: &Locker<'_>,
    state: &State,
    target: Option<IpNet>,
    now: i64,
) -> Result<Vec<Unlocked>, LockError> {
    let mut locks = state.all()?;
    let mut backends: Vec<Backend> = locks
        .iter()
        .filter_map(|lock| firewall::by_name(&lock.backend))
        .chain([locker.backend])
        .collect();
    backends.sort_unstable_by_key(|&backend| backend as u8);
    backends.dedup();
    let counted = target
        .filter(|&net| network::is_single(net))
        .map(|net| locker.settings.network_of(net.addr()));
    let is_meant =
        |net: IpNet| target.is_none_or(|target| target.contains(&net)) || counted == Some(net);
    locks.retain(|lock| is_meant(lock.net));
    end_all(locker, state, &locks, now, "unlocked")?;
    let mut unlocked: Vec<Unlocked> = locks
        .iter()
        .map(|lock| Unlocked {
            net: lock.net,
            known: true,
        })
        .collect();
    for backend in backends {
        let firewall = locker.firewall(backend);
        let found = match (target, counted) {
            (Some(net), Some(counted)) => singles(&*firewall, &[net, counted])?,
            _ => strays(locker, &*firewall, target, is_meant)?,
        };
        for net in found {
            at_job::forget(&locker.settings.state_dir, net);
            if !unlocked.iter().any(|one| one.net == net) {
                unlocked.push(Unlocked { net, known: false });
            }
        }
    }
    Ok(unlocked)
}

/// Ends locks by their names, which needs no list of what the firewall holds.
fn singles(firewall: &dyn Firewall, nets: &[IpNet]) -> Result<Vec<IpNet>, LockError> {
    let mut found = Vec::new();
    for &net in nets {
        if firewall.name() != "command" && firewall.unlock(net)? == Some(true) {
            found.push(net);
        }
    }
    Ok(found)
}

/// Ends what the firewall still holds.
fn strays(
    locker: &Locker<'_>,
    firewall: &dyn Firewall,
    target: Option<IpNet>,
    is_meant: impl Fn(IpNet) -> bool,
) -> Result<Vec<IpNet>, LockError> {
    let Some(inventory) = firewall.inventory()? else {
        return Ok(Vec::new());
    };
    let noted = |net: IpNet| at_job::noted(&locker.settings.state_dir, net).is_some();
    let found: Vec<IpNet> = inventory
        .entries
        .into_keys()
        .filter(|&net| is_meant(net))
        // `--all` must not remove rules that an administrator has made.
        .filter(|&net| target.is_some() || firewall.is_exclusive() || noted(net))
        .collect();
    if !found.is_empty() {
        firewall.unlock_all(&found)?;
    }
    Ok(found)
}
