//! Rotations with late writers, clock changes, a full disk and `kill -9`, mixed at random, against
//! the list of what was written: every line is acted on, and twice only what was in flight when
//! the watcher was killed.
//!
//! `SWATCH_ROTATIONS` says how many rotations there are for each way of rotating (default 40), and
//! `SWATCH_SEED` repeats a run.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use swatch_tests::live::wait_for;
use swatch_tests::program::swatch_rs;
use swatch_tests::skip::skipped;
use tempfile::TempDir;

/// Set for the part that runs in a mount namespace of its own.
const INSIDE: &str = "SWATCH_ROTATIONS_INSIDE";

/// The library by which the clock is changed.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// The method of rotating the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `log.1`, `log.2`, …, the older ones compressed.
    Counted,
    /// `log-DATE`, as logrotate's `dateext` does.
    Dated,
    /// Copied and truncated.
    Copied,
}

/// Numbers that a seed decides (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

struct World {
    dir: TempDir,
    way: Way,
    random: Random,
    watcher: Option<Child>,
    writer: File,
    /// Descriptors of programs that did not notice a rotation, and of which one, oldest first.
    late: Vec<(usize, File)>,
    written: usize,
    rotations: usize,
    kills: usize,
}

impl World {
    fn new(way: Way, seed: u64) -> World {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("state")).expect("a state directory");
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        let options = Some("size=256k,mode=0755");
        mount(Some("tmpfs"), &path("state"), Some("tmpfs"), flags, options).expect("a small disk");
        fs::create_dir(path("logs")).expect("a log directory");
        let rules = "watchfor /line (\\d+) end/\n\texec \"echo $1 >> done\"\n";
        fs::write(path("conf"), rules).expect("rules");
        fs::write(path("done"), "").expect("a file for what was done");
        fs::write(path("clock"), "+0d").expect("a clock");
        let writer = open(&path("logs/log"));
        World {
            dir,
            way,
            random: Random(seed),
            watcher: None,
            writer,
            late: Vec::new(),
            written: 0,
            rotations: 0,
            kills: 0,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Notes an action of the test between the messages of the watcher.
    fn note(&self, action: &str) {
        let mut err = open(&self.path("err"));
        writeln!(err, "test: {action}").expect("an action can be noted");
    }

    fn start(&mut self) {
        if self.watcher.is_some() {
            return;
        }
        self.note("start");
        let err = open(&self.path("err"));
        let child = Command::new(swatch_rs())
            .args([
                "-c",
                "conf",
                "-t",
                "logs/log",
                "--state-dir",
                "state",
                "--debug=1",
            ])
            .current_dir(self.dir.path())
            .env("LD_PRELOAD", FAKETIME)
            .env("FAKETIME_TIMESTAMP_FILE", self.path("clock"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("FAKETIME_DONT_RESET", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(err)
            .spawn()
            .expect("swatch-rs starts");
        self.watcher = Some(child);
        if !self.has_state() {
            // Until it follows, what is written counts as old.
            wait_for("the first start", || self.has_state());
        }
    }

    /// True if there is a state: the first save follows the opening of the log.
    fn has_state(&self) -> bool {
        let names = fs::read_dir(self.path("state")).expect("the state directory");
        let is_state = |name: &str| name.ends_with(".state.unsynced");
        names
            .flatten()
            .any(|e| e.file_name().to_str().is_some_and(is_state))
    }

    fn stop(&mut self, signal: Signal) {
        if let Some(mut child) = self.watcher.take() {
            kill(Pid::from_raw(child.id() as i32), signal).expect("the watcher runs");
            child.wait().expect("the watcher ends");
            self.kills += usize::from(signal == Signal::SIGKILL);
            self.note(&format!("ended by {signal}"));
        }
    }

    fn write(&mut self, count: u64) {
        if count > 0 {
            let (from, file) = (self.written, self.rotations);
            self.note(&format!("{count} lines from {from} to file {file}"));
        }
        for _ in 0..count {
            let line = line(self.written);
            self.writer
                .write_all(line.as_bytes())
                .expect("the log can be written");
            self.written += 1;
        }
    }

    /// A program writes to the file that it still has open.
    fn write_late(&mut self) {
        if !self.late.is_empty() {
            let which = self.random.below(self.late.len() as u64) as usize;
            let line = line(self.written);
            let (written, file) = (self.written, self.late[which].0 - 1);
            self.note(&format!("late line {written} to file {file}"));
            self.late[which]
                .1
                .write_all(line.as_bytes())
                .expect("a rotated file can be written");
            self.written += 1;
        }
    }

    fn rotate(&mut self) {
        self.note(&format!("rotation of file {}", self.rotations));
        self.rotations += 1;
        let log = self.path("logs/log");
        match self.way {
            Way::Copied => {
                let copy = self.path(&format!("logs/log-20260101{:04}", self.rotations));
                fs::copy(&log, copy).expect("the log can be copied");
                self.writer.set_len(0).expect("the log can be truncated");
                return;
            }
            Way::Dated => {
                let name = format!("logs/log-20260101{:04}", self.rotations);
                fs::rename(&log, self.path(&name)).expect("the log can be renamed");
            }
            Way::Counted => {
                // Those that a program may still write to are not compressed.
                for number in (1..self.rotations).rev() {
                    for suffix in ["", ".gz"] {
                        let name = |n: usize| self.path(&format!("logs/log.{n}{suffix}"));
                        let _ = fs::rename(name(number), name(number + 1));
                    }
                }
                fs::rename(&log, self.path("logs/log.1")).expect("the log can be renamed");
                let old = self.path("logs/log.5");
                if old.exists() {
                    let status = Command::new("gzip").arg(&old).status();
                    assert!(status.is_ok_and(|status| status.success()), "gzip");
                }
            }
        }
        let old = std::mem::replace(&mut self.writer, open(&log));
        if self.random.one_in(3) {
            self.late.push((self.rotations, old));
        }
        // A program that lags further is reported, see docs/reliability.md.
        let now = self.rotations;
        self.late.retain(|(rotation, _)| rotation + 3 > now);
    }

    fn set_clock(&mut self) {
        const CLOCKS: [&str; 6] = ["+0d", "+1d", "-1d", "+400d", "-400d", "+0.02d"];
        let clock = CLOCKS[self.random.below(6) as usize];
        fs::write(self.path("clock"), clock).expect("the clock can be set");
    }

    fn fill_disk(&self, full: bool) {
        self.note(&format!("disk full: {full}"));
        let path = self.path("state/filler");
        if full {
            let mut filler = open(&path);
            while filler.write_all(&[0; 4096]).is_ok() {}
        } else {
            let _ = fs::remove_file(path);
        }
    }

    /// One rotation, and what happens around it.
    fn round(&mut self) {
        let lines = self.random.below(6);
        self.write(lines);
        match self.random.below(12) {
            0 | 1 => self.stop(Signal::SIGKILL),
            2 => self.stop(Signal::SIGTERM),
            3..=6 => self.start(),
            7 => self.set_clock(),
            8 => self.fill_disk(true),
            9 => self.fill_disk(false),
            _ => self.write_late(),
        }
        let lines = self.random.below(4);
        self.write(lines);
        if self.random.one_in(2) {
            std::thread::sleep(Duration::from_millis(self.random.below(40)));
        }
        self.rotate();
        self.note("rotated");
        self.write_late();
        // Two rotations are never as close as two renames.
        std::thread::sleep(Duration::from_millis(20));
    }

    /// Waits until the watcher has acted on as many lines as were written.
    fn catch_up(&mut self) {
        self.start();
        let until = Instant::now() + Duration::from_secs(60);
        while self.times().len() < self.written && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets the watcher catch up, and compares.
    fn judge(&mut self) {
        self.fill_disk(false);
        self.catch_up();
        self.stop(Signal::SIGTERM);
        let times = self.times();
        let lost: Vec<usize> = (0..self.written)
            .filter(|n| !times.contains_key(n))
            .collect();
        let again: usize = times.values().map(|count| count - 1).sum();
        let report = || fs::read_to_string(self.path("err")).unwrap_or_default();
        assert!(
            lost.is_empty(),
            "{:?}: lost {lost:?}; it said:\n{}",
            self.way,
            report()
        );
        assert!(
            again <= self.kills,
            "{:?}: {again} lines twice with {} kills; it said:\n{}",
            self.way,
            self.kills,
            report()
        );
        println!(
            "{:?}: {} lines, {} rotations, {} kills, {again} lines twice",
            self.way, self.written, self.rotations, self.kills
        );
    }

    /// The number of times that each line was acted on.
    fn times(&self) -> BTreeMap<usize, usize> {
        let done = fs::read_to_string(self.path("done")).expect("what was done");
        let mut times = BTreeMap::new();
        for number in done.lines().filter_map(|line| line.parse().ok()) {
            *times.entry(number).or_default() += 1;
        }
        times
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(child) = &mut self.watcher {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = nix::mount::umount(&self.path("state"));
    }
}

fn open(path: &Path) -> File {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.expect("a file of the test")
}

/// Long enough for a file to be recognized by one of them.
fn line(number: usize) -> String {
    format!("2026-01-01T00:00:00 host program[1]: line {number} end\n")
}

fn number(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

#[test]
fn no_rotation_clock_disk_or_kill_loses_a_line() {
    if !geteuid().is_root() || !Path::new(FAKETIME).exists() {
        skipped("rotations at random", "needs root and faketime");
        return;
    }
    if std::env::var_os(INSIDE).is_none() {
        // In a mount namespace of its own, which goes with the process.
        let test = std::env::current_exe().expect("this program");
        let status = Command::new("unshare")
            .arg("-m")
            .arg(test)
            .args([
                "--exact",
                "no_rotation_clock_disk_or_kill_loses_a_line",
                "--nocapture",
            ])
            .env(INSIDE, "1")
            .status();
        assert!(status.is_ok_and(|status| status.success()), "see above");
        return;
    }
    // The library of the clock leaves files there that are named after killed processes.
    let none = None::<&str>;
    mount(
        Some("tmpfs"),
        "/dev/shm",
        Some("tmpfs"),
        MsFlags::empty(),
        none,
    )
    .expect("a /dev/shm of its own");
    let rotations = number("SWATCH_ROTATIONS", 40);
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_nanos() as u64;
    let seed = number("SWATCH_SEED", now | 1);
    println!("SWATCH_SEED={seed}");
    let ways = [Way::Counted, Way::Dated, Way::Copied].map(|way| {
        std::thread::spawn(move || {
            let mut world = World::new(way, seed ^ ((way as u64 + 1) << 32));
            world.start();
            // More copies in one second than the watcher remembers may be read again.
            let rotations = match way {
                Way::Copied => rotations.min(16),
                _ => rotations,
            };
            for n in 1..=rotations {
                world.round();
                if n % 8 == 0 {
                    world.catch_up();
                }
            }
            world.judge();
        })
    });
    let failed = ways.map(|way| way.join().is_err());
    assert_eq!(failed, [false; 3], "SWATCH_SEED={seed}");
}
