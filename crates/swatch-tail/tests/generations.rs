//! Missed generations: rotated or copied between two looks.

mod common;

use std::fs;
use std::time::Duration;

use common::{Tail, append, events_only, quick};

#[test]
fn what_was_copied_before_a_truncation_is_read_from_the_copy() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "1\n");
    tail.expect(&["1"]);
    tail.append("log", "2\n3\n");
    fs::copy(tail.path("log"), tail.path("log.1")).unwrap();
    fs::write(tail.path("log"), "4\n").unwrap();
    tail.expect(&["1", "2", "3", "4"]);
}

#[test]
fn a_copy_of_less_than_was_read_is_not_read_again() {
    // The copy must be as old as the last look at the log, by the kernel's clock, which ticks
    // every few milliseconds: most of these rounds are as quick.
    for _ in 0..20 {
        let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
        tail.append("log", "read before the copy\n");
        tail.expect(&["read before the copy"]);
        fs::copy(tail.path("log"), tail.path("log.1")).unwrap();
        tail.append("log", "read after it\n");
        tail.expect(&["read before the copy", "read after it"]);
        fs::write(tail.path("log"), "").unwrap();
        tail.until("the truncation", |tail| !tail.events.is_empty());
        tail.append("log", "new\n");
        tail.expect(&["read before the copy", "read after it", "new"]);
    }
}

#[test]
fn two_rotations_between_two_looks_lose_nothing() {
    for names in [
        ["log.2", "log.1"],
        ["log-20260101", "log-20260102"],
        ["log.1.old", "log.old"],
    ] {
        let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
        tail.append("log", "1\n");
        tail.expect(&["1"]);
        tail.append("log", "2\n");
        tail.rename("log", names[0]);
        tail.append("log", "3\n");
        tail.rename("log", names[1]);
        tail.append("log", "4\n");
        if names[0] == "log.1.old" {
            // No order is known among such names: only the file that was open is read on.
            tail.expect(&["1", "2", "4"]);
        } else {
            tail.expect(&["1", "2", "3", "4"]);
        }
    }
}

#[test]
fn a_generation_that_begins_like_the_one_before_is_read_all_the_same() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "the program starts\nit stops\n");
    tail.expect(&["the program starts", "it stops"]);
    tail.rename("log", "log.2");
    tail.append("log", "the program starts\n");
    tail.rename("log", "log.1");
    tail.append("log", "new\n");
    tail.expect(&[
        "the program starts",
        "it stops",
        "the program starts",
        "new",
    ]);
}

#[test]
fn a_short_generation_with_the_header_of_a_long_one_is_read() {
    let header = "#".repeat(300);
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", format!("{header}\nline 1\nline 2\n"));
    tail.expect(&[&header, "line 1", "line 2"]);
    tail.rename("log", "log.2");
    tail.append("log", format!("{header}\nline 3\n"));
    tail.rename("log", "log.1");
    tail.append("log", "new\n");
    tail.expect(&[&header, "line 1", "line 2", &header, "line 3", "new"]);
}

#[test]
fn a_generation_that_nobody_saw_does_not_wait_for_the_next_one() {
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "1\n");
    tail.rename("log", "log-20260101");
    tail.append("log", "2\n");
    tail.rename("log", "log-20260102");
    tail.expect(&["1", "2"]);
    tail.append("log", "3\n");
    tail.expect(&["1", "2", "3"]);
    tail.settle();
    assert_eq!(tail.texts(), ["1", "2", "3"]);
}

#[test]
fn files_that_only_look_like_rotated_ones_are_left_alone() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| {
        append(&dir.join("log"), "");
        append(&dir.join("log.1"), "old rotated\n");
        // By time stamps that differ.
        std::thread::sleep(Duration::from_millis(30));
    });
    append(&tail.path("log.2026"), "not ours\n");
    tail.append("log-extra", "not ours\n");
    tail.append("log", "1\n");
    tail.rename("log", "log.2");
    tail.append("log", "2\n");
    tail.expect(&["1", "2"]);
    tail.settle();
    assert_eq!(tail.texts(), ["1", "2"]);
}
