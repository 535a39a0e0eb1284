//! Following without events: the files are polled, which works, but slower. Also files that cannot
//! be read.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

mod common;

use common::{Tail, append, events_only};
use swatch_tail::FileEvent;

#[test]
fn without_inotify_instances() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    append(&log, "old\n");
    // A user namespace has a limit of its own, so no other process is disturbed.
    let limit = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    let mut child = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", limit, "sh"])
        .arg(example())
        .args(["--interval", "50"])
        .arg(&log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = lines(child.stderr.take().unwrap());
    let mut records = lines(child.stdout.take().unwrap());
    if told.find(|line| line == "following").is_none() {
        println!("skipped: no user namespace may be made here");
        let _ = child.wait();
        return;
    }
    let event = told.next().unwrap();
    assert!(
        event.starts_with("no file events from the system"),
        "{event}"
    );
    append(&log, "1\n");
    assert_eq!(records.next().unwrap(), "1");
    fs::rename(&log, dir.path().join("log.1")).unwrap();
    append(&dir.path().join("log.1"), "2\n");
    append(&log, "3\n");
    assert_eq!(records.by_ref().take(2).collect::<Vec<_>>(), ["2", "3"]);
    fs::write(&log, "new content of this file\n").unwrap();
    assert_eq!(records.next().unwrap(), "new content of this file");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn events_that_the_kernel_dropped() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "1\n");
    tail.expect(&["1"]);
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 200_000 {
        println!("skipped: the queue of events is too long to be filled");
        return;
    }
    // Two events each; the events after them are dropped.
    for _ in 0..=limit / 2 {
        tail.append("other", "");
        fs::remove_file(tail.path("other")).unwrap();
    }
    tail.append("log", "2\n");
    tail.rename("log", "log.1");
    tail.append("log", "3\n");
    tail.expect(&["1", "2", "3"]);
    let dropped = tail
        .events
        .iter()
        .filter(|n| **n == FileEvent::EventsDropped);
    assert_eq!(dropped.count(), 1);
}

#[test]
fn a_file_that_may_not_be_read_is_told_and_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    append(&log, "old\n");
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    mode(dir.path(), 0o755).unwrap();
    mode(&log, 0o600).unwrap();
    // Root reads everything, so the program runs as another user, from a path that user can reach.
    let program = dir.path().join("follow");
    fs::copy(example(), &program).unwrap();
    let mut child = match Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(["--interval", "50"])
        .arg(&log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) => return println!("skipped: cannot run setpriv: {error}"),
    };
    let mut told = lines(child.stderr.take().unwrap());
    let mut records = lines(child.stdout.take().unwrap());
    if told.next().as_deref() != Some("following") {
        println!("skipped: changing the user needs root");
        let _ = child.wait();
        return;
    }
    let event = told.next().unwrap();
    assert!(event.contains("Permission denied"), "{event}");
    append(&log, "1\n");
    mode(&log, 0o644).unwrap();
    assert_eq!(records.next().unwrap(), "1");
    assert!(told.next().unwrap().ends_with("can be read again"));
    child.kill().unwrap();
    child.wait().unwrap();
}

fn lines(source: impl std::io::Read) -> impl Iterator<Item = String> {
    BufReader::new(source).lines().map_while(Result::ok)
}

/// The path at which cargo has put the example beside this test.
fn example() -> std::path::PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples/follow")
}
