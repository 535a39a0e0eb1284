//! Ignore files, and the last good copy of each.
//!
//! A file that is missing or empty for a moment, while it is replaced or its disk is not mounted,
//! must not get a friend locked. So each version that could be read is copied into the state
//! directory, and that copy counts until the file is back.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use swatch_common::{atomic_file::AtomicFile, sanitize};

use crate::{
    count,
    directory::{self, Directory},
    ignore_entry::{self, Entries, EntryError},
};

/// An empty file that was changed within this time is taken to be in the course of being replaced.
const SETTLED: Duration = Duration::from_secs(60);

/// Why an ignore file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IgnoreError {
    /// It cannot be read, and there is no copy of it.
    #[error(
        "cannot read the ignore file {}: {source}: nothing is locked until it can be read",
        sanitize::path(path)
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A line of it cannot be read.
    #[error(
        "{}:{line}: {source}: nothing is locked until this is fixed",
        sanitize::path(path)
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// The mistake in it.
        source: EntryError,
    },
}

/// The contents of an ignore file.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Entries,
    /// Says that the copy was used.
    pub(super) warning: Option<String>,
}

/// Reads an ignore file, or the last good copy of it in `state_dir`.
pub(super) fn read(path: &Path, state_dir: &Path) -> Result<Listed, IgnoreError> {
    let copy = state_dir.join(format!("ignore-{}", count::key(path)));
    let kept = || fs::read(&copy).ok();
    let text = match fs::read(path) {
        Ok(text) if !text.is_empty() || !is_new(path) => text,
        Ok(text) => {
            let text = kept().unwrap_or(text);
            return Ok(Listed {
                entries: parse(path, &text)?,
                warning: None,
            });
        }
        Err(source) => {
            let Some(text) = kept() else {
                let path = path.to_owned();
                return Err(IgnoreError::Read { path, source });
            };
            return Ok(Listed {
                entries: parse(path, &text)?,
                warning: Some(format!(
                    "cannot read the ignore file {}: {source}; its last good version is used",
                    sanitize::path(path)
                )),
            });
        }
    };
    let entries = parse(path, &text)?;
    if kept().is_none_or(|kept| kept != text)
        && directory::prepare(state_dir, Directory::State).is_ok()
    {
        // Without a copy the file has to be there the next time.
        let _ = AtomicFile::new(&copy).write(&text);
    }
    Ok(Listed {
        entries,
        warning: None,
    })
}

fn is_new(path: &Path) -> bool {
    let changed = path.metadata().and_then(|meta| meta.modified()).ok();
    changed
        .and_then(|time| SystemTime::now().duration_since(time).ok())
        .is_none_or(|age| age < SETTLED)
}

/// Comments may be in any encoding.
fn parse(path: &Path, text: &[u8]) -> Result<Entries, IgnoreError> {
    let text = String::from_utf8_lossy(text);
    let mut all = Entries::default();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let place = || format!("{}:{}", sanitize::path(path), number + 1);
        let entries = ignore_entry::parse(line).map_err(|source| IgnoreError::Line {
            path: path.to_owned(),
            line: number + 1,
            source,
        })?;
        all.networks.extend(entries.networks);
        all.hosts.extend(entries.hosts);
        let notes = entries.notes.into_iter();
        all.notes
            .extend(notes.map(|note| format!("{}: {note}", place())));
    }
    Ok(all)
}
