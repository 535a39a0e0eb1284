//! Patterns while following, and the change of what is followed.

mod common;

use std::fs;

use common::{Tail, append, quick};
use swatch_tail::{FileEvent, Pattern};

#[test]
fn a_pattern_picks_up_new_files_from_their_beginning() {
    let mut tail = Tail::start(&["g*"], quick(), |dir| {
        append(&dir.join("g1"), "old\n");
        append(&dir.join("h"), "");
    });
    tail.append("g1", "1\n");
    tail.expect(&["1"]);
    tail.append("g2", "2\n");
    tail.append("h", "other\n");
    tail.expect(&["1", "2"]);
    assert!(matches!(&tail.events[..], [FileEvent::Appeared { path }] if path.ends_with("g2")));
}

#[test]
fn a_pattern_that_matches_nothing_is_told_and_waits() {
    let mut tail = Tail::start(&["*.log"], quick(), |_| {});
    tail.settle();
    assert!(matches!(
        tail.events[..],
        [FileEvent::NothingMatches { .. }]
    ));
    tail.append("a.log", "1\n");
    tail.expect(&["1"]);
}

#[test]
fn rotation_under_a_pattern_that_matches_the_rotated_files_too() {
    let mut tail = Tail::start(&["log*"], quick(), |dir| {
        append(&dir.join("log"), "");
        append(&dir.join("log.1"), "older\n");
    });
    for n in 0..5 {
        tail.append("log", format!("a long enough line, number {n}\n"));
        tail.until("a line", |tail| tail.records.len() > n);
        if n % 2 == 0 {
            let _ = fs::rename(tail.path("log.1"), tail.path("log.2"));
            tail.rename("log", "log.1");
            tail.append("log", "");
        } else {
            let _ = fs::rename(tail.path("log.1"), tail.path("log.3"));
            fs::copy(tail.path("log"), tail.path("log.1")).unwrap();
            fs::write(tail.path("log"), "").unwrap();
        }
        tail.settle();
    }
    assert_eq!(tail.records.len(), 5, "{:?}", tail.texts());
    // Also when the rotated file is not read for the log any more.
    let _ = fs::copy(tail.path("log.1"), tail.path("log.4"));
    std::thread::sleep(quick().quiet * 2);
    tail.settle();
    tail.append("log.1", "late\n");
    tail.until("the late line", |tail| tail.records.len() >= 6);
    tail.settle();
    assert_eq!(tail.texts()[5..], ["late"]);
}

#[test]
fn files_that_vanish_under_a_pattern_are_forgotten() {
    let mut tail = Tail::start(&["day-*"], quick(), |_| {});
    for day in 0..20 {
        let name = format!("day-{day}");
        tail.append(&name, format!("{day}\n"));
        tail.until("a line", |tail| tail.records.len() > day);
        fs::remove_file(tail.path(&name)).unwrap();
    }
    tail.until("forgetting", |tail| tail.follower.status().is_empty());
}

#[test]
fn compressed_files_hold_no_lines() {
    let mut tail = Tail::start(&["log*"], quick(), |dir| append(&dir.join("log"), ""));
    tail.append("log.1.gz", "\x1f\n");
    tail.settle();
    tail.append("log", "1\n");
    tail.expect(&["1"]);
}

#[test]
fn what_is_followed_can_change_without_loss() {
    let mut tail = Tail::start(&["a", "b"], quick(), |dir| {
        for name in ["a", "b", "c"] {
            append(&dir.join(name), "old\n");
        }
    });
    tail.append("a", "a1\n");
    tail.expect(&["a1"]);
    tail.append("a", "a2\nhalf");
    let patterns = ["a", "c"].map(|name| Pattern::new(tail.path(name)));
    tail.follower.set_patterns(patterns).unwrap();
    tail.append("b", "b1\n");
    tail.append("c", "c1\n");
    tail.append("a", " a3\n");
    tail.until("three", |tail| tail.records.len() >= 4);
    tail.settle();
    let mut texts = tail.texts();
    texts.sort();
    assert_eq!(texts, ["a1", "a2", "c1", "half a3"]);
    // A refusal changes nothing.
    let directory = [Pattern::new(tail.dir.path())];
    assert!(tail.follower.set_patterns(directory).is_err());
    tail.append("a", "a4\n");
    tail.until("a4", |tail| tail.records.len() >= 5);
}
