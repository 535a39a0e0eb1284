//! Opening the database: for writing, and for readers that may write nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{StateError, db_error, schema};

/// SQLite's wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// A private copy of a database, removed when dropped.
#[derive(Debug)]
pub(super) struct Copy(PathBuf);

impl Copy {
    /// The directory that holds it.
    pub(super) fn directory(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Opens or makes the database, and brings its tables to this program's format.
pub(super) fn writable(dir: &Path) -> Result<Connection, StateError> {
    let path = dir.join("state.db");
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let db = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NOFOLLOW
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        db.busy_timeout(BUSY)?;
        let mut version = version(&db)?;
        if version < schema::VERSION {
            if version == 0 {
                db.pragma_update(None, "journal_mode", "WAL")?;
            }
            version = schema::migrate(&db)?;
        }
        db.pragma_update(None, "synchronous", "FULL")?;
        Ok((db, version))
    };
    let (db, found) = open().map_err(|source| db_error(dir, source))?;
    known(&path, found)?;
    Ok(db)
}

/// Opens the database for a reader; `None` where there is none yet. Nothing is written beside it,
/// for the reader may have no right to.
pub(super) fn readable(dir: &Path) -> Result<Option<(Connection, Option<Copy>)>, StateError> {
    let path = dir.join("state.db");
    if matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let (db, copy) = match read(&path, "mode=ro") {
        Ok(db) => (db, None),
        Err(error) if !needs_writing(&error) => return Err(db_error(dir, error)),
        // A database in WAL mode wants an index in memory that is shared by a file beside it. With
        // no log there is nothing in it; with one, the reader makes the index for a copy of its
        // own.
        Err(error) => match fs::metadata(dir.join("state.db-wal")) {
            Ok(log) if log.len() > 0 => {
                let copy = copy(&path).map_err(|_| db_error(dir, error))?;
                let db = read(&copy.directory().join("state.db"), "mode=rw");
                (db.map_err(|source| db_error(dir, source))?, Some(copy))
            }
            _ => (
                read(&path, "immutable=1").map_err(|_| db_error(dir, error))?,
                None,
            ),
        },
    };
    let found = version(&db).map_err(|source| db_error(dir, source))?;
    known(&path, found)?;
    if found == 0 {
        // Its making was interrupted, or failed on a full disk.
        return Ok(None);
    }
    if found < schema::VERSION {
        return old(&db, dir).map(|db| Some((db, copy)));
    }
    Ok(Some((db, copy)))
}

fn needs_writing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure)
    )
}

fn read(path: &Path, how: &str) -> rusqlite::Result<Connection> {
    let name: String = path
        .to_string_lossy()
        .chars()
        .map(|c| match c {
            '%' => "%25".to_owned(),
            '?' => "%3f".to_owned(),
            '#' => "%23".to_owned(),
            c => c.to_string(),
        })
        .collect();
    let flags = if how == "mode=rw" {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let db = if how == "immutable=1" {
        let uri = format!("file:{name}?{how}");
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    db.busy_timeout(BUSY)?;
    // Opening reads nothing yet.
    version(&db)?;
    Ok(db)
}

/// Database and log in a directory that only we can enter. A writer may be at work: both files are
/// copied again until neither has changed meanwhile.
pub(super) fn copy(path: &Path) -> io::Result<Copy> {
    let template = std::env::temp_dir().join("swatch-action-XXXXXX");
    let copy = Copy(nix::unistd::mkdtemp(&template)?);
    let log = path.with_file_name("state.db-wal");
    let look = || -> io::Result<_> {
        let (db, log) = (fs::metadata(path)?, fs::metadata(&log)?);
        Ok((db.len(), db.modified()?, log.len(), log.modified()?))
    };
    for _ in 0..20 {
        let before = look()?;
        fs::copy(path, copy.0.join("state.db"))?;
        fs::copy(&log, copy.0.join("state.db-wal"))?;
        if look()? == before {
            return Ok(copy);
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// The tables of an older format, brought to this program's in memory: a reader changes no file.
fn old(db: &Connection, dir: &Path) -> Result<Connection, StateError> {
    let convert = || -> rusqlite::Result<Connection> {
        let mut memory = Connection::open_in_memory()?;
        rusqlite::backup::Backup::new(db, &mut memory)?.run_to_completion(
            1000,
            Duration::ZERO,
            None,
        )?;
        schema::migrate(&memory)?;
        Ok(memory)
    };
    convert().map_err(|source| db_error(dir, source))
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn known(path: &Path, found: i64) -> Result<(), StateError> {
    if found > schema::VERSION {
        return Err(StateError::Newer {
            path: path.to_owned(),
            found,
        });
    }
    Ok(())
}
