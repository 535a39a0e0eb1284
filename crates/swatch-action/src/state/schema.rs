//! The tables, how they came to be, and a row of the main one.

use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use super::Lock;

/// The format that this program writes: SQLite's `user_version`.
pub(super) const VERSION: i64 = 2;

/// The columns of a lock in the order of [`row`]. Always named, because a newer program may have
/// added some.
pub(super) const COLUMNS: &str = "net,since,until,count,reason,rule,backend,confirmed,job,renewed";

/// The additions of each format to the one before. A released format is never changed here.
const STEPS: [&str; VERSION as usize] = [FIRST, SECOND];

/// Brings the tables to [`VERSION`], from nothing or from any older format, and returns the format
/// that they have then.
pub(super) fn migrate(db: &Connection) -> rusqlite::Result<i64> {
    let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    // Asked again: another process may have done it since.
    let from: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in STEPS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    let version = from.max(VERSION);
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()?;
    Ok(version)
}

const FIRST: &str = "
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
";

const SECOND: &str = "
ALTER TABLE locks ADD COLUMN renewed INTEGER NOT NULL DEFAULT 0;
UPDATE locks SET renewed = since;
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
        renewed: row.get(9)?,
    })
}
