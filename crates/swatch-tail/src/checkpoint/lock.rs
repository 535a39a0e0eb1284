//! The locks of all state files of this process, with one descriptor for each directory.
//!
//! A process may have a thousand states, so each cannot have a lock file of its own that stays
//! open. Instead, the directory has one lock file, and each state locks one byte of it: an open
//! file description lock, which ends with the process whatever its end is.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::store::{StateError, check_file, failed, options};
use crate::fingerprint::fnv1a;

/// The name of the lock file in its directory.
const NAME: &str = ".lock";

/// The lock files that this process has open.
static OPEN: Mutex<Vec<Weak<LockFile>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct LockFile {
    file: File,
    /// Device and inode.
    id: (u64, u64),
    /// The bytes that are locked: within one process the kernel sees no conflict.
    held: Mutex<BTreeSet<i64>>,
}

/// The lock of one state; it is given back when this is dropped.
#[derive(Debug)]
pub(super) struct StateLock {
    file: Arc<LockFile>,
    offset: i64,
}

impl StateLock {
    /// Locks the state called `name` in `directory`. `None` if it is locked already, by another
    /// process or by this one.
    pub(super) fn acquire(directory: &Path, name: &OsStr) -> Result<Option<Self>, StateError> {
        let path = directory.join(NAME);
        let file = LockFile::open(&path)?;
        // Two names with the same hash would only refuse each other.
        let offset = (fnv1a(name.as_bytes()) & i64::MAX as u64 >> 1) as i64;
        if !file.held().insert(offset) {
            return Ok(None);
        }
        match file.set(libc::F_WRLCK, offset) {
            Ok(()) => Ok(Some(StateLock { file, offset })),
            Err(errno) => {
                file.held().remove(&offset);
                match errno {
                    Errno::EAGAIN | Errno::EACCES => Ok(None),
                    other => Err(failed("lock", &path)(other.into())),
                }
            }
        }
    }
}

impl Drop for StateLock {
    fn drop(&mut self) {
        self.file.held().remove(&self.offset);
        // It would end with the descriptor in any case.
        let _ = self.file.set(libc::F_UNLCK, self.offset);
    }
}

impl LockFile {
    fn open(path: &Path) -> Result<Arc<Self>, StateError> {
        let file = options()
            .write(true)
            .create(true)
            .open(path)
            .map_err(failed("open", path))?;
        check_file(&file, path)?;
        let meta = file.metadata().map_err(failed("examine", path))?;
        let id = (meta.dev(), meta.ino());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| known.strong_count() > 0);
        if let Some(known) = open.iter().filter_map(Weak::upgrade).find(|f| f.id == id) {
            return Ok(known);
        }
        let held = Mutex::default();
        let file = Arc::new(LockFile { file, id, held });
        open.push(Arc::downgrade(&file));
        Ok(file)
    }

    fn set(&self, kind: libc::c_int, offset: i64) -> nix::Result<()> {
        let range = libc::flock {
            l_type: kind as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: offset,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(&self.file, FcntlArg::F_OFD_SETLK(&range)).map(drop)
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
