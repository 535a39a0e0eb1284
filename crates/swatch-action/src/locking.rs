//! Making a lock so that it holds, and ends.
//!
//! The order is what makes it safe to be killed between any two steps:
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

use crate::{
    allow::{self, Allowed, Verdict},
    duration::Span,
    expiry,
    firewall::{self, Firewall, Order},
    network,
    program::{ProgramError, Runner},
    settings::{Backend, Expiry, Settings},
    state::{Lock, State, StateError},
};

mod ending;
mod otherwise;

pub use ending::{end_all, expire};

/// A wish to lock.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The address that made trouble.
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
    pub span: Option<Span>,
    /// Asked for by hand: the SSH login is then protected.
    pub by_hand: bool,
}

/// A lock that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What is locked.
    pub net: IpNet,
    /// Until when; `None` for ever.
    pub until: Option<i64>,
    /// Whether it was locked before.
    pub renewed: bool,
    /// What went wrong beside it.
    pub troubles: Vec<String>,
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
    /// The state failed, where nothing can be done without it.
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
    pub fn lock(&self, ask: &Ask, now: i64) -> Result<Done, LockError> {
        let dir = &self.settings.state_dir;
        if self.runner.is_dry() {
            return self.rehearse(ask, now);
        }
        let opened = State::exclusive(dir).and_then(|held| Ok((held, State::open(dir)?)));
        match opened {
            Ok((_held, state)) => self.with_state(&state, ask, now),
            Err(error) => self.without_state(ask, now, &error),
        }
    }

    fn with_state(&self, state: &State, ask: &Ask, now: i64) -> Result<Done, LockError> {
        let allowed = allow::all(self.settings, Some(state), now, ask.by_hand);
        let net = verdict(&allowed, ask)?;
        let mut troubles = allowed.troubles.clone();
        if let Err(error) = ending::sweep(self, state, now) {
            troubles.push(format!("ending old locks: {error}"));
        }
        let covering = match state.covering(net, now) {
            Ok(found) => found,
            Err(error) => return self.without_state(ask, now, &error),
        };
        let mut done = match covering {
            Some(lock) => self.renew(state, lock, ask, now)?,
            None => match self.fresh(state, net, ask, now) {
                Err(LockError::State(error)) => self.without_state(ask, now, &error)?,
                other => other?,
            },
        };
        if !done.renewed {
            self.aggregate(state, &allowed, &mut done, ask, now);
        }
        troubles.append(&mut done.troubles);
        Ok(Done { troubles, ..done })
    }

    /// A lock that is not in force.
    fn fresh(&self, state: &State, net: IpNet, ask: &Ask, now: i64) -> Result<Done, LockError> {
        let firewall = self.firewall(self.backend);
        let before = state.get(net)?;
        let mut troubles = Vec::new();
        if let Some(old) = before.as_ref().filter(|old| old.confirmed) {
            // Its time is over, and what should have ended it has not yet done so.
            let holder = self.firewall_of(old);
            if !holder.has_timeouts()
                && let Err(error) = holder.unlock(net)
            {
                troubles.push(format!("ending the old lock: {error}"));
            }
            state.end(old, now, "expired")?;
        }
        let cut_off = before.as_ref().is_some_and(|old| !old.confirmed) || self.was_blind();
        let span = ask.span.unwrap_or(self.span(state.times_before(net)?));
        let moment = expiry::moment(span.0, now);
        let by_at = self.by_at(&*firewall);
        let until = if by_at {
            moment.time
        } else {
            now + span.seconds()
        };
        let mut lock = Lock {
            net,
            since: now,
            until: Some(until),
            count: ask.count,
            reason: ask.reason.clone(),
            rule: ask.rule.clone(),
            backend: firewall.name().to_owned(),
            confirmed: false,
            job: None,
        };
        state.put(&lock)?;
        if by_at {
            lock.job = self.give_to_at(&*firewall, net, &moment, &mut troubles);
        }
        let order = Order {
            net,
            seconds: lock.left(now),
            count: ask.count,
        };
        let locked = if cut_off {
            firewall.ensure(order)
        } else {
            firewall.lock(order)
        };
        if let Err(error) = locked {
            if let Some(job) = &lock.job {
                expiry::cancel(self.runner, job);
            }
            expiry::forget(&self.settings.state_dir, net);
            state.end(&lock, now, "failed")?;
            return Err(error.into());
        }
        lock.confirmed = true;
        if let Err(error) = state.put(&lock) {
            troubles.push(format!("{error}; the lock is made all the same"));
        }
        Ok(Done {
            net,
            until: lock.until,
            renewed: false,
            troubles,
        })
    }

    /// A lock that is in force gets its whole time again, counted from now.
    fn renew(&self, state: &State, mut lock: Lock, ask: &Ask, now: i64) -> Result<Done, LockError> {
        let mut done = Done {
            net: lock.net,
            until: lock.until,
            renewed: true,
            troubles: Vec::new(),
        };
        let Some(until) = lock.until.filter(|_| lock.net.contains(&ask.address)) else {
            return Ok(done);
        };
        let span = ask.span.unwrap_or(self.span(state.times_before(lock.net)?));
        let firewall = self.firewall_of(&lock);
        let moment = expiry::moment(span.0, now);
        let by_at = self.by_at(&*firewall);
        let later = if by_at {
            moment.time
        } else {
            now + span.seconds()
        };
        // A flood of events is not worth a program each: within a hundredth of its time a lock counts as new.
        let enough = if by_at {
            1
        } else {
            (span.seconds() / 100).clamp(1, 60)
        };
        lock.count = lock.count.max(ask.count);
        if later < until + enough {
            return Ok(done);
        }
        let old_job = lock.job.take();
        if by_at {
            lock.job = self.give_to_at(&*firewall, lock.net, &moment, &mut done.troubles);
            if lock.job.is_none() && !done.troubles.is_empty() && old_job.is_some() {
                // No new job: the old one must still end it, at the old time.
                lock.job = old_job;
                let _ = expiry::note(&self.settings.state_dir, lock.net, until);
                return Ok(done);
            }
        }
        firewall.renew(Order {
            net: lock.net,
            seconds: u64::try_from(later - now).ok(),
            count: lock.count,
        })?;
        lock.until = Some(later);
        done.until = lock.until;
        match state.put(&lock) {
            Ok(()) => {
                if let Some(job) = old_job {
                    expiry::cancel(self.runner, &job);
                }
            }
            Err(error) => done.troubles.push(error.to_string()),
        }
        Ok(done)
    }

    /// One lock for a network, where enough of its addresses are locked.
    fn aggregate(&self, state: &State, allowed: &Allowed, done: &mut Done, ask: &Ask, now: i64) {
        let (Some(length), IpNet::V4(_)) = (self.settings.aggregate, done.net) else {
            return;
        };
        let wide = network::widened(done.net.addr(), length, 128);
        if wide == done.net || allowed.judge(wide, wide.network()) != Verdict::Lock(wide) {
            return;
        }
        let locked = match state.inside(wide, now) {
            Ok(locked) if locked.len() >= self.settings.aggregate_at as usize => locked,
            Ok(_) => return,
            Err(error) => return done.troubles.push(error.to_string()),
        };
        let ask = Ask {
            reason: format!(
                "{} of its addresses are locked; last: {}",
                locked.len(),
                ask.reason
            ),
            ..ask.clone()
        };
        match self.fresh(state, wide, &ask, now) {
            Ok(mut wider) => {
                done.net = wide;
                done.until = wider.until;
                done.troubles.append(&mut wider.troubles);
                if let Err(error) = end_all(self, state, &locked, now, "aggregated") {
                    done.troubles.push(error.to_string());
                }
            }
            Err(error) => done
                .troubles
                .push(format!("{}: {error}", network::text(wide))),
        }
    }

    /// The lock time of the policy, for an address that was locked so many times before.
    #[must_use]
    pub fn span(&self, times: u32) -> Span {
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
        moment: &expiry::Moment,
        troubles: &mut Vec<String>,
    ) -> Option<String> {
        let dir = &self.settings.state_dir;
        if let Err(error) = expiry::note(dir, net, moment.time) {
            troubles.push(format!(
                "cannot note the end of the lock in {}: {error}",
                dir.display()
            ));
        }
        match expiry::schedule(self.runner, firewall, dir, &[net], moment) {
            Ok(job) => {
                troubles.extend(job.warning);
                job.number
            }
            Err(error) => {
                troubles.push(format!(
                    "{error}; `swatch-action expire` or a later lock will end the lock of {}",
                    network::text(net)
                ));
                None
            }
        }
    }
}

fn verdict(allowed: &Allowed, ask: &Ask) -> Result<IpNet, LockError> {
    match allowed.judge(ask.net, ask.address) {
        Verdict::Lock(net) => Ok(net),
        Verdict::Never(why) => Err(LockError::Protected(why)),
    }
}
