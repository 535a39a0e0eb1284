//! Helpers shared by the tests of following.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use swatch_tail::{Checkpoint, Event, FileEvent, FollowOptions, Follower, Pattern};
use tempfile::TempDir;

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A directory for logs and a follower of them.
pub(crate) struct Tail {
    pub(crate) dir: TempDir,
    pub(crate) follower: Follower,
    pub(crate) checkpoint: Checkpoint,
    /// The records so far.
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) events: Vec<FileEvent>,
    /// Records per block.
    pub(crate) blocks: Vec<usize>,
}

/// Options under which nothing takes long.
pub(crate) fn quick() -> FollowOptions {
    FollowOptions {
        stat_interval: Duration::from_millis(50),
        glob_interval: Duration::from_millis(50),
        quiet: Duration::from_millis(200),
        ..FollowOptions::default()
    }
}

/// Options under which only events bring anything.
pub(crate) fn events_only() -> FollowOptions {
    FollowOptions {
        stat_interval: Duration::from_secs(3600),
        ..quick()
    }
}

impl Tail {
    /// Follows these names in a new directory, after `prepare` has been there.
    pub(crate) fn start(
        names: &[&str],
        options: FollowOptions,
        prepare: impl FnOnce(&Path),
    ) -> Tail {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        Tail::start_in(dir, names, options, Checkpoint::in_memory())
    }

    pub(crate) fn start_in(
        dir: TempDir,
        names: &[&str],
        options: FollowOptions,
        checkpoint: Checkpoint,
    ) -> Tail {
        let tail = Tail::start_in_unsaved(dir, names, options, checkpoint);
        tail.checkpoint.save().unwrap();
        tail
    }

    pub(crate) fn start_in_unsaved(
        dir: TempDir,
        names: &[&str],
        options: FollowOptions,
        checkpoint: Checkpoint,
    ) -> Tail {
        let patterns = names.iter().map(|name| Pattern::new(dir.path().join(name)));
        let follower = Follower::open(patterns, options, &checkpoint).unwrap();
        Tail {
            dir,
            follower,
            checkpoint,
            records: Vec::new(),
            events: Vec::new(),
            blocks: Vec::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Appends to a file, which is created if it does not exist.
    pub(crate) fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        append(&self.path(name), text);
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Takes one event; what has come counts as done.
    pub(crate) fn step(&mut self, timeout: Duration) -> bool {
        match self.follower.next(Some(timeout)).unwrap() {
            Event::Records(block) => {
                self.blocks.push(block.count());
                let records = block.records().map(|r| r.bytes().to_vec());
                self.records.extend(records);
                let origin = block.origin().unwrap();
                origin.ack(block.end_offset());
                self.follower.recycle(block);
                true
            }
            Event::File(event) => {
                self.events.push(event);
                true
            }
            Event::Woken | Event::TimedOut => false,
        }
    }

    /// Takes events until the condition holds.
    pub(crate) fn until(&mut self, what: &str, mut is_so: impl FnMut(&Tail) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                Instant::now() < end,
                "{what}: not in time\nrecords: {:?}\nnotices: {:?}",
                self.texts(),
                self.events
            );
            self.step(Duration::from_millis(50));
        }
    }

    /// Waits for as many records as these, and compares all that have come.
    pub(crate) fn expect(&mut self, records: &[&str]) {
        let count = records.len();
        self.until("records", |tail| tail.records.len() >= count);
        assert_eq!(self.texts(), records);
    }

    /// Waits for an event of this kind.
    pub(crate) fn expect_event(&mut self, what: &str, is_it: impl Fn(&FileEvent) -> bool) {
        self.until(what, |tail| tail.events.iter().any(&is_it));
    }

    /// Waits until nothing has come for a while.
    pub(crate) fn settle(&mut self) {
        while self.step(Duration::from_millis(300)) {}
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        let text = |r: &Vec<u8>| String::from_utf8_lossy(r).into_owned();
        self.records.iter().map(text).collect()
    }
}

pub(crate) fn append(path: &Path, text: impl AsRef<[u8]>) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(text.as_ref()).unwrap();
}

/// Follows these names in a directory with the state that is saved there.
pub(crate) fn start(dir: TempDir, names: &[&str]) -> Tail {
    let state = dir.path().join("state");
    let loaded = Checkpoint::load(&state).unwrap();
    assert_eq!(loaded.events, []);
    Tail::start_in(dir, names, quick(), loaded.checkpoint)
}

/// Stops after a save. Gives back the directory.
pub(crate) fn stop(tail: Tail) -> TempDir {
    tail.checkpoint.save().unwrap();
    tail.dir
}

/// A log that has been read up to `1`.
pub(crate) fn followed() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("log"), "");
    let mut tail = start(dir, &["log"]);
    tail.append("log", "a first line that is long enough\n1\n");
    tail.expect(&["a first line that is long enough", "1"]);
    stop(tail)
}
