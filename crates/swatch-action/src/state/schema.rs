//! The tables, and a row of the main one.

use rusqlite::Row;

use super::Lock;

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS locks (
  net TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER, count INTEGER NOT NULL,
  reason TEXT NOT NULL, rule TEXT NOT NULL, backend TEXT NOT NULL,
  confirmed INTEGER NOT NULL, job TEXT, first BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS locks_first ON locks(first);
CREATE INDEX IF NOT EXISTS locks_until ON locks(until);
CREATE TABLE IF NOT EXISTS past (
  id INTEGER PRIMARY KEY, net TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
  count INTEGER NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL, backend TEXT NOT NULL,
  ended INTEGER NOT NULL, how TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS past_net ON past(net);
CREATE TABLE IF NOT EXISTS whois (
  first BLOB NOT NULL, last BLOB NOT NULL, asked INTEGER NOT NULL, good INTEGER NOT NULL,
  name TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (first, last)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS digest (
  id INTEGER PRIMARY KEY, time INTEGER NOT NULL, net TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hosts (
  name TEXT NOT NULL, address TEXT NOT NULL, asked INTEGER NOT NULL,
  PRIMARY KEY (name, address)) WITHOUT ROWID;
PRAGMA user_version = 1;
";

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<Lock> {
    let text: String = row.get(0)?;
    let net = text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(Lock {
        net,
        since: row.get(1)?,
        until: row.get(2)?,
        count: row.get::<_, i64>(3)?.cast_unsigned(),
        reason: row.get(4)?,
        rule: row.get(5)?,
        backend: row.get(6)?,
        confirmed: row.get(7)?,
        job: row.get(8)?,
    })
}
