//! `lock`, `unlock`, `import`: locks that an administrator asks for.

use std::{collections::HashSet, net::IpAddr, path::Path};

use ipnet::IpNet;
use swatch_common::{duration::Seconds, sanitize};

use crate::{
    allowlist::{self, Allowlist, Verdict},
    ban_list::{self, Format},
    console::Console,
    date, fleet,
    history::{self, Decision, Record},
    lock::{LockOutcome, LockRequest, Unlocked, bulk, log as lock_log, unlock as unlock_in},
    network,
    runner::Runner,
    settings::Settings,
    state::{Lock, State},
    subcommand::{CommandError, Outcome, locker, runner},
};

/// A request to lock, as it was typed.
pub(crate) struct LockArguments {
    pub(crate) address: String,
    pub(crate) span: Option<Seconds>,
    pub(crate) reason: String,
    pub(crate) fleet: bool,
}

pub(crate) fn lock(
    settings: &Settings,
    arguments: LockArguments,
    dry_run: bool,
    console: &mut Console<'_>,
) -> Outcome {
    let net = network_to_lock(&arguments.address, settings)?;
    let runner = if dry_run {
        Runner::dry(&settings.path)
    } else {
        runner(settings)
    };
    let locker = locker(settings, &runner, console);
    let now = date::now();
    let ask = LockRequest {
        // A single IPv6 address stands for its network, as in an event.
        address: single(network::parse(&arguments.address)?),
        net,
        count: 0,
        reason: sanitize::excerpt(arguments.reason.as_bytes(), 1000),
        rule: "hand".to_owned(),
        span: arguments.span,
        by_hand: true,
    };
    let done = locker.lock(&ask, now)?;
    if !dry_run {
        note(settings, &ask, &done, now, console);
    }
    for note in runner.notes() {
        writeln!(console.out(), "would run: {note}")?;
    }
    if !dry_run {
        console.event(&lock_log::locked(&ask, &done));
    }
    let until = done.until.map_or("for ever".to_owned(), |until| {
        format!("until {}", date::long(until))
    });
    let verb = match (dry_run, done.renewed) {
        (true, _) => "would be locked",
        (false, true) if done.lasts_longer => "is locked for longer already,",
        (false, true) => "was locked already, now",
        (false, false) => "locked",
    };
    let hint = if done.lasts_longer {
        ": unlock it first to shorten that"
    } else {
        ""
    };
    writeln!(
        console.out(),
        "{} {verb} {until}{hint}",
        network::text(done.net)
    )?;
    for warning in &done.warnings {
        console.warn(warning);
    }
    if arguments.fleet && !dry_run {
        let left = done
            .until
            .map_or(settings.max_lock_time.seconds(), |until| until - now);
        let lock = fleet::ByHand {
            net: done.net,
            left: u64::try_from(left).unwrap_or(0),
            rule: ask.rule,
            reason: ask.reason,
        };
        fleet::publish_by_hand(settings, vec![lock], console)?;
    }
    Ok(())
}

/// Notes a lock by hand in the history.
fn note(
    settings: &Settings,
    ask: &LockRequest,
    done: &LockOutcome,
    now: i64,
    console: &mut Console<'_>,
) {
    let decision = if done.renewed {
        Decision::Renewed
    } else {
        Decision::Locked
    };
    let record = Record {
        address: network::text(ask.net).into(),
        locked: (done.net != ask.net).then(|| network::text(done.net).into()),
        place: ask.rule.as_str().into(),
        until: done.until,
        why: done.why.as_str().into(),
        line: sanitize::excerpt(ask.reason.as_bytes(), history::MAX_LINE).into(),
        ..Record::new(now, decision)
    };
    if let Err(error) = history::note(settings, &record) {
        console.note(&error.to_string());
    }
}

/// The network to lock: a single address is widened as in an event; a network is taken as it is,
/// unless it is too wide to be meant.
fn network_to_lock(text: &str, settings: &Settings) -> Result<IpNet, CommandError> {
    let net = network::parse(text)?;
    if network::is_single(net) {
        return Ok(settings.network_of(net.addr()));
    }
    let least = if net.addr().is_ipv4() { 8 } else { 16 };
    if net.prefix_len() < least {
        return Err(CommandError::TooWide { net, least });
    }
    Ok(net)
}

pub(crate) fn unlock(
    settings: &Settings,
    address: Option<&str>,
    of_fleet: bool,
    console: &mut Console<'_>,
) -> Outcome {
    let target = address.map(network::parse).transpose()?;
    let here = unlock_here(settings, target, console);
    if !of_fleet {
        return here.map(drop);
    }
    // The fleet may have locked what this host has not.
    let (here, missing) = match here {
        Ok(nets) => (nets, None),
        Err(error @ CommandError::NotLocked { .. }) => (Vec::new(), Some(error)),
        Err(error) => return Err(error),
    };
    let published = fleet::unlock(settings, target, &here, console)?;
    match missing {
        Some(error) if published == 0 => Err(error),
        _ => Ok(()),
    }
}

/// Ends locks on this host; the networks.
fn unlock_here(
    settings: &Settings,
    target: Option<IpNet>,
    console: &mut Console<'_>,
) -> Result<Vec<IpNet>, CommandError> {
    let runner = runner(settings);
    let locker = locker(settings, &runner, console);
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let now = date::now();
    let unlocked = unlock_in(&locker, &state, target, now)?;
    if let (Some(net), []) = (target, &unlocked[..]) {
        let wider = state.covering(net, now)?.map(|lock| lock.net);
        return Err(CommandError::NotLocked { net, wider });
    }
    let nets = unlocked.iter().map(|one| one.net).collect();
    for Unlocked { net, known } in unlocked {
        let note = if known {
            ""
        } else {
            " (the state did not know of it)"
        };
        writeln!(console.out(), "{} unlocked{note}", network::text(net))?;
        console.event(&lock_log::unlocked(net, "unlocked"));
    }
    Ok(nets)
}

/// Locks all bans of a list, each for what is left of it; `span` is for those without an end.
pub(crate) fn import(
    settings: &Settings,
    (format, file): (Format, &Path),
    span: Option<Seconds>,
    of_fleet: bool,
    console: &mut Console<'_>,
) -> Outcome {
    let now = date::now();
    let bans = ban_list::read(format, file, now)?;
    let runner = runner(settings);
    let locker = locker(settings, &runner, console);
    let firewall = locker.firewall(locker.backend);
    let held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let allowed = allowlist::all(settings, Some(&state), now, true);
    let mut warnings = allowed.warnings.clone();
    let span = span.unwrap_or(locker.span(0));
    // Read once: otherwise the state would be queried for each prefix length of each address.
    let locked: HashSet<IpNet> = state
        .all()?
        .into_iter()
        .filter(|lock| lock.confirmed && lock.in_force(now))
        .map(|lock| lock.net)
        .collect();
    let mut seen = HashSet::new();
    let mut locks = Vec::new();
    for ban in bans {
        let place = sanitize::excerpt(ban.place.as_bytes(), 200);
        let net = match accepted(&ban.text, settings, &allowed) {
            Ok(net) => net,
            Err(why) => {
                warnings.push(format!("{place}: not locked: {why}"));
                continue;
            }
        };
        let left = ban.left.and_then(|left| u64::try_from(left).ok());
        let left = left.map_or(span.0, |left| left.min(Seconds::MAX.0));
        if seen.insert(net) && !covered(net, &locked) {
            locks.push(Lock {
                net,
                since: now,
                until: Some(locker.end_of(&*firewall, left, now).until),
                renewed: now,
                count: 0,
                reason: sanitize::excerpt(ban.reason.as_bytes(), 200),
                rule: "import".to_owned(),
                backend: firewall.name().to_owned(),
                confirmed: false,
                job: None,
            });
        }
    }
    bulk::note(&locker, &state, &mut locks, now, &mut warnings)?;
    if let Err((done, error)) = bulk::lock(&locker, &state, &mut locks, now) {
        writeln!(console.out(), "{done} of {} locked", locks.len())?;
        warnings.iter().for_each(|warning| console.warn(warning));
        console.note("`swatch-action check` goes on with those that are left");
        return Err(error.into());
    }
    writeln!(console.out(), "{} locked", locks.len())?;
    for warning in &warnings {
        console.warn(warning);
    }
    if !of_fleet {
        return Ok(());
    }
    drop((held, state));
    let limit = settings.fleet.locks_per_minute;
    if limit > 0 && locks.len() > limit as usize {
        console.note(&format!(
            "the other hosts take at most {limit} locks a minute from one host (`locks_per_minute`) and refuse the rest, until \
             they take a snapshot; to have all of these there at once, set `locks_per_minute` and `all_locks_per_minute` to 0 on them \
             for the time of the import"
        ));
    }
    let by_hand = |lock: Lock| fleet::ByHand {
        net: lock.net,
        left: lock.left(now).unwrap_or(settings.max_lock_time.0),
        rule: lock.rule,
        reason: lock.reason,
    };
    fleet::publish_by_hand(settings, locks.into_iter().map(by_hand).collect(), console)
}

/// Why an entry of a list is not locked.
#[derive(Debug, thiserror::Error)]
enum RejectedError {
    #[error("{}", sanitize::excerpt(.0.to_string().as_bytes(), 200))]
    Entry(#[from] CommandError),
    #[error("{0}")]
    Protected(String),
}

/// The network to lock for an entry of a list.
fn accepted(text: &str, settings: &Settings, allowed: &Allowlist) -> Result<IpNet, RejectedError> {
    let net = network_to_lock(text, settings)?;
    let address = network::parse(text).map_err(CommandError::from)?;
    match allowed.judge(net, single(address)) {
        Verdict::Lock(net) => Ok(net),
        Verdict::Never(why) => Err(RejectedError::Protected(why)),
    }
}

/// The address of a network that is a single one.
fn single(net: IpNet) -> Option<IpAddr> {
    network::is_single(net).then(|| network::untranslated(net.addr()))
}

/// True if the network or a wider one is among these.
fn covered(net: IpNet, locked: &HashSet<IpNet>) -> bool {
    std::iter::successors(Some(net), IpNet::supernet).any(|wide| locked.contains(&wide))
}
