//! Many locks at once: an import, or what a reboot or a flush took away.

use std::collections::BTreeMap;

use super::{LockError, Locker, at_job, entry};
use crate::state::{Lock, State};

/// Locks that are made and confirmed in one step. A firewall program that needs longer than its
/// time for many still gets on, step by step.
const STEP: usize = 5000;

/// Notes these locks in the state as unconfirmed, and gives them their ends.
///
/// # Errors
/// The state's.
pub(crate) fn note(
    locker: &Locker<'_>,
    state: &State,
    locks: &mut [Lock],
    now: i64,
    warnings: &mut Vec<String>,
) -> Result<(), LockError> {
    give_to_at(locker, locks, now, warnings);
    state.together(|state| {
        locks.iter_mut().try_for_each(|lock| {
            lock.confirmed = false;
            state.put(lock)
        })
    })?;
    Ok(())
}

/// Locks that were [noted](note), in steps, each confirmed. Returns how many are in force when an
/// error comes, and the error.
///
/// # Errors
/// The firewall's or the state's; the locks that are left over stay unconfirmed.
pub(crate) fn lock(
    locker: &Locker<'_>,
    state: &State,
    locks: &mut [Lock],
    now: i64,
) -> Result<(), (usize, LockError)> {
    let mut by_backend: BTreeMap<String, Vec<&mut Lock>> = BTreeMap::new();
    for lock in locks {
        by_backend
            .entry(lock.backend.clone())
            .or_default()
            .push(lock);
    }
    let mut done = 0;
    for mut locks in by_backend.into_values() {
        let firewall = locker.firewall_of(locks[0]);
        for step in locks.chunks_mut(STEP) {
            let entries: Vec<_> = step.iter().map(|lock| entry(lock, now)).collect();
            firewall
                .lock_all(&entries)
                .map_err(|error| (done, error.into()))?;
            confirm(state, step).map_err(|error| (done, error))?;
            done += step.len();
        }
    }
    Ok(())
}

fn confirm(state: &State, locks: &mut [&mut Lock]) -> Result<(), LockError> {
    state.together(|state| {
        locks.iter_mut().try_for_each(|lock| {
            lock.confirmed = true;
            state.put(lock)
        })
    })?;
    Ok(())
}

/// Locks that `at` ends, and that have no job of their own, get one job for all that end together.
fn give_to_at(locker: &Locker<'_>, locks: &mut [Lock], now: i64, warnings: &mut Vec<String>) {
    let state_dir = &locker.settings.state_dir;
    // By firewall and minute: `at` knows no seconds.
    let mut groups: BTreeMap<(String, i64), Vec<&mut Lock>> = BTreeMap::new();
    for lock in locks {
        let firewall = locker.firewall_of(lock);
        let has_job = lock.job.is_some() && !at_job::has_run(state_dir, lock.net);
        if !has_job
            && let Some(left) = lock.left(now)
            && let Some(at) = locker.end_of(&*firewall, left, now).at
        {
            let group = (lock.backend.clone(), at.time);
            groups.entry(group).or_default().push(lock);
        }
    }
    for mut members in groups.into_values() {
        let firewall = locker.firewall_of(members[0]);
        let Some(left) = members[0].left(now) else {
            continue;
        };
        let at = at_job::at_time(left, now);
        for lock in &mut members {
            lock.until = Some(at.time);
            if let Err(error) = at_job::note(state_dir, lock.net, at.time) {
                warnings.push(format!("cannot note the end of a lock: {error}"));
            }
        }
        let nets: Vec<_> = members.iter().map(|lock| lock.net).collect();
        match at_job::schedule(locker.runner, &*firewall, state_dir, &nets, &at) {
            Ok(job) => warnings.extend(job.warning),
            Err(error) => warnings.push(format!(
                "{error}; `swatch-action expire` will end these locks"
            )),
        }
    }
}
