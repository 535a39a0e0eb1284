//! Ending running programs early.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// Ends the programs that were started with it when the caller has to end.
#[derive(Debug)]
pub struct Cancel {
    /// Readable once a deadline is set.
    event: EventFd,
    deadline: OnceLock<Instant>,
}

impl Cancel {
    /// One that has not been used.
    ///
    /// # Errors
    /// No file descriptor is left.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            event: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
            deadline: OnceLock::new(),
        })
    }

    /// Gives everything that runs, and everything started later, at most this long from now on.
    /// Only the first call counts.
    pub fn within(&self, time: Duration) {
        if self.deadline.set(Instant::now() + time).is_ok() {
            // It can fail only when the counter is full, and then it is readable.
            let _ = self.event.write(1);
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied()
    }
}

impl AsFd for Cancel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
