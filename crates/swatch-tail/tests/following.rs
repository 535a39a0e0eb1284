//! Following a log through everything that can happen to it, on real files.

mod common;

use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::time::Duration;

use common::{Tail, append, events_only, quick};
use swatch_tail::{
    Checkpoint, FileEvent, FollowError, FollowOptions, Follower, Pattern, Separator, SplitOptions,
};

#[test]
fn what_is_there_at_the_start_is_skipped() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| {
        append(&dir.join("log"), "old\n")
    });
    tail.append("log", "new\n");
    tail.expect(&["new"]);
}

#[test]
fn from_start_reads_what_is_there() {
    let options = FollowOptions {
        from_start: true,
        ..events_only()
    };
    let mut tail = Tail::start(&["log"], options, |dir| append(&dir.join("log"), "old\n"));
    tail.append("log", "new\n");
    tail.expect(&["old", "new"]);
}

#[test]
fn the_rest_of_an_unfinished_line_is_a_record() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| {
        append(&dir.join("log"), "beta old-part");
    });
    tail.append("log", " beta rest\n");
    tail.expect(&[" beta rest"]);
}

#[test]
fn an_unfinished_line_waits() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "be");
    tail.settle();
    tail.append("log", "ta split");
    tail.settle();
    assert_eq!(tail.texts(), Vec::<String>::new());
    tail.append("log", " end\n");
    tail.expect(&["beta split end"]);
}

#[test]
fn an_absent_file_is_waited_for_and_read_from_its_beginning() {
    let mut tail = Tail::start(&["log"], events_only(), |_| {});
    tail.settle();
    assert!(matches!(tail.events[..], [FileEvent::Absent { .. }]));
    tail.append("log", "1\n2\n");
    tail.expect(&["1", "2"]);
    tail.append("log", "3\n");
    tail.expect(&["1", "2", "3"]);
    assert!(matches!(tail.events[..], [_, FileEvent::Appeared { .. }]));
}

#[test]
fn a_file_in_an_absent_directory_is_found_by_looking() {
    let mut tail = Tail::start(&["a/b/log"], quick(), |_| {});
    fs::create_dir_all(tail.path("a/b")).unwrap();
    tail.append("a/b/log", "1\n");
    tail.expect(&["1"]);
}

#[test]
fn the_rest_of_a_renamed_file_comes_before_the_new_one() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "1\n");
    tail.expect(&["1"]);
    tail.append("log", "2\n");
    tail.rename("log", "log.1");
    tail.append("log.1", "3 late\n");
    tail.append("log", "4 new\n");
    tail.expect(&["1", "2", "3 late", "4 new"]);
    tail.append("log.1", "5 very late\n");
    tail.append("log", "6\n");
    tail.expect(&["1", "2", "3 late", "4 new", "5 very late", "6"]);
}

#[test]
fn a_renamed_file_is_read_until_there_is_a_new_one() {
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    tail.rename("log", "log.1");
    tail.expect_event("absence", |n| matches!(n, FileEvent::Absent { .. }));
    // Longer than a replaced file is kept.
    std::thread::sleep(quick().quiet * 2);
    tail.append("log.1", "late\n");
    tail.expect(&["late"]);
    tail.append("log", "new\n");
    tail.expect(&["late", "new"]);
}

#[test]
fn a_replaced_file_hands_over_its_unfinished_line_and_is_let_go() {
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "whole\npart");
    tail.rename("log", "log.1");
    tail.append("log", "new\n");
    tail.expect(&["whole", "new", "part"]);
    tail.until("letting go", |tail| tail.follower.status().len() == 1);
    let open: Vec<_> = fs::read_dir("/proc/self/fd").unwrap().flatten().collect();
    let links = open.iter().filter_map(|fd| fs::read_link(fd.path()).ok());
    let rotated = tail.path("log.1");
    assert!(links.into_iter().all(|link| link != rotated));
}

#[test]
fn truncation_to_any_length_is_noticed() {
    for new in ["b\n", "four\n", "much longer than before\n"] {
        let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
        tail.append("log", "1234\n");
        tail.expect(&["1234"]);
        fs::write(tail.path("log"), new).unwrap();
        tail.expect(&["1234", new.trim_end()]);
        assert!(matches!(
            tail.events[..],
            [FileEvent::Truncated { read: 5, .. }]
        ));
        tail.append("log", "on\n");
        tail.expect(&["1234", new.trim_end(), "on"]);
    }
}

#[test]
fn a_deleted_file_is_read_to_its_end() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", "1\n");
    fs::remove_file(tail.path("log")).unwrap();
    tail.append("log", "2\n");
    tail.expect(&["1", "2"]);
}

#[test]
fn a_link_is_followed_to_where_it_moves() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| {
        append(&dir.join("real1"), "x\n");
        append(&dir.join("real2"), "beta in real2\n");
        symlink("real1", dir.join("log")).unwrap();
    });
    tail.append("real1", "beta 1\n");
    tail.expect(&["beta 1"]);
    symlink("real2", tail.path("new")).unwrap();
    tail.rename("new", "log");
    tail.append("real2", "beta 2\n");
    tail.expect(&["beta 1", "beta in real2", "beta 2"]);
    // Back again: what was read is not read again.
    symlink("real1", tail.path("new")).unwrap();
    tail.rename("new", "log");
    tail.append("real1", "beta 3\n");
    tail.expect(&["beta 1", "beta in real2", "beta 2", "beta 3"]);
}

#[test]
fn a_link_in_the_middle_of_a_path_is_followed_by_looking() {
    let mut tail = Tail::start(&["current/log"], quick(), |dir| {
        fs::create_dir(dir.join("a")).unwrap();
        fs::create_dir(dir.join("b")).unwrap();
        append(&dir.join("a/log"), "");
        symlink("a", dir.join("current")).unwrap();
    });
    tail.append("a/log", "1\n");
    tail.expect(&["1"]);
    tail.append("b/log", "2\n");
    symlink("b", tail.path("new")).unwrap();
    tail.rename("new", "current");
    tail.expect(&["1", "2"]);
    tail.append("b/log", "3\n");
    tail.expect(&["1", "2", "3"]);
}

#[test]
fn several_files_each_in_order() {
    let mut tail = Tail::start(&["l1", "l2"], events_only(), |dir| {
        append(&dir.join("l1"), "")
    });
    tail.append("l1", "1\n");
    tail.expect(&["1"]);
    tail.append("l2", "2\n");
    tail.expect(&["1", "2"]);
    tail.append("l1", "3\n");
    tail.expect(&["1", "2", "3"]);
}

#[test]
fn one_file_under_two_names_comes_once() {
    let mut tail = Tail::start(&["log", "link"], quick(), |dir| {
        append(&dir.join("log"), "");
        symlink("log", dir.join("link")).unwrap();
    });
    tail.append("log", "1\n");
    tail.settle();
    tail.append("log", "2\n");
    tail.settle();
    assert_eq!(tail.texts(), ["1", "2"]);
}

#[test]
fn any_bytes_are_a_record() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    tail.append("log", b"\0a\xff\r\n\n\x80\n");
    tail.until("records", |tail| tail.records.len() >= 3);
    assert_eq!(tail.records, [&b"\0a\xff\r"[..], b"", b"\x80"]);
}

#[test]
fn a_record_beyond_the_bound_is_cut_and_told() {
    let options = FollowOptions {
        split: SplitOptions {
            max_record: Some(1000),
            ..SplitOptions::default()
        },
        ..events_only()
    };
    let mut tail = Tail::start(&["log"], options, |dir| append(&dir.join("log"), ""));
    for _ in 0..5 {
        tail.append("log", [b'x'; 777]);
        tail.settle();
    }
    tail.append("log", " end\nnext\n");
    tail.expect(&[&"x".repeat(1000), "next"]);
    let told = FileEvent::RecordTooLong {
        path: Some(tail.path("log")),
        end: 3890,
        kept: 1000,
        skipped: 2889,
    };
    assert_eq!(tail.events, [told]);
}

#[test]
fn other_separators_work_over_many_writes() {
    let separators = [
        (
            Separator::Literal(b"--".to_vec()),
            "a\nb-- -c-",
            "-d--",
            &["a\nb", " -c", "d"][..],
        ),
        (
            Separator::Paragraph,
            "\n\na\nb\n\n\n\nc\n",
            "\nd\n\n",
            &["a\nb", "c", "d"],
        ),
    ];
    for (separator, first, second, records) in separators {
        let options = FollowOptions {
            split: SplitOptions {
                separator,
                ..SplitOptions::default()
            },
            ..events_only()
        };
        let mut tail = Tail::start(&["log"], options, |dir| append(&dir.join("log"), ""));
        tail.append("log", first);
        tail.settle();
        tail.append("log", second);
        tail.expect(records);
    }
}

#[test]
fn a_hole_that_a_truncation_left_is_skipped() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    let writer = fs::OpenOptions::new()
        .write(true)
        .open(tail.path("log"))
        .unwrap();
    writer.write_at(b"one\n", 0).unwrap();
    tail.expect(&["one"]);
    writer.set_len(0).unwrap();
    writer.write_at(b"two\n", 70_004).unwrap();
    tail.expect(&["one", "two"]);
    writer.write_at(b"three\n", 70_008).unwrap();
    tail.expect(&["one", "two", "three"]);
}

#[test]
fn what_can_never_be_followed_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path| {
        let patterns = [Pattern::new(path)];
        Follower::open(patterns, FollowOptions::default(), &Checkpoint::in_memory())
    };
    let refused = open(dir.path()).unwrap_err();
    assert!(matches!(
        refused,
        FollowError::NotAFile {
            kind: "a directory",
            ..
        }
    ));
    assert!(
        refused.to_string().contains("to follow all files in it"),
        "{refused}"
    );
    let fifo = dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let refused = open(&fifo).unwrap_err();
    assert!(matches!(
        refused,
        FollowError::NotAFile { kind: "a FIFO", .. }
    ));
}

#[test]
fn a_directory_in_the_place_of_a_log_is_told_and_outlived() {
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    fs::remove_file(tail.path("log")).unwrap();
    fs::create_dir(tail.path("log")).unwrap();
    tail.expect_event("trouble", |n| matches!(n, FileEvent::Unreadable { .. }));
    tail.settle();
    assert_eq!(tail.events.len(), 1);
    fs::remove_dir(tail.path("log")).unwrap();
    tail.append("log", "1\n");
    tail.expect(&["1"]);
}

#[test]
fn a_wake_up_interrupts_the_wait() {
    let mut tail = Tail::start(&["log"], FollowOptions::default(), |_| {});
    tail.settle();
    let waker = tail.follower.waker();
    let thread = std::thread::spawn(move || waker.wake());
    let event = tail.follower.next(None).unwrap();
    assert!(matches!(event, swatch_tail::Event::Woken));
    thread.join().unwrap();
    let event = tail.follower.next(Some(Duration::ZERO)).unwrap();
    assert!(matches!(event, swatch_tail::Event::TimedOut));
}

#[test]
fn a_storm_comes_in_big_blocks() {
    let mut tail = Tail::start(&["log"], events_only(), |dir| append(&dir.join("log"), ""));
    let storm: String = (0..100_000)
        .map(|n| format!("line number {n} of the storm\n"))
        .collect();
    tail.append("log", &storm);
    tail.until("the storm", |tail| tail.records.len() >= 100_000);
    assert!(
        tail.records
            .iter()
            .map(|r| &r[..])
            .eq(storm.as_bytes().split(|&b| b == b'\n').take(100_000))
    );
    assert!(tail.blocks.len() < 30, "{} blocks", tail.blocks.len());
}

/// A process that has the log open and writes what is sent to it, line by line.
struct LateWriter(std::process::Child);

impl LateWriter {
    fn of(log: &std::path::Path) -> LateWriter {
        let mut child = std::process::Command::new("sh")
            .args([
                "-c",
                "exec 3>>\"$1\"; echo ready; while read -r l; do echo \"$l\" >&3; done",
                "sh",
            ])
            .arg(log)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        LateWriter(child)
    }

    fn write(&mut self, line: &str) {
        let input = self.0.stdin.as_mut().unwrap();
        std::io::Write::write_all(input, format!("{line}\n").as_bytes()).unwrap();
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_rotated_file_is_watched_as_long_as_somebody_writes_to_it() {
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    let mut writer = LateWriter::of(&tail.path("log"));
    writer.write("1");
    tail.expect(&["1"]);
    tail.rename("log", "log.1");
    tail.append("log", "2\n");
    tail.expect(&["1", "2"]);
    for n in 3..6 {
        // Far longer than a rotated file without a writer is kept.
        let end = std::time::Instant::now() + 3 * quick().quiet;
        while std::time::Instant::now() < end {
            tail.step(std::time::Duration::from_millis(50));
        }
        writer.write(&n.to_string());
        tail.until("a late line", |tail| tail.records.len() == n);
    }
    writer.end();
    if nix::unistd::geteuid().is_root() {
        tail.expect_event("the end", |e| {
            matches!(e, FileEvent::Left { is_open: false, .. })
        });
        tail.until("one file", |tail| tail.follower.status().len() == 1);
    }
}

#[test]
fn a_program_that_never_reopens_its_log_is_told_of() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root sees who has a file open");
        return;
    }
    let mut tail = Tail::start(&["log"], quick(), |dir| append(&dir.join("log"), ""));
    let mut writers = Vec::new();
    for n in 0..6 {
        writers.push(LateWriter::of(&tail.path("log")));
        tail.rename("log", &format!("log-2026010{}", n + 1));
        tail.append("log", format!("{n}\n"));
        tail.until("a record", |tail| tail.records.len() > n);
    }
    tail.expect_event("the oldest", |event| match event {
        FileEvent::Left {
            rotated,
            is_open: true,
            ..
        } => rotated.ends_with("log-20260101"),
        _ => false,
    });
    writers.into_iter().for_each(LateWriter::end);
}
