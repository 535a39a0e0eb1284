//! Waiting for changes of followed files, with one inotify instance for any number of followers.
//!
//! Events only say where to look. Whatever they miss is found by the periodic check.

mod subscription;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use crate::waker::Waker;

pub(super) use subscription::Subscription;

/// A directory, and the name of an entry in it.
pub(super) type DirectoryEntry = (PathBuf, OsString);

/// The meaning of an inotify event for the files of one follower.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hint {
    /// This file has changed.
    File(WatchDescriptor),
    /// The entry of this name in this directory has changed.
    Entry(PathBuf, OsString),
    /// A directory was removed or renamed: any file may be affected.
    Anything,
    /// The kernel dropped events.
    Dropped,
}

/// Waits for changes on behalf of many [`Follower`](crate::Follower)s, so that a process with a
/// thousand of them needs one inotify instance and one waiting thread.
///
/// Followers join with [`Follower::open_in`](crate::Follower::open_in). Their
/// [`next`](crate::Follower::next) then never blocks. Instead, one thread calls
/// [`wait`](Reactor::wait), which says which followers have something to do, and any thread may
/// ask these. A follower is reported once, and again only after its `next` has returned
/// [`Event::TimedOut`](crate::Event::TimedOut); so two threads are never sent to the same one.
///
/// ```no_run
/// # use swatch_tail::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let reactor = Reactor::new()?;
/// let mut followers = std::collections::HashMap::new();
/// for log in ["/var/log/auth.log", "/var/log/mail.log"] {
///     let checkpoint = Checkpoint::in_memory();
///     let patterns = [Pattern::new(log)];
///     let follower = Follower::open_in(&reactor, patterns, FollowOptions::default(), &checkpoint)?;
///     followers.insert(follower.id(), follower);
/// }
/// loop {
///     for id in reactor.wait(None)? {
///         let follower = followers.get_mut(&id).expect("only these followers have joined");
///         loop {
///             match follower.next(None)? {
///                 Event::Records(block) => println!("{} records", block.count()),
///                 Event::File(event) => eprintln!("{event}"),
///                 Event::Woken | Event::TimedOut => break,
///             }
///         }
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Reactor {
    shared: Arc<Shared>,
}

/// Names a follower in its [`Reactor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FollowerId(u64);

#[derive(Debug)]
struct Shared {
    inotify: Option<Inotify>,
    waker: Waker,
    /// Periodic checks are aligned to this, so that all followers check at once and the process
    /// sleeps in between.
    epoch: Instant,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    members: HashMap<FollowerId, Member>,
    last_id: u64,
    watches: HashMap<WatchDescriptor, Watch>,
    /// Followers to be reported by the next wait.
    ready: Vec<FollowerId>,
    /// Set while a thread waits: until when.
    waiter: Option<Option<Instant>>,
    /// The reason why there are no events.
    failure: Option<String>,
}

#[derive(Debug, Default)]
struct Member {
    hints: Vec<Hint>,
    woken: Arc<AtomicBool>,
    /// Idle: to be reported as soon as there is something to do.
    armed: bool,
    due: Option<Instant>,
    failure_reported: bool,
}

impl Member {
    fn has_work(&self, now: Instant) -> bool {
        !self.hints.is_empty()
            || self.woken.load(Ordering::Acquire)
            || self.due.is_some_and(|due| due <= now)
    }
}

/// The followers that need the events of one file or directory.
#[derive(Debug, Default)]
struct Watch {
    /// Followers that read this file, once for each of their generations that does.
    files: Vec<FollowerId>,
    /// Followers that need this entry of the directory, with the name under which they know the
    /// directory: links may lead to it, too.
    entries: HashMap<OsString, Vec<(FollowerId, PathBuf)>>,
}

impl Watch {
    fn is_needed(&self) -> bool {
        !self.files.is_empty() || !self.entries.is_empty()
    }

    fn hints(&self, event: &InotifyEvent) -> Vec<(FollowerId, Hint)> {
        let itself = AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF;
        if let Some(name) = &event.name {
            let needed_by = self.entries.get(name).into_iter().flatten();
            needed_by
                .map(|(id, directory)| (*id, Hint::Entry(directory.clone(), name.clone())))
                .collect()
        } else if event.mask.intersects(itself) {
            let needed_by = self.entries.values().flatten();
            needed_by.map(|(id, _)| (*id, Hint::Anything)).collect()
        } else {
            let needed_by = self.files.iter();
            needed_by.map(|id| (*id, Hint::File(event.wd))).collect()
        }
    }

    fn drop_entries_of(&mut self, id: FollowerId) {
        self.entries.retain(|_, needed_by| {
            needed_by.retain(|(other, _)| *other != id);
            !needed_by.is_empty()
        });
    }
}

impl Reactor {
    /// A reactor without followers. If the system has no inotify instance left, followers look
    /// at their files periodically, and report that.
    ///
    /// # Errors
    /// When the process or the system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let mut table = Table::default();
        let inotify = match Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC) {
            Ok(inotify) => Some(inotify),
            Err(errno) => {
                table.failure = Some(match errno {
                    Errno::EMFILE => "too many inotify instances or open files; \
                         see sysctl fs.inotify.max_user_instances and ulimit -n"
                        .into(),
                    other => other.desc().into(),
                });
                None
            }
        };
        Ok(Reactor {
            shared: Arc::new(Shared {
                inotify,
                waker: Waker::new()?,
                epoch: Instant::now(),
                table: Mutex::new(table),
            }),
        })
    }

    /// Waits until followers have something to do, and names them. The result is empty when the
    /// time is over, or when [`waker`](Reactor::waker) interrupted the wait.
    ///
    /// # Errors
    /// When the system refuses to wait.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<Vec<FollowerId>> {
        let end = timeout.map(|timeout| Instant::now() + timeout);
        loop {
            let due = {
                let mut table = self.table();
                let ready = table.take_ready(Instant::now());
                if !ready.is_empty() {
                    return Ok(ready);
                }
                let due = table.earliest_due().into_iter().chain(end).min();
                table.waiter = Some(due);
                due
            };
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            let inotify = self.shared.inotify.as_ref().map(AsFd::as_fd);
            let found = self.shared.waker.poll(inotify, left);
            self.table().waiter = None;
            let found = found?;
            if found.source {
                self.dispatch();
            }
            let is_over = end.is_some_and(|end| end <= Instant::now());
            if is_over || found.woken {
                return Ok(self.table().take_ready(Instant::now()));
            }
        }
    }

    /// A handle that interrupts [`wait`](Reactor::wait) from another thread.
    pub fn waker(&self) -> Waker {
        self.shared.waker.clone()
    }

    /// Passes on the events that have come. Never blocks.
    pub(super) fn dispatch(&self) {
        let Some(inotify) = &self.shared.inotify else {
            return;
        };
        loop {
            let events = match inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EINTR) => continue,
                // EAGAIN: that was all.
                Err(_) => return,
            };
            let mut table = self.table();
            events.iter().for_each(|event| table.pass_on(event));
        }
    }

    pub(super) fn join(&self) -> Subscription {
        let mut table = self.table();
        table.last_id += 1;
        let id = FollowerId(table.last_id);
        let member = Member::default();
        let waker = self.shared.waker.with_flag(member.woken.clone());
        let woken = member.woken.clone();
        table.members.insert(id, member);
        Subscription::new(self.clone(), id, waker, woken)
    }

    /// Ends a watch that no follower needs any more.
    fn end_unneeded(&self, table: &mut Table, descriptor: WatchDescriptor) {
        if table
            .watches
            .get(&descriptor)
            .is_some_and(|watch| !watch.is_needed())
        {
            table.watches.remove(&descriptor);
            if let Some(inotify) = &self.shared.inotify {
                // Fails if the file is gone: then so is the watch.
                let _ = inotify.rm_watch(descriptor);
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        let table = self.shared.table.lock();
        table.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn pass_on(&mut self, event: &InotifyEvent) {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            for member in self.members.values_mut() {
                member.hints.push(Hint::Dropped);
            }
        } else if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            self.watches.remove(&event.wd);
        } else {
            let watch = self.watches.get(&event.wd);
            for (id, hint) in watch.map(|watch| watch.hints(event)).unwrap_or_default() {
                if let Some(member) = self.members.get_mut(&id)
                    && member.hints.last() != Some(&hint)
                {
                    member.hints.push(hint);
                }
            }
        }
    }

    fn take_ready(&mut self, now: Instant) -> Vec<FollowerId> {
        for (id, member) in &mut self.members {
            if member.armed && member.has_work(now) {
                member.armed = false;
                self.ready.push(*id);
            }
        }
        std::mem::take(&mut self.ready)
    }

    fn earliest_due(&self) -> Option<Instant> {
        let armed = self.members.values().filter(|member| member.armed);
        armed.filter_map(|member| member.due).min()
    }
}

impl Reactor {
    /// A reactor without events, as if the system had no inotify instance left.
    #[cfg(test)]
    pub(super) fn without_events() -> Self {
        Reactor {
            shared: Arc::new(Shared {
                inotify: None,
                waker: Waker::new().unwrap(),
                epoch: Instant::now(),
                table: Mutex::default(),
            }),
        }
    }
}
