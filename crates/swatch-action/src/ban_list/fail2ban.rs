//! fail2ban's database, version 4 (fail2ban 0.11 to 1.1).

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{Ban, BanListError};

/// The newest ban of each jail and address. Rows stay after their end and after a server has
/// stopped; a negative length is a ban without end.
const BANS: &str = "SELECT jail, ip, timeofban, bantime FROM bips
                    WHERE bantime < 0 OR timeofban + bantime > ?1 ORDER BY timeofban, jail";

/// Reads the bans in force. The rows of a running server may be behind it: a length that was
/// changed with `fail2ban-client set` is not in them.
pub(super) fn read(path: &Path, now: i64) -> Result<Vec<Ban>, BanListError> {
    let failed = |source| BanListError::Database {
        path: path.to_owned(),
        source,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).map_err(failed)?;
    let mut query = database.prepare(BANS).map_err(failed)?;
    let rows = query.query_map([now], |row| {
        let (jail, text): (String, String) = (row.get(0)?, row.get(1)?);
        let (since, length): (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok(Ban {
            text,
            left: (length >= 0).then(|| since + length - now),
            reason: format!("banned by fail2ban, jail {jail}"),
            place: format!("jail {jail}"),
        })
    });
    rows.and_then(Iterator::collect).map_err(failed)
}
