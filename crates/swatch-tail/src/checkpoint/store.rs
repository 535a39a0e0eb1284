//! The state on disk.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::unistd::geteuid;

use super::format::{self, State, Unreadable};
use crate::event::{FileEvent, Shown};

/// A state with more bytes than this is not ours.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// What is wrong with the state file or its directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A file or the directory cannot be opened, read or written.
    #[error("cannot {doing} {}: {error}", Shown(.path))]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// Another process uses the state.
    #[error("{} is in use by another process", Shown(.path))]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// Somebody else could have written it, or it is not a plain file.
    #[error("{} {problem}; {mend}", Shown(.path))]
    Untrusted {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// It was written by a later version of this program.
    #[error(
        "{} was written by a later version (format {found}, known is {known}); use that version, or remove the file to start from the ends of the logs",
        Shown(.path)
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
    directory: File,
    sequence: u64,
    /// Which change is on disk, with and without `fsync`.
    durable: Option<u64>,
    unsynced: Option<u64>,
    _lock: Flock<File>,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, StateError> {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let directory = File::open(parent).map_err(failed("open", parent))?;
        let lock_path = with_suffix(path, ".lock");
        let lock = options()
            .write(true)
            .create(true)
            .open(&lock_path)
            .map_err(failed("open", &lock_path))?;
        check_file(&lock, &lock_path)?;
        let lock =
            Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(
                |(_, errno)| match errno {
                    Errno::EWOULDBLOCK => StateError::InUse { path: path.into() },
                    other => failed("lock", &lock_path)(other.into()),
                },
            )?;
        Ok(Store {
            path: path.into(),
            directory,
            sequence: 0,
            durable: None,
            unsynced: None,
            _lock: lock,
        })
    }

    /// The newest state that is whole.
    pub(super) fn load(&mut self) -> Result<(State, Vec<FileEvent>), StateError> {
        let mut best: Option<(State, u64)> = None;
        let mut broken = None;
        // A temporary file that was written to its end is a state like the others.
        for suffix in ["", ".unsynced", ".tmp"] {
            let path = with_suffix(&self.path, suffix);
            let Some(text) = read(&path)? else {
                continue;
            };
            match format::parse(&text) {
                Ok(found) if best.as_ref().is_none_or(|(_, n)| *n < found.1) => best = Some(found),
                Ok(_) => {}
                Err(Unreadable::Later(found)) => {
                    return Err(StateError::Later {
                        path,
                        found,
                        known: format::VERSION,
                    });
                }
                Err(Unreadable::Broken(reason)) => {
                    if suffix != ".tmp" {
                        broken = broken.or(Some((path, reason)));
                    }
                }
            }
        }
        match (best, broken) {
            (Some((state, sequence)), _) => {
                self.sequence = sequence;
                Ok((state, Vec::new()))
            }
            (None, None) => Ok((State::default(), Vec::new())),
            (None, Some((path, reason))) => {
                let aside = with_suffix(&path, ".broken");
                std::fs::rename(&path, &aside).map_err(failed("rename", &path))?;
                let event = FileEvent::StateBroken {
                    state: path,
                    aside,
                    reason,
                };
                Ok((State::default(), vec![event]))
            }
        }
    }

    /// Whether this change is on disk already.
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
        let temporary = with_suffix(&self.path, ".tmp");
        let target = match durable {
            true => self.path.clone(),
            false => with_suffix(&self.path, ".unsynced"),
        };
        // Whatever lies there, a leftover or a trap, is not written to.
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &temporary)(error));
            }
            _ => {}
        }
        let mut file = options()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(failed("create", &temporary))?;
        file.write_all(&text).map_err(failed("write", &temporary))?;
        if durable {
            file.sync_all().map_err(failed("sync", &temporary))?;
        }
        std::fs::rename(&temporary, &target).map_err(failed("rename", &temporary))?;
        self.sequence += 1;
        self.unsynced = Some(changes);
        if durable {
            self.directory
                .sync_all()
                .map_err(failed("sync the directory of", &self.path))?;
            self.durable = Some(changes);
        }
        Ok(())
    }
}

/// Checks a directory in which states are kept: it must belong to this user or root, and be
/// writable for nobody else, because whoever can write there decides what is read twice or not at
/// all.
///
/// # Errors
/// [`StateError::Untrusted`] with the command that mends it; or that it is not there, or no
/// directory.
pub fn check_state_dir(path: &Path) -> Result<(), StateError> {
    let directory = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).bits())
        .open(path)
        .map_err(failed("open", path))?;
    let meta = directory.metadata().map_err(failed("look at", path))?;
    check_owner(meta.uid(), path)?;
    if meta.mode() & 0o022 != 0 {
        return Err(StateError::Untrusted {
            path: path.into(),
            problem: format!("can be written by others (mode {:o})", meta.mode() & 0o7777),
            mend: format!("run: chmod go-w {}", Shown(path)),
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
        mend: format!("run: chown {me} {}", Shown(path)),
    })
}

/// A state file must be a plain one of ours that has no other name.
fn check_file(file: &File, path: &Path) -> Result<(), StateError> {
    let meta = file.metadata().map_err(failed("look at", path))?;
    let untrusted = |problem: &str| StateError::Untrusted {
        path: path.into(),
        problem: problem.into(),
        mend: "remove it".into(),
    };
    if !meta.is_file() {
        return Err(untrusted("is not a plain file"));
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

/// Neither through a symbolic link nor waiting at a FIFO.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits());
    options
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |error| {
        if error.raw_os_error() == Some(Errno::ELOOP as i32) {
            return StateError::Untrusted {
                path,
                problem: "is a symbolic link".into(),
                mend: "remove it".into(),
            };
        }
        StateError::Io { doing, path, error }
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    name.into()
}
