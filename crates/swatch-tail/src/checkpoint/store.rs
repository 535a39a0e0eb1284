//! The state on disk.
//!
//! A state `NAME` is kept in several files, of which the newest that is whole counts:
//!
//! | file | written |
//! |---|---|
//! | `NAME` | durably, with `fsync` |
//! | `NAME.previous` | what `NAME` held before, in case that `NAME` is damaged |
//! | `NAME.unsynced` | more often, without `fsync`: survives the process, not a power failure |
//! | `NAME.tmp` | about to become one of these |
//! | `NAME.reserve` | space for two states, overwritten in place, in turn, when the disk is full |

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use swatch_common::atomic_file::{AtomicFile, Durability};
use swatch_common::sanitize::Sanitized;

use super::format::{self, State, Unreadable};
use super::lock::StateLock;
use super::reserve::{self, Reserve};
use crate::event::FileEvent;

/// A file with more bytes than this was not written by this library.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

const PREVIOUS: &str = ".previous";
const UNSYNCED: &str = ".unsynced";
const TEMPORARY: &str = ".tmp";
const RESERVE: &str = ".reserve";

/// A problem with the state file or its directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A file or the directory cannot be opened, read or written.
    #[error("cannot {doing} {}: {source}", Sanitized::path(.path))]
    Io {
        /// The step, as a verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The disk is full. The positions are kept in space that was reserved for this, so a restart
    /// loses and repeats nothing.
    #[error(
        "cannot write {}: {source}; until there is space again the positions are kept in {}",
        Sanitized::path(.path),
        Sanitized::path(.reserve)
    )]
    NoSpace {
        /// The state file.
        path: PathBuf,
        /// The file that holds the positions instead.
        reserve: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another watch uses the state: both would act on the same lines.
    #[error("{} is in use by another process", Sanitized::path(.path))]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// Another user could have written it, or it is not a regular file.
    #[error("{} {problem}; {fix}", Sanitized::path(.path))]
    Untrusted {
        /// The file or directory.
        path: PathBuf,
        /// The problem.
        problem: String,
        /// The fix.
        fix: String,
    },
    /// It was written by a later version of this program.
    #[error(
        "{} was written by a later version (format {found}, this version knows {known}); use that version, or remove the file to start from the ends of the logs",
        Sanitized::path(.path)
    )]
    Later {
        /// The state file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The latest format that is known.
        known: u32,
    },
}

/// The state file, locked for this process.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    sequence: u64,
    /// The change that is on disk, with and without `fsync`.
    durable: Option<u64>,
    unsynced: Option<u64>,
    reserve: Reserve,
    /// `None` where nothing can be written, not even the lock file.
    lock: Option<StateLock>,
}

/// The state as found on disk.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) state: State,
    /// Events to report.
    pub(super) events: Vec<FileEvent>,
    /// There was a state, but nothing of it can be used.
    pub(super) is_lost: bool,
}

impl Store {
    /// Locks the state. If its directory is not writable, its files can still be read.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<FileEvent>), StateError> {
        let mut events = Vec::new();
        let directory = directory_of(path);
        let lock = match StateLock::acquire(directory, path.file_name().unwrap_or_default()) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => return Err(StateError::InUse { path: path.into() }),
            Err(StateError::Io { source, .. }) if is_refusal_to_write(&source) => {
                events.push(FileEvent::StateNotWritable {
                    state: path.into(),
                    reason: source.to_string(),
                });
                None
            }
            Err(error) => return Err(error),
        };
        let store = Store {
            lock,
            ..Self::reader(path)
        };
        Ok((store, events))
    }

    /// The state for those who only look at it: nothing is locked, so nothing is set aside.
    pub(super) fn reader(path: &Path) -> Self {
        Store {
            path: path.into(),
            sequence: 0,
            durable: None,
            unsynced: None,
            reserve: Reserve::at(with_suffix(path, RESERVE)),
            lock: None,
        }
    }

    /// The newest state that is whole.
    pub(super) fn load(&mut self) -> Result<Found, StateError> {
        let mut best: Option<(State, u64, &str)> = None;
        let mut damaged = None;
        for suffix in ["", UNSYNCED, PREVIOUS, TEMPORARY, RESERVE] {
            let path = with_suffix(&self.path, suffix);
            let text = match read(&path) {
                Ok(Some(text)) => text,
                Ok(None) => continue,
                Err(StateError::Io { source, .. }) => {
                    damaged = damaged.or(Some((path, source.to_string())));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let parsed = match suffix {
                RESERVE => reserve::parse(&text),
                _ => format::parse(&text),
            };
            match parsed {
                Ok((state, sequence)) => {
                    if best
                        .as_ref()
                        .is_none_or(|(_, newest, _)| *newest < sequence)
                    {
                        best = Some((state, sequence, suffix));
                    }
                }
                Err(Unreadable::Later(found)) => {
                    return Err(StateError::Later {
                        path,
                        found,
                        known: format::VERSION,
                    });
                }
                // A write that was cut short by a crash leaves these.
                Err(Unreadable::Damaged(_)) if [TEMPORARY, RESERVE].contains(&suffix) => {}
                Err(Unreadable::Damaged(reason)) => {
                    damaged = damaged.or(Some((path, reason)));
                }
            }
        }
        let mut found = Found::default();
        // A damaged file whose successor is whole is not a loss.
        let is_harmless = |path: &Path| {
            let newest = best.as_ref().map(|(_, _, suffix)| *suffix);
            path != self.path && newest.is_some_and(|newest| newest != PREVIOUS)
        };
        if let Some((path, reason)) = damaged.filter(|(path, _)| !is_harmless(path)) {
            let used = best.as_ref();
            found.is_lost = used.is_none();
            found.events.push(FileEvent::StateDamaged {
                used: used.map(|(_, _, suffix)| with_suffix(&self.path, suffix)),
                aside: self.set_aside(&path),
                state: path,
                reason,
            });
        }
        if let Some((state, sequence, _)) = best {
            self.sequence = sequence;
            found.state = state;
        }
        Ok(found)
    }

    /// Keeps a damaged file for later inspection.
    fn set_aside(&self, path: &Path) -> Option<PathBuf> {
        let aside = with_suffix(path, ".damaged");
        let is_moved = self.lock.is_some() && std::fs::rename(path, &aside).is_ok();
        is_moved.then_some(aside)
    }

    /// True if this change is on disk already.
    pub(super) fn is_current(&self, changes: u64, durable: bool) -> bool {
        self.durable == Some(changes) || (!durable && self.unsynced == Some(changes))
    }

    pub(super) fn write(
        &mut self,
        state: &State,
        changes: u64,
        durable: bool,
    ) -> Result<(), StateError> {
        let text = format::render(state, self.sequence + 1);
        if self.sequence == 0 {
            // Before the first state, so that there is space for it wherever there was any.
            self.reserve.grow(text.len());
        }
        let written = match durable {
            true => self.write_durably(&text),
            false => self.write_file(UNSYNCED, Durability::None, |file| file.write_all(&text)),
        };
        match written {
            Ok(()) => {}
            Err(StateError::Io { source, .. })
                if is_full(&source) && self.reserve.write(&text, self.sequence + 1) =>
            {
                self.sequence += 1;
                return Err(StateError::NoSpace {
                    path: self.path.clone(),
                    reserve: self.reserve.path().into(),
                    source,
                });
            }
            Err(error) => return Err(error),
        }
        self.sequence += 1;
        self.reserve.grow(text.len());
        self.unsynced = Some(changes);
        if durable {
            self.durable = Some(changes);
        }
        Ok(())
    }

    fn write_durably(&self, text: &[u8]) -> Result<(), StateError> {
        let (path, previous) = (&self.path, with_suffix(&self.path, PREVIOUS));
        self.write_file("", Durability::FileAndDirectory, |file| {
            file.write_all(text)?;
            match std::fs::rename(path, &previous) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        })
    }

    fn write_file(
        &self,
        suffix: &str,
        durability: Durability,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), StateError> {
        let path = with_suffix(&self.path, suffix);
        AtomicFile::new(&path)
            .durability(durability)
            .temporary_suffix(TEMPORARY)
            .write_with(fill)
            .map_err(|error| failed(error.doing, &error.path)(error.source))
    }
}

/// Checks a directory in which states are kept: it must belong to this user or root, and no other
/// user may write to it, because that decides which lines are acted on twice or not at all.
///
/// # Errors
/// [`StateError::Untrusted`] with the command that fixes it; or that it does not exist, or is not
/// a directory.
pub fn check_state_dir(path: &Path) -> Result<(), StateError> {
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).bits())
        .open(path)
        .map_err(failed("open", path))?;
    let meta = directory.metadata().map_err(failed("examine", path))?;
    check_owner(meta.uid(), path)?;
    if meta.mode() & 0o022 != 0 {
        return Err(StateError::Untrusted {
            path: path.into(),
            problem: format!("can be written by others (mode {:o})", meta.mode() & 0o7777),
            fix: format!("run: chmod go-w {}", Sanitized::path(path)),
        });
    }
    Ok(())
}

fn check_owner(owner: u32, path: &Path) -> Result<(), StateError> {
    let me = geteuid().as_raw();
    if owner == me || owner == 0 {
        return Ok(());
    }
    Err(StateError::Untrusted {
        path: path.into(),
        problem: format!("belongs to user {owner}, not to user {me}"),
        fix: format!("run: chown {me} {}", Sanitized::path(path)),
    })
}

/// A state file must be a regular file of this user with a single name.
pub(super) fn check_file(file: &File, path: &Path) -> Result<(), StateError> {
    let meta = file.metadata().map_err(failed("examine", path))?;
    let untrusted = |problem: &str| StateError::Untrusted {
        path: path.into(),
        problem: problem.into(),
        fix: "remove it".into(),
    };
    if !meta.is_file() {
        return Err(untrusted("is not a regular file"));
    }
    if meta.nlink() > 1 {
        return Err(untrusted("has a second name (hard link)"));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(untrusted("can be written by others"));
    }
    check_owner(meta.uid(), path)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    let file = match options().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    check_file(&file, path)?;
    let mut text = Vec::new();
    file.take(MAX_SIZE)
        .read_to_end(&mut text)
        .map_err(failed("read", path))?;
    Ok(Some(text))
}

/// Options that follow no symbolic link and do not wait at a FIFO.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits());
    options
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| {
        if source.raw_os_error() == Some(Errno::ELOOP as i32) {
            return StateError::Untrusted {
                path,
                problem: "is a symbolic link".into(),
                fix: "remove it".into(),
            };
        }
        StateError::Io {
            doing,
            path,
            source,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::ENOSPC | Errno::EDQUOT))
}

/// True if the file system takes no new file, though the state may still be read.
fn is_refusal_to_write(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    is_full(error)
        || matches!(
            errno,
            Some(Errno::EROFS | Errno::EACCES | Errno::EPERM | Errno::EIO)
        )
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(super) fn with_suffix(path: &Path, suffix: impl AsRef<OsStr>) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    name.into()
}
