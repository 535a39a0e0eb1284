//! What is locked, since when, until when and why: SQLite in the state folder, opened only when a lock is made or asked
//! for.
//!
//! WAL with full synchronisation: a lock that was reported is on the disk. One process at a time changes the firewall
//! ([`State::exclusive`]); readers never wait.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::{
    directory::{self, Directory, DirectoryError},
    network,
};

pub mod cache;
mod hold;
mod schema;

pub use hold::Exclusive;
pub(crate) use hold::hold;
use schema::{SCHEMA, row};

/// How long one process waits for another that is changing the firewall. Each of its programs has a time limit.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long SQLite waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// The state of the locks.
#[derive(Debug)]
pub struct State {
    db: Connection,
    dir: PathBuf,
}

/// One lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// What is locked.
    pub net: IpNet,
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// Until when; `None` for ever.
    pub until: Option<i64>,
    /// The count of lines when it was last locked.
    pub count: u64,
    /// Why: the last log line, or what was given by hand. Free of control characters.
    pub reason: String,
    /// The rule that found the address: a field, `auto`, a format's name, `hand`, …
    pub rule: String,
    /// The firewall that holds it.
    pub backend: String,
    /// Whether the firewall has confirmed it. A lock that is not confirmed was cut off in the making.
    pub confirmed: bool,
    /// The number of the `at` job that ends it.
    pub job: Option<String>,
}

/// A lock of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The lock.
    pub lock: Lock,
    /// When it ended.
    pub ended: i64,
    /// How: `expired`, `unlocked`, …
    pub how: String,
}

/// What is wrong with the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// SQLite's reason.
    #[error("the lock state {path}: {source}{hint}")]
    Db {
        /// The database.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
        /// What to do.
        hint: &'static str,
    },
    /// The folder.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The lock file of the state.
    #[error("cannot lock {path}: {source}: name a folder that can be written to with --state-dir")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process is changing the firewall and does not come to an end.
    #[error("{path} has been held by another swatch-action for {} s", PATIENCE.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

impl State {
    /// Opens the state, and makes it where it is missing.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        directory::prepare(dir, Directory::State)?;
        let path = dir.join("state.db");
        let open = || -> rusqlite::Result<Connection> {
            let db = Connection::open_with_flags(
                &path,
                OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_NOFOLLOW
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?;
            db.busy_timeout(BUSY)?;
            let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if version == 0 {
                db.pragma_update(None, "journal_mode", "WAL")?;
                db.execute_batch(&format!("BEGIN IMMEDIATE;{SCHEMA}COMMIT;"))?;
            }
            db.pragma_update(None, "synchronous", "FULL")?;
            Ok(db)
        };
        match open() {
            Ok(db) => Ok(Self {
                db,
                dir: dir.to_owned(),
            }),
            Err(source) => Err(db_error(dir, source)),
        }
    }

    /// Opens the state for reading only, as anyone may who can read the file. `None` where there is none yet.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open_to_read(dir: &Path) -> Result<Option<Self>, StateError> {
        let path = dir.join("state.db");
        if matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)
        {
            return Ok(None);
        }
        let open = || -> rusqlite::Result<Connection> {
            let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            db.busy_timeout(BUSY)?;
            db.query_row("SELECT count(*) FROM locks", [], |_| Ok(()))?;
            Ok(db)
        };
        match open() {
            Ok(db) => Ok(Some(Self {
                db,
                dir: dir.to_owned(),
            })),
            Err(source) => Err(db_error(dir, source)),
        }
    }

    /// Waits for the right to change the firewall.
    ///
    /// # Errors
    /// [`StateError::Busy`] after a minute, [`StateError::File`].
    pub fn exclusive(dir: &Path) -> Result<Exclusive, StateError> {
        directory::prepare(dir, Directory::State)?;
        hold(&dir.join("firewall.lock"), PATIENCE)
    }

    /// The lock of exactly this network, in force or not.
    ///
    /// # Errors
    /// [`StateError::Db`], as all below.
    pub fn get(&self, net: IpNet) -> Result<Option<Lock>, StateError> {
        let sql = "SELECT * FROM locks WHERE net = ?1";
        self.db
            .prepare_cached(sql)
            .and_then(|mut query| query.query_row([net.to_string()], row).optional())
            .map_err(|source| db_error(&self.dir, source))
    }

    /// The confirmed lock in force that covers this network: its own or that of a wider network. One question for each
    /// prefix length, whatever number is locked.
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
        let sql = "INSERT OR REPLACE INTO locks VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)";
        self.db
            .prepare_cached(sql)
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
        self.query("SELECT * FROM locks ORDER BY since, net", [])
    }

    /// The locks whose time is over.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn due(&self, now: i64) -> Result<Vec<Lock>, StateError> {
        self.query(
            "SELECT * FROM locks WHERE until <= ?1 ORDER BY until",
            [now],
        )
    }

    /// The confirmed locks in force that lie inside a network.
    ///
    /// # Errors
    /// As [`State::get`].
    pub fn inside(&self, net: IpNet, now: i64) -> Result<Vec<Lock>, StateError> {
        let mut found = self.query(
            "SELECT * FROM locks WHERE first BETWEEN ?1 AND ?2 AND confirmed = 1
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

    /// How many times this network was locked before.
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
        let sql = "SELECT net,since,until,count,reason,rule,backend,1,NULL,ended,how FROM past
                   WHERE ?1 IS NULL OR net = ?1 ORDER BY ended DESC, id DESC";
        self.db
            .prepare(sql)
            .and_then(|mut query| {
                query
                    .query_map([net.map(|net| net.to_string())], |found| {
                        Ok(Past {
                            lock: row(found)?,
                            ended: found.get(9)?,
                            how: found.get(10)?,
                        })
                    })?
                    .collect()
            })
            .map_err(|source| db_error(&self.dir, source))
    }

    fn query<P: rusqlite::Params>(&self, sql: &str, values: P) -> Result<Vec<Lock>, StateError> {
        self.db
            .prepare(sql)
            .and_then(|mut query| query.query_map(values, row)?.collect())
            .map_err(|source| db_error(&self.dir, source))
    }
}

impl Lock {
    /// Whether its time is not over.
    #[must_use]
    pub fn in_force(&self, now: i64) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// How many seconds are left; `None` for ever.
    #[must_use]
    pub fn left(&self, now: i64) -> Option<u64> {
        let left = |until: i64| u64::try_from(until.saturating_sub(now)).unwrap_or(0);
        self.until.map(left)
    }
}

fn db_error(dir: &Path, source: rusqlite::Error) -> StateError {
    use rusqlite::ErrorCode;
    let path = dir.join("state.db");
    // SQLite says the same of a link and a folder as of a file that may not be read.
    let odd = path.symlink_metadata().is_ok_and(|meta| !meta.is_file());
    let hint = match source.sqlite_error_code() {
        _ if odd => ": it is not a regular file: move it away",
        _ if dir.metadata().is_ok_and(|meta| !meta.is_dir()) => {
            ": its folder is a file: name another one with --state-dir"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ": move it away and lock anew with `swatch-action check`, which asks the firewall"
        }
        Some(ErrorCode::DiskFull) => ": make room on its disk",
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            ": run it as root, or name a folder of yours with --state-dir"
        }
        _ => "",
    };
    StateError::Db { path, source, hint }
}

#[cfg(test)]
mod tests;
