use std::os::unix::fs::symlink;

use super::*;
use swatch_common::duration::Seconds;

const NOON: i64 = 1_795_867_200;
const DAY: i64 = 86_400;

fn settings(dir: &Path) -> Settings {
    Settings {
        state_dir: dir.join("state"),
        log_dir: dir.join("log"),
        ..Settings::default()
    }
}

fn record(time: i64, event: Decision) -> Record<'static> {
    Record {
        address: "203.0.113.9".into(),
        count: 3,
        rule: "/etc/swatch/secure.conf:12".into(),
        place: "auto (sshd)".into(),
        line: "a \"quoted\" line with <b>\\x1b</b> and é".into(),
        ..Record::new(time, event)
    }
}

fn read(settings: &Settings, since: i64) -> (Vec<(i64, Decision)>, Gaps) {
    let mut found = Vec::new();
    let history = History::since(&settings.state_dir, since);
    let gaps = history.each(|record| found.push((record.time, record.event)));
    (found, gaps)
}

#[test]
fn what_was_noted_is_read_again() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(dir.path());
    let written = record(NOON, Decision::Locked);
    note(&settings, &written).expect("noted");
    let mut seen = 0;
    History::since(&settings.state_dir, NOON).each(|record| {
        assert_eq!(record, written);
        seen += 1;
    });
    assert_eq!(seen, 1);
    assert_eq!(History::beginning(&settings.state_dir), Some(NOON));
}

#[test]
fn only_the_time_that_was_asked_for_is_read() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(dir.path());
    for time in [NOON - 2 * DAY, NOON - DAY, NOON - 60, NOON] {
        note(&settings, &record(time, Decision::Counted)).expect("noted");
    }
    let (found, gaps) = read(&settings, NOON - 60);
    assert_eq!(found.len(), 2);
    assert_eq!(gaps, Gaps::default());
    assert_eq!(read(&settings, 0).0.len(), 4);
}

#[test]
fn a_cut_line_and_foreign_files_do_no_harm() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(dir.path());
    note(&settings, &record(NOON, Decision::Counted)).expect("noted");
    let path = day_file(&settings.state_dir, NOON);
    let mut text = fs::read(&path).expect("the file");
    let half = text.len() / 2;
    text.extend_from_within(..half);
    text.push(b'\n');
    fs::write(&path, &text).expect("edited");
    fs::write(path.with_file_name("notes.txt"), "mine").expect("a file");
    note(&settings, &record(NOON + 1, Decision::Renewed)).expect("noted");
    let (found, gaps) = read(&settings, 0);
    assert_eq!(found.len(), 2);
    assert_eq!(gaps.broken, 1);
    prune(&settings, NOON + 1000 * DAY);
    assert!(!path.exists() && path.with_file_name("notes.txt").exists());
}

#[test]
fn a_full_day_takes_decisions_for_a_while_longer() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(dir.path());
    note(&settings, &record(NOON, Decision::Counted)).expect("noted");
    let path = day_file(&settings.state_dir, NOON);
    let size = || fs::metadata(&path).expect("the file").len();
    for (limit, events) in [
        (LARGEST_DAY, &[Decision::Counted, Decision::Ignored][..]),
        (2 * LARGEST_DAY, &[Decision::Locked, Decision::Renewed]),
    ] {
        let mut text = fs::read(&path).expect("the file");
        text.resize(usize::try_from(limit).expect("small"), b'\n');
        fs::write(&path, text).expect("a large file");
        for &event in events {
            note(&settings, &record(NOON, event)).expect("left out");
            assert_eq!(size(), limit, "{event:?}");
        }
        if limit == LARGEST_DAY {
            note(&settings, &record(NOON, Decision::Locked)).expect("noted");
            assert!(size() > limit);
        }
    }
    assert_eq!(read(&settings, 0).1.full, ["2026-11-28"]);
}

#[test]
fn the_setting_bounds_the_history_and_turns_it_off() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut settings = settings(dir.path());
    for day in 0..5 {
        note(&settings, &record(NOON - day * DAY, Decision::Counted)).expect("noted");
    }
    settings.keep_history = Seconds(2 * 86_400);
    prune(&settings, NOON);
    assert_eq!(read(&settings, 0).0.len(), 3);
    settings.keep_history = Seconds(0);
    note(&settings, &record(NOON, Decision::Counted)).expect("not noted");
    assert_eq!(read(&settings, 0).0.len(), 3);
    prune(&settings, NOON);
    assert_eq!(read(&settings, 0).0.len(), 0);
}

#[test]
fn a_planted_link_is_not_followed() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(dir.path());
    note(&settings, &record(NOON, Decision::Counted)).expect("noted");
    let path = day_file(&settings.state_dir, NOON);
    let target = dir.path().join("target");
    fs::write(&target, "").expect("a file");
    fs::remove_file(&path).expect("removed");
    symlink(&target, &path).expect("a link");
    let error = note(&settings, &record(NOON, Decision::Counted)).expect_err("a link");
    assert!(error.to_string().contains("2026-11-28.jsonl"), "{error}");
    assert_eq!(fs::metadata(&target).expect("the target").len(), 0);
}
