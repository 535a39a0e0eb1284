//! The locks: what is locked, since when, until when and why. An SQLite database in the state
//! directory, opened only when a lock is made or asked for.
//!
//! Write-ahead log with full synchronisation: a lock that was reported is on the disk. One process
//! at a time changes the firewall ([`State::exclusive`]); readers never wait.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, params};
use swatch_common::file_lock::{FileLock, FileLockError};

use crate::{
    directory::{self, Directory, DirectoryError},
    network,
};

pub mod cache;
mod open;
mod schema;

use schema::{COLUMNS, row};

/// The wait for another process that is changing the firewall. Each of its programs has a time
/// limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// A lock whose times were set so much later than now, in seconds, was made while the clock was
/// ahead.
const AHEAD: i64 = 60;

/// The state of the locks.
#[derive(Debug)]
pub struct State {
    db: Connection,
    dir: PathBuf,
    /// The copy that is read where the database itself cannot be.
    _copy: Option<open::Copy>,
}

/// One lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The locked address or network.
    pub net: IpNet,
    /// The time of the first lock, in seconds since 1970.
    pub since: i64,
    /// The end; `None` for ever.
    pub until: Option<i64>,
    /// The time at which `until` was last set, by the clock of that time.
    pub renewed: i64,
    /// The count of lines when it was last locked.
    pub count: u64,
    /// Why: the last log line, or what was given by hand. Sanitised.
    pub reason: String,
    /// The rule that found the address: a field, `auto`, a format's name, `hand`, …
    pub rule: String,
    /// The firewall that holds it.
    pub backend: String,
    /// True once the firewall has confirmed it. Otherwise its making was interrupted, or its
    /// outcome is not known.
    pub confirmed: bool,
    /// The number of the `at` job that ends it.
    pub job: Option<String>,
}

/// A lock of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The lock.
    pub lock: Lock,
    /// The time of its end.
    pub ended: i64,
    /// The reason: `expired`, `unlocked`, …
    pub how: String,
}

/// An error of the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite's reason.
    #[error("the lock state {path}: {source}{hint}")]
    Db {
        /// The database.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
        /// The remedy.
        hint: &'static str,
    },
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A program that is newer than this one has changed the tables.
    #[error(
        "the lock state {path} has format {found}, made by a newer swatch-action; this one knows \
         format {known}: run the newer program, or move the file away and run `swatch-action check`",
        path = .path.display(), known = schema::VERSION
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its `user_version`.
        found: i64,
    },
    /// Another process changes the firewall and does not come to an end, or the lock file cannot
    /// be opened.
    #[error(
        "{0}: if no swatch-action hangs, name a directory that can be written to with --state-dir"
    )]
    Exclusive(#[from] FileLockError),
}

impl State {
    /// Opens the state, and makes it where it is missing.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        directory::prepare(dir, Directory::State)?;
        Ok(Self {
            db: open::writable(dir)?,
            dir: dir.to_owned(),
            _copy: None,
        })
    }

    /// Opens the state for reading only, as any user may who can read the file. `None` where there
    /// is none yet.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open_to_read(dir: &Path) -> Result<Option<Self>, StateError> {
        Ok(open::readable(dir)?.map(|(db, copy)| Self {
            db,
            dir: dir.to_owned(),
            _copy: copy,
        }))
    }

    /// Waits for the right to change the firewall, which is given back when the lock is dropped.
    ///
    /// # Errors
    /// [`StateError::Exclusive`], after a minute at the latest.
    pub fn exclusive(dir: &Path) -> Result<FileLock, StateError> {
        directory::prepare(dir, Directory::State)?;
        Ok(FileLock::acquire(
            &dir.join("firewall.lock"),
            0o600,
            PATIENCE,
        )?)
    }

    /// The lock of exactly this network, in force or not.
    ///
    /// # Errors
    /// [`StateError::Db`], as all below.
    pub fn get(&self, net: IpNet) -> Result<Option<Lock>, StateError> {
        let sql = format!("SELECT {COLUMNS} FROM locks WHERE net = ?1");
        self.db
            .prepare_cached(&sql)
            .and_then(|mut query| query.query_row([net.to_string()], row).optional())
            .map_err(|source| db_error(&self.dir, source))
    }

    /// The confirmed lock in force that covers this network: its own or that of a wider network.
    /// One question for each prefix length, whatever number is locked.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn covering(&self, net: IpNet, now: i64) -> Result<Option<Lock>, StateError> {
        let mut wide = Some(net);
        while let Some(this) = wide {
            if let Some(lock) = self.get(this)?
                && lock.confirmed
                && lock.in_force(now)
            {
                return Ok(Some(lock));
            }
            wide = this.supernet();
        }
        Ok(None)
    }

    /// Writes a lock, in place of one of the same network.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn put(&self, lock: &Lock) -> Result<(), StateError> {
        let sql = format!(
            "INSERT OR REPLACE INTO locks ({COLUMNS},first)
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"
        );
        self.db
            .prepare_cached(&sql)
            .and_then(|mut change| {
                change.execute(params![
                    lock.net.to_string(),
                    lock.since,
                    lock.until,
                    lock.count.cast_signed(),
                    lock.reason,
                    lock.rule,
                    lock.backend,
                    lock.confirmed,
                    lock.job,
                    lock.renewed,
                    network::as_six(lock.net.network()).octets(),
                ])
            })
            .map(drop)
            .map_err(|source| db_error(&self.dir, source))
    }

    /// Takes a lock out, into the past; a lock that never was confirmed leaves no trace.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn end(&self, lock: &Lock, ended: i64, how: &str) -> Result<(), StateError> {
        let change = || -> rusqlite::Result<()> {
            if lock.confirmed {
                self.db
                    .prepare_cached(
                        "INSERT INTO past (net,since,until,count,reason,rule,backend,ended,how)
                         VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
                    )?
                    .execute(params![
                        lock.net.to_string(),
                        lock.since,
                        lock.until,
                        lock.count.cast_signed(),
                        lock.reason,
                        lock.rule,
                        lock.backend,
                        ended,
                        how,
                    ])?;
            }
            self.db
                .prepare_cached("DELETE FROM locks WHERE net = ?1")?
                .execute([lock.net.to_string()])?;
            Ok(())
        };
        change().map_err(|source| db_error(&self.dir, source))
    }

    /// Does many changes in one transaction.
    ///
    /// # Errors
    /// The closure's, and SQLite's; nothing is then changed.
    pub fn together<T>(
        &self,
        changes: impl FnOnce(&Self) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let wrap = |source| db_error(&self.dir, source);
        let transaction = self.db.unchecked_transaction().map_err(wrap)?;
        let done = changes(self)?;
        transaction.commit().map_err(wrap)?;
        Ok(done)
    }

    /// All locks, the oldest first.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn all(&self) -> Result<Vec<Lock>, StateError> {
        self.query("ORDER BY since, net", [])
    }

    /// The locks whose time is over.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn due(&self, now: i64) -> Result<Vec<Lock>, StateError> {
        self.query("WHERE until <= ?1 ORDER BY until", [now])
    }

    /// The confirmed locks in force that lie inside a network.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn inside(&self, net: IpNet, now: i64) -> Result<Vec<Lock>, StateError> {
        let mut found = self.query(
            "WHERE first BETWEEN ?1 AND ?2 AND confirmed = 1
             AND (until IS NULL OR until > ?3)",
            params![
                network::as_six(net.network()).octets(),
                network::as_six(net.broadcast()).octets(),
                now
            ],
        )?;
        found.retain(|lock| net.contains(&lock.net));
        Ok(found)
    }

    /// The number of earlier locks of this network.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn times_before(&self, net: IpNet) -> Result<u32, StateError> {
        self.db
            .query_row(
                "SELECT count(*) FROM past WHERE net = ?1",
                [net.to_string()],
                |row| row.get(0),
            )
            .map_err(|source| db_error(&self.dir, source))
    }

    /// The past locks of a network, or of all, the newest first.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn past(&self, net: Option<IpNet>) -> Result<Vec<Past>, StateError> {
        let sql =
            "SELECT net,since,until,count,reason,rule,backend,1,NULL,since,ended,how FROM past
                   WHERE ?1 IS NULL OR net = ?1 ORDER BY ended DESC, id DESC";
        self.db
            .prepare(sql)
            .and_then(|mut query| {
                query
                    .query_map([net.map(|net| net.to_string())], |found| {
                        Ok(Past {
                            lock: row(found)?,
                            ended: found.get(10)?,
                            how: found.get(11)?,
                        })
                    })?
                    .collect()
            })
            .map_err(|source| db_error(&self.dir, source))
    }

    /// Passes each past lock that ended since a time to `take`, the oldest end first.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn each_past(&self, since: i64, mut take: impl FnMut(Past)) -> Result<(), StateError> {
        let sql =
            "SELECT net,since,until,count,reason,rule,backend,1,NULL,since,ended,how FROM past
                   WHERE ended >= ?1 ORDER BY id";
        let mut run = || -> rusqlite::Result<()> {
            let mut query = self.db.prepare(sql)?;
            let mut rows = query.query([since])?;
            while let Some(found) = rows.next()? {
                take(Past {
                    lock: row(found)?,
                    ended: found.get(10)?,
                    how: found.get(11)?,
                });
            }
            Ok(())
        };
        run().map_err(|source| db_error(&self.dir, source))
    }

    /// The locks that some later clock has dated: those that were set more than a minute from now.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn from_the_future(&self, now: i64) -> Result<Vec<Lock>, StateError> {
        self.query("WHERE renewed > ?1", [now + AHEAD])
    }

    /// `sql` is what follows `SELECT … FROM locks`.
    fn query<P: rusqlite::Params>(&self, sql: &str, values: P) -> Result<Vec<Lock>, StateError> {
        self.db
            .prepare(&format!("SELECT {COLUMNS} FROM locks {sql}"))
            .and_then(|mut query| query.query_map(values, row)?.collect())
            .map_err(|source| db_error(&self.dir, source))
    }
}

impl Lock {
    /// True until its time is over.
    #[must_use]
    pub fn in_force(&self, now: i64) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// The seconds that are left; `None` for ever.
    #[must_use]
    pub fn left(&self, now: i64) -> Option<u64> {
        let left = |until: i64| u64::try_from(until.saturating_sub(now)).unwrap_or(0);
        self.until.map(left)
    }

    /// The same lock with its times counted from now: it was dated by a clock that was ahead.
    #[must_use]
    pub fn dated_now(&self, now: i64) -> Self {
        let ahead = self.renewed - now;
        Self {
            since: self.since.min(now),
            until: self.until.map(|until| until - ahead),
            renewed: now,
            ..self.clone()
        }
    }
}

fn db_error(dir: &Path, source: rusqlite::Error) -> StateError {
    use rusqlite::ErrorCode;
    let path = dir.join("state.db");
    // SQLite says the same of a link and a directory as of a file that may not be read.
    let odd = path.symlink_metadata().is_ok_and(|meta| !meta.is_file());
    let hint = match source.sqlite_error_code() {
        _ if odd => ": it is not a regular file: move it away",
        _ if dir.metadata().is_ok_and(|meta| !meta.is_dir()) => {
            ": its directory is a file: name another one with --state-dir"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ": move it away; `swatch-action check` then asks the firewall what is locked"
        }
        Some(ErrorCode::DiskFull) => ": make room on its disk",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            ": run it as root, or name a directory of your own with --state-dir"
        }
        _ => "",
    };
    StateError::Db { path, source, hint }
}

#[cfg(test)]
mod tests;
