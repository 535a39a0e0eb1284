//! `restore`, `check`, `expire`: holding the firewall to the state.

use std::collections::{BTreeMap, HashMap};

use crate::{
    console::Console,
    count, date,
    firewall::FirewallEntry,
    lock::{Locker, at_job, end_all, expire as end_due},
    network,
    settings::Settings,
    state::{Lock, State},
    subcommand::{CommandError, Outcome, locker, runner},
};

/// A lock as its firewall takes it.
pub(crate) fn entry(lock: &Lock, now: i64) -> FirewallEntry {
    FirewallEntry {
        net: lock.net,
        seconds: lock.left(now),
        count: lock.count,
    }
}

pub(crate) fn expire(settings: &Settings, console: &mut Console<'_>) -> Outcome {
    let runner = runner(settings);
    let locker = locker(settings, &runner, console);
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    for lock in end_due(&locker, &state, date::now())? {
        writeln!(console.out(), "{} expired", network::text(lock.net))?;
    }
    count::maintain(settings, date::now());
    Ok(())
}

/// All locks in force go into the firewall of the settings, in bulk; what is there already stays.
pub(crate) fn restore(settings: &Settings, console: &mut Console<'_>) -> Outcome {
    let found = mend(settings, true, false, console)?;
    writeln!(
        console.out(),
        "{} put back, {} were there, {} expired",
        found.missing.len(),
        found.there,
        found.expired.len()
    )?;
    Ok(())
}

pub(crate) fn check(settings: &Settings, dry_run: bool, console: &mut Console<'_>) -> Outcome {
    if !dry_run {
        count::maintain(settings, date::now());
    }
    let found = mend(settings, false, dry_run, console)?;
    let out = console.out();
    let say = |done: &'static str, would: &'static str| if dry_run { would } else { done };
    for lock in &found.missing {
        let what = say("was missing, put back", "is missing");
        writeln!(out, "{} {what}", network::text(lock.net))?;
    }
    for lock in &found.unconfirmed {
        let what = say(
            "was cut off in the making, confirmed",
            "was cut off in the making",
        );
        writeln!(out, "{} {what}", network::text(lock.net))?;
    }
    for lock in &found.expired {
        let what = say("was over, ended", "is over");
        writeln!(out, "{} {what}", network::text(lock.net))?;
    }
    for name in &found.untold {
        writeln!(out, "the firewall {name} cannot be asked what it holds")?;
    }
    writeln!(out, "{} locks are as they should be", found.there)?;
    let wrong = found.missing.len() + found.unconfirmed.len() + found.expired.len();
    if dry_run && wrong > 0 {
        console.fail();
    }
    Ok(())
}

/// How state and firewall differ, or differed.
#[derive(Default)]
struct Findings {
    missing: Vec<Lock>,
    unconfirmed: Vec<Lock>,
    expired: Vec<Lock>,
    untold: Vec<String>,
    warnings: Vec<String>,
    there: usize,
}

/// Compares, and mends unless `only_tell`. `move_over` puts every lock into the firewall of the settings, also those
/// that another one held.
fn mend(
    settings: &Settings,
    move_over: bool,
    only_tell: bool,
    console: &mut Console<'_>,
) -> Result<Findings, CommandError> {
    let runner = runner(settings);
    let locker = locker(settings, &runner, console);
    let mut found = Findings::default();
    let now = date::now();
    if only_tell {
        if let Some(state) = State::open_to_read(&settings.state_dir)? {
            found.expired = state.due(now)?;
            compare(&locker, state.all()?, now, &mut found)?;
        }
        return Ok(found);
    }
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    found.expired = state.due(now)?;
    end_all(&locker, &state, &found.expired, now, "expired")?;
    let mut locks = state.all()?;
    if move_over {
        let name = locker.firewall(locker.backend).name();
        for lock in &mut locks {
            name.clone_into(&mut lock.backend);
        }
    }
    compare(&locker, locks, now, &mut found)?;
    give_to_at(&locker, &mut found, now)?;
    for (_, locks) in by_backend(&found.missing) {
        let entries: Vec<FirewallEntry> = locks.iter().map(|lock| entry(lock, now)).collect();
        locker.firewall_of(locks[0]).lock_all(&entries)?;
    }
    let changed = found.missing.iter().chain(&found.unconfirmed);
    state.together(|state| {
        for lock in changed {
            let confirmed = Lock {
                confirmed: true,
                ..lock.clone()
            };
            state.put(&confirmed)?;
        }
        Ok(())
    })?;
    for warning in &found.warnings {
        console.warn(warning);
    }
    Ok(found)
}

/// Locks that are put back into a firewall without timeouts, and have no job of their own, get their end from one job
/// for all that end together.
fn give_to_at(locker: &Locker<'_>, found: &mut Findings, now: i64) -> Result<(), CommandError> {
    // By firewall and minute: `at` knows no seconds.
    let mut groups: BTreeMap<(String, i64), Vec<usize>> = BTreeMap::new();
    for (at, lock) in found.missing.iter().enumerate() {
        if lock.job.is_none()
            && locker.by_at(&*locker.firewall_of(lock))
            && let Some(left) = lock.left(now)
        {
            let group = (lock.backend.clone(), at_job::at_time(left, now).time);
            groups.entry(group).or_default().push(at);
        }
    }
    let dir = &locker.settings.state_dir;
    for members in groups.into_values() {
        let first = &found.missing[members[0]];
        let Some(left) = first.left(now) else {
            continue;
        };
        let firewall = locker.firewall_of(first);
        let end = at_job::at_time(left, now);
        let nets: Vec<_> = members.iter().map(|&at| found.missing[at].net).collect();
        for &at in &members {
            let lock = &mut found.missing[at];
            lock.until = Some(end.time);
            at_job::note(dir, lock.net, end.time).map_err(|source| CommandError::Write {
                path: dir.clone(),
                source,
            })?;
        }
        match at_job::schedule(locker.runner, &*firewall, dir, &nets, &end) {
            Ok(job) => found.warnings.extend(job.warning),
            Err(error) => found.warnings.push(format!(
                "{error}; `swatch-action expire` will end these locks"
            )),
        }
    }
    Ok(())
}

fn compare(
    locker: &Locker<'_>,
    locks: Vec<Lock>,
    now: i64,
    found: &mut Findings,
) -> Result<(), CommandError> {
    let locks: Vec<Lock> = locks
        .into_iter()
        .filter(|lock| lock.in_force(now))
        .collect();
    for (name, locks) in by_backend(&locks) {
        let Some(held) = locker.firewall_of(locks[0]).list()? else {
            if name == "none" {
                found.there += locks.len();
            } else {
                found.untold.push(name);
                // What cannot be asked is told again what to hold.
                found.missing.extend(locks.into_iter().cloned());
            }
            continue;
        };
        for lock in locks {
            match (held.contains(&lock.net), lock.confirmed) {
                (false, _) => found.missing.push(lock.clone()),
                (true, false) => found.unconfirmed.push(lock.clone()),
                (true, true) => found.there += 1,
            }
        }
    }
    Ok(())
}

fn by_backend(locks: &[Lock]) -> HashMap<String, Vec<&Lock>> {
    let mut sorted: HashMap<String, Vec<&Lock>> = HashMap::new();
    for lock in locks {
        sorted.entry(lock.backend.clone()).or_default().push(lock);
    }
    sorted
}
