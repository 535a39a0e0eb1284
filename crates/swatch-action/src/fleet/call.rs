//! The two questions to the engine, and the names of its keys.

use std::{sync::LazyLock, time::Duration};

use ipnet::IpNet;
use redis::{RedisResult, Script};

use super::{
    engine::{Engine, EngineError},
    entry::{Entry, Kind},
    item::Order,
    key::Keys,
};
use crate::{network, settings::Settings};

static COUNT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("count.lua")));
static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("publish.lua")));

/// Events of an address that are remembered at least, whatever `count` is.
const REMEMBERED: u64 = 128;

/// A lock that would end less than this part of its length later is not published again.
const STEP: u64 = 10;

/// The name of a key. All keys of a group are in one slot of a cluster.
pub(super) fn key(group: &str, name: &str) -> String {
    format!("swatch:{{{group}}}:{name}")
}

/// The numbers that the fleet has for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) count: u64,
    pub(super) hosts: u64,
    /// Milliseconds for which the fleet has it locked; 0: not.
    pub(super) left: u64,
}

impl Numbers {
    /// True if as many hosts have seen it as the settings want for a lock of the fleet.
    pub(super) fn has_votes(self, settings: &Settings) -> bool {
        self.hosts >= u64::from(settings.fleet.votes)
    }

    /// True if it should be locked.
    pub(super) fn is_due(self, settings: &Settings) -> bool {
        self.left > 0 || (self.count >= settings.count && self.has_votes(settings))
    }
}

/// An event as the engine counts it.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) host: String,
    pub(super) id: String,
    pub(super) net: IpNet,
    /// Milliseconds since it happened.
    pub(super) age: u64,
}

/// Counts an event.
pub(super) fn count(
    engine: &mut Engine,
    settings: &Settings,
    tally: Tally,
    limit: Duration,
) -> Result<Numbers, EngineError> {
    let group = &settings.fleet.group;
    let net = network::text(tally.net);
    let keys = [
        key(group, &format!("events:{net}")),
        key(group, &format!("hosts:{net}")),
        key(group, "locks"),
    ];
    let window = settings.window.map_or(0, |window| window.0 * 1000);
    let keep = if window > 0 {
        window
    } else {
        settings.keep_counts.0 * 1000
    };
    let most = (settings.count * 2).max(REMEMBERED);
    engine.call(limit, move |link| {
        let (count, hosts, left) = link.run(|connection| -> RedisResult<(u64, u64, u64)> {
            let mut call = COUNT.prepare_invoke();
            for key in &keys {
                call.key(key);
            }
            call.arg(&tally.id).arg(&tally.host).arg(&net);
            call.arg(window).arg(keep).arg(most).arg(tally.age);
            call.invoke(connection)
        })?;
        Ok(Numbers { count, hosts, left })
    })
}

/// The engine's answer to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// It has this sequence number.
    As(i64),
    /// It is not news; the reason.
    Not(String),
}

/// Signs and publishes an order that was made `age` milliseconds ago.
pub(super) fn publish(
    engine: &mut Engine,
    settings: &Settings,
    keys: &Keys,
    host: &str,
    (order, age): (&Order, u64),
    limit: Duration,
) -> Result<Published, EngineError> {
    let group = settings.fleet.group.clone();
    // A lock has lasted for a while already; an unlock counts from now.
    let length = match order.kind {
        Kind::Lock => order.length.saturating_sub(age),
        Kind::Unlock => order.length,
    };
    if length == 0 {
        return Ok(Published::Not("over".to_owned()));
    }
    let entry = Entry {
        version: Entry::VERSION,
        group: group.clone(),
        host: host.to_owned(),
        id: order.id.clone(),
        kind: order.kind,
        net: order.net,
        length,
        time: crate::date::now(),
        count: order.count,
        rule: order.rule.clone(),
        reason: order.reason.clone(),
    };
    let body = entry.body();
    let signature = keys.sign(body.as_bytes());
    let most = settings.fleet.stream_length;
    let kind = order.kind.letter();
    let net = network::text(order.net);
    engine.call(limit, move |link| {
        let (seq, what) = link.run(|connection| -> RedisResult<(i64, String)> {
            let mut call = PUBLISH.prepare_invoke();
            for name in ["seq", "stream", "locks", "ends"] {
                call.key(key(&group, name));
            }
            call.arg(&entry.id).arg(kind).arg(&net);
            call.arg(length).arg(age).arg(step(length)).arg(most);
            call.arg(&signature).arg(&body);
            call.invoke(connection)
        })?;
        Ok(if seq > 0 {
            Published::As(seq)
        } else {
            Published::Not(what)
        })
    })
}

/// Makes room on an engine whose memory is full: trims the stream, and forgets locks that are over.
/// These commands work above `maxmemory`, where the scripts are refused before they begin.
pub(super) fn relieve(engine: &mut Engine, settings: &Settings) -> Result<(), EngineError> {
    let group = &settings.fleet.group;
    let (stream, locks, ends) = (
        key(group, "stream"),
        key(group, "locks"),
        key(group, "ends"),
    );
    let most = settings.fleet.stream_length;
    engine.call(Duration::from_secs(5), move |link| {
        link.run(|connection| -> RedisResult<()> {
            let mut trim = redis::cmd("XTRIM");
            trim.arg(&stream).arg("MAXLEN").arg("~").arg(most);
            trim.exec(connection)?;
            let (seconds, _): (i64, i64) = redis::cmd("TIME").query(connection)?;
            let over: Vec<Vec<u8>> = redis::cmd("ZRANGEBYSCORE")
                .arg(&ends)
                .arg("-inf")
                .arg(seconds * 1000)
                .arg("LIMIT")
                .arg(0)
                .arg(10_000)
                .query(connection)?;
            if !over.is_empty() {
                redis::cmd("HDEL").arg(&locks).arg(&over).exec(connection)?;
                redis::cmd("ZREM").arg(&ends).arg(&over).exec(connection)?;
            }
            Ok(())
        })
    })
}

/// The milliseconds by which a lock must become longer to be news.
pub(super) fn step(length: u64) -> u64 {
    length / STEP
}
