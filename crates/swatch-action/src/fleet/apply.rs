//! Applies locks and unlocks of the fleet to this host: with its own allowlist, in its own firewall
//! and state, a few with all the care of a single lock, many at once in bulk.

use std::{collections::HashMap, iter};

use ipnet::IpNet;
use swatch_common::{duration::Seconds, sanitize};

use super::entry::{Entry, Kind, Refusal};
use crate::{
    allowlist::{self, Verdict},
    console::Console,
    date, firewall,
    history::{self, Decision, Record},
    lock::{LockError, LockRequest, Locker, bulk, unlock},
    network,
    runner::Runner,
    settings::{Backend, Settings},
    state::{Lock, State, StateError},
    subcommand::CommandError,
};

/// More locks than this are made in bulk.
const FEW: usize = 8;

/// For more locks than this, those that are in force are read once: the state would be asked for
/// each prefix length of each address.
const ASKED_EACH: usize = 1000;

/// An entry to apply.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) entry: Entry,
    /// Seconds from now to the end of the lock.
    pub(super) left: u64,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Networks that were unlocked.
    pub(super) ended: Vec<IpNet>,
    /// Entries that this host's allowlist forbids, and why.
    pub(super) protected: Vec<(Entry, String)>,
    /// Networks that are locked now and were not before.
    pub(super) locked: usize,
}

/// Applies a batch in the order of the stream: of several entries of a network the last counts.
///
/// # Errors
/// The firewall's or the state's. To apply the batch again does no harm.
pub(super) fn apply(
    settings: &Settings,
    batch: Vec<Due>,
    console: &mut Console<'_>,
) -> Result<Applied, CommandError> {
    let mut latest: HashMap<IpNet, usize> = HashMap::new();
    for (number, due) in batch.iter().enumerate() {
        latest.insert(due.entry.net, number);
    }
    let numbered = batch.into_iter().enumerate();
    let (locks, unlocks): (Vec<Due>, Vec<Due>) = numbered
        .filter(|(number, due)| latest.get(&due.entry.net) == Some(number))
        .map(|(_, due)| due)
        .partition(|due| due.entry.kind == Kind::Lock);
    let (backend, chosen) = firewall::choose(settings, true);
    if let Some(why) = chosen.filter(|_| settings.firewall == Backend::Default) {
        console.note(&why);
    }
    let runner = Runner::new(&settings.path, settings.time_limit.duration());
    let locker = Locker {
        settings,
        runner: &runner,
        backend,
    };
    let mut applied = Applied::default();
    if !unlocks.is_empty() {
        end(&locker, &unlocks, &mut applied, console)?;
    }
    if locks.len() > FEW {
        many(&locker, locks, &mut applied, console)?;
    } else {
        for due in locks {
            one(&locker, due, &mut applied, console)?;
        }
    }
    Ok(applied)
}

fn rule(entry: &Entry) -> String {
    let origin = sanitize::excerpt(entry.origin().as_bytes(), 200);
    format!("fleet: {origin}")
}

fn reason(entry: &Entry) -> String {
    sanitize::excerpt(entry.reason.as_bytes(), 1000)
}

/// The address of an entry for one; a network is judged as a whole.
fn single(net: IpNet) -> Option<std::net::IpAddr> {
    network::is_single(net).then(|| net.addr())
}

fn one(
    locker: &Locker<'_>,
    due: Due,
    applied: &mut Applied,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let now = date::now();
    let entry = due.entry;
    let request = LockRequest {
        address: single(entry.net),
        net: entry.net,
        count: entry.count,
        reason: reason(&entry),
        rule: rule(&entry),
        span: Some(Seconds(due.left.clamp(1, Seconds::MAX.0))),
        by_hand: false,
    };
    match locker.lock(&request, now) {
        Ok(done) => {
            if !done.renewed {
                applied.locked += 1;
                note(locker.settings, &entry, done.net, done.until, console);
                say_locked(&entry, done.until, now, console)?;
            }
            done.warnings.iter().for_each(|text| console.note(text));
        }
        Err(LockError::Protected(why)) => applied.protected.push((entry, why)),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn say_locked(
    entry: &Entry,
    until: Option<i64>,
    now: i64,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let until = until.map_or("for ever".to_owned(), |until| {
        format!("until {}", date::long(until))
    });
    writeln!(
        console.out(),
        "{} {} locked {until} for {}",
        date::long(now),
        network::text(entry.net),
        sanitize::excerpt(entry.origin().as_bytes(), 200),
    )?;
    Ok(())
}

/// Notes a lock in the history, with the host that decided.
fn note(
    settings: &Settings,
    entry: &Entry,
    net: IpNet,
    until: Option<i64>,
    console: &mut Console<'_>,
) {
    let record = Record {
        address: network::text(entry.net).into(),
        locked: (net != entry.net).then(|| network::text(net).into()),
        count: entry.count,
        place: sanitize::excerpt(entry.rule.as_bytes(), 200).into(),
        until,
        host: entry.host.as_str().into(),
        line: sanitize::excerpt(entry.reason.as_bytes(), history::MAX_LINE).into(),
        ..Record::new(date::now(), Decision::Locked)
    };
    if let Err(error) = history::note(settings, &record) {
        console.note(&error.to_string());
    }
}

/// Many locks at once, of which those that are new here are made in bulk.
fn many(
    locker: &Locker<'_>,
    locks: Vec<Due>,
    applied: &mut Applied,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let settings = locker.settings;
    let now = date::now();
    let mut longer = Vec::new();
    {
        let _held = State::exclusive(&settings.state_dir)?;
        let state = State::open(&settings.state_dir)?;
        let allowed = allowlist::all(settings, Some(&state), now, false);
        let mut warnings = allowed.warnings.clone();
        let firewall = locker.firewall(locker.backend);
        let known = match locks.len() > ASKED_EACH {
            true => Some(in_force(&state, now)?),
            false => None,
        };
        let covering = |net| -> Result<Option<Option<i64>>, StateError> {
            match &known {
                Some(known) => Ok(iter::successors(Some(net), IpNet::supernet)
                    .find_map(|wide| known.get(&wide).copied())),
                None => Ok(state.covering(net, now)?.map(|lock| lock.until)),
            }
        };
        let (mut fresh, mut entries): (Vec<Lock>, Vec<Entry>) = Default::default();
        for due in locks {
            let entry = &due.entry;
            let net = match allowed.judge(entry.net, single(entry.net)) {
                Verdict::Lock(net) => net,
                Verdict::Never(why) => {
                    applied.protected.push((due.entry, why));
                    continue;
                }
            };
            let left = due.left.clamp(1, Seconds::MAX.0);
            let until = locker.end_of(&*firewall, left, now).until;
            if let Some(held) = covering(net)? {
                if held.is_some_and(|held| held + 1 < until) {
                    longer.push(due);
                }
                continue;
            }
            fresh.push(Lock {
                net,
                since: now,
                until: Some(until),
                renewed: now,
                count: entry.count,
                reason: reason(entry),
                rule: rule(entry),
                backend: firewall.name().to_owned(),
                confirmed: false,
                job: None,
            });
            entries.push(due.entry);
        }
        bulk::note(locker, &state, &mut fresh, now, &mut warnings)?;
        bulk::lock(locker, &state, &mut fresh, now).map_err(|(_, error)| error)?;
        applied.locked += fresh.len();
        for (entry, lock) in entries.iter().zip(&fresh) {
            note(settings, entry, lock.net, lock.until, console);
        }
        if !fresh.is_empty() {
            writeln!(
                console.out(),
                "{} {} locked in bulk",
                date::long(now),
                fresh.len()
            )?;
        }
        warnings.iter().for_each(|text| console.note(text));
    }
    for due in longer {
        one(locker, due, applied, console)?;
    }
    Ok(())
}

/// The ends of the confirmed locks that are in force; none for those without an end.
fn in_force(state: &State, now: i64) -> Result<HashMap<IpNet, Option<i64>>, StateError> {
    let locks = state.all()?.into_iter();
    Ok(locks
        .filter(|lock| lock.confirmed && lock.in_force(now))
        .map(|lock| (lock.net, lock.until))
        .collect())
}

/// Ends locks, except those that somebody made by hand on this host.
fn end(
    locker: &Locker<'_>,
    unlocks: &[Due],
    applied: &mut Applied,
    console: &mut Console<'_>,
) -> Result<(), CommandError> {
    let settings = locker.settings;
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let now = date::now();
    for due in unlocks {
        let entry = &due.entry;
        applied.ended.push(entry.net);
        let Some(lock) = state.get(entry.net)? else {
            continue;
        };
        let name = network::text(entry.net);
        let host = sanitize::excerpt(entry.host.as_bytes(), 64);
        if matches!(lock.rule.as_str(), "hand" | "import") {
            console.note(&format!(
                "{name} stays locked: it was locked by hand here, and {host} unlocked it for the fleet"
            ));
            continue;
        }
        unlock(locker, &state, Some(entry.net), now)?;
        writeln!(
            console.out(),
            "{} {name} unlocked for {host}",
            date::long(now)
        )?;
    }
    Ok(())
}

/// The refusal of an entry that the allowlist forbids.
pub(super) const PROTECTED: Refusal = Refusal::Protected;
