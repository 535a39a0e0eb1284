//! Bounds how many commands of all watches run at once, so that each finds the descriptors that
//! it needs: a command that cannot be started is lost.

use std::sync::{Condvar, LazyLock, Mutex};

use crate::daemon::descriptors;

/// Descriptors of this process that a running command needs: pipes, and one to wait for it.
const EACH: usize = 8;

static SLOTS: LazyLock<Slots> = LazyLock::new(|| Slots {
    free: Mutex::new((descriptors::free() / EACH).max(2)),
    changed: Condvar::new(),
});

struct Slots {
    free: Mutex<usize>,
    changed: Condvar,
}

/// The right to run a command, until it is dropped.
pub(super) struct Slot;

impl Slot {
    /// Waits until fewer commands run.
    pub(super) fn take() -> Self {
        let free = SLOTS.free.lock().unwrap();
        *SLOTS.changed.wait_while(free, |free| *free == 0).unwrap() -= 1;
        Slot
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *SLOTS.free.lock().unwrap() += 1;
        SLOTS.changed.notify_one();
    }
}
