//! Lists of addresses that other programs have banned.

mod crowdsec;
mod fail2ban;
mod sshguard;

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The program that wrote a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One address or network a line.
    Lines,
    /// fail2ban's database, `fail2ban.sqlite3`.
    Fail2ban,
    /// sshguard's blacklist file.
    Sshguard,
    /// The output of `cscli decisions list -o json`.
    Crowdsec,
}

/// An address or network that was banned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ban {
    /// The address or network as it stands in the list.
    pub(crate) text: String,
    /// Seconds that are left of the ban; `None`: the list does not say, or it has no end.
    pub(crate) left: Option<i64>,
    /// Why it was banned, according to the list.
    pub(crate) reason: String,
    /// The line of the list, or the jail: for messages.
    pub(crate) place: String,
}

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BanListError {
    /// The file, or standard input.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a database of fail2ban, or one of a version that is not known.
    #[error("{} cannot be read as fail2ban's database: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The database's reason.
        source: rusqlite::Error,
    },
    /// Not the output of `cscli decisions list -o json`.
    #[error("{} is not the output of `cscli decisions list -o json`: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The parser's reason, with line and column.
        source: serde_json::Error,
    },
}

/// Reads a list. Bans that have run out at `now` (seconds since 1970) are left out.
///
/// # Errors
/// [`BanListError`].
pub(crate) fn read(format: Format, path: &Path, now: i64) -> Result<Vec<Ban>, BanListError> {
    match format {
        Format::Fail2ban => fail2ban::read(path, now),
        Format::Lines => Ok(lines(&text(path)?, path)),
        Format::Sshguard => Ok(sshguard::read(&text(path)?, path)),
        Format::Crowdsec => crowdsec::read(&text(path)?, path),
    }
}

/// One entry a line; `#` and `;` start a comment.
fn lines(text: &str, path: &Path) -> Vec<Ban> {
    let entries = text.lines().enumerate().map(|(number, line)| Ban {
        text: line
            .split(['#', ';'])
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned(),
        left: None,
        reason: format!("imported from {}", path.display()),
        place: place(path, number),
    });
    entries.filter(|ban| !ban.text.is_empty()).collect()
}

/// A line of a file, from 0, for a message.
fn place(path: &Path, number: usize) -> String {
    format!("{}:{}", path.display(), number + 1)
}

/// A file, or standard input for `-`.
fn text(path: &Path) -> Result<String, BanListError> {
    let failed = |source: io::Error| BanListError::Read {
        path: path.to_owned(),
        source,
    };
    if path == Path::new("-") {
        let mut text = String::new();
        let mut input = io::stdin().lock();
        input.read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(failed)
}

#[cfg(test)]
mod tests;
