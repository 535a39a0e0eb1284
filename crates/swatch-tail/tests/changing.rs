//! Files that are renamed, copied or compressed while they are looked at: each line comes once.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use common::{PATIENCE, Tail, append, followed, quick, start, stop};
use swatch_tail::{Checkpoint, FileEvent, FollowOptions, Follower, Pattern};

/// Compressed files may be incomplete for as long as any of these tests takes.
fn patient() -> FollowOptions {
    FollowOptions {
        quiet: 2 * PATIENCE,
        ..quick()
    }
}

/// Follows `log` with the state in its directory.
fn start_patiently(dir: tempfile::TempDir) -> Tail {
    let checkpoint = Checkpoint::load(&dir.path().join("state")).unwrap();
    Tail::start_in(dir, &["log"], patient(), checkpoint.checkpoint)
}

/// The output of gzip for a text.
fn gzipped(text: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("text"), text).unwrap();
    let packed = Command::new("gzip").arg(dir.path().join("text")).status();
    assert!(packed.unwrap().success());
    fs::read(dir.path().join("text.gz")).unwrap()
}

fn gzip(path: &Path) {
    let packed = Command::new("gzip").arg(path).status();
    assert!(packed.unwrap().success());
}

/// Waits until what is done next is certainly younger.
fn wait_until_younger_than(time: SystemTime) {
    while SystemTime::now() < time + Duration::from_millis(50) {
        std::thread::yield_now();
    }
}

#[test]
fn a_file_that_is_compressed_between_two_tries_is_read() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    fs::rename(path("log"), path("log.4")).unwrap();
    append(&path("log.3"), "a line of the third file\n");
    let second = gzipped("a line of the second file\n");
    append(&path("log.2.gz"), &second[..20]);
    append(&path("log.1"), "a line of the first file\n");
    append(&path("log"), "a line of the log\n");
    // The third file is opened, and left again because of the second one.
    let mut tail = start_patiently(dir);
    tail.settle();
    assert_eq!(tail.texts(), [""; 0]);
    gzip(&tail.path("log.3"));
    tail.append("log.2.gz", &second[20..]);
    tail.expect(&[
        "a line of the third file",
        "a line of the second file",
        "a line of the first file",
        "a line of the log",
    ]);
    tail.settle();
    assert_eq!(tail.records.len(), 4);
    assert!(
        !(tail.events.iter()).any(|e| matches!(e, FileEvent::RotatedUnreadable { .. })),
        "{:?}",
        tail.events
    );
}

#[test]
fn a_compressed_file_that_grows_while_it_is_read_is_read_to_its_end() {
    let lines: Vec<String> = (0..40_000)
        .map(|n: u64| format!("{n} {}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let packed = gzipped(&format!("{}\n", lines.join("\n")));
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    fs::rename(path("log"), path("log.2")).unwrap();
    append(&path("log.1.gz"), &packed[..packed.len() / 2]);
    append(&path("log"), "the last line\n");
    let mut tail = start_patiently(dir);
    tail.until("the first half", |tail| tail.records.len() > 1000);
    tail.settle();
    tail.append("log.1.gz", &packed[packed.len() / 2..]);
    tail.until("all lines", |tail| tail.records.len() > lines.len());
    tail.settle();
    let mut texts = tail.texts();
    let last = texts.iter().position(|text| text == "the last line");
    texts.remove(last.unwrap());
    assert_eq!(texts, lines);
}

#[test]
fn a_compressed_file_that_is_older_than_the_first_look_at_its_original_is_found() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    fs::rename(path("log"), path("log.2")).unwrap();
    let text = "a line of the first file\n";
    append(&path("log.1"), text);
    append(&path("log"), "");
    let written = fs::metadata(path("log.1")).unwrap().modified().unwrap();
    // A compressor is at work.
    let packed = gzipped(text);
    append(&path("log.1.gz"), &packed[..20]);
    let begun = fs::metadata(path("log.1.gz")).unwrap().modified().unwrap();
    wait_until_younger_than(begun);
    // The original is opened, and nothing is read of it before the process ends.
    let checkpoint = Checkpoint::load(&path("state")).unwrap().checkpoint;
    let pattern = [Pattern::new(path("log"))];
    drop(Follower::open(pattern, patient(), &checkpoint).unwrap());
    drop(checkpoint);
    append(&path("log.1.gz"), &packed[20..]);
    let compressed = fs::OpenOptions::new().append(true).open(path("log.1.gz"));
    compressed.unwrap().set_modified(written).unwrap();
    fs::remove_file(path("log.1")).unwrap();
    let mut tail = start_patiently(dir);
    tail.expect(&["a line of the first file"]);
}

#[test]
fn a_file_that_is_renamed_while_it_is_searched_for_is_found() {
    let mut dir = followed();
    let rotated = |n: usize| dir.path().join(format!("log.{n}"));
    fs::rename(dir.path().join("log"), rotated(1)).unwrap();
    append(&dir.path().join("log"), "");
    let names = [rotated(1), rotated(2)];
    for round in 0..10 {
        let text = format!("a line of round {round}\n");
        append(&names[0], &text);
        let is_over = AtomicBool::new(false);
        let mut tail = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut at = 0;
                while at > 0 || !is_over.load(Ordering::Relaxed) {
                    let next = (at + 1) % names.len();
                    fs::rename(&names[at], &names[next]).unwrap();
                    at = next;
                }
            });
            let tail = start(dir, &["log"]);
            is_over.store(true, Ordering::Relaxed);
            tail
        });
        tail.expect(&[text.trim_end()]);
        assert!(
            !(tail.events.iter()).any(|e| matches!(e, FileEvent::Lost { .. })),
            "{:?}",
            tail.events
        );
        dir = stop(tail);
    }
}

#[test]
fn a_file_that_is_being_compressed_is_read_once() {
    let mut dir = followed();
    for round in 0..8 {
        let line = |n| format!("{round} {n}");
        let lines: Vec<String> = (0..20_000).map(line).collect();
        let _ = fs::remove_file(dir.path().join("log.2.gz"));
        fs::rename(dir.path().join("log"), dir.path().join("log.2")).unwrap();
        append(&dir.path().join("log.1"), lines.join("\n") + "\n");
        let last = format!("a line of the log of round {round}");
        append(&dir.path().join("log"), format!("{last}\n"));
        let path = dir.path().join("log.1");
        let mut tail = std::thread::scope(|scope| {
            scope.spawn(|| gzip(&path));
            start_patiently(dir)
        });
        tail.until("all lines", |tail| tail.records.len() > lines.len());
        tail.settle();
        let texts = tail.texts();
        assert_eq!(texts[..lines.len()], lines);
        assert_eq!(texts[lines.len()..], [last]);
        dir = stop(tail);
        fs::rename(path.with_extension("1.gz"), dir.path().join("log.2.gz")).unwrap();
        fs::remove_file(dir.path().join("log.2")).unwrap();
    }
}

#[test]
fn a_line_that_was_written_late_to_an_empty_file_is_found_though_it_was_compressed() {
    let mut tail = start(followed(), &["log"]);
    tail.rename("log", "log.3");
    tail.append("log", "");
    tail.until("the second file", |tail| tail.follower.status().len() == 2);
    tail.rename("log", "log.2");
    tail.append("log", "a line of the third file\n");
    tail.expect(&["a line of the third file"]);
    let dir = stop(tail);
    append(
        &dir.path().join("log.2"),
        "a late line of the second file\n",
    );
    gzip(&dir.path().join("log.2"));
    let mut tail = start(dir, &["log"]);
    tail.expect(&["a late line of the second file"]);
    tail.settle();
    assert_eq!(tail.records.len(), 1);
}

#[test]
fn a_copy_that_is_still_empty_is_not_read_after_the_log() {
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("log"), "");
    let mut tail = start(dir, &["log"]);
    // It is about to be copied.
    tail.append("log-20261129", "");
    let text = "a line that was read from the log\n";
    tail.append("log", text);
    tail.expect(&[text.trim_end()]);
    tail.append("log-20261129", text);
    fs::write(tail.path("log"), "").unwrap();
    tail.settle();
    let again = "a line that was written after the truncation\n";
    tail.append("log", again);
    tail.expect(&[text.trim_end(), again.trim_end()]);
    let mut tail = start(stop(tail), &["log"]);
    tail.append("log", "the last line\n");
    tail.expect(&["the last line"]);
}

#[test]
fn a_copy_is_found_after_a_stop_that_came_before_it_was_read() {
    let dir = followed();
    let mut tail = start_patiently(dir);
    // One of the files between the copy and the log cannot be read yet, so nothing is.
    let packed = gzipped("a line between them\n");
    tail.append("log", "2\n");
    fs::copy(tail.path("log"), tail.path("log-20261129")).unwrap();
    tail.append("log-20261130.gz", &packed[..20]);
    let copied = fs::metadata(tail.path("log-20261129")).unwrap().modified();
    wait_until_younger_than(copied.unwrap());
    fs::write(tail.path("log"), "a line after the truncation\n").unwrap();
    tail.settle();
    assert_eq!(tail.texts(), [""; 0]);
    let dir = stop(tail);
    append(&dir.path().join("log-20261130.gz"), &packed[20..]);
    let mut tail = start_patiently(dir);
    tail.expect(&["2", "a line between them", "a line after the truncation"]);
}

#[test]
fn a_log_that_was_compressed_at_once_shows_what_is_older() {
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("log.1"), "an old line, never followed\n");
    append(&dir.path().join("log"), "an old line of the log\n");
    let mut tail = start(dir, &["log"]);
    tail.append("log", "a first line that is long enough\n");
    tail.expect(&["a first line that is long enough"]);
    // Written to late, so that it seems to be as young as the log.
    tail.append("log.1", "another old line\n");
    tail.rename("log.1", "log.2");
    tail.rename("log", "log.1");
    gzip(&tail.path("log.2"));
    gzip(&tail.path("log.1"));
    tail.append("log", "a line of the next log\n");
    tail.expect(&["a first line that is long enough", "a line of the next log"]);
    tail.settle();
    assert_eq!(tail.records.len(), 2);
}
