//! Locking where the usual way is not open: without a state, and in a dry run.

use std::fs;

use super::{Ask, Done, LockError, Locker, verdict};
use crate::{
    allow, expiry,
    firewall::Order,
    state::{State, StateError},
};

/// The file that tells that locks were made without a state.
const MARK: &str = "locked-without-state";

impl Locker<'_> {
    /// Without a state the firewall itself is asked, slow as that may be, and the lock gets its end.
    pub(super) fn without_state(
        &self,
        ask: &Ask,
        now: i64,
        error: &StateError,
    ) -> Result<Done, LockError> {
        let allowed = allow::all(self.settings, None, now, ask.by_hand);
        let net = verdict(&allowed, ask)?;
        let firewall = self.firewall(self.backend);
        let span = ask.span.unwrap_or(self.span(0));
        let moment = expiry::moment(span.0, now);
        let mut troubles = allowed.troubles;
        troubles.push(format!("{error}; locked without it"));
        self.remember_blindness();
        let by_at = self.by_at(&*firewall);
        if by_at {
            let job = self.give_to_at(&*firewall, net, &moment, &mut troubles);
            if job.is_none() && !firewall.has_timeouts() {
                return Err(LockError::Protected(format!(
                    "neither the state nor at can end a lock now: {}",
                    troubles.join("; ")
                )));
            }
        }
        firewall.ensure(Order {
            net,
            seconds: Some(span.0),
            count: ask.count,
        })?;
        let until = if by_at {
            moment.time
        } else {
            now + span.seconds()
        };
        Ok(Done {
            net,
            until: Some(until),
            renewed: false,
            troubles,
        })
    }

    /// What would be done, for a dry run: the runner notes the programs.
    pub(super) fn rehearse(&self, ask: &Ask, now: i64) -> Result<Done, LockError> {
        let state = State::open_to_read(&self.settings.state_dir)?;
        let allowed = allow::all(self.settings, state.as_ref(), now, ask.by_hand);
        let net = verdict(&allowed, ask)?;
        let covering = match &state {
            Some(state) => state.covering(net, now)?,
            None => None,
        };
        let times = state
            .as_ref()
            .map_or(Ok(0), |state| state.times_before(net))?;
        let span = ask.span.unwrap_or(self.span(times));
        let firewall = self.firewall(self.backend);
        let moment = expiry::moment(span.0, now);
        let by_at = self.by_at(&*firewall);
        if by_at {
            let dir = &self.settings.state_dir;
            expiry::schedule(self.runner, &*firewall, dir, &[net], &moment)?;
        }
        let order = Order {
            net,
            seconds: Some(span.0),
            count: ask.count,
        };
        if covering.is_some() {
            firewall.renew(order)?;
        } else {
            firewall.lock(order)?;
        }
        Ok(Done {
            net,
            until: Some(if by_at {
                moment.time
            } else {
                now + span.seconds()
            }),
            renewed: covering.is_some(),
            troubles: allowed.troubles,
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
