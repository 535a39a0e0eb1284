//! Ending locks: when their time is over, or by hand.

use ipnet::IpNet;

use super::{LockError, Locker, at_job};
use crate::state::{Lock, State};

/// How long after its time a lock of `at` is left to `at`: its daemon may be slow.
const GRACE: i64 = 120;

/// How many old locks one new lock cleans up on its way.
const SWEEP: usize = 50;

/// Ends these locks in the firewall, then in the state.
///
/// # Errors
/// The firewall's or the state's; what the state still holds is tried again next time.
pub fn end_all(
    locker: &Locker<'_>,
    state: &State,
    locks: &[Lock],
    now: i64,
    how: &str,
) -> Result<(), LockError> {
    let mut backends: Vec<&str> = locks.iter().map(|lock| lock.backend.as_str()).collect();
    backends.sort_unstable();
    backends.dedup();
    for backend in backends {
        let ours: Vec<&Lock> = locks
            .iter()
            .filter(|lock| lock.backend == backend)
            .collect();
        let firewall = locker.firewall_of(ours[0]);
        // What the kernel has forgotten by itself, or a job of `at` has removed, needs no program.
        let gone = |lock: &Lock| {
            !lock.in_force(now)
                && (firewall.has_timeouts()
                    || (lock.job.is_some()
                        && at_job::has_run(&locker.settings.state_dir, lock.net)))
        };
        let nets: Vec<IpNet> = ours
            .iter()
            .filter(|lock| !gone(lock))
            .map(|lock| lock.net)
            .collect();
        if !nets.is_empty() {
            firewall.unlock_all(&nets)?;
        }
    }
    state.together(|state| locks.iter().try_for_each(|lock| state.end(lock, now, how)))?;
    for lock in locks {
        if let Some(job) = lock.job.as_ref().filter(|_| lock.in_force(now)) {
            at_job::cancel(locker.runner, job);
        }
        at_job::forget(&locker.settings.state_dir, lock.net);
    }
    Ok(())
}

/// Ends every lock whose time is over, and says how many.
///
/// # Errors
/// As [`end_all`].
pub fn expire(locker: &Locker<'_>, state: &State, now: i64) -> Result<Vec<Lock>, LockError> {
    let due = state.due(now)?;
    end_all(locker, state, &due, now, "expired")?;
    Ok(due)
}

/// Ends some locks that are long over, while a new one is made: so `expire` need not run for locks to end, as long as
/// there is trouble at all.
pub(super) fn sweep(locker: &Locker<'_>, state: &State, now: i64) -> Result<(), LockError> {
    let mut due = state.due(now - GRACE)?;
    due.truncate(SWEEP);
    end_all(locker, state, &due, now, "expired")
}
