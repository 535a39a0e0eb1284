//! No descriptors, no work: what happens when the system has little to give, and what it costs
//! when nothing happens.
//!
//! Each part changes a limit of the whole process, so they are one test.

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{Tail, append, quick};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use swatch_tail::{FileEvent, FollowOptions};

#[test]
fn scarcity() {
    descriptors_run_out();
    nothing_happens();
    latency();
}

/// The file is tried until a descriptor is free, and reported once.
fn descriptors_run_out() {
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "1\n");
    tail.expect(&["1"]);
    let writer = fs::OpenOptions::new()
        .append(true)
        .open(tail.path("log"))
        .unwrap();
    tail.rename("log", "log.2");
    tail.append("log", "3\n");
    tail.rename("log", "log.1");
    tail.append("log", "4\n");
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    // The limit bounds the numbers of descriptors, not their count. The descriptors that the hoard
    // takes below it are enough, once given back, for both generations and their directory.
    let open = fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    setrlimit(Resource::RLIMIT_NOFILE, (open + 16).min(soft), hard).unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = fs::File::open("/dev/null") {
        hoard.push(file);
    }
    std::io::Write::write_all(&mut &writer, b"2\n").unwrap();
    tail.expect_event("want", |n| matches!(n, FileEvent::NoDescriptors { .. }));
    tail.expect(&["1", "2"]);
    tail.settle();
    assert_eq!(tail.texts(), ["1", "2"]);
    drop(hoard);
    tail.expect(&["1", "2", "3", "4"]);
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    let told = tail
        .events
        .iter()
        .filter(|n| matches!(n, FileEvent::NoDescriptors { .. }));
    assert_eq!(told.count(), 1);
}

/// An idle follower of 50 files wakes up once a second and does next to nothing.
fn nothing_happens() {
    let names: Vec<String> = (0..50).map(|n| format!("log{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut tail = Tail::start(&names, FollowOptions::default(), |dir| {
        names
            .iter()
            .for_each(|name| append(&dir.join(name), "old\n"));
    });
    tail.settle();
    let usage = || {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).unwrap();
        let time = usage.user_time() + usage.system_time();
        (usage.voluntary_context_switches(), time)
    };
    let before = usage();
    tail.step(Duration::from_secs(3));
    let after = usage();
    let wakes = after.0 - before.0;
    let spent = (after.1.tv_sec() - before.1.tv_sec()) * 1_000_000
        + i64::from(after.1.tv_usec() as i32 - before.1.tv_usec() as i32);
    assert!(wakes <= 8, "{wakes} wake-ups in 3 s");
    assert!(spent < 60_000, "{spent} µs of processor time in 3 s");
    println!("idle, 50 files: {wakes} wake-ups and {spent} µs of processor time in 3 s");
}

/// From the append to the record, without waiting for a periodic check.
fn latency() {
    let options = FollowOptions {
        stat_interval: Duration::from_secs(3600),
        ..FollowOptions::default()
    };
    let mut tail = Tail::start(&["log"], options, |dir| append(&dir.join("log"), ""));
    let log = tail.path("log");
    let (begin, go) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let mut times = Vec::new();
        for () in go {
            std::thread::sleep(Duration::from_millis(3));
            times.push(Instant::now());
            append(&log, "a line\n");
        }
        times
    });
    let mut came = Vec::new();
    for n in 0..200 {
        begin.send(()).unwrap();
        tail.until("a line", |tail| tail.records.len() > n);
        came.push(Instant::now());
    }
    drop(begin);
    let wrote = writer.join().unwrap();
    let mut delays: Vec<_> = came.iter().zip(wrote).map(|(c, w)| *c - w).collect();
    delays.sort();
    let (median, p99) = (delays[100], delays[197]);
    println!("append to record: median {median:?}, 99 % {p99:?}");
    assert!(median < Duration::from_millis(20), "{median:?}");
}
