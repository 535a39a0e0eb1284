//! What a host has to remember of its fleet: what is still to be delivered, where it has read to,
//! what it has applied. A database of its own beside the locks, `fleet.db`.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
};

use super::{entry::Refusal, item::Item};
use crate::directory::{self, Directory, DirectoryError};

/// Events that wait for the engine; beyond that the oldest that locked nothing are dropped.
const MOST: i64 = 1_000_000;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS queue (
  id INTEGER PRIMARY KEY AUTOINCREMENT, grp TEXT NOT NULL, made INTEGER NOT NULL,
  locks INTEGER NOT NULL, item TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS own (
  net TEXT NOT NULL, grp TEXT NOT NULL, until INTEGER NOT NULL, item TEXT NOT NULL,
  PRIMARY KEY (grp, net)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_until ON seen(until);
CREATE TABLE IF NOT EXISTS position (
  grp TEXT PRIMARY KEY, seq INTEGER NOT NULL, last TEXT NOT NULL, lineage TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (
  host TEXT NOT NULL, why TEXT NOT NULL, count INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (host, why)) WITHOUT ROWID;
";

/// The database failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the fleet's notes {}: {source}", .path.display())]
    Db {
        path: PathBuf,
        source: rusqlite::Error,
    },
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// The place in the stream up to which everything is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The sequence number of the last entry.
    pub(super) seq: i64,
    /// The engine's id of it.
    pub(super) last: String,
    /// The engine's replication id: it changes when another engine, or a copy, takes its place.
    pub(super) lineage: String,
}

/// The number of refused entries of a host, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) host: String,
    pub(super) why: String,
    pub(super) count: i64,
    pub(super) last: i64,
}

/// The database.
pub(super) struct Store {
    db: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens it, and makes it where it is missing.
    pub(super) fn open(state_dir: &Path) -> Result<Self, StoreError> {
        directory::prepare(state_dir, Directory::State)?;
        let path = state_dir.join("fleet.db");
        let open = || -> rusqlite::Result<Connection> {
            let db = Connection::open_with_flags(
                &path,
                OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_NOFOLLOW
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?;
            db.busy_timeout(std::time::Duration::from_secs(10))?;
            let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == 0 {
                db.pragma_update(None, "journal_mode", "WAL")?;
                let change = Transaction::new_unchecked(&db, TransactionBehavior::Immediate)?;
                change.execute_batch(TABLES)?;
                change.pragma_update(None, "user_version", 1)?;
                change.commit()?;
            }
            // Not for each event a sync: an attacker could keep the disk busy. What a power failure
            // takes is in the logs of the addresses, and locks are in the state.
            db.pragma_update(None, "synchronous", "NORMAL")?;
            Ok(db)
        };
        let db = open().map_err(|source| StoreError::Db {
            path: path.clone(),
            source,
        })?;
        Ok(Self { db, path })
    }

    /// Opens it if there is one.
    pub(super) fn open_existing(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        if state_dir.join("fleet.db").exists() {
            Self::open(state_dir).map(Some)
        } else {
            Ok(None)
        }
    }

    fn failed(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Db {
            path: self.path.clone(),
            source,
        }
    }

    /// Does changes in one transaction that begins as a writer's: one that begins as a reader's
    /// fails where another process has written meanwhile.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let all = || -> rusqlite::Result<T> {
            let transaction = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
            let done = change(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        all().map_err(|source| self.failed(source))
    }

    /// Puts an item at the end of the queue; its number. `made` is in milliseconds.
    pub(super) fn push(&self, group: &str, made: i64, item: &Item) -> Result<i64, StoreError> {
        let text = item.text();
        self.change(|db| {
            db.execute(
                "INSERT INTO queue (grp, made, locks, item) VALUES (?1, ?2, ?3, ?4)",
                params![group, made, item.locks(), text],
            )?;
            let number = db.last_insert_rowid();
            if number % 1000 == 0 {
                db.execute(
                    "DELETE FROM queue WHERE locks = 0 AND id <= ?1",
                    [number - MOST],
                )?;
            }
            Ok(number)
        })
    }

    /// Replaces an item that waits.
    pub(super) fn replace(&self, number: i64, item: &Item) -> Result<(), StoreError> {
        let text = item.text();
        self.change(|db| {
            db.execute(
                "UPDATE queue SET item = ?2, locks = ?3 WHERE id = ?1",
                params![number, text, item.locks()],
            )
        })
        .map(drop)
    }

    /// The first items of the queue: number, time and item. An item that cannot be read is one of
    /// a newer program; it stays.
    pub(super) fn first(
        &self,
        group: &str,
        most: u32,
    ) -> Result<Vec<(i64, i64, Item)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut query = self.db.prepare_cached(
                "SELECT id, made, item FROM queue WHERE grp = ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = query.query_map(params![group, most], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
            })?;
            rows.collect()
        };
        let rows = read().map_err(|source| self.failed(source))?;
        let known = |(number, made, text): (i64, i64, String)| {
            Item::parse(&text).map(|item| (number, made, item))
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Takes an item out of the queue.
    pub(super) fn done(&self, number: i64) -> Result<(), StoreError> {
        self.change(|db| db.execute("DELETE FROM queue WHERE id = ?1", [number]))
            .map(drop)
    }

    /// The number of items that wait.
    pub(super) fn waiting(&self, group: &str) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM queue WHERE grp = ?1";
        self.db
            .query_row(sql, [group], |row| row.get(0))
            .map_err(|source| self.failed(source))
    }

    /// Calls `forget` if nothing waits, while no other process can add anything.
    pub(super) fn if_empty(&self, forget: impl FnOnce()) -> Result<bool, StoreError> {
        self.change(|db| {
            let waiting: i64 = db.query_row("SELECT count(*) FROM queue", [], |row| row.get(0))?;
            if waiting == 0 {
                forget();
            }
            Ok(waiting == 0)
        })
    }

    /// Remembers a lock that this host has told the fleet of, until its end.
    pub(super) fn keep_own(
        &self,
        group: &str,
        net: IpNet,
        until: i64,
        item: &Item,
    ) -> Result<(), StoreError> {
        let text = item.text();
        self.change(|db| {
            db.execute(
                "INSERT OR REPLACE INTO own (grp, net, until, item) VALUES (?1, ?2, ?3, ?4)",
                params![group, net.to_string(), until, text],
            )
        })
        .map(drop)
    }

    /// The locks of this host that are still in force, with their ends.
    pub(super) fn own(&self, group: &str, now: i64) -> Result<Vec<(IpNet, i64, Item)>, StoreError> {
        let read = || -> rusqlite::Result<Vec<(String, i64, String)>> {
            let mut query = self
                .db
                .prepare("SELECT net, until, item FROM own WHERE grp = ?1 AND until > ?2")?;
            let rows = query.query_map(params![group, now], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            rows.collect()
        };
        let rows = read().map_err(|source| self.failed(source))?;
        let known = |(net, until, text): (String, i64, String)| {
            Some((net.parse().ok()?, until, Item::parse(&text)?))
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// True if an entry was applied before.
    pub(super) fn has_seen(&self, id: &str) -> Result<bool, StoreError> {
        let mut query = self
            .db
            .prepare_cached("SELECT 1 FROM seen WHERE id = ?1")
            .map_err(|source| self.failed(source))?;
        let found = query.query_row([id], |_| Ok(())).optional();
        Ok(found.map_err(|source| self.failed(source))?.is_some())
    }

    /// Notes what was applied, and where the stream was read to, in one step. `ended` are networks
    /// that are not this host's own locks any more.
    pub(super) fn advance(
        &self,
        group: &str,
        position: Option<&Position>,
        seen: &[(String, i64)],
        ended: &[IpNet],
        now: i64,
    ) -> Result<(), StoreError> {
        self.change(|db| {
            let mut note = db.prepare_cached("INSERT OR REPLACE INTO seen (id, until) VALUES (?1, ?2)")?;
            for (id, until) in seen {
                note.execute(params![id, until])?;
            }
            for net in ended {
                db.execute(
                    "DELETE FROM own WHERE grp = ?1 AND net = ?2",
                    params![group, net.to_string()],
                )?;
            }
            if let Some(position) = position {
                db.execute(
                    "INSERT OR REPLACE INTO position (grp, seq, last, lineage) VALUES (?1, ?2, ?3, ?4)",
                    params![group, position.seq, position.last, position.lineage],
                )?;
            }
            db.execute("DELETE FROM own WHERE until <= ?1", [now])?;
            db.execute(
                "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE until < ?1 LIMIT 1000)",
                [now],
            )?;
            Ok(())
        })
    }

    /// The place up to which the stream was read.
    pub(super) fn position(&self, group: &str) -> Result<Option<Position>, StoreError> {
        let sql = "SELECT seq, last, lineage FROM position WHERE grp = ?1";
        self.db
            .query_row(sql, [group], |row| {
                Ok(Position {
                    seq: row.get(0)?,
                    last: row.get(1)?,
                    lineage: row.get(2)?,
                })
            })
            .optional()
            .map_err(|source| self.failed(source))
    }

    /// Counts a refused entry; the number of them before.
    pub(super) fn refuse(&self, host: &str, why: Refusal, now: i64) -> Result<i64, StoreError> {
        self.change(|db| {
            db.query_row(
                "INSERT INTO refused (host, why, count, last) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (host, why) DO UPDATE SET count = count + 1, last = ?3
                 RETURNING count",
                params![host, why.name(), now],
                |row| row.get(0),
            )
        })
    }

    /// What was refused.
    pub(super) fn refused(&self) -> Result<Vec<Refused>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Refused>> {
            let mut query = self
                .db
                .prepare("SELECT host, why, count, last FROM refused ORDER BY host, why")?;
            let rows = query.query_map([], |row| {
                Ok(Refused {
                    host: row.get(0)?,
                    why: row.get(1)?,
                    count: row.get(2)?,
                    last: row.get(3)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|source| self.failed(source))
    }
}
