//! `lock`, `unlock`, `import`: what an administrator wishes.

use std::{
    collections::HashSet,
    io::{self, Read, Write},
    path::Path,
};

use ipnet::IpNet;

use super::{CommandError, Outcome, locker, maintenance, runner};
use crate::{
    allow::{self, Verdict},
    cli::complain,
    date,
    duration::Span,
    event,
    firewall::FirewallEntry,
    harmless,
    lock::{LockRequest, at_job, end_all},
    network,
    runner::Runner,
    settings::Settings,
    state::{Lock, State},
};

/// What is to be locked, how long, and why.
pub(super) struct Wish {
    pub(super) address: String,
    pub(super) span: Option<Span>,
    pub(super) reason: String,
}

pub(super) fn lock(settings: &Settings, wish: Wish, dry_run: bool, out: &mut dyn Write) -> Outcome {
    let net = wished(&wish.address, settings)?;
    let runner = if dry_run {
        Runner::dry(&settings.path)
    } else {
        runner(settings)
    };
    let locker = locker(settings, &runner);
    let now = date::now();
    let ask = LockRequest {
        // An IPv6 address alone stands for its network, as in an event.
        address: network::parse(&wish.address)?.addr(),
        net,
        count: 0,
        reason: harmless::excerpt(wish.reason.as_bytes(), 1000),
        rule: "hand".to_owned(),
        span: wish.span,
        by_hand: true,
    };
    let done = locker.lock(&ask, now)?;
    for note in runner.notes() {
        writeln!(out, "would run: {note}")?;
    }
    let until = done.until.map_or("for ever".to_owned(), |until| {
        format!("until {}", date::long(until))
    });
    let verb = match (dry_run, done.renewed) {
        (true, _) => "would be locked",
        (false, true) => "was locked already, now",
        (false, false) => "locked",
    };
    writeln!(out, "{} {verb} {until}", network::text(done.net))?;
    out.flush()?;
    done.warnings.iter().for_each(|warning| complain(warning));
    Ok(if done.warnings.is_empty() {
        event::OK
    } else {
        event::FAILED
    })
}

/// A single address is widened as an event's is; a network is taken as it is, but not a whole continent.
fn wished(text: &str, settings: &Settings) -> Result<IpNet, CommandError> {
    let net = network::parse(text)?;
    if network::is_single(net) {
        return Ok(network::of(net.addr(), settings));
    }
    let least = if net.addr().is_ipv4() { 8 } else { 16 };
    if net.prefix_len() < least {
        return Err(CommandError::Failed(format!(
            "{net} is too wide: at least /{least}"
        )));
    }
    Ok(net)
}

pub(super) fn unlock(settings: &Settings, address: Option<&str>, out: &mut dyn Write) -> Outcome {
    let runner = runner(settings);
    let locker = locker(settings, &runner);
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let now = date::now();
    let mut locks = state.all()?;
    if let Some(address) = address {
        let net = network::parse(address)?;
        let counted = network::of(net.addr(), settings);
        let meant = |lock: &Lock| {
            net.contains(&lock.net) || (network::is_single(net) && lock.net == counted)
        };
        locks.retain(meant);
        if locks.is_empty() {
            let wider = state.covering(net, now)?;
            let hint = wider.map_or(String::new(), |lock| {
                format!("; it is inside {}, which is", network::text(lock.net))
            });
            return Err(CommandError::Failed(format!(
                "{} is not locked{hint}",
                network::text(net)
            )));
        }
    }
    end_all(&locker, &state, &locks, now, "unlocked")?;
    for lock in &locks {
        writeln!(out, "{} unlocked", network::text(lock.net))?;
    }
    out.flush()?;
    Ok(event::OK)
}

pub(super) fn import(
    settings: &Settings,
    file: &Path,
    span: Option<Span>,
    out: &mut dyn Write,
) -> Outcome {
    let text = read(file)?;
    let runner = runner(settings);
    let locker = locker(settings, &runner);
    let firewall = locker.firewall(locker.backend);
    let _held = State::exclusive(&settings.state_dir)?;
    let state = State::open(&settings.state_dir)?;
    let now = date::now();
    let allowed = allow::all(settings, Some(&state), now, true);
    let mut warnings = allowed.warnings.clone();
    let span = span.unwrap_or(settings.lock_time);
    let end = at_job::at_time(span.0, now);
    let by_at = locker.by_at(&*firewall);
    let until = if by_at {
        end.time
    } else {
        now + span.seconds()
    };
    // Asked once for all: the state answers one question for each prefix length and address.
    let locked: HashSet<IpNet> = state
        .all()?
        .into_iter()
        .filter(|lock| lock.confirmed && lock.in_force(now))
        .map(|lock| lock.net)
        .collect();
    let mut seen = HashSet::new();
    let mut locks = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let entry = line.split(['#', ';']).next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        let place = format!("{}:{}", file.display(), number + 1);
        let net = match wished(entry, settings) {
            Ok(net) => net,
            Err(error) => {
                warnings.push(format!(
                    "{place}: {}",
                    harmless::excerpt(error.to_string().as_bytes(), 200)
                ));
                continue;
            }
        };
        let net = match allowed.judge(net, network::parse(entry)?.addr()) {
            Verdict::Lock(net) => net,
            Verdict::Never(why) => {
                warnings.push(format!("{place}: not locked: {why}"));
                continue;
            }
        };
        if seen.insert(net) && !covered(net, &locked) {
            locks.push(Lock {
                net,
                since: now,
                until: Some(until),
                count: 0,
                reason: format!("imported from {}", file.display()),
                rule: "import".to_owned(),
                backend: firewall.name().to_owned(),
                confirmed: false,
                job: None,
            });
        }
    }
    if !locks.is_empty() {
        state.together(|state| locks.iter().try_for_each(|lock| state.put(lock)))?;
        if by_at {
            let nets: Vec<IpNet> = locks.iter().map(|lock| lock.net).collect();
            for &net in &nets {
                at_job::note(&settings.state_dir, net, until).map_err(|error| {
                    CommandError::Failed(format!("{}: {error}", settings.state_dir.display()))
                })?;
            }
            match at_job::schedule(&runner, &*firewall, &settings.state_dir, &nets, &end) {
                Ok(job) => warnings.extend(job.warning),
                Err(error) => warnings.push(format!(
                    "{error}; `swatch-action expire` will end these locks"
                )),
            }
        }
        let entries: Vec<FirewallEntry> = locks
            .iter()
            .map(|lock| maintenance::entry(lock, now))
            .collect();
        firewall.lock_all(&entries)?;
        state.together(|state| {
            locks.iter_mut().try_for_each(|lock| {
                lock.confirmed = true;
                state.put(lock)
            })
        })?;
    }
    writeln!(out, "{} locked", locks.len())?;
    out.flush()?;
    warnings.iter().for_each(|warning| complain(warning));
    Ok(if warnings.is_empty() {
        event::OK
    } else {
        event::FAILED
    })
}

/// Whether the network or a wider one is among these.
fn covered(net: IpNet, locked: &HashSet<IpNet>) -> bool {
    std::iter::successors(Some(net), IpNet::supernet).any(|wide| locked.contains(&wide))
}

fn read(file: &Path) -> Result<String, CommandError> {
    let failed =
        |error: io::Error| CommandError::Failed(format!("cannot read {}: {error}", file.display()));
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(failed)
}
