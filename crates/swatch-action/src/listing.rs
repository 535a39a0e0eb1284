//! `list`, `stats`: commands that only read.

use std::{
    collections::HashSet,
    io::{IsTerminal, Write},
};

use ipnet::IpNet;
use serde_json::{Value, json};
use swatch_common::{
    chart::{self, Screen},
    sanitize,
};

use crate::{
    console::Console,
    date,
    lock::at_job,
    network,
    settings::{Expiry, Settings},
    state::{Lock, State},
    subcommand::Outcome,
};

/// Prints the locks. On a terminal each line is cut to its width, unless `wide` is given.
pub(crate) fn list(
    settings: &Settings,
    as_json: bool,
    wide: bool,
    console: &mut Console<'_>,
) -> Outcome {
    let out = console.out();
    let now = date::now();
    let Some(state) = State::open_to_read(&settings.state_dir)? else {
        writeln!(out, "{}", if as_json { "[]" } else { "no locks" })?;
        return Ok(());
    };
    let mut locks = state.all()?;
    locks.retain(|lock| lock.in_force(now) || is_still_held(lock, settings));
    // The state has them in the order of their texts, in which 203.0.113.10 precedes 203.0.113.9.
    locks.sort_by_key(|lock| lock.net);
    let names = state.network_names().unwrap_or_default();
    let named = |lock: &Lock| names.of(lock.net.addr());
    if as_json {
        let all: Vec<Value> = locks
            .iter()
            .map(|lock| object(lock, named(lock), now))
            .collect();
        serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else if locks.is_empty() {
        writeln!(out, "no locks")?;
    } else if let Some(columns) = columns().filter(|_| !wide) {
        narrow(&locks, columns, now, out)?;
    } else {
        writeln!(
            out,
            "{:<24} {:>7}  {:<25}  {:<25}  {:<10}  {:<20}  REASON",
            "ADDRESS", "COUNT", "SINCE", "UNTIL", "FIREWALL", "NETWORK"
        )?;
        for lock in &locks {
            writeln!(
                out,
                "{:<24} {:>7}  {:<25}  {:<25}  {:<10}  {:<20}  {}",
                network::text(lock.net),
                lock.count,
                date::zoned(lock.since),
                lock.until.map_or("for ever".to_owned(), date::zoned),
                held_by(lock, now),
                sanitize::excerpt(named(lock).as_bytes(), 20),
                sanitize::excerpt(lock.reason.as_bytes(), 120),
            )?;
        }
    }
    Ok(())
}

/// The width of the terminal; `None` if standard output is not one.
fn columns() -> Option<usize> {
    std::io::stdout()
        .is_terminal()
        .then(|| Screen::of_stdout().columns)
}

/// The locks in lines of so many columns: what ends when, and as much of the reason as there is
/// room for.
fn narrow(locks: &[Lock], columns: usize, now: i64, out: &mut dyn Write) -> std::io::Result<()> {
    let addresses: Vec<String> = locks.iter().map(|lock| network::text(lock.net)).collect();
    let widest = addresses.iter().map(String::len).max().unwrap_or(0).max(7);
    let head = format!(
        "{:<widest$} {:>5}  {:<22}  REASON",
        "ADDRESS", "COUNT", "UNTIL"
    );
    writeln!(out, "{}", chart::fit(&head, columns))?;
    for (lock, address) in locks.iter().zip(&addresses) {
        let mut until = lock.until.map_or("for ever".to_owned(), date::minute);
        until.push_str(sign(lock, now));
        let reason = sanitize::excerpt(lock.reason.as_bytes(), 120);
        let line = format!(
            "{address:<widest$} {:>5}  {until:<22}  {reason}",
            lock.count
        );
        writeln!(out, "{}", chart::fit(&line, columns))?;
    }
    Ok(())
}

/// True if an expired lock is still in its firewall: nothing has ended it yet.
fn is_still_held(lock: &Lock, settings: &Settings) -> bool {
    // The kernel ends what is in sets by itself.
    if matches!(lock.backend.as_str(), "nftables" | "ipset" | "none") {
        return false;
    }
    settings.expiry == Expiry::Expire
        || crate::firewall::lacks_at(settings)
        || !at_job::has_run(&settings.state_dir, lock.net)
}

fn held_by(lock: &Lock, now: i64) -> String {
    format!("{}{}", lock.backend, sign(lock, now))
}

/// `!`: over, and still in the firewall. `?`: not confirmed yet.
fn sign(lock: &Lock, now: i64) -> &'static str {
    match (lock.in_force(now), lock.confirmed) {
        (false, _) => "!",
        (true, false) => "?",
        (true, true) => "",
    }
}

pub(crate) fn object(lock: &Lock, name: &str, now: i64) -> Value {
    json!({
        "address": network::text(lock.net),
        "count": lock.count,
        "since": date::utc(lock.since),
        "until": lock.until.map(date::utc),
        "reason": lock.reason,
        "rule": lock.rule,
        "firewall": lock.backend,
        "confirmed": lock.confirmed,
        "over": !lock.in_force(now),
        "network": name,
    })
}

pub(crate) fn stats(settings: &Settings, as_json: bool, console: &mut Console<'_>) -> Outcome {
    let out = console.out();
    let now = date::now();
    let state = State::open_to_read(&settings.state_dir)?;
    let (mut locks, past) = match &state {
        Some(state) => (state.all()?, state.past(None)?),
        None => (Vec::new(), Vec::new()),
    };
    locks.retain(|lock| lock.in_force(now));
    let day = now - 86_400;
    let recent = |since: i64| since > day;
    let made = locks.iter().filter(|lock| recent(lock.since)).count()
        + past.iter().filter(|past| recent(past.lock.since)).count();
    let unconfirmed = locks.iter().filter(|lock| !lock.confirmed).count();
    let six = locks
        .iter()
        .filter(|lock| lock.net.addr().is_ipv6())
        .count();
    let ended: HashSet<IpNet> = past.iter().map(|past| past.lock.net).collect();
    let repeaters = locks
        .iter()
        .filter(|lock| ended.contains(&lock.net))
        .count();
    let logs = std::fs::read_dir(&settings.log_dir)
        .into_iter()
        .flatten()
        .flatten();
    let logs = logs
        .filter(|entry| {
            entry
                .file_name()
                .to_str()
                .and_then(network::from_file_name)
                .is_some()
        })
        .count();
    let figures = [
        ("locked", locks.len()),
        ("locked_ipv6", six),
        ("unconfirmed", unconfirmed),
        ("locked_within_a_day", made),
        ("ended", past.len()),
        ("repeaters_locked", repeaters),
        ("addresses_logged", logs),
    ];
    if as_json {
        let object: serde_json::Map<String, Value> = figures
            .iter()
            .map(|(name, figure)| ((*name).to_owned(), json!(figure)))
            .collect();
        writeln!(out, "{}", Value::Object(object))?;
    } else {
        for (name, figure) in figures {
            writeln!(out, "{figure:>9}  {}", name.replace('_', " "))?;
        }
    }
    Ok(())
}
