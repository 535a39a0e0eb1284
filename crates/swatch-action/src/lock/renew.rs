//! An event, or a request by hand, for an address that should be locked.
//!
//! It is evidence that the lock may have no effect: somebody may have flushed the rules. So the
//! firewall entry is ensured each time, and the lock usually starts its full time again; a lock
//! with a fixed or a later end keeps it.

use ipnet::IpNet;

use super::{LockError, LockOutcome, LockRequest, Locker, at_job, give_to_at, is_fixed};
use crate::{
    firewall::FirewallEntry,
    state::{Lock, State},
};

pub(super) fn renew(
    locker: &Locker<'_>,
    state: &State,
    mut lock: Lock,
    net: IpNet,
    request: &LockRequest,
    now: i64,
) -> Result<LockOutcome, LockError> {
    let firewall = locker.firewall_of(&lock);
    let times = state.times_before(lock.net)?;
    let span = request.span.unwrap_or(locker.span(times));
    let mut end = locker.end_of(&*firewall, span.0, now);
    let mut outcome = LockOutcome {
        net: lock.net,
        until: lock.until,
        renewed: true,
        lasts_longer: request.span.is_some() && lock.until.is_none_or(|until| until > end.until),
        why: "it keeps its end".to_owned(),
        warnings: Vec::new(),
    };
    let state_dir = &locker.settings.state_dir;
    // A job of `at` and a write to the state for each event of a burst would be a waste: within a
    // hundredth of its time a lock counts as new.
    let step = if end.at.is_some() {
        1
    } else {
        (span.seconds() / 100).clamp(1, 60)
    };
    let lengthen =
        !is_fixed(&lock, net, request) && lock.until.is_some_and(|until| end.until >= until + step);
    let job_is_gone =
        end.at.is_some() && lock.until.is_some() && at_job::has_run(state_dir, lock.net);
    if !lengthen && !job_is_gone {
        firewall.ensure(super::entry(&lock, now))?;
        return Ok(outcome);
    }
    if let Some(until) = lock.until.filter(|_| !lengthen) {
        let left = u64::try_from(until - now).unwrap_or(0);
        end = locker.end_of(&*firewall, left, now);
    }
    let old_job = lock.job.take();
    lock.job = give_to_at(locker, &*firewall, lock.net, &end, &mut outcome.warnings);
    if end.at.is_some() && lock.job.is_none() && old_job.is_some() && !outcome.warnings.is_empty() {
        // There is no new job: the old one must still end the lock, at the old time.
        if let Some(until) = lock.until {
            let _ = at_job::note(state_dir, lock.net, until);
        }
        firewall.ensure(super::entry(&lock, now))?;
        return Ok(outcome);
    }
    lock.count = lock.count.max(request.count);
    firewall.ensure(FirewallEntry {
        net: lock.net,
        seconds: u64::try_from(end.until - now).ok(),
        count: lock.count,
    })?;
    (lock.until, lock.renewed) = (Some(end.until), now);
    outcome.until = lock.until;
    if lengthen {
        outcome.why = locker.why(request, times);
    }
    match state.put(&lock) {
        Ok(()) => at_job::cancel(locker.runner, old_job.as_deref()),
        Err(error) => outcome.warnings.push(error.to_string()),
    }
    Ok(outcome)
}
