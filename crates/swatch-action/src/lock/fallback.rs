//! Locking without a state: on a full disk, or with a database that cannot be used.

use std::{fs, fs::File};

use super::{LockError, LockOutcome, LockRequest, Locker, at_job, give_to_at, verdict};
use crate::{allowlist, firewall::FirewallEntry, state::StateError};

/// The file that marks that locks were made without a state.
const MARK: &str = "locked-without-state";

/// The firewall itself is asked whether the address is locked, slow as that may be, and the lock
/// gets its end.
pub(super) fn lock(
    locker: &Locker<'_>,
    request: &LockRequest,
    now: i64,
    error: &StateError,
) -> Result<LockOutcome, LockError> {
    let settings = locker.settings;
    let allowed = allowlist::all(settings, None, now, request.by_hand);
    let net = verdict(&allowed, request)?;
    let firewall = locker.firewall(locker.backend);
    let span = request.span.unwrap_or(locker.span(0));
    let end = locker.end_of(&*firewall, span.0, now);
    let mut warnings = allowed.warnings;
    warnings.push(format!("{error}; locked without it"));
    // An empty file can usually be created even if the disk is full. If not, one of these
    // locks may get a second rule, which ends like the first.
    let _ = File::create_new(settings.state_dir.join(MARK));
    let job = give_to_at(locker, &*firewall, net, &end, &mut warnings);
    if job.is_none() && !firewall.has_timeouts() {
        return Err(LockError::NoEnd(warnings.join("; ")));
    }
    let entry = FirewallEntry {
        net,
        seconds: Some(span.0),
        count: request.count,
    };
    if let Err(error) = firewall.ensure(entry) {
        if error.nothing_changed() || firewall.holds(net) == Some(false) {
            at_job::cancel(locker.runner, job.as_deref());
            at_job::forget(&settings.state_dir, net);
            return Err(error.into());
        }
        return Err(LockError::InDoubt { error });
    }
    Ok(LockOutcome {
        net,
        until: Some(end.until),
        renewed: false,
        lasts_longer: false,
        why: locker.why(request, 0),
        warnings,
    })
}

/// True if the firewall may hold locks that the state does not know, so that it has to be asked.
pub(super) fn was_used(locker: &Locker<'_>) -> bool {
    let settings = locker.settings;
    let longest = settings.max_lock_time.max(settings.lock_time);
    let mark = fs::metadata(settings.state_dir.join(MARK)).and_then(|mark| mark.modified());
    // A mark of the future was made while the clock was ahead.
    mark.is_ok_and(|time| time.elapsed().map_or(true, |age| age < longest.duration()))
}
