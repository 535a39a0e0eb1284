//! A fast writer, a rotation under it, and a count of what the follower missed.
//!
//! Shared by a test with small numbers and the example `rotation_table` with great ones.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use swatch_tail::{Checkpoint, Event, FollowOptions, Follower, Pattern};

/// The operation on the log while it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Renamed and created at once; the writer reopens at once.
    RenameCreate,
    /// As before, but the writer keeps the old file for 300 ms.
    WriterKeeps,
    /// Created 300 ms after it was renamed, by the writer.
    CreatedLater,
    /// Copied and truncated.
    CopyTruncate,
    /// The follower is down while a part is written and a rotation happens.
    Down,
    /// The patterns are set again, as a reload does.
    Reload,
}

pub(crate) const MODES: [(Mode, &str); 6] = [
    (Mode::RenameCreate, "rename+create at once"),
    (Mode::WriterKeeps, "writer keeps the old file 300 ms"),
    (Mode::CreatedLater, "created 300 ms later"),
    (Mode::CopyTruncate, "copytruncate"),
    (Mode::Down, "written while down, with a state"),
    (Mode::Reload, "ten reloads"),
];

/// The rate, the number of lines and the number of rotations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) per_second: usize,
    pub(crate) lines: usize,
    pub(crate) rotations: usize,
}

/// The fate of the lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Written and never delivered.
    pub(crate) lost: usize,
    /// Of these, the ones that are in no file either: written between copy and truncation.
    pub(crate) in_no_file: usize,
    /// Delivered more than once.
    pub(crate) doubled: usize,
}

/// The log, and the state shared with its writer.
struct Setup {
    dir: PathBuf,
    log: PathBuf,
    mode: Mode,
    written: AtomicUsize,
    /// The writer is to reopen, once this long after the rotation.
    reopen: AtomicBool,
    reopened: AtomicUsize,
}

/// Plays one mode, and counts.
pub(crate) fn play(mode: Mode, load: Load, dir: &Path) -> Outcome {
    let log = dir.join("log");
    File::create(&log).unwrap();
    let setup = Arc::new(Setup {
        dir: dir.into(),
        log,
        mode,
        written: AtomicUsize::new(0),
        reopen: AtomicBool::new(false),
        reopened: AtomicUsize::new(0),
    });
    let mut seen = Vec::new();
    let mut reader = Reader::start(&setup);
    let writer = {
        let setup = setup.clone();
        thread::spawn(move || setup.write(load))
    };
    for n in 1..=load.rotations {
        let due = load.lines * n / (load.rotations + 1);
        while setup.written.load(Ordering::Acquire) < due {
            reader.take(&mut seen);
        }
        match mode {
            Mode::Down => {
                // Some hundred lines and two rotations pass unseen.
                drop(reader);
                let until = (due + 500).min(load.lines);
                setup.rotate(n, load.lines);
                while setup.written.load(Ordering::Acquire) < until {
                    thread::sleep(Duration::from_millis(1));
                }
                setup.rotate(n + 100, load.lines);
                reader = Reader::start(&setup);
            }
            Mode::Reload => reader.reload(&setup),
            _ => setup.rotate(n, load.lines),
        }
    }
    writer.join().unwrap();
    // All that comes; longer than the writer may have kept a file.
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end && (seen.len() < load.lines || mode == Mode::CopyTruncate) {
        if !reader.take(&mut seen) && mode == Mode::CopyTruncate {
            break;
        }
    }
    count(&setup, load, &seen)
}

/// The follower, with a state that is saved after each block.
struct Reader {
    follower: Follower,
    checkpoint: Checkpoint,
}

impl Reader {
    fn start(setup: &Setup) -> Reader {
        let loaded = Checkpoint::load(&setup.dir.join("state")).unwrap();
        let checkpoint = loaded.checkpoint;
        let patterns = [Pattern::new(&setup.log)];
        let follower = Follower::open(patterns, FollowOptions::default(), &checkpoint).unwrap();
        checkpoint.save().unwrap();
        Reader {
            follower,
            checkpoint,
        }
    }

    /// Takes one event; `false` when nothing has come for a while.
    fn take(&mut self, seen: &mut Vec<usize>) -> bool {
        match self
            .follower
            .next(Some(Duration::from_millis(500)))
            .unwrap()
        {
            Event::Records(block) => {
                for record in block.records() {
                    seen.extend(number_of(record.bytes()));
                }
                block.origin().unwrap().ack(block.end_offset());
                self.checkpoint.save_unsynced().unwrap();
                true
            }
            Event::File(_) => true,
            Event::Woken | Event::TimedOut => false,
        }
    }

    fn reload(&mut self, setup: &Setup) {
        let patterns = [Pattern::new(&setup.log)];
        self.follower.set_patterns(patterns).unwrap();
    }
}

impl Setup {
    fn open(&self) -> File {
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(&self.log).unwrap()
    }

    fn write(&self, load: Load) {
        let start = Instant::now();
        let mut file = self.open();
        let mut pause: Option<Instant> = None;
        for n in 0..load.lines {
            let due = start + Duration::from_secs(1) * n as u32 / load.per_second as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if self.reopen.swap(false, Ordering::AcqRel) {
                let keeps = matches!(self.mode, Mode::WriterKeeps | Mode::CreatedLater);
                let wait = Duration::from_millis(if keeps { 300 } else { 0 });
                pause = Some(Instant::now() + wait);
            }
            if pause.is_some_and(|until| Instant::now() >= until) {
                pause = None;
                file = self.open();
                self.reopened.fetch_add(1, Ordering::AcqRel);
            }
            // In one write, as a log daemon does: a copy holds the line or does not.
            let line = format!("{n} is the number of this line end\n");
            file.write_all(line.as_bytes()).unwrap();
            self.written.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn rotate(&self, number: usize, lines: usize) {
        let rotated = self.dir.join(format!("log-{number:06}"));
        // On a busy machine the writer may not have created it since the last time, or never
        // will, because it has written its last line.
        while !self.log.exists() {
            if self.written.load(Ordering::Acquire) >= lines {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        match self.mode {
            Mode::CopyTruncate => {
                fs::copy(&self.log, rotated).unwrap();
                OpenOptions::new()
                    .write(true)
                    .truncate(true)
                    .open(&self.log)
                    .unwrap();
            }
            mode => {
                fs::rename(&self.log, rotated).unwrap();
                if mode != Mode::CreatedLater {
                    self.open();
                }
                self.reopen.store(true, Ordering::Release);
            }
        }
    }
}

/// The number that a line begins with; none if a truncation or a copy has torn the line.
fn number_of(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix(" end")?;
    text.split(' ').next()?.parse().ok()
}

fn count(setup: &Setup, load: Load, seen: &[usize]) -> Outcome {
    let delivered: BTreeSet<usize> = seen.iter().copied().collect();
    let mut in_files = BTreeSet::new();
    for entry in fs::read_dir(&setup.dir).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("log") {
            for line in BufReader::new(File::open(entry.path()).unwrap()).split(b'\n') {
                in_files.extend(number_of(&line.unwrap()));
            }
        }
    }
    let lost = |n: &usize| !delivered.contains(n);
    Outcome {
        lost: (0..load.lines).filter(lost).count(),
        in_no_file: (0..load.lines)
            .filter(|n| lost(n) && !in_files.contains(n))
            .count(),
        doubled: seen.len() - delivered.len(),
    }
}
