//! Stop, crash and restart with a state: nothing lost, nothing again that was saved as done.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::{Tail, append, followed, quick, start, stop};
use swatch_tail::{Checkpoint, Event, FileEvent, FollowOptions, StateError};

#[test]
fn what_was_written_while_down_comes() {
    let dir = followed();
    append(&dir.path().join("log"), "2\n");
    let mut tail = start(dir, &["log"]);
    tail.expect(&["2"]);
    let dir = stop(tail);
    let mut tail = start(dir, &["log"]);
    tail.append("log", "3\n");
    tail.expect(&["3"]);
}

#[test]
fn a_file_that_is_gone_is_told() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    fs::remove_file(path("log")).unwrap();
    append(&path("log"), "3\n");
    let mut tail = start(dir, &["log"]);
    tail.expect(&["3"]);
    assert!(
        matches!(tail.events[0], FileEvent::Lost { from: 35, .. }),
        "{:?}",
        tail.events
    );
}

#[test]
fn a_renamed_file_is_found_under_any_name() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    fs::rename(path("log"), path("archive of november")).unwrap();
    append(&path("log"), "3\n");
    let mut tail = start(dir, &["log"]);
    tail.expect(&["2", "3"]);
}

#[test]
fn a_file_that_appeared_while_down_is_read_from_its_beginning() {
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("g1"), "old\n");
    let tail = start(dir, &["g*", "log"]);
    let dir = stop(tail);
    append(&dir.path().join("g2"), "1\n");
    append(&dir.path().join("log"), "2\n");
    let mut tail = start(dir, &["g*", "log", "new pattern"]);
    tail.until("two", |tail| tail.records.len() >= 2);
    let mut texts = tail.texts();
    texts.sort();
    assert_eq!(texts, ["1", "2"]);
}

#[test]
fn the_unfinished_line_at_the_stop_comes_whole_after_it() {
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("log"), "");
    let mut tail = start(dir, &["log"]);
    tail.append("log", "1\nbeta unfin");
    tail.expect(&["1"]);
    tail.settle();
    assert_eq!(tail.texts(), ["1"]);
    let dir = stop(tail);
    append(&dir.path().join("log"), "ished\n");
    let mut tail = start(dir, &["log"]);
    tail.expect(&["beta unfinished"]);
}

#[test]
fn a_follower_after_another_goes_on_without_a_file() {
    let checkpoint = Checkpoint::in_memory();
    let dir = tempfile::tempdir().unwrap();
    append(&dir.path().join("log"), "old\n");
    let mut tail = Tail::start_in(dir, &["log"], quick(), checkpoint.clone());
    tail.append("log", "1\n");
    tail.expect(&["1"]);
    let dir = tail.dir;
    drop(tail.follower);
    append(&dir.path().join("log"), "2\n");
    let mut tail = Tail::start_in(dir, &["log"], quick(), checkpoint);
    tail.expect(&["2"]);
}

#[test]
fn records_that_are_not_done_come_again() {
    let dir = followed();
    append(&dir.path().join("log"), "2\n3\n4\n");
    let state = dir.path().join("state");
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    let pattern = [swatch_tail::Pattern::new(dir.path().join("log"))];
    let mut follower =
        swatch_tail::Follower::open(pattern, FollowOptions::default(), &checkpoint).unwrap();
    let Event::Records(block) = follower.next(Some(common::PATIENCE)).unwrap() else {
        panic!("records come first");
    };
    let second = block.records().nth(1).unwrap();
    block.origin().unwrap().ack(second.end_offset());
    checkpoint.save_unsynced().unwrap();
    drop((follower, block, checkpoint));
    let mut tail = start(dir, &["log"]);
    tail.expect(&["4"]);
}

/// The example program, following `log` with a state.
fn spawn(dir: &Path) -> (Child, std::io::Lines<BufReader<std::process::ChildStdout>>) {
    let mut child = Command::new(example())
        .args(["--state".as_ref(), dir.join("state").as_os_str()])
        .arg(dir.join("log"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// The path at which cargo has put the example beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    profile.join("examples/follow")
}

#[test]
fn kill_9_loses_nothing_and_repeats_only_what_was_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    append(&log, "old\n");
    let mut seen = Vec::new();
    let mut next = 0;
    for round in 0..6 {
        let (mut child, mut lines) = spawn(dir.path());
        if round == 0 {
            // Until it follows, what is written counts as old.
            let state = dir.path().join("state");
            while !state.exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        for _ in 0..500 {
            append(&log, format!("{next}\n"));
            next += 1;
            if next % 170 == 0 {
                fs::rename(&log, dir.path().join(format!("log-{next:09}"))).unwrap();
                append(&log, "");
            }
        }
        for _ in 0..400 {
            seen.push(lines.next().unwrap().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // The lines that had been printed when it was killed.
        seen.extend(lines.map_while(Result::ok));
    }
    let (mut child, lines) = spawn(dir.path());
    let last = (next - 1).to_string();
    for line in lines {
        let line = line.unwrap();
        seen.push(line.clone());
        if line == last {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut numbers: Vec<usize> = seen.iter().map(|l| l.parse().unwrap()).collect();
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert!(numbers.iter().copied().eq(0..next), "lines were lost");
    // Each kill may repeat the block in hand; blocks are small here.
    assert!(count - next <= 6 * 500, "{} repeated", count - next);
}

/// A file system of its own for the state; unmounted when this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(dir: &Path) -> Option<SmallDisk> {
        let small = dir.join("small");
        fs::create_dir(&small).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(&small)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("skipped: mounting a small tmpfs needs root");
            return None;
        }
        Some(SmallDisk(small))
    }

    fn fill(&self) -> PathBuf {
        let filler = self.0.join("filler");
        while append_result(&filler).is_ok() {}
        filler
    }

    fn remount(&self, option: &str) {
        let mut mount = Command::new("mount");
        mount
            .args(["-o", &format!("remount,{option}")])
            .arg(&self.0);
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_costs_neither_lines_nor_repetitions() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        return;
    };
    let state = disk.0.join("state");
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    append(&dir.path().join("log"), "");
    let mut tail = Tail::start_in(dir, &["log"], quick(), checkpoint);
    let filler = disk.fill();
    for (n, save) in [Checkpoint::save, Checkpoint::save_unsynced]
        .iter()
        .enumerate()
    {
        tail.append("log", format!("{n}\n"));
        tail.until("a record", |tail| tail.records.len() > n);
        let error = save(&tail.checkpoint).unwrap_err();
        assert!(matches!(error, StateError::NoSpace { .. }), "{error}");
        assert!(save(&tail.checkpoint).is_err(), "it must go on trying");
    }
    // Killed while the disk is full.
    let dir = tail.dir;
    drop((tail.follower, tail.checkpoint));
    append(&dir.path().join("log"), "2\n");
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    let mut tail = Tail::start_in_unsaved(dir, &["log"], quick(), checkpoint);
    tail.expect(&["2"]);
    fs::remove_file(&filler).unwrap();
    tail.checkpoint.save().unwrap();
    let dir = tail.dir;
    drop((tail.follower, tail.checkpoint));
    // The content of the reserve is older now.
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    let mut tail = Tail::start_in(dir, &["log"], quick(), checkpoint);
    tail.append("log", "3\n");
    tail.expect(&["3"]);
}

#[test]
fn a_state_that_grows_while_the_disk_is_full_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        return;
    };
    let state = disk.0.join("state");
    let cursor_of = |length: usize| "c".repeat(length);
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    for length in [1, 15_000] {
        checkpoint.set_cursor("unit", &cursor_of(length));
        checkpoint.save().unwrap();
    }
    disk.fill();
    checkpoint.set_cursor("unit", &cursor_of(25_000));
    let error = checkpoint.save_unsynced().unwrap_err();
    assert!(matches!(error, StateError::NoSpace { .. }), "{error}");
    drop(checkpoint);
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    assert_eq!(checkpoint.cursor("unit"), Some(cursor_of(25_000)));
}

#[test]
fn a_read_only_state_is_used_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        return;
    };
    let state = disk.0.join("state");
    append(&dir.path().join("log"), "");
    let checkpoint = Checkpoint::load(&state).unwrap().checkpoint;
    let mut tail = Tail::start_in(dir, &["log"], quick(), checkpoint);
    tail.append("log", "1\n");
    tail.expect(&["1"]);
    let dir = stop(tail);
    disk.remount("ro");
    append(&dir.path().join("log"), "2\n");
    let loaded = Checkpoint::load(&state).unwrap();
    let [FileEvent::StateNotWritable { .. }] = &loaded.events[..] else {
        panic!("{:?}", loaded.events);
    };
    let mut tail = Tail::start_in_unsaved(dir, &["log"], quick(), loaded.checkpoint);
    tail.expect(&["2"]);
    assert!(tail.checkpoint.save().is_err());
    disk.remount("rw");
    tail.checkpoint.save().unwrap();
    drop(disk);
}

#[test]
fn a_damaged_state_repeats_little_and_loses_nothing() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    fs::write(path("state"), "garbage").unwrap();
    let loaded = Checkpoint::load(&path("state")).unwrap();
    assert_eq!(loaded.events.len(), 1, "{:?}", loaded.events);
    // The state before was saved when following began.
    let mut tail = Tail::start_in(dir, &["log"], quick(), loaded.checkpoint);
    tail.expect(&["a first line that is long enough", "1", "2"]);
}

#[test]
fn without_any_state_left_the_log_is_read_again() {
    let dir = followed();
    let path = |name: &str| dir.path().join(name);
    append(&path("log"), "2\n");
    for entry in fs::read_dir(dir.path()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("state") {
            fs::write(entry.path(), "garbage").unwrap();
        }
    }
    let loaded = Checkpoint::load(&path("state")).unwrap();
    let [FileEvent::StateDamaged { used: None, .. }] = &loaded.events[..] else {
        panic!("{:?}", loaded.events);
    };
    let mut tail = Tail::start_in(dir, &["log"], quick(), loaded.checkpoint);
    tail.expect(&["a first line that is long enough", "1", "2"]);
}

fn append_result(path: &Path) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    file.write_all(&[0; 4096])
}
