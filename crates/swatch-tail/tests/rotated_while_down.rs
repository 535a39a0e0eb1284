//! Rotations while nothing follows the log: each line comes once, in order.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{PATIENCE, append, followed, quick, start, stop};
use swatch_tail::{Checkpoint, Event, FileEvent};

fn gzip(path: &Path) -> bool {
    let done = Command::new("gzip").arg(path).status();
    let is_done = done.is_ok_and(|status| status.success());
    if !is_done {
        println!("skipped: gzip is not installed");
    }
    is_done
}

#[test]
fn rotations_while_down_lose_nothing() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    for number in 3..6 {
        let _ = fs::rename(path("log.2"), path("log.3"));
        let _ = fs::rename(path("log.1"), path("log.2"));
        fs::rename(path("log"), path("log.1")).unwrap();
        append(
            &path("log"),
            format!(
                "a line of file {number}
"
            ),
        );
    }
    let mut tail = start(dir, &["log"]);
    tail.expect(&[
        "2",
        "a line of file 3",
        "a line of file 4",
        "a line of file 5",
    ]);
}

#[test]
fn a_rotated_file_that_was_compressed_while_down_is_read() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    fs::rename(path("log"), path("log.2")).unwrap();
    append(&path("log.1"), "another line that is long enough\n");
    append(&path("log"), "3\n");
    if !gzip(&path("log.2")) || !gzip(&path("log.1")) {
        return;
    }
    let mut tail = start(dir, &["log"]);
    tail.expect(&["2", "another line that is long enough", "3"]);
    // The unpacked files are done with, too.
    let dir = stop(tail);
    let mut tail = start(dir, &["log"]);
    tail.append("log", "4\n");
    tail.expect(&["4"]);
}

/// Rotates the log of [`followed`] to these names, one after the other, with a line in each, and
/// compresses all but the last one.
fn rotate_while_down(dir: &Path, names: &[&str], compressor: Option<&str>) -> bool {
    let path = |name: &str| dir.join(name);
    for (n, name) in names.iter().enumerate() {
        append(&path("log"), format!("a line of the file that is {name}\n"));
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::rename(path("log"), path(name)).unwrap();
        append(&path("log"), "");
        // Rotations are further apart than in this test.
        let rotated = fs::OpenOptions::new()
            .append(true)
            .open(path(name))
            .unwrap();
        let time = std::time::SystemTime::now() + std::time::Duration::from_secs(2 * n as u64);
        rotated.set_modified(time).unwrap();
        if let Some(program) = compressor.filter(|_| n + 1 < names.len()) {
            let done = Command::new(program).arg(path(name)).status();
            if !done.is_ok_and(|status| status.success()) {
                println!("skipped: {program} is not installed");
                return false;
            }
        }
    }
    true
}

fn check_rotated_while_down(names: &[&str], compressor: Option<&str>) {
    let dir = followed();
    if rotate_while_down(dir.path(), names, compressor) {
        let mut tail = start(dir, &["log"]);
        let expected: Vec<String> = names
            .iter()
            .map(|name| format!("a line of the file that is {name}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        tail.expect(&expected);
        tail.settle();
        assert_eq!(tail.texts(), expected);
    }
}

#[test]
fn dates_that_do_not_sort_are_read_in_the_order_of_time() {
    for names in [
        ["log-29112026", "log-30112026", "log-01122026"],
        ["log-12302026", "log-12312026", "log-01012027"],
        ["log.30-11-26", "log.01-12-26", "log.02-12-26"],
    ] {
        for compressor in [None, Some("gzip"), Some("bzip2")] {
            check_rotated_while_down(&names, compressor);
        }
    }
}

#[test]
fn files_that_were_moved_to_another_directory_are_read() {
    let names = ["old/log-20261129", "old/log-20261130", "old/log-20261201"];
    for compressor in [None, Some("gzip"), Some("bzip2")] {
        check_rotated_while_down(&names, compressor);
    }
}

#[test]
fn files_that_were_moved_to_a_directory_beside_are_read() {
    for compressor in [None, Some("gzip")] {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("logs");
        fs::create_dir(&inner).unwrap();
        let follow = |records: &[&str]| {
            let state = outer.path().join("state");
            let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
            let pattern = [swatch_tail::Pattern::new(inner.join("log"))];
            let mut follower = swatch_tail::Follower::open(pattern, quick(), &checkpoint).unwrap();
            checkpoint.save().unwrap();
            if !inner.join("log").exists() {
                append(&inner.join("log"), "a first line that is long enough\n1\n");
            }
            let mut came = Vec::new();
            while came.len() < records.len() {
                if let Event::Records(block) = follower.next(Some(PATIENCE)).unwrap() {
                    let text = |r: swatch_tail::Record<'_>| {
                        String::from_utf8_lossy(r.bytes()).into_owned()
                    };
                    came.extend(block.records().map(text));
                    block.origin().unwrap().ack(block.end_offset());
                }
            }
            checkpoint.save().unwrap();
            assert_eq!(came, records);
        };
        follow(&["a first line that is long enough", "1"]);
        let names = ["../archive/log-20261129", "../archive/log-20261130"];
        if !rotate_while_down(&inner, &names, compressor) {
            return;
        }
        follow(
            &names
                .map(|name| format!("a line of the file that is {name}"))
                .each_ref()
                .map(String::as_str),
        );
    }
}

#[test]
fn a_compressed_file_that_cannot_be_read_is_told_by_its_name() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    fs::remove_file(path("log")).unwrap();
    append(&path("log.1.gz"), "this is not what gzip writes");
    append(&path("log"), "3\n");
    let mut tail = start(dir, &["log"]);
    tail.expect(&["3"]);
    let told = tail.events.iter().any(
        |n| matches!(n, FileEvent::RotatedUnreadable { rotated, .. } if rotated.ends_with("log.1.gz")),
    );
    assert!(told, "{:?}", tail.events);
}

#[test]
fn copy_and_truncate_while_down_loses_nothing() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    fs::copy(path("log"), path("log.1")).unwrap();
    fs::write(
        path("log"),
        "3, and more than there was before the truncation\n",
    )
    .unwrap();
    let mut tail = start(dir, &["log"]);
    tail.expect(&["2", "3, and more than there was before the truncation"]);
}

#[test]
fn a_file_whose_compressed_form_is_beside_it_is_read_once() {
    let dir = followed();
    let names = ["log-20261129", "log-20261130"];
    assert!(rotate_while_down(dir.path(), &names, None));
    // A compressor writes the one before it removes the other.
    let packed = dir.path().join("log-20261129.gz");
    let written = Command::new("gzip")
        .arg("--keep")
        .arg(dir.path().join(names[0]))
        .status();
    assert!(written.unwrap().success() && packed.exists());
    let whole = fs::read(&packed).unwrap();
    let expected = names.map(|name| format!("a line of the file that is {name}"));
    let expected = expected.each_ref().map(String::as_str);
    let mut tail = start(dir, &["log"]);
    tail.expect(&expected);
    tail.settle();
    assert_eq!(tail.texts(), expected);
    // The same with a part of it.
    let dir = stop(tail);
    append(&dir.path().join("log"), "2\n");
    let names = ["log-20261201", "log-20261202"];
    assert!(rotate_while_down(dir.path(), &names, None));
    fs::write(dir.path().join("log-20261201.gz"), &whole[..12]).unwrap();
    let mut tail = start(dir, &["log"]);
    let expected = names.map(|name| format!("a line of the file that is {name}"));
    let expected: Vec<&str> = std::iter::once("2")
        .chain(expected.iter().map(String::as_str))
        .collect();
    tail.expect(&expected);
    tail.settle();
    assert_eq!(tail.texts(), expected);
}
