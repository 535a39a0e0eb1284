//! Making a lock so that it holds, and ends.
//!
//! The entry is what makes it safe to be killed between any two steps:
//!
//! 1. the state notes the lock as unconfirmed, with its end;
//! 2. where the kernel knows no time, the end is given to `at`;
//! 3. the firewall locks;
//! 4. the state confirms the lock.
//!
//! So there is no rule without an end, and a lock that was reported is in the state. What was cut off is found again as
//! unconfirmed, and the next event of that address, `expire` or `check` completes or removes it.

use std::net::IpAddr;

use ipnet::IpNet;
use swatch_common::duration::Seconds;

use crate::{
    allowlist::{self, Allowlist, Verdict},
    firewall::{self, Firewall, FirewallEntry},
    network,
    runner::{ProgramError, Runner},
    settings::{Backend, Expiry, Settings},
    state::{Lock, State, StateError},
};

pub mod at_job;
mod end;
mod fallback;

pub use end::{end_all, expire};

/// A wish to lock.
#[derive(Clone, Debug)]
pub struct LockRequest {
    /// The address that made warning.
    pub address: IpAddr,
    /// The network that is counted and locked for it.
    pub net: IpNet,
    /// How many log lines it has.
    pub count: u64,
    /// Why: the log line. Free of control characters.
    pub reason: String,
    /// The rule that found the address.
    pub rule: String,
    /// How long; `None` for the policy's time.
    pub span: Option<Seconds>,
    /// Asked for by hand: the SSH login is then protected.
    pub by_hand: bool,
}

/// A lock that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockOutcome {
    /// What is locked.
    pub net: IpNet,
    /// Until when; `None` for ever.
    pub until: Option<i64>,
    /// Whether it was locked before.
    pub renewed: bool,
    /// What went wrong beside it.
    pub warnings: Vec<String>,
}

/// Why nothing was locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is protected.
    #[error("not locked: {0}")]
    Protected(String),
    /// The firewall's program failed.
    #[error("not locked: {0}")]
    Firewall(#[from] ProgramError),
    /// The state failed, where nothing can be outcome without it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Whatever locking needs.
#[derive(Debug, Clone, Copy)]
pub struct Locker<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Runs the programs.
    pub runner: &'a Runner,
    /// The firewall, already chosen.
    pub backend: Backend,
}

impl Locker<'_> {
    /// Locks, or renews a lock that is in force. Works also without a state, as well as that can be.
    ///
    /// # Errors
    /// [`LockError`]; nothing is then locked that was not before.
    pub fn lock(&self, request: &LockRequest, now: i64) -> Result<LockOutcome, LockError> {
        let dir = &self.settings.state_dir;
        if self.runner.is_dry() {
            return self.dry_run(request, now);
        }
        let opened = State::exclusive(dir).and_then(|held| Ok((held, State::open(dir)?)));
        match opened {
            Ok((_held, state)) => self.with_state(&state, request, now),
            Err(error) => self.without_state(request, now, &error),
        }
    }

    fn with_state(
        &self,
        state: &State,
        request: &LockRequest,
        now: i64,
    ) -> Result<LockOutcome, LockError> {
        let allowed = allowlist::all(self.settings, Some(state), now, request.by_hand);
        let net = verdict(&allowed, request)?;
        let mut warnings = allowed.warnings.clone();
        if let Err(error) = end::sweep(self, state, now) {
            warnings.push(format!("ending old locks: {error}"));
        }
        let covering = match state.covering(net, now) {
            Ok(found) => found,
            Err(error) => return self.without_state(request, now, &error),
        };
        let mut outcome = match covering {
            Some(lock) => self.renew(state, lock, request, now)?,
            None => match self.fresh(state, net, request, now) {
                Err(LockError::State(error)) => self.without_state(request, now, &error)?,
                other => other?,
            },
        };
        if !outcome.renewed {
            self.aggregate(state, &allowed, &mut outcome, request, now);
        }
        warnings.append(&mut outcome.warnings);
        Ok(LockOutcome {
            warnings,
            ..outcome
        })
    }

    /// A lock that is not in force.
    fn fresh(
        &self,
        state: &State,
        net: IpNet,
        request: &LockRequest,
        now: i64,
    ) -> Result<LockOutcome, LockError> {
        let firewall = self.firewall(self.backend);
        let before = state.get(net)?;
        let mut warnings = Vec::new();
        if let Some(old) = before.as_ref().filter(|old| old.confirmed) {
            // Its time is over, and what should have ended it has not yet outcome so.
            let holder = self.firewall_of(old);
            if !holder.has_timeouts()
                && let Err(error) = holder.unlock(net)
            {
                warnings.push(format!("ending the old lock: {error}"));
            }
            state.end(old, now, "expired")?;
        }
        let cut_off = before.as_ref().is_some_and(|old| !old.confirmed) || self.was_blind();
        let span = request.span.unwrap_or(self.span(state.times_before(net)?));
        let end = at_job::at_time(span.0, now);
        let by_at = self.by_at(&*firewall);
        let until = if by_at {
            end.time
        } else {
            now + span.seconds()
        };
        let mut lock = Lock {
            net,
            since: now,
            until: Some(until),
            count: request.count,
            reason: request.reason.clone(),
            rule: request.rule.clone(),
            backend: firewall.name().to_owned(),
            confirmed: false,
            job: None,
        };
        state.put(&lock)?;
        if by_at {
            lock.job = self.give_to_at(&*firewall, net, &end, &mut warnings);
        }
        let entry = FirewallEntry {
            net,
            seconds: lock.left(now),
            count: request.count,
        };
        let locked = if cut_off {
            firewall.ensure(entry)
        } else {
            firewall.lock(entry)
        };
        if let Err(error) = locked {
            if let Some(job) = &lock.job {
                at_job::cancel(self.runner, job);
            }
            at_job::forget(&self.settings.state_dir, net);
            state.end(&lock, now, "failed")?;
            return Err(error.into());
        }
        lock.confirmed = true;
        if let Err(error) = state.put(&lock) {
            warnings.push(format!("{error}; the lock is made all the same"));
        }
        Ok(LockOutcome {
            net,
            until: lock.until,
            renewed: false,
            warnings,
        })
    }

    /// A lock that is in force gets its whole time again, counted from now.
    fn renew(
        &self,
        state: &State,
        mut lock: Lock,
        request: &LockRequest,
        now: i64,
    ) -> Result<LockOutcome, LockError> {
        let mut outcome = LockOutcome {
            net: lock.net,
            until: lock.until,
            renewed: true,
            warnings: Vec::new(),
        };
        let Some(until) = lock.until.filter(|_| lock.net.contains(&request.address)) else {
            return Ok(outcome);
        };
        let span = request
            .span
            .unwrap_or(self.span(state.times_before(lock.net)?));
        let firewall = self.firewall_of(&lock);
        let end = at_job::at_time(span.0, now);
        let by_at = self.by_at(&*firewall);
        let later = if by_at {
            end.time
        } else {
            now + span.seconds()
        };
        // A flood of events is not worth a program each: within a hundredth of its time a lock counts as new.
        let enough = if by_at {
            1
        } else {
            (span.seconds() / 100).clamp(1, 60)
        };
        lock.count = lock.count.max(request.count);
        if later < until + enough {
            return Ok(outcome);
        }
        let old_job = lock.job.take();
        if by_at {
            lock.job = self.give_to_at(&*firewall, lock.net, &end, &mut outcome.warnings);
            if lock.job.is_none() && !outcome.warnings.is_empty() && old_job.is_some() {
                // No new job: the old one must still end it, at the old time.
                lock.job = old_job;
                let _ = at_job::note(&self.settings.state_dir, lock.net, until);
                return Ok(outcome);
            }
        }
        firewall.renew(FirewallEntry {
            net: lock.net,
            seconds: u64::try_from(later - now).ok(),
            count: lock.count,
        })?;
        lock.until = Some(later);
        outcome.until = lock.until;
        match state.put(&lock) {
            Ok(()) => {
                if let Some(job) = old_job {
                    at_job::cancel(self.runner, &job);
                }
            }
            Err(error) => outcome.warnings.push(error.to_string()),
        }
        Ok(outcome)
    }

    /// One lock for a network, where enough of its addresses are locked.
    fn aggregate(
        &self,
        state: &State,
        allowed: &Allowlist,
        outcome: &mut LockOutcome,
        request: &LockRequest,
        now: i64,
    ) {
        let (Some(length), IpNet::V4(_)) = (self.settings.aggregate, outcome.net) else {
            return;
        };
        let wide = network::widened(outcome.net.addr(), length, 128);
        if wide == outcome.net || allowed.judge(wide, wide.network(), true) != Verdict::Lock(wide) {
            return;
        }
        let locked = match state.inside(wide, now) {
            Ok(locked) if locked.len() >= self.settings.aggregate_at as usize => locked,
            Ok(_) => return,
            Err(error) => return outcome.warnings.push(error.to_string()),
        };
        let request = LockRequest {
            reason: format!(
                "{} of its addresses are locked; last: {}",
                locked.len(),
                request.reason
            ),
            ..request.clone()
        };
        match self.fresh(state, wide, &request, now) {
            Ok(mut wider) => {
                outcome.net = wide;
                outcome.until = wider.until;
                outcome.warnings.append(&mut wider.warnings);
                if let Err(error) = end_all(self, state, &locked, now, "aggregated") {
                    outcome.warnings.push(error.to_string());
                }
            }
            Err(error) => outcome
                .warnings
                .push(format!("{}: {error}", network::text(wide))),
        }
    }

    /// The lock time of the policy, for an address that was locked so many times before.
    #[must_use]
    pub fn span(&self, times: u32) -> Seconds {
        let settings = self.settings;
        let exponent = i32::try_from(times.min(1000)).unwrap_or(1000);
        let grown = settings.lock_time.times(settings.growth.powi(exponent));
        // The maximum bounds growth; it does not shorten a lock time that is longer by itself.
        grown.min(settings.max_lock_time.max(settings.lock_time))
    }

    /// Whether `at` ends the locks of this firewall.
    #[must_use]
    pub fn by_at(&self, firewall: &dyn Firewall) -> bool {
        match self.settings.expiry {
            Expiry::Auto => !firewall.has_timeouts(),
            Expiry::At => firewall.name() != "none",
            Expiry::Expire => false,
        }
    }

    /// A firewall of the settings.
    #[must_use]
    pub fn firewall(&self, backend: Backend) -> Box<dyn Firewall + '_> {
        firewall::open(backend, self.settings, self.runner)
    }

    /// The firewall that holds a lock: the settings may have changed since.
    #[must_use]
    pub fn firewall_of(&self, lock: &Lock) -> Box<dyn Firewall + '_> {
        self.firewall(firewall::by_name(&lock.backend).unwrap_or(self.backend))
    }

    fn give_to_at(
        &self,
        firewall: &dyn Firewall,
        net: IpNet,
        end: &at_job::AtTime,
        warnings: &mut Vec<String>,
    ) -> Option<String> {
        let dir = &self.settings.state_dir;
        if let Err(error) = at_job::note(dir, net, end.time) {
            warnings.push(format!(
                "cannot note the end of the lock in {}: {error}",
                dir.display()
            ));
        }
        match at_job::schedule(self.runner, firewall, dir, &[net], end) {
            Ok(job) => {
                warnings.extend(job.warning);
                job.number
            }
            Err(error) => {
                warnings.push(format!(
                    "{error}; `swatch-action expire` or a later lock will end the lock of {}",
                    network::text(net)
                ));
                None
            }
        }
    }
}

fn verdict(allowed: &Allowlist, request: &LockRequest) -> Result<IpNet, LockError> {
    let whole = request.by_hand && request.address == request.net.network();
    match allowed.judge(request.net, request.address, whole) {
        Verdict::Lock(net) => Ok(net),
        Verdict::Never(why) => Err(LockError::Protected(why)),
    }
}
