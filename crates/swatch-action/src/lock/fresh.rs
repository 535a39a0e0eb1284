//! Locking an address that is not locked.

use ipnet::IpNet;

use super::{End, LockError, LockOutcome, LockRequest, Locker, at_job, fallback, give_to_at};
use crate::{
    firewall::{Firewall, FirewallError},
    state::{Lock, State, StateError},
};

pub(super) fn lock(
    locker: &Locker<'_>,
    state: &State,
    net: IpNet,
    request: &LockRequest,
    now: i64,
) -> Result<LockOutcome, LockError> {
    let firewall = locker.firewall(locker.backend);
    let mut warnings = Vec::new();
    let in_doubt = end_old(locker, state, net, now, &mut warnings)? || fallback::was_used(locker);
    let Draft {
        mut lock,
        end,
        outcome,
    } = draft(locker, &*firewall, state, net, request, now)?;
    state.put(&lock)?;
    lock.job = give_to_at(locker, &*firewall, net, &end, &mut warnings);
    let entry = super::entry(&lock, now);
    let locked = if in_doubt {
        firewall.ensure(entry)
    } else {
        firewall.lock(entry)
    };
    if let Err(error) = locked {
        if certain(&*firewall, net, &error) {
            warnings.push(format!("{error}; the lock is in force all the same"));
        } else {
            return Err(undo(locker, state, &*firewall, &lock, error, now));
        }
    }
    lock.confirmed = true;
    if let Err(error) = state.put(&lock) {
        warnings.push(format!("{error}; the lock is made all the same"));
    }
    Ok(LockOutcome {
        warnings,
        ..outcome
    })
}

/// A lock that is about to be made.
pub(super) struct Draft {
    /// As the state notes it, not confirmed yet.
    pub(super) lock: Lock,
    pub(super) end: End,
    /// Events to report once it is made.
    pub(super) outcome: LockOutcome,
}

/// Works out a lock: how long it lasts, and why.
pub(super) fn draft(
    locker: &Locker<'_>,
    firewall: &dyn Firewall,
    state: &State,
    net: IpNet,
    request: &LockRequest,
    now: i64,
) -> Result<Draft, StateError> {
    let times = state.times_before(net)?;
    let span = request.span.unwrap_or(locker.span(times));
    let end = locker.end_of(firewall, span.0, now);
    let lock = Lock {
        net,
        since: now,
        until: Some(end.until),
        renewed: now,
        count: request.count,
        reason: request.reason.clone(),
        rule: request.rule.clone(),
        backend: firewall.name().to_owned(),
        confirmed: false,
        job: None,
    };
    let outcome = LockOutcome {
        net,
        until: lock.until,
        renewed: false,
        lasts_longer: false,
        why: locker.why(request, times),
        warnings: Vec::new(),
    };
    Ok(Draft { lock, end, outcome })
}

/// Ends the rest of an earlier lock. True if the firewall may still hold something of it.
fn end_old(
    locker: &Locker<'_>,
    state: &State,
    net: IpNet,
    now: i64,
    warnings: &mut Vec<String>,
) -> Result<bool, LockError> {
    let Some(old) = state.get(net)? else {
        return Ok(false);
    };
    if !old.confirmed {
        return Ok(true);
    }
    let mut in_doubt = false;
    // Its time is over, and what should have ended it has not yet done so. If the kernel knows
    // times, locking replaces the entry.
    let holder = locker.firewall_of(&old);
    if (!holder.has_timeouts() || holder.name() != locker.firewall(locker.backend).name())
        && let Err(error) = holder.unlock(net)
    {
        warnings.push(format!("ending the old lock: {error}"));
        in_doubt = true;
    }
    state.end(&old, now, "expired")?;
    Ok(in_doubt)
}

/// True if an address is locked although the firewall's program failed.
fn certain(firewall: &dyn Firewall, net: IpNet, error: &FirewallError) -> bool {
    !error.nothing_changed() && firewall.holds(net) == Some(true)
}

/// Takes a lock back that failed. Only what is known to be gone is forgotten.
fn undo(
    locker: &Locker<'_>,
    state: &State,
    firewall: &dyn Firewall,
    lock: &Lock,
    error: FirewallError,
    now: i64,
) -> LockError {
    let is_gone = error.nothing_changed()
        || (firewall.holds(lock.net) == Some(false) && firewall.unlock(lock.net).is_ok());
    if !is_gone {
        // With the number of its job, so that a later event can take that back.
        let _ = state.put(lock);
        return LockError::InDoubt { error };
    }
    at_job::cancel(locker.runner, lock.job.as_deref());
    at_job::forget(&locker.settings.state_dir, lock.net);
    match state.end(lock, now, "failed") {
        Ok(()) => LockError::Firewall(error),
        // The unconfirmed note stays, which does no harm.
        Err(_) => LockError::Firewall(error),
    }
}
