use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use std::time::Instant;

fn net(text: &str) -> IpNet {
    network::parse(text).expect("a network")
}

fn directory() -> (tempfile::TempDir, AddressLogs) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let logs = AddressLogs::open(dir.path()).expect("our own directory");
    (dir, logs)
}

#[test]
fn each_event_is_a_line_and_the_count_is_the_lines() {
    let (dir, logs) = directory();
    for expected in 1..=5 {
        let count = logs.append(net("203.0.113.9"), Some(b"one event"), &[], None, 0);
        assert_eq!(count.expect("appended"), expected);
    }
    let text = std::fs::read_to_string(dir.path().join("203.0.113.9")).expect("the log");
    assert_eq!(text, "one event\n".repeat(5));
}

#[test]
fn a_long_log_is_counted_by_its_note_until_somebody_touches_it() {
    let (dir, logs) = directory();
    let path = dir.path().join("203.0.113.9");
    std::fs::write(&path, "line\n".repeat(100_000)).expect("a long log");
    let add = || {
        logs.append(net("203.0.113.9"), Some(b"line"), &[], None, 0)
            .expect("appended")
    };
    assert_eq!(add(), 100_001);
    assert!(dir.path().join(".lines/203.0.113.9").exists());
    assert_eq!(add(), 100_002);

    // Edited in place to the same length, a newline fewer.
    let mut text = std::fs::read(&path).expect("the log");
    text[4] = b'x';
    std::fs::write(&path, &text).expect("edited");
    assert_eq!(add(), 100_002);
    // Appended to by somebody else.
    std::fs::write(&path, "line\n".repeat(90_000)).expect("rewritten");
    assert_eq!(add(), 90_001);
    // Rotated away.
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(add(), 1);
    // A note that is torn or a lie about another file is not believed.
    std::fs::write(&path, "line\n".repeat(80_000)).expect("rewritten");
    std::fs::write(dir.path().join(".lines/203.0.113.9"), "5 x").expect("torn");
    assert_eq!(add(), 80_001);
}

#[test]
fn a_note_is_used_and_not_only_written() {
    let (dir, logs) = directory();
    std::fs::write(dir.path().join("203.0.113.9"), "line\n".repeat(50_000)).expect("a log");
    logs.append(net("203.0.113.9"), Some(b"line"), &[], None, 0)
        .expect("appended");
    let place = dir.path().join(".lines/203.0.113.9");
    let text = std::fs::read_to_string(&place).expect("the note");
    std::fs::write(&place, text.replacen("50001", "70001", 1)).expect("changed");
    let count = logs.append(net("203.0.113.9"), Some(b"line"), &[], None, 0);
    assert_eq!(count.expect("appended"), 70_002);
}

#[test]
fn links_directories_and_pipes_are_not_written_to() {
    let (dir, logs) = directory();
    let victim = dir.path().join("victim");
    std::fs::write(&victim, "precious").expect("a file");
    symlink(&victim, dir.path().join("203.0.113.1")).expect("a link");
    std::fs::create_dir(dir.path().join("203.0.113.2")).expect("a directory");
    nix::unistd::mkfifo(
        &dir.path().join("203.0.113.3"),
        nix::sys::stat::Mode::S_IRWXU,
    )
    .expect("a pipe");
    for name in ["203.0.113.1", "203.0.113.2", "203.0.113.3"] {
        let begun = Instant::now();
        assert!(
            logs.append(net(name), Some(b"x"), &[], None, 0).is_err(),
            "{name}"
        );
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}");
    }
    assert_eq!(
        std::fs::read_to_string(victim).expect("still there"),
        "precious"
    );
}

#[test]
fn a_folder_that_others_can_change_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).expect("chmod");
    assert!(matches!(
        AddressLogs::open(dir.path()),
        Err(CountError::Directory(DirectoryError::Untrusted { .. }))
    ));
    let fresh = dir.path().join("a/b");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("chmod");
    AddressLogs::open(&fresh).expect("made");
    assert_eq!(
        fresh.metadata().expect("there").permissions().mode() & 0o777,
        0o750
    );
}

#[test]
fn a_torn_last_line_stays_a_line_of_its_own() {
    let (dir, logs) = directory();
    std::fs::write(dir.path().join("203.0.113.9"), "whole\nhal").expect("a torn log");
    let count = logs.append(net("203.0.113.9"), Some(b"next"), &[], None, 0);
    assert_eq!(count.expect("appended"), 3);
    let (text, cut) = logs.tail(net("203.0.113.9"), 9).expect("the end");
    assert_eq!((text.as_slice(), cut), (&b"next\n"[..], true));
}

#[test]
fn a_window_counts_its_own_time_only() {
    let (dir, logs) = directory();
    let at = |now| {
        logs.append(net("203.0.113.9"), Some(b"x"), &[], Some(Seconds(600)), now)
            .expect("appended")
    };
    assert_eq!(at(1000), 1);
    assert_eq!(at(1300), 2);
    assert_eq!(at(1700), 2);
    assert_eq!(logs.lines(net("203.0.113.9")).expect("counted"), 3);
    assert_eq!(logs.lines_within(net("203.0.113.9"), Seconds(600), 1700), 2);
    std::fs::rename(dir.path().join("203.0.113.9"), dir.path().join("old")).expect("rotated");
    assert_eq!(at(1701), 1);
}

#[test]
fn an_event_in_the_future_leaves_the_window_too() {
    let (_dir, logs) = directory();
    let at = |now| {
        logs.append(net("203.0.113.9"), Some(b"x"), &[], Some(Seconds(600)), now)
            .expect("appended")
    };
    // The clock was a year ahead and has been set back.
    assert_eq!([at(31_000_000), at(31_000_001)], [1, 2]);
    assert_eq!(at(1000), 3);
    assert_eq!(at(1599), 4);
    assert_eq!(at(1600), 2);
}

#[test]
fn concurrent_writers_lose_nothing_and_no_two_see_the_same_count() {
    let (dir, logs) = directory();
    let counts = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let count = logs.append(net("203.0.113.9"), Some(b"event"), &[], None, 0);
                    counts
                        .lock()
                        .expect("no panic")
                        .push(count.expect("appended"));
                }
            });
        }
    });
    let mut counts = counts.into_inner().expect("no panic");
    counts.sort_unstable();
    assert!(counts.iter().copied().eq(1..=800));
    let text = std::fs::read_to_string(dir.path().join("203.0.113.9")).expect("the log");
    assert_eq!(text, "event\n".repeat(800));
}
