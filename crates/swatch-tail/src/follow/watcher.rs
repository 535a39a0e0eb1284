//! Events of files and directories, from inotify.
//!
//! Nothing here is relied upon: whatever is not told is found by looking in intervals.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};

/// A hint that something may have happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// To this file.
    File(WatchDescriptor),
    /// To the entry of this name in this directory.
    Entry(PathBuf, OsString),
    /// To any file: a directory was removed or has moved.
    Anything,
    /// To anything: the kernel dropped events.
    Dropped,
}

/// The watches of one follower.
#[derive(Debug)]
pub(super) struct Watcher {
    inotify: Option<Inotify>,
    /// Each with the names under which it is needed: links may lead to it, too.
    directories: HashMap<WatchDescriptor, Vec<PathBuf>>,
    /// Why there are no events, until it has been told.
    warning: Option<String>,
    reported: bool,
}

impl Watcher {
    pub(super) fn new() -> Self {
        let mut watcher = Watcher {
            inotify: None,
            directories: HashMap::new(),
            warning: None,
            reported: false,
        };
        match Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC) {
            Ok(inotify) => watcher.inotify = Some(inotify),
            Err(errno) => watcher.warn_once(match errno {
                Errno::EMFILE => "too many inotify instances or open files; \
                     see sysctl fs.inotify.max_user_instances and ulimit -n"
                    .into(),
                other => other.desc().into(),
            }),
        }
        watcher
    }

    /// One that gives no events, as where the system has none left.
    #[cfg(test)]
    pub(super) fn without_events() -> Self {
        Watcher {
            inotify: None,
            directories: HashMap::new(),
            warning: None,
            reported: true,
        }
    }

    /// Why files are only looked at in intervals. Said once.
    pub(super) fn warning(&mut self) -> Option<String> {
        self.warning.take()
    }

    fn warn_once(&mut self, reason: String) {
        if !self.reported {
            self.reported = true;
            self.warning = Some(reason);
        }
    }

    /// What to poll.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(AsFd::as_fd)
    }

    /// Watches the very file that is open here, whatever its name is by now.
    pub(super) fn watch_file(&mut self, file: &File) -> Option<WatchDescriptor> {
        let inotify = self.inotify.as_ref()?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let mask = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_ATTRIB;
        match inotify.add_watch(path.as_str(), mask) {
            Ok(watch) => Some(watch),
            Err(errno) => {
                self.warn_once(watch_trouble(errno));
                None
            }
        }
    }

    pub(super) fn forget_file(&mut self, watch: WatchDescriptor) {
        if let Some(inotify) = &self.inotify {
            // It is gone already if the file is.
            let _ = inotify.rm_watch(watch);
        }
    }

    /// Watches what is created, renamed and removed in a directory.
    pub(super) fn watch_directory(&mut self, directory: &Path) {
        if let Some(watch) = self.add_directory(directory) {
            let names = self.directories.entry(watch).or_default();
            if !names.iter().any(|name| name == directory) {
                names.push(directory.to_owned());
            }
        }
    }

    /// Makes the watches follow the directories that are needed, by name: those that have
    /// appeared, those that were moved, and those that are needed no more.
    pub(super) fn refresh(&mut self, needed: &HashSet<PathBuf>) {
        let old = std::mem::take(&mut self.directories);
        for directory in needed {
            self.watch_directory(directory);
        }
        if let Some(inotify) = &self.inotify {
            for watch in old.keys().filter(|w| !self.directories.contains_key(w)) {
                let _ = inotify.rm_watch(*watch);
            }
        }
    }

    fn add_directory(&mut self, directory: &Path) -> Option<WatchDescriptor> {
        let inotify = self.inotify.as_ref()?;
        let mask = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        // The system knows by the inode whether it is watched already; then nothing changes.
        match inotify.add_watch(directory, mask) {
            Ok(watch) => Some(watch),
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES) => None,
            Err(errno) => {
                self.warn_once(watch_trouble(errno));
                None
            }
        }
    }

    /// The events that have come. Never waits.
    pub(super) fn read(&mut self) -> Vec<Hint> {
        let mut hints = Vec::new();
        let Some(inotify) = &self.inotify else {
            return hints;
        };
        loop {
            let events = match inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EINTR) => continue,
                // EAGAIN: that was all.
                Err(_) => return hints,
            };
            for event in events {
                let itself = AddWatchFlags::IN_DELETE_SELF | AddWatchFlags::IN_MOVE_SELF;
                if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                    hints.push(Hint::Dropped);
                } else if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                    self.directories.remove(&event.wd);
                } else if let Some(names) = self.directories.get(&event.wd) {
                    if let Some(entry) = event.name {
                        let hint = |dir: &PathBuf| Hint::Entry(dir.clone(), entry.clone());
                        hints.extend(names.iter().map(hint));
                    } else if event.mask.intersects(itself) {
                        hints.push(Hint::Anything);
                    }
                } else if hints.last() != Some(&Hint::File(event.wd)) {
                    hints.push(Hint::File(event.wd));
                }
            }
        }
    }
}

fn watch_trouble(errno: Errno) -> String {
    match errno {
        Errno::ENOSPC => "too many inotify watches; see sysctl fs.inotify.max_user_watches".into(),
        other => other.desc().into(),
    }
}
