//! Corrects, before anything else, times that were noted while the clock was ahead, and removes
//! locks of addresses that must not be locked.

use ipnet::IpNet;

use super::{LockError, Locker, at_job, end, end_all, give_to_at};
use crate::{
    allowlist::Allowlist,
    network,
    state::{Lock, State, StateError},
};

/// Before a lock is made: the clock's mistakes, protected addresses, and some locks that are over.
/// Nothing of it keeps the lock from being made; the warnings say what went wrong.
pub(super) fn on_the_way(
    locker: &Locker<'_>,
    state: &State,
    allowed: &Allowlist,
    now: i64,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Err(error) = clock(locker, state, now, &mut warnings) {
        warnings.push(format!("dating locks of a wrong clock: {error}"));
    }
    match release(locker, state, allowed, now) {
        Ok(released) => warnings.extend(released.iter().map(Released::to_string)),
        Err(error) => warnings.push(format!("ending locks of protected addresses: {error}")),
    }
    if let Err(error) = end::sweep(locker, state, now) {
        warnings.push(format!("ending old locks: {error}"));
    }
    warnings
}

/// Dates locks that were made or renewed while the clock was ahead from now on, with the length of
/// time that they were given. Returns them.
///
/// # Errors
/// The state's.
pub(crate) fn clock(
    locker: &Locker<'_>,
    state: &State,
    now: i64,
    warnings: &mut Vec<String>,
) -> Result<Vec<Lock>, StateError> {
    let mut dated = Vec::new();
    for lock in state.from_the_future(now)? {
        let old_job = lock.job.clone();
        let mut lock = lock.dated_now(now);
        let firewall = locker.firewall_of(&lock);
        if let Some(left) = lock.left(now)
            && locker.is_ended_by_at(&*firewall)
        {
            let end = locker.end_of(&*firewall, left, now);
            lock.until = Some(end.until);
            lock.job = give_to_at(locker, &*firewall, lock.net, &end, warnings);
            at_job::cancel(locker.runner, old_job.as_deref());
        }
        state.put(&lock)?;
        dated.push(lock);
    }
    Ok(dated)
}

/// A lock that was ended because it held something that must not be locked.
pub(crate) struct Released {
    pub(crate) net: IpNet,
    why: String,
}

impl std::fmt::Display for Released {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} unlocked: {}", network::text(self.net), self.why)
    }
}

/// Locks of what is protected now and was not when they were made: an address that the machine
/// got later, a new gateway, a network that the settings ignore since.
///
/// # Errors
/// The state's.
pub(crate) fn protected(
    state: &State,
    allowed: &Allowlist,
    now: i64,
) -> Result<Vec<(Lock, String)>, StateError> {
    let mut found: Vec<(Lock, String)> = Vec::new();
    // A list that could not be read protects everything from being locked, but says nothing about
    // what is locked already.
    for one in allowed.list.iter().filter(|one| one.net.prefix_len() > 0) {
        let mut locks = state.inside(one.net, now)?;
        locks.extend(state.covering(one.net, now)?);
        for lock in locks {
            if !found.iter().any(|(known, _)| known.net == lock.net) {
                let why = if lock.net == one.net {
                    format!("it is {}", one.why)
                } else {
                    format!("{} is {}", network::text(one.net), one.why)
                };
                found.push((lock, why));
            }
        }
    }
    Ok(found)
}

/// Ends the locks of what is [`protected`].
///
/// # Errors
/// As [`end_all`].
pub(crate) fn release(
    locker: &Locker<'_>,
    state: &State,
    allowed: &Allowlist,
    now: i64,
) -> Result<Vec<Released>, LockError> {
    let (locks, reasons): (Vec<Lock>, Vec<String>) =
        protected(state, allowed, now)?.into_iter().unzip();
    if !locks.is_empty() {
        end_all(locker, state, &locks, now, "protected")?;
    }
    Ok(locks
        .into_iter()
        .zip(reasons)
        .map(|(lock, why)| Released { net: lock.net, why })
        .collect())
}
