//! Time limits of commands: one thread for the whole program ends what takes too long.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long a process group has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// The process groups that are being waited for.
#[derive(Clone, Default)]
pub struct Deadlines {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    table: Mutex<Table>,
    changed: Condvar,
}

#[derive(Default)]
struct Table {
    next: u64,
    slots: HashMap<u64, Slot>,
    thread_runs: bool,
    /// Until when the thread sleeps; `None`: until it is told of something.
    sleeps_until: Option<Instant>,
}

struct Slot {
    group: Pid,
    at: Option<Instant>,
    signalled: bool,
}

/// A process group under watch. While it exists the process must not be reaped: its number could
/// by then belong to somebody else.
pub struct Guard {
    inner: Arc<Inner>,
    id: u64,
}

impl Deadlines {
    /// Watches over a process group until the guard is finished.
    pub fn watch(&self, group: Pid, limit: Option<Duration>) -> Guard {
        let mut table = lock(&self.inner.table);
        let id = table.next;
        table.next += 1;
        let at = limit.map(|limit| Instant::now() + limit);
        table.slots.insert(
            id,
            Slot {
                group,
                at,
                signalled: false,
            },
        );
        if let Some(at) = at {
            self.start_thread(&mut table);
            // Most commands end long before their limit: the thread is not woken for each.
            if table.sleeps_until.is_none_or(|until| at < until) {
                self.inner.changed.notify_one();
            }
        }
        Guard {
            inner: Arc::clone(&self.inner),
            id,
        }
    }

    /// Gives everything that runs at most `grace` from now on: for the end of the program.
    pub fn hurry(&self, grace: Duration) {
        let mut table = lock(&self.inner.table);
        let at = Instant::now() + grace;
        for slot in table.slots.values_mut() {
            slot.at = Some(slot.at.map_or(at, |old| old.min(at)));
        }
        if !table.slots.is_empty() {
            self.start_thread(&mut table);
        }
        self.inner.changed.notify_one();
    }

    /// The thread starts with the first limit: a watch that only echoes needs none.
    fn start_thread(&self, table: &mut Table) {
        if table.thread_runs {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let spawned = std::thread::Builder::new()
            .name("deadlines".to_owned())
            .stack_size(64 * 1024)
            .spawn(move || inner.run());
        table.thread_runs = spawned.is_ok();
    }
}

impl Guard {
    /// The process has ended (it may be reaped now), or is no longer waited for. True if it was
    /// ended by its time limit.
    pub fn finish(self) -> bool {
        let mut table = lock(&self.inner.table);
        table
            .slots
            .remove(&self.id)
            .is_some_and(|slot| slot.signalled)
    }
}

impl Inner {
    fn run(&self) {
        let mut table = lock(&self.table);
        loop {
            let now = Instant::now();
            for slot in table.slots.values_mut() {
                if slot.at.is_some_and(|at| at <= now) {
                    let signal = if slot.signalled {
                        Signal::SIGKILL
                    } else {
                        Signal::SIGTERM
                    };
                    // The group may have no member left that we could signal: nothing to do then.
                    let _ = killpg(slot.group, signal);
                    slot.at = (!slot.signalled).then(|| now + GRACE);
                    slot.signalled = true;
                }
            }
            let next = table.slots.values().filter_map(|slot| slot.at).min();
            table.sleeps_until = next;
            table = match next {
                Some(at) => {
                    let wait = at.saturating_duration_since(Instant::now());
                    self.changed
                        .wait_timeout(table, wait)
                        .map_or_else(|e| e.into_inner().0, |(guard, _)| guard)
                }
                None => self
                    .changed
                    .wait(table)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// A panic elsewhere must not stop the time limits.
fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
