//! Locks that wait together, for events that came faster than the firewall takes them: one
//! transaction in the state, one in the firewall, and each lock confirmed for itself.
//!
//! The order of steps is that of a single lock (see [`super`]). What does not go this way, such as
//! an address that is locked already, is locked by itself; and so is everything if the transaction
//! fails.

use super::{
    LockError, LockOutcome, Locker, entry, fallback,
    fresh::{Draft, draft},
    settle, verdict,
};
use crate::{
    allowlist,
    event::Due,
    firewall,
    runner::Runner,
    settings::{Backend, Expiry, Settings},
    state::{Lock, State, StateError},
};

/// A lock that is part of the transaction.
struct Part {
    /// Its place among the events.
    at: usize,
    lock: Lock,
    outcome: LockOutcome,
}

/// True if the lock of an event may be made together with others: the kernel ends it, one
/// transaction makes many, and no other lock depends on it.
pub(crate) fn is_batchable(due: &Due) -> bool {
    let settings = due.settings();
    let by_kernel = settings.expiry != Expiry::At;
    let simple = settings.aggregate.is_none() && !settings.fleet.is_set();
    let takes_many = || match settings.firewall {
        // `auto` is resolved once for all of them.
        Backend::Nftables | Backend::Auto => true,
        Backend::Default => batching(settings).is_some(),
        _ => false,
    };
    by_kernel && simple && !due.is_dry_run() && takes_many()
}

/// The firewall, if it takes many locks in one transaction. The first choice of the default is left
/// to a single lock, which remembers and reports it.
fn batching(settings: &Settings) -> Option<Backend> {
    let (backend, why) = firewall::choose(settings, false);
    let is_first = settings.firewall == Backend::Default && why.is_some();
    (backend == Backend::Nftables && !is_first).then_some(backend)
}

/// Makes the locks of these events, of different networks, as far as they can be made together. The
/// others are left.
pub(crate) fn lock(due: &mut [&mut Due]) {
    if due.len() > 1
        && let Ok(done) = transaction(due)
    {
        for (at, outcome) in done {
            due[at].set(Ok(outcome).into());
        }
    }
}

/// Makes those that are new, in one transaction. The others, and all in case of an error, are left.
fn transaction(due: &[&mut Due]) -> Result<Vec<(usize, LockOutcome)>, LockError> {
    // The settings may have been changed between two events.
    let settings = &**due[0].settings();
    let same = |due: &Due| **due.settings() == *settings;
    let runner = Runner::for_event(&settings.path, settings.time_limit.duration());
    let Some(backend) = batching(settings) else {
        return Ok(Vec::new());
    };
    let locker = Locker {
        settings,
        runner: &runner,
        backend,
    };
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    if fallback::was_used(&locker) {
        return Ok(Vec::new());
    }
    let now = due[due.len() - 1].time();
    let allowed = allowlist::all(settings, Some(&state), now, false);
    let mut warnings = allowed.warnings.clone();
    warnings.extend(settle::on_the_way(&locker, &state, &allowed, now));
    let firewall = locker.firewall(backend);
    let mut parts = Vec::new();
    for (at, one) in due.iter().enumerate().filter(|(_, one)| same(one)) {
        let (request, now) = (one.request(), one.time());
        let Ok(net) = verdict(&allowed, request) else {
            continue;
        };
        // An address inside a network that was widened for another one.
        let taken = |part: &Part| part.lock.net.contains(&net) || net.contains(&part.lock.net);
        if parts.iter().any(taken)
            || state.covering(net, now)?.is_some()
            || state.get(net)?.is_some()
        {
            continue;
        }
        let Draft { lock, outcome, .. } = draft(&locker, &*firewall, &state, net, request, now)?;
        parts.push(Part { at, lock, outcome });
    }
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    put(&state, &parts)?;
    let entries: Vec<_> = parts
        .iter()
        .map(|part| entry(&part.lock, part.lock.since))
        .collect();
    firewall.lock_all(&entries)?;
    for part in &mut parts {
        part.lock.confirmed = true;
    }
    if let Err(error) = put(&state, &parts) {
        warnings.push(format!("{error}; the locks are made all the same"));
    }
    parts[0].outcome.warnings = warnings;
    Ok(parts
        .into_iter()
        .map(|part| (part.at, part.outcome))
        .collect())
}

fn put(state: &State, parts: &[Part]) -> Result<(), StateError> {
    state.together(|state| parts.iter().try_for_each(|part| state.put(&part.lock)))
}
