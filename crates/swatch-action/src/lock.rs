//! Making a lock so that it holds, and ends.
//!
//! The order is what makes it safe to be killed between any two steps:
//!
//! 1. the state notes the lock as unconfirmed, with its end;
//! 2. where the firewall has no timeouts of its own, the end is given to `at`;
//! 3. the firewall locks;
//! 4. the state confirms the lock.
//!
//! So there is no rule without an end, and a lock that was reported is in the state. A firewall
//! program that fails may have done its work: the firewall is then asked, and where it does not
//! answer, the note and the job stay. What was interrupted is found as unconfirmed, and the next event of
//! that address, `expire` or `check` completes or removes it.

use std::net::IpAddr;

use ipnet::IpNet;
use swatch_common::duration::Seconds;

use crate::{
    allowlist::{self, Allowlist, Verdict},
    firewall::{self, Firewall, FirewallEntry, FirewallError},
    runner::Runner,
    settings::{Backend, Expiry, Settings},
    state::{Lock, State, StateError},
};

mod aggregate;
pub mod at_job;
pub(crate) mod bulk;
mod dry_run;
mod end;
mod fallback;
mod fresh;
mod length;
pub(crate) mod log;
mod renew;
pub(crate) mod settle;
pub(crate) mod together;

pub(crate) use end::{Unlocked, end_all, expire, unlock};

/// A request to lock.
#[derive(Clone, Debug)]
pub struct LockRequest {
    /// The attacker's address; `None` for a network that was given by hand.
    pub address: Option<IpAddr>,
    /// The network that is counted and locked for it.
    pub net: IpNet,
    /// The count of its log lines.
    pub count: u64,
    /// Why: the log line, sanitised.
    pub reason: String,
    /// The rule that found the address.
    pub rule: String,
    /// The length of the lock; `None` for the policy's.
    pub span: Option<Seconds>,
    /// Asked for by hand: the SSH login is then protected.
    pub by_hand: bool,
}

/// A lock that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockOutcome {
    /// The locked address or network.
    pub net: IpNet,
    /// The end; `None` for ever.
    pub until: Option<i64>,
    /// True if it was locked before.
    pub renewed: bool,
    /// True if it was locked before for longer than requested now, which remains so.
    pub lasts_longer: bool,
    /// Why it lasts as long as it does, in words.
    pub why: String,
    /// Other steps that went wrong.
    pub warnings: Vec<String>,
}

/// Why nothing was locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is protected.
    #[error("not locked: {0}")]
    Protected(String),
    /// Nobody would end it.
    #[error("not locked: neither the state nor at can end a lock now: {0}")]
    NoEnd(String),
    /// The firewall failed, and the address is not locked.
    #[error("not locked: {0}")]
    Firewall(#[from] FirewallError),
    /// The firewall failed, and does not say whether the address is locked.
    #[error(
        "{error}; whether that locked it is not known: the state keeps the lock and its end as \
         unconfirmed until the next event or `swatch-action check`"
    )]
    InDoubt {
        /// The firewall's error.
        error: FirewallError,
    },
    /// The state failed, where nothing can be done without it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Everything that locking needs.
#[derive(Debug, Clone, Copy)]
pub struct Locker<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Runs the programs.
    pub runner: &'a Runner,
    /// The firewall, already chosen.
    pub backend: Backend,
}

/// The end of a lock.
pub(crate) struct End {
    /// In seconds since 1970.
    pub(crate) until: i64,
    /// The time of the job, where `at` ends it.
    pub(crate) at: Option<at_job::AtTime>,
}

impl<'a> Locker<'a> {
    /// Locks, or makes sure of a lock that should be in force and renews it. Works also without a
    /// state, as well as that can be.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn lock(&self, request: &LockRequest, now: i64) -> Result<LockOutcome, LockError> {
        if self.runner.is_dry() {
            return dry_run::lock(self, request, now);
        }
        let dir = &self.settings.state_dir;
        let opened = State::exclusive(dir).and_then(|held| Ok((held, State::open(dir)?)));
        match opened {
            Ok((_held, state)) => self.with_state(&state, request, now),
            Err(error) => fallback::lock(self, request, now, &error),
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
        warnings.extend(settle::on_the_way(self, state, &allowed, now));
        let covering = match state.covering(net, now) {
            Ok(found) => found.filter(|lock| !self.needs_own(lock, net, request, now)),
            Err(error) => return fallback::lock(self, request, now, &error),
        };
        let mut outcome = match covering {
            Some(lock) => renew::renew(self, state, lock, net, request, now)?,
            None => match fresh::lock(self, state, net, request, now) {
                Err(LockError::State(error)) => fallback::lock(self, request, now, &error)?,
                other => other?,
            },
        };
        if !outcome.renewed {
            aggregate::aggregate(self, state, &allowed, &mut outcome, request, now);
        }
        warnings.append(&mut outcome.warnings);
        Ok(LockOutcome {
            warnings,
            ..outcome
        })
    }

    /// True if an address needs a lock of its own inside a wider one: a network that was locked by
    /// hand is not lengthened for it, nor any network for a lock by hand.
    fn needs_own(&self, wide: &Lock, net: IpNet, request: &LockRequest, now: i64) -> bool {
        if !is_fixed(wide, net, request) {
            return false;
        }
        let firewall = self.firewall(self.backend);
        let span = request.span.unwrap_or(self.span(0));
        let end = self.end_of(&*firewall, span.0, now);
        wide.until.is_some_and(|until| until < end.until)
    }

    /// True if `at` ends the locks of this firewall.
    #[must_use]
    pub fn is_ended_by_at(&self, firewall: &dyn Firewall) -> bool {
        match self.settings.expiry {
            Expiry::Auto => !firewall.has_timeouts() && !firewall::lacks_at(self.settings),
            Expiry::At => firewall.name() != "none",
            Expiry::Expire => false,
        }
    }

    /// The end of a lock of this many seconds.
    pub(crate) fn end_of(&self, firewall: &dyn Firewall, seconds: u64, now: i64) -> End {
        let at = self
            .is_ended_by_at(firewall)
            .then(|| at_job::at_time(seconds, now));
        let until = at.as_ref().map_or_else(
            || now.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX)),
            |at| at.time,
        );
        End { until, at }
    }

    /// A firewall of the settings.
    #[must_use]
    pub fn firewall(&self, backend: Backend) -> Box<dyn Firewall + 'a> {
        firewall::open(backend, self.settings, self.runner)
    }

    /// The firewall that holds a lock: the settings may have changed since.
    #[must_use]
    pub fn firewall_of(&self, lock: &Lock) -> Box<dyn Firewall + 'a> {
        self.firewall(firewall::by_name(&lock.backend).unwrap_or(self.backend))
    }
}

/// True if a lock keeps its time whatever happens to `net`.
fn is_fixed(lock: &Lock, net: IpNet, request: &LockRequest) -> bool {
    let by_hand = |rule: &str| rule == "hand" || rule == "import";
    lock.net != net && (by_hand(&lock.rule) || request.by_hand)
}

/// A lock as its firewall takes it.
pub(crate) fn entry(lock: &Lock, now: i64) -> FirewallEntry {
    FirewallEntry {
        net: lock.net,
        seconds: lock.left(now),
        count: lock.count,
    }
}

/// Gives the end of a lock to `at`, if `at` ends it; the number of the job.
fn give_to_at(
    locker: &Locker<'_>,
    firewall: &dyn Firewall,
    net: IpNet,
    end: &End,
    warnings: &mut Vec<String>,
) -> Option<String> {
    let at = end.at.as_ref()?;
    let dir = &locker.settings.state_dir;
    if let Err(error) = at_job::note(dir, net, end.until) {
        warnings.push(format!("cannot note the end of the lock: {error}"));
    }
    match at_job::schedule(locker.runner, firewall, dir, &[net], at) {
        Ok(job) => {
            warnings.extend(job.warning);
            job.number
        }
        Err(error) => {
            warnings.push(format!(
                "{error}; `swatch-action expire` or a later lock will end the lock of {}",
                crate::network::text(net)
            ));
            None
        }
    }
}

fn verdict(allowed: &Allowlist, request: &LockRequest) -> Result<IpNet, LockError> {
    match allowed.judge(request.net, request.address) {
        Verdict::Lock(net) => Ok(net),
        Verdict::Never(why) => Err(LockError::Protected(why)),
    }
}
