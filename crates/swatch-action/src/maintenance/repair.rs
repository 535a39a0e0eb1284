//! Repairing differences.

use super::compare::Findings;
use crate::{
    allowlist, date,
    lock::{LockError, Locker, bulk, end_all, settle},
    state::{Lock, State},
};

/// Compares and repairs. `move_over` puts every lock into the firewall of the settings, also those
/// that another one held.
pub(super) fn repair(locker: &Locker<'_>, move_over: bool) -> Result<Findings, LockError> {
    let settings = locker.settings;
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let now = date::now();
    let mut found = Findings::default();
    settle::clock(locker, &state, now, &mut found.warnings)?;
    let allowed = allowlist::all(settings, Some(&state), now, false);
    found.warnings.extend(allowed.warnings.iter().cloned());
    found.released = settle::release(locker, &state, &allowed, now)?
        .iter()
        .map(ToString::to_string)
        .collect();
    found.expired = state.due(now)?;
    end_all(locker, &state, &found.expired, now, "expired")?;
    let mut locks = state.all()?;
    let left_behind = if move_over {
        move_all(locker, &mut locks)
    } else {
        Vec::new()
    };
    found.compare(locker, &locks, now)?;
    put_right(locker, &state, &mut found, now)?;
    leave(locker, &left_behind, &mut found.warnings);
    if !move_over && found.differ() {
        found.there = count_again(locker, &state, now)?;
    }
    Ok(found)
}

fn put_right(
    locker: &Locker<'_>,
    state: &State,
    found: &mut Findings,
    now: i64,
) -> Result<(), LockError> {
    for lock in &found.surplus {
        locker.firewall_of(lock).remove_surplus(lock.net)?;
    }
    let mut noted: Vec<Lock> = found
        .unconfirmed
        .iter()
        .chain(&found.adopted)
        .cloned()
        .collect();
    // The kernel has an end for what it holds already; where it has none, the lock gets one.
    let mut locked: Vec<Lock> = found
        .missing
        .iter()
        .chain(&found.retimed)
        .cloned()
        .collect();
    bulk::note(locker, state, &mut noted, now, &mut found.warnings)?;
    bulk::note(locker, state, &mut locked, now, &mut found.warnings)?;
    let (timed, untimed): (Vec<Lock>, Vec<Lock>) = noted
        .into_iter()
        .partition(|lock| locker.firewall_of(lock).has_timeouts());
    locked.extend(timed);
    bulk::lock(locker, state, &mut locked, now).map_err(|(_, error)| error)?;
    state.together(|state| {
        untimed.into_iter().try_for_each(|lock| {
            state.put(&Lock {
                confirmed: true,
                ..lock
            })
        })
    })?;
    Ok(())
}

/// Gives all locks to the firewall of the settings; those that another one held, as it held them.
fn move_all(locker: &Locker<'_>, locks: &mut [Lock]) -> Vec<Lock> {
    let name = locker.firewall(locker.backend).name();
    let mut left_behind = Vec::new();
    for lock in locks.iter_mut().filter(|lock| lock.backend != name) {
        left_behind.push(lock.clone());
        name.clone_into(&mut lock.backend);
    }
    left_behind
}

/// Removes from their old firewall what another one holds now.
fn leave(locker: &Locker<'_>, locks: &[Lock], warnings: &mut Vec<String>) {
    let mut rest: Vec<&Lock> = locks.iter().collect();
    while let Some(first) = rest.first().copied() {
        let (same, others): (Vec<&Lock>, Vec<&Lock>) = rest
            .into_iter()
            .partition(|lock| lock.backend == first.backend);
        let nets: Vec<_> = same.iter().map(|lock| lock.net).collect();
        if let Err(error) = locker.firewall_of(first).unlock_all(&nets) {
            warnings.push(format!(
                "{} locks may still be in {}: {error}",
                nets.len(),
                first.backend
            ));
        }
        rest = others;
    }
}

/// After the repair, the firewall is asked once more: the count is what it holds, not what was
/// tried.
fn count_again(locker: &Locker<'_>, state: &State, now: i64) -> Result<usize, LockError> {
    let mut again = Findings::default();
    again.compare(locker, &state.all()?, now)?;
    let mute: usize = if again.mute.is_empty() {
        0
    } else {
        again.missing.len()
    };
    Ok(again.there + mute)
}
