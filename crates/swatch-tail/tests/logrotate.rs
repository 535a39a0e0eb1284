//! The real logrotate under a writer of 5,000 lines a second, in both of its modes.

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::Tail;
use swatch_tail::{Checkpoint, FileEvent, FollowOptions};

const PER_SECOND: u32 = 5_000;
const ROTATIONS: usize = 5;

fn logrotate() -> Option<PathBuf> {
    let places = [
        "/usr/sbin/logrotate",
        "/usr/bin/logrotate",
        "/sbin/logrotate",
    ];
    let found = places.map(PathBuf::from).into_iter().find(|p| p.exists());
    if found.is_none() {
        println!("skipped: logrotate is not installed");
    }
    found
}

/// Writes numbered lines until `stop` is set; reopens a while after the file was renamed.
fn write(log: &Path, stop: &AtomicBool) -> usize {
    let open = || {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap()
    };
    let inode = |file: &File| file.metadata().unwrap().ino();
    let mut file = open();
    let mut renamed: Option<Instant> = None;
    let start = Instant::now();
    let mut next = 0;
    while !stop.load(Ordering::Acquire) {
        let due = start + Duration::from_secs(1) * next as u32 / PER_SECOND;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        writeln!(file, "{next} is the number of this line").unwrap();
        next += 1;
        if fs::metadata(log).map_or(0, |meta| meta.ino()) != inode(&file) {
            let since = *renamed.get_or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_millis(50) {
                file = open();
                renamed = None;
            }
        }
    }
    next
}

/// Rotates under the writer. Returns the numbers that came, in order, and how many there were.
fn rotate(directives: &str) -> Option<(Vec<usize>, usize, Tail)> {
    let logrotate = logrotate()?;
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    fs::write(&log, "").unwrap();
    let config = dir.path().join("logrotate.conf");
    let text = format!("{} {{\n rotate 20\n {directives}\n}}\n", log.display());
    fs::write(&config, text).unwrap();
    let checkpoint = Checkpoint::in_memory();
    let mut tail = Tail::start_in(dir, &["log"], FollowOptions::default(), checkpoint);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (log, stop) = (log.clone(), stop.clone());
        thread::spawn(move || write(&log, &stop))
    };
    for n in 1..=ROTATIONS {
        tail.until("lines", |tail| tail.records.len() > n * 1500);
        let done = Command::new(&logrotate)
            .args(["--force", "--state"])
            .arg(tail.path("logrotate.state"))
            .arg(&config)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
    }
    tail.until("lines", |tail| tail.records.len() > (ROTATIONS + 1) * 1500);
    stop.store(true, Ordering::Release);
    let written = writer.join().unwrap();
    let last = format!("{} is the number of this line", written - 1);
    tail.until("the last line", |tail| {
        tail.records.last().is_some_and(|l| l == last.as_bytes())
    });
    let number = |text: String| text.split(' ').next()?.parse().ok();
    let numbers = tail.texts().into_iter().filter_map(number).collect();
    Some((numbers, written, tail))
}

#[test]
fn rename_and_create_loses_nothing() {
    let Some((numbers, written, _)) = rotate("create") else {
        return;
    };
    assert!(
        numbers.into_iter().eq(0..written),
        "lost, doubled or out of order"
    );
}

#[test]
fn rename_and_compress_loses_nothing() {
    let Some((numbers, written, _)) = rotate("create\n compress\n delaycompress") else {
        return;
    };
    assert!(
        numbers.into_iter().eq(0..written),
        "lost, doubled or out of order"
    );
}

#[test]
fn copytruncate_loses_only_what_logrotate_does() {
    let Some((numbers, written, tail)) = rotate("copytruncate") else {
        return;
    };
    let truncations = tail
        .events
        .iter()
        .filter(|n| matches!(n, FileEvent::Truncated { .. }));
    assert_eq!(truncations.count(), ROTATIONS);
    let mut in_files = Vec::new();
    for entry in fs::read_dir(tail.dir.path()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name == "log"
            || name
                .strip_prefix("log.")
                .is_some_and(|n| n.parse::<u32>().is_ok())
        {
            let text = fs::read_to_string(entry.path()).unwrap();
            let number = |line: &str| line.split(' ').next()?.parse::<usize>().ok();
            in_files.extend(text.lines().filter_map(number));
        }
    }
    in_files.sort_unstable();
    let mut sorted = numbers.clone();
    sorted.dedup();
    assert_eq!(sorted, numbers, "doubled");
    sorted.sort_unstable();
    assert_eq!(sorted, numbers, "out of order");
    let missed: Vec<_> = in_files
        .iter()
        .filter(|n| sorted.binary_search(n).is_err())
        .collect();
    assert!(
        missed.is_empty(),
        "in a file and never delivered: {missed:?}"
    );
    println!(
        "{} of {written} lines written between copy and truncation were lost",
        written - sorted.len()
    );
}
