//! The part of the reactor that one follower holds: the files and directories it wants to hear of.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, WatchDescriptor};

use super::{DirectoryEntry, FollowerId, Hint, Reactor, Table, Watch};
use crate::waker::Waker;

/// One follower's share of a reactor; it ends when this is dropped.
#[derive(Debug)]
pub(in crate::follow) struct Subscription {
    reactor: Reactor,
    id: FollowerId,
    waker: Waker,
    woken: Arc<AtomicBool>,
    /// The directory entries that are watched, and the watches of their directories.
    entries: HashSet<DirectoryEntry>,
    directories: HashMap<PathBuf, Option<WatchDescriptor>>,
}

impl Subscription {
    pub(super) fn new(
        reactor: Reactor,
        id: FollowerId,
        waker: Waker,
        woken: Arc<AtomicBool>,
    ) -> Self {
        Subscription {
            reactor,
            id,
            waker,
            woken,
            entries: HashSet::new(),
            directories: HashMap::new(),
        }
    }

    pub(in crate::follow) fn id(&self) -> FollowerId {
        self.id
    }

    pub(in crate::follow) fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    pub(in crate::follow) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// True if the waker was used since the last call.
    pub(in crate::follow) fn take_woken(&self) -> bool {
        self.woken.swap(false, Ordering::AcqRel)
    }

    /// Records that the follower has nothing to do until then.
    pub(in crate::follow) fn arm(&self, due: Option<Instant>) {
        let mut table = self.reactor.table();
        let waiter = table.waiter;
        let Some(member) = table.members.get_mut(&self.id) else {
            return;
        };
        member.armed = true;
        member.due = due;
        let is_earlier = |until: Option<Instant>| match (due, until) {
            (Some(due), Some(until)) => due < until,
            (due, None) => due.is_some(),
            (None, Some(_)) => false,
        };
        // Another thread may be waiting, without knowing of this.
        if waiter.is_some_and(is_earlier) || waiter.is_some() && member.has_work(Instant::now()) {
            self.reactor.shared.waker.wake();
        }
    }

    /// The next time for a periodic check, on the grid that all followers share.
    pub(in crate::follow) fn next_tick(&self, now: Instant, interval: Duration) -> Instant {
        let passed = now.saturating_duration_since(self.reactor.shared.epoch);
        let nanos = interval.as_nanos().max(1);
        let into = passed.as_nanos() % nanos;
        now + interval - Duration::from_nanos(u64::try_from(into).unwrap_or(0))
    }

    /// The hints that have come since the last call.
    pub(in crate::follow) fn take_hints(&self) -> Vec<Hint> {
        let mut table = self.reactor.table();
        let member = table.members.get_mut(&self.id);
        member.map_or_else(Vec::new, |member| std::mem::take(&mut member.hints))
    }

    /// The reason why files are only checked periodically. Returned once.
    pub(in crate::follow) fn failure(&self) -> Option<String> {
        let mut table = self.reactor.table();
        let failure = table.failure.clone()?;
        let member = table.members.get_mut(&self.id)?;
        (!std::mem::replace(&mut member.failure_reported, true)).then_some(failure)
    }

    /// Watches the very file that is open here, whatever its name is by now.
    pub(in crate::follow) fn watch_file(&self, file: &File) -> Option<WatchDescriptor> {
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mask = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_ATTRIB;
        let mut table = self.reactor.table();
        let (descriptor, watch) = self.add(&mut table, Path::new(&path), mask)?;
        watch.files.push(self.id);
        Some(descriptor)
    }

    /// Gives back one [`watch_file`](Self::watch_file).
    pub(in crate::follow) fn forget_file(&self, descriptor: WatchDescriptor) {
        let mut table = self.reactor.table();
        if let Some(watch) = table.watches.get_mut(&descriptor)
            && let Some(at) = watch.files.iter().position(|id| *id == self.id)
        {
            watch.files.swap_remove(at);
        }
        self.reactor.end_unneeded(&mut table, descriptor);
    }

    /// Watches these directory entries besides those that are watched.
    pub(in crate::follow) fn add_entries(&mut self, entries: &[DirectoryEntry]) {
        let missing = entries.iter().filter(|entry| !self.entries.contains(entry));
        let missing: Vec<DirectoryEntry> = missing.cloned().collect();
        if !missing.is_empty() {
            let all = self.entries.iter().cloned().chain(missing).collect();
            self.set_entries(all);
        }
    }

    /// Watches these directory entries only. To be called again now and then: directories may
    /// have appeared or been renamed. The kernel knows by the inode which are watched already.
    pub(in crate::follow) fn set_entries(&mut self, entries: HashSet<DirectoryEntry>) {
        let mask = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        // Held throughout, so that no event finds its follower missing.
        let mut table = self.reactor.table();
        let mut directories = HashMap::new();
        for (directory, _) in &entries {
            if !directories.contains_key(directory) {
                let added = self.add(&mut table, directory, mask);
                let descriptor = added.map(|(descriptor, _)| descriptor);
                directories.insert(directory.clone(), descriptor);
            }
        }
        if directories == self.directories && entries == self.entries {
            return;
        }
        let old = std::mem::replace(&mut self.directories, directories);
        for descriptor in old.values().flatten() {
            if let Some(watch) = table.watches.get_mut(descriptor) {
                watch.drop_entries_of(self.id);
            }
        }
        self.entries = entries;
        for (directory, name) in &self.entries {
            let descriptor = self.directories.get(directory).copied().flatten();
            let watch = descriptor.and_then(|descriptor| table.watches.get_mut(&descriptor));
            if let Some(watch) = watch {
                let needed_by = watch.entries.entry(name.clone()).or_default();
                needed_by.push((self.id, directory.clone()));
            }
        }
        for descriptor in old.into_values().flatten() {
            self.reactor.end_unneeded(&mut table, descriptor);
        }
    }

    /// Adds a watch, or finds the one that is there.
    fn add<'a>(
        &self,
        table: &'a mut Table,
        path: &Path,
        mask: AddWatchFlags,
    ) -> Option<(WatchDescriptor, &'a mut Watch)> {
        let inotify = self.reactor.shared.inotify.as_ref()?;
        match inotify.add_watch(path, mask) {
            Ok(descriptor) => Some((descriptor, table.watches.entry(descriptor).or_default())),
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES) => None,
            Err(errno) => {
                table.failure.get_or_insert(match errno {
                    Errno::ENOSPC => {
                        "too many inotify watches; see sysctl fs.inotify.max_user_watches".into()
                    }
                    other => other.desc().into(),
                });
                None
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.set_entries(HashSet::new());
        let mut table = self.reactor.table();
        table.members.remove(&self.id);
        let watches = table.watches.iter();
        let files: Vec<WatchDescriptor> = watches
            .filter(|(_, watch)| watch.files.contains(&self.id))
            .map(|(descriptor, _)| *descriptor)
            .collect();
        for descriptor in files {
            if let Some(watch) = table.watches.get_mut(&descriptor) {
                watch.files.retain(|id| *id != self.id);
            }
            self.reactor.end_unneeded(&mut table, descriptor);
        }
    }
}
