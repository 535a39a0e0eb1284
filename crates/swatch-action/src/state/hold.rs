//! Lock files: only one process does a thing at a time.

use std::{
    fs::File,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use nix::fcntl::{Flock, FlockArg, OFlag};

use super::StateError;

/// The right to change the firewall; given back when dropped, or by the kernel when the process dies.
#[derive(Debug)]
pub struct Exclusive(#[allow(dead_code, reason = "held for its drop")] Flock<File>);

/// Takes a lock file, with patience.
pub(crate) fn hold(path: &Path, patience: Duration) -> Result<Exclusive, StateError> {
    let failed = |source| StateError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_err(failed)?;
    let begun = Instant::now();
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(held) => return Ok(Exclusive(held)),
            Err((back, nix::errno::Errno::EWOULDBLOCK | nix::errno::Errno::EINTR)) => file = back,
            Err((_, error)) => return Err(failed(error.into())),
        }
        if begun.elapsed() >= patience {
            return Err(StateError::Busy {
                path: path.to_owned(),
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
