//! `list`, `show` and `stats` with `--fleet`: what the engine holds, and how this host stands to it.

use std::time::Duration;

use ipnet::IpNet;
use redis::RedisResult;
use serde_json::{Value, json};
use swatch_common::sanitize;

use super::{
    FleetError, away,
    call::key,
    engine::Engine,
    entry::Kind,
    host_name,
    key::Keys,
    now_ms,
    snapshot::{self, Present},
    store::Store,
    stream::{self, Head},
};
use crate::{console::Console, network, settings::Settings, subcommand::Outcome};

/// The longest wait for the engine, where a person waits.
const PATIENCE: Duration = Duration::from_secs(5);

struct View {
    engine: Engine,
    head: Head,
    locks: Vec<Present>,
    /// Entries that no key of the fleet has signed.
    refused: usize,
}

fn view(settings: &Settings) -> Result<View, FleetError> {
    if !settings.fleet.is_set() {
        return Err(FleetError::NotSet);
    }
    let mut engine = Engine::new(&settings.fleet, PATIENCE);
    let head = stream::head(&mut engine, &settings.fleet.group)?;
    let (found, refused) = read(settings, &mut engine)?;
    let now = head.engine_now();
    let mut locks: Vec<Present> = found
        .into_iter()
        .filter(|present| present.entry.kind == Kind::Lock && present.left(now) > 0)
        .collect();
    locks.sort_by_key(|present| present.seq);
    Ok(View {
        engine,
        head,
        locks,
        refused,
    })
}

/// All entries that are signed, and the number of others.
fn read(settings: &Settings, engine: &mut Engine) -> Result<(Vec<Present>, usize), FleetError> {
    let keys = Keys::read(&settings.fleet.key_file)?;
    let (mut found, mut refused, mut cursor) = (Vec::new(), 0, 0);
    loop {
        let page = snapshot::page(engine, &settings.fleet.group, &keys, cursor)?;
        for one in page.found {
            match one {
                Ok(present) => found.push(present),
                Err(_) => refused += 1,
            }
        }
        cursor = page.next;
        if cursor == 0 {
            break;
        }
    }
    // HSCAN may give an entry twice.
    found.sort_by_key(|present: &Present| (present.entry.net, present.seq));
    found.dedup_by_key(|present| present.entry.net);
    Ok((found, refused))
}

/// The networks that the fleet has locked.
pub(super) fn locked(settings: &Settings, engine: &mut Engine) -> Result<Vec<IpNet>, FleetError> {
    let (found, _) = read(settings, engine)?;
    let locks = found
        .into_iter()
        .filter(|present| present.entry.kind == Kind::Lock);
    Ok(locks.map(|present| present.entry.net).collect())
}

pub(crate) fn list(settings: &Settings, as_json: bool, console: &mut Console<'_>) -> Outcome {
    let view = view(settings)?;
    let now = view.head.engine_now();
    let out = console.out();
    if as_json {
        let all: Vec<Value> = view
            .locks
            .iter()
            .map(|present| object(present, now))
            .collect();
        serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else if view.locks.is_empty() {
        writeln!(out, "no locks in the fleet")?;
    } else {
        writeln!(
            out,
            "{:<24} {:>7}  {:<8}  {:<16}  {:<20}  REASON",
            "ADDRESS", "COUNT", "LEFT", "HOST", "RULE"
        )?;
        for present in &view.locks {
            let entry = &present.entry;
            writeln!(
                out,
                "{:<24} {:>7}  {:<8}  {:<16}  {:<20}  {}",
                network::text(entry.net),
                entry.count,
                length(present.left(now) / 1000),
                sanitize::excerpt(entry.host.as_bytes(), 64),
                sanitize::excerpt(entry.rule.as_bytes(), 40),
                sanitize::excerpt(entry.reason.as_bytes(), 120),
            )?;
        }
    }
    if view.refused > 0 {
        console.warn(&format!(
            "{} entries are not signed with the fleet's key and not shown",
            view.refused
        ));
    }
    Ok(())
}

/// A length of time for a column: `23h59m`.
fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

fn object(present: &Present, now: i64) -> Value {
    let entry = &present.entry;
    json!({
        "address": network::text(entry.net),
        "count": entry.count,
        "seconds_left": present.left(now) / 1000,
        "host": entry.host,
        "rule": entry.rule,
        "reason": entry.reason,
        "sequence": present.seq,
    })
}

pub(crate) fn show(settings: &Settings, net: IpNet, console: &mut Console<'_>) -> Outcome {
    let mut view = view(settings)?;
    let now = view.head.engine_now();
    let group = settings.fleet.group.clone();
    let counted = network::text(net);
    let (events, hosts) = (
        key(&group, &format!("events:{counted}")),
        key(&group, &format!("hosts:{counted}")),
    );
    let (count, hosts) = view
        .engine
        .call(PATIENCE, move |link| {
            link.run(|connection| -> RedisResult<(u64, Vec<String>)> {
                let count = redis::cmd("ZCARD").arg(&events).query(connection)?;
                let hosts = redis::cmd("ZRANGE")
                    .arg(&hosts)
                    .arg(0)
                    .arg(-1)
                    .query(connection)?;
                Ok((count, hosts))
            })
        })
        .map_err(FleetError::from)?;
    let out = console.out();
    let covering = view
        .locks
        .iter()
        .find(|present| present.entry.net.contains(&net));
    match covering {
        Some(present) => {
            let entry = &present.entry;
            writeln!(
                out,
                "fleet: locked as {} by {} for another {}, rule {}\n    {}",
                network::text(entry.net),
                entry.host,
                length(present.left(now) / 1000),
                sanitize::excerpt(entry.rule.as_bytes(), 100),
                sanitize::excerpt(entry.reason.as_bytes(), 1000),
            )?;
        }
        None => writeln!(out, "fleet: not locked")?,
    }
    let hosts: Vec<String> = hosts
        .iter()
        .map(|host| sanitize::excerpt(host.as_bytes(), 64))
        .collect();
    writeln!(
        out,
        "fleet: {count} events remembered, seen by {} hosts: {}",
        hosts.len(),
        hosts.join(", ")
    )?;
    Ok(())
}

pub(crate) fn stats(settings: &Settings, as_json: bool, console: &mut Console<'_>) -> Outcome {
    if !settings.fleet.is_set() {
        return Err(FleetError::NotSet.into());
    }
    let group = &settings.fleet.group;
    let store = Store::open_existing(&settings.state_dir).map_err(FleetError::from)?;
    let (waiting, position, refused) = match &store {
        Some(store) => (
            store.waiting(group).map_err(FleetError::from)?,
            store.position(group).map_err(FleetError::from)?,
            store.refused().map_err(FleetError::from)?,
        ),
        None => (0, None, Vec::new()),
    };
    let seen = view(settings);
    let mut figures: Vec<(String, i64)> = Vec::new();
    let mut put = |name: &str, value: i64| figures.push((name.to_owned(), value));
    if let Ok(view) = &seen {
        put(
            "locked",
            i64::try_from(view.locks.len()).unwrap_or(i64::MAX),
        );
        put("published", view.head.seq);
        if let Some(position) = &position {
            put("behind", view.head.seq - position.seq);
        }
        put("unsigned", i64::try_from(view.refused).unwrap_or(i64::MAX));
    }
    put("waiting_for_delivery", waiting);
    for one in &refused {
        let host = if one.host.is_empty() {
            "unknown"
        } else {
            &one.host
        };
        let host = sanitize::excerpt(host.as_bytes(), 64);
        put(&format!("refused {} of {host}", one.why), one.count);
    }
    let host = host_name(settings).unwrap_or_default();
    let away = away::read(settings).filter(|away| away.failures > 0);
    let out = console.out();
    if as_json {
        let mut object: serde_json::Map<String, Value> = figures
            .into_iter()
            .map(|(name, figure)| (name, json!(figure)))
            .collect();
        object.insert("host".into(), json!(host));
        object.insert("group".into(), json!(group));
        object.insert("engine_answers".into(), json!(seen.is_ok()));
        writeln!(out, "{}", Value::Object(object))?;
    } else {
        writeln!(out, "host {host}, group {group}")?;
        for (name, figure) in figures {
            writeln!(out, "{figure:>9}  {}", name.replace('_', " "))?;
        }
        if let Some(away) = away {
            let wait = ((away.until - now_ms()) / 1000).max(0);
            writeln!(
                out,
                "the engine was away {} times, asked again in {wait}s: {}",
                away.failures, away.reason
            )?;
        }
    }
    match seen {
        Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
