//! Locking where the usual way is not open: without a state, and in a dry run.

use std::fs;

use super::{LockError, LockOutcome, LockRequest, Locker, verdict};
use crate::{
    allowlist,
    firewall::FirewallEntry,
    lock::at_job,
    state::{State, StateError},
};

/// The file that tells that locks were made without a state.
const MARK: &str = "locked-without-state";

impl Locker<'_> {
    /// Without a state the firewall itself is asked, slow as that may be, and the lock gets its end.
    pub(super) fn without_state(
        &self,
        request: &LockRequest,
        now: i64,
        error: &StateError,
    ) -> Result<LockOutcome, LockError> {
        let allowed = allowlist::all(self.settings, None, now, request.by_hand);
        let net = verdict(&allowed, request)?;
        let firewall = self.firewall(self.backend);
        let span = request.span.unwrap_or(self.span(0));
        let end = at_job::at_time(span.0, now);
        let mut warnings = allowed.warnings;
        warnings.push(format!("{error}; locked without it"));
        self.remember_blindness();
        let by_at = self.by_at(&*firewall);
        if by_at {
            let job = self.give_to_at(&*firewall, net, &end, &mut warnings);
            if job.is_none() && !firewall.has_timeouts() {
                return Err(LockError::Protected(format!(
                    "neither the state nor at can end a lock now: {}",
                    warnings.join("; ")
                )));
            }
        }
        firewall.ensure(FirewallEntry {
            net,
            seconds: Some(span.0),
            count: request.count,
        })?;
        let until = if by_at {
            end.time
        } else {
            now + span.seconds()
        };
        Ok(LockOutcome {
            net,
            until: Some(until),
            renewed: false,
            warnings,
        })
    }

    /// What would be outcome, for a dry run: the runner notes the programs.
    pub(super) fn dry_run(
        &self,
        request: &LockRequest,
        now: i64,
    ) -> Result<LockOutcome, LockError> {
        let state = State::open_to_read(&self.settings.state_dir)?;
        let allowed = allowlist::all(self.settings, state.as_ref(), now, request.by_hand);
        let net = verdict(&allowed, request)?;
        let covering = match &state {
            Some(state) => state.covering(net, now)?,
            None => None,
        };
        let times = state
            .as_ref()
            .map_or(Ok(0), |state| state.times_before(net))?;
        let span = request.span.unwrap_or(self.span(times));
        let firewall = self.firewall(self.backend);
        let end = at_job::at_time(span.0, now);
        let by_at = self.by_at(&*firewall);
        if by_at {
            let dir = &self.settings.state_dir;
            at_job::schedule(self.runner, &*firewall, dir, &[net], &end)?;
        }
        let entry = FirewallEntry {
            net,
            seconds: Some(span.0),
            count: request.count,
        };
        if covering.is_some() {
            firewall.renew(entry)?;
        } else {
            firewall.lock(entry)?;
        }
        Ok(LockOutcome {
            net,
            until: Some(if by_at {
                end.time
            } else {
                now + span.seconds()
            }),
            renewed: covering.is_some(),
            warnings: allowed.warnings,
        })
    }

    /// Leaves a mark that locks were made which the state does not know. An empty file can mostly be made even where
    /// the disk is full; where it cannot, one of these locks may get a second rule, which ends like the first.
    fn remember_blindness(&self) {
        let _ = fs::write(self.settings.state_dir.join(MARK), "");
    }

    /// Whether the firewall may hold locks that the state does not know: so it has to be asked.
    pub(super) fn was_blind(&self) -> bool {
        let longest = self.settings.max_lock_time.max(self.settings.lock_time);
        let marked =
            fs::metadata(self.settings.state_dir.join(MARK)).and_then(|mark| mark.modified());
        marked.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < longest.duration()))
    }
}
