//! A dry run: the runner notes the programs, and nothing is written.

use super::{LockError, LockOutcome, LockRequest, Locker, at_job, verdict};
use crate::{allowlist, firewall::FirewallEntry, state::State};

pub(super) fn lock(
    locker: &Locker<'_>,
    request: &LockRequest,
    now: i64,
) -> Result<LockOutcome, LockError> {
    let state = State::open_to_read(&locker.settings.state_dir)?;
    let allowed = allowlist::all(locker.settings, state.as_ref(), now, request.by_hand);
    let net = verdict(&allowed, request)?;
    let (covering, times) = match &state {
        Some(state) => (state.covering(net, now)?, state.times_before(net)?),
        None => (None, 0),
    };
    let covering = covering.filter(|lock| !locker.needs_own(lock, net, request, now));
    let span = request.span.unwrap_or(locker.span(times));
    let firewall = locker.firewall(locker.backend);
    let end = locker.end_of(&*firewall, span.0, now);
    if let Some(at) = &end.at {
        let dir = &locker.settings.state_dir;
        // A runner that only notes programs does not fail.
        let _ = at_job::schedule(locker.runner, &*firewall, dir, &[net], at);
    }
    let entry = FirewallEntry {
        net,
        seconds: Some(span.0),
        count: request.count,
    };
    if covering.is_some() {
        firewall.ensure(entry)?;
    } else {
        firewall.lock(entry)?;
    }
    Ok(LockOutcome {
        net,
        until: Some(end.until),
        renewed: covering.is_some(),
        lasts_longer: false,
        why: String::new(),
        warnings: allowed.warnings,
    })
}
