//! Reading the stream of locks, and the engine's own notes about it.

use std::time::{Duration, Instant};

use redis::{Connection, RedisResult, Value, streams::StreamInfoStreamReply};

use super::{
    call::key,
    engine::{Engine, EngineError},
};

/// Entries that are read at once.
const BATCH: usize = 1000;

/// The time for a reply beyond the time for which the engine was told to wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state of the stream.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The sequence number of the last entry that was published.
    pub(super) seq: i64,
    /// The engine's id of the last entry.
    pub(super) last: String,
    /// The engine's replication id; empty if the engine does not tell.
    pub(super) lineage: String,
    /// The engine's clock in milliseconds, and when it was asked.
    clock: (i64, Instant),
}

impl Head {
    /// The engine's clock now.
    pub(super) fn engine_now(&self) -> i64 {
        let since = i64::try_from(self.clock.1.elapsed().as_millis()).unwrap_or(0);
        self.clock.0 + since
    }
}

/// An entry as the stream holds it; nothing of it is trusted.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// The engine's id: its clock in milliseconds, a dash, a number.
    pub(super) id: String,
    pub(super) seq: i64,
    pub(super) signature: String,
    pub(super) body: String,
}

impl Raw {
    /// When the engine took it, in milliseconds by its clock.
    pub(super) fn taken_at(&self) -> i64 {
        let millis = self.id.split('-').next().unwrap_or_default();
        millis.parse().unwrap_or(0)
    }
}

/// Asks for the state of the stream.
pub(super) fn head(engine: &mut Engine, group: &str) -> Result<Head, EngineError> {
    let (seq, stream) = (key(group, "seq"), key(group, "stream"));
    engine.call(PATIENCE, move |link| {
        link.run(|connection| {
            let (seconds, micros): (i64, i64) = redis::cmd("TIME").query(connection)?;
            let clock = (seconds * 1000 + micros / 1000, Instant::now());
            let seq: Option<i64> = redis::cmd("GET").arg(&seq).query(connection)?;
            Ok(Head {
                seq: seq.unwrap_or(0),
                last: last_id(connection, &stream)?,
                lineage: lineage(connection)?,
                clock,
            })
        })
    })
}

fn last_id(connection: &mut Connection, stream: &str) -> RedisResult<String> {
    let info = redis::cmd("XINFO")
        .arg("STREAM")
        .arg(stream)
        .query(connection);
    match info {
        Ok(StreamInfoStreamReply {
            last_generated_id, ..
        }) => Ok(last_generated_id),
        // Nothing was published yet.
        Err(error)
            if error
                .detail()
                .is_some_and(|text| text.contains("no such key")) =>
        {
            Ok("0-0".to_owned())
        }
        Err(error) => Err(error),
    }
}

fn lineage(connection: &mut Connection) -> RedisResult<String> {
    let info: RedisResult<String> = redis::cmd("INFO").arg("replication").query(connection);
    match info {
        Ok(text) => {
            let mut lines = text.lines();
            let id = lines.find_map(|line| line.strip_prefix("master_replid:"));
            Ok(id.unwrap_or_default().to_owned())
        }
        // A managed service may not allow it; the sequence numbers then have to do.
        Err(error) if error.code() == Some("NOPERM") => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Reads the entries after `last`, and waits for the first one for `wait`.
pub(super) fn read(
    engine: &mut Engine,
    group: &str,
    last: &str,
    wait: Duration,
) -> Result<Vec<Raw>, EngineError> {
    let (stream, last) = (key(group, "stream"), last.to_owned());
    let limit = wait + PATIENCE;
    let found = engine.call(limit, move |link| {
        link.run(|connection| {
            connection.set_read_timeout(Some(limit))?;
            let mut command = redis::cmd("XREAD");
            command.arg("COUNT").arg(BATCH);
            if !wait.is_zero() {
                command
                    .arg("BLOCK")
                    .arg(u64::try_from(wait.as_millis()).unwrap_or(1));
            }
            command.arg("STREAMS").arg(&stream).arg(&last);
            command.query::<Value>(connection)
        })
    })?;
    Ok(entries(&found))
}

/// The entries of `[[stream, [[id, [name, value, …]], …]]]`. What has another form comes as an
/// entry without a body, which is refused.
fn entries(reply: &Value) -> Vec<Raw> {
    let Value::Array(streams) = reply else {
        return Vec::new();
    };
    let Some(Value::Array(stream)) = streams.first() else {
        return Vec::new();
    };
    let Some(Value::Array(entries)) = stream.get(1) else {
        return Vec::new();
    };
    entries.iter().map(entry).collect()
}

fn entry(value: &Value) -> Raw {
    let mut raw = Raw::default();
    let Value::Array(parts) = value else {
        return raw;
    };
    raw.id = parts.first().map(text).unwrap_or_default();
    let Some(Value::Array(fields)) = parts.get(1) else {
        return raw;
    };
    for pair in fields.chunks(2) {
        let [name, value] = pair else { continue };
        match text(name).as_str() {
            "s" => raw.seq = text(value).parse().unwrap_or(0),
            "m" => raw.signature = text(value),
            "b" => raw.body = text(value),
            _ => {}
        }
    }
    raw
}

fn text(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        _ => String::new(),
    }
}
