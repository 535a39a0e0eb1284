use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::SystemTime};

use swatch_common::duration::Seconds;

use super::*;
use crate::network;

fn net(text: &str) -> IpNet {
    network::parse(text).expect("a network")
}

fn settings(dir: &Path) -> Settings {
    Settings {
        log_dir: dir.join("log"),
        state_dir: dir.join("state"),
        ..Settings::default()
    }
}

/// Counts one event at the time 1000.
fn event(settings: &Settings, name: &str) -> Counted {
    record(settings, net(name), b"a line", 1000)
}

#[test]
fn an_event_counts_though_the_log_directory_cannot_be_used() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = settings(dir.path());
    event(&settings, "203.0.113.9");
    // Root may write to a read-only directory, but nobody can write to a file.
    fs::rename(&settings.log_dir, dir.path().join("away")).expect("moved");
    fs::write(&settings.log_dir, "").expect("a file in its place");
    let first = event(&settings, "203.0.113.9");
    let warning = first.warning.expect("reported");
    assert!(
        warning.contains("is not a directory") && warning.contains("events are counted in"),
        "{warning}"
    );
    let counted = |name| {
        let counted = event(&settings, name);
        (counted.count, counted.warning)
    };
    assert_eq!(first.count, 1);
    assert_eq!(counted("203.0.113.9"), (2, None), "reported once");
    assert_eq!(counted("198.51.100.7"), (1, None));
    assert_eq!(counted("203.0.113.9"), (3, None));
    // Once the directory is back, the log takes over what was missing.
    fs::remove_file(&settings.log_dir).expect("removed");
    fs::rename(dir.path().join("away"), &settings.log_dir).expect("moved back");
    assert_eq!(dry_run(&settings, net("203.0.113.9"), 1000), 5);
    assert_eq!(counted("203.0.113.9"), (5, None));
    assert_eq!(counted("203.0.113.9"), (6, None));
    let log = fs::read_to_string(settings.log_dir.join("203.0.113.9")).expect("the log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 6, "{log}");
    assert!(lines[1].starts_with("[an event of Thu Jan  1 "), "{log}");
    assert_eq!((lines[0], lines[5]), ("a line", "a line"));
    // An address that does not come again is taken over by `expire` and `check`.
    store_unstored(&settings, 1000);
    assert_eq!(counted("198.51.100.7"), (2, None));
    assert_eq!(unstored::networks(&settings), []);
}

#[test]
fn a_window_goes_on_where_the_log_directory_cannot_be_used() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut settings = settings(dir.path());
    settings.window = Some(Seconds(600));
    fs::write(&settings.log_dir, "").expect("a file in its place");
    let at = |now| record(&settings, net("203.0.113.9"), b"a line", now).count;
    assert_eq!([at(1000), at(1300), at(1700)], [1, 2, 2]);
}

#[test]
fn the_note_of_unstored_events_is_bounded() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = settings(dir.path());
    let noted = unstored::add(&settings, net("203.0.113.9"), 1).expect("noted");
    let line = "198.51.100.7 1000\n";
    fs::write(&noted.path, line.repeat(80_000)).expect("a long note");
    unstored::add(&settings, net("203.0.113.9"), 2).expect("noted");
    let left = unstored::events(&settings, net("198.51.100.7")).len();
    assert!((39_000..41_000).contains(&left), "{left}");
    assert_eq!(unstored::events(&settings, net("203.0.113.9")), [2]);
}

#[test]
fn a_rotation_of_prefixes_is_locked_as_a_whole() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = settings(dir.path());
    let escalated = |text: &str, now| escalate(&settings, net(text), now).expect("noted");
    // Within a /56: the eighth distinct /64. One that comes again counts once.
    for part in 0..7 {
        for _ in 0..3 {
            assert_eq!(escalated(&format!("2001:db8:1:{part:x}::/64"), 5000), None);
        }
    }
    let due = escalated("2001:db8:1:ff::/64", 5000).expect("the eighth");
    assert_eq!((due.net, due.parts), (net("2001:db8:1::/56"), 8));
    // Across a /48, where no /56 has enough.
    for part in 0..31 {
        assert_eq!(
            escalated(&format!("2001:db8:2:{part:x}00::/64"), 5000),
            None
        );
    }
    let due = escalated("2001:db8:2:ff00::/64", 5000).expect("the 32nd");
    assert_eq!((due.net, due.parts), (net("2001:db8:2::/48"), 32));
    // Spread over more than the window.
    for part in 0..40 {
        let now = 5000 + part * 1000;
        assert_eq!(escalated(&format!("2001:db8:3:{part:x}::/64"), now), None);
    }
    // Noted while the clock was ahead: they leave the window like others.
    for part in 0..7 {
        escalated(&format!("2001:db8:4:{part:x}::/64"), 9_000_000);
    }
    assert_eq!(
        escalated("2001:db8:4:a::/64", 5000).map(|due| due.parts),
        Some(8)
    );
    assert_eq!(escalated("2001:db8:4:b::/64", 5000 + 3600), None);
    // Neighbours of a transition mechanism are strangers, and IPv4 is not widened.
    for part in 0..100 {
        assert_eq!(escalated(&format!("64:ff9b:1::{part:x}"), 5000), None);
        assert_eq!(escalated(&format!("2001:0:1:2::{part:x}"), 5000), None);
        assert_eq!(escalated(&format!("203.0.113.{part}"), 5000), None);
    }
}

#[test]
fn escalation_can_be_turned_off_and_survives_a_broken_disk() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut settings = settings(dir.path());
    fs::write(&settings.log_dir, "").expect("a file in its place");
    settings.ipv6_escalation.at_56 = 2;
    let escalated = |settings: &Settings, part: u32| {
        let part = net(&format!("2001:db8:1:{part:x}::/64"));
        escalate(settings, part, 5000).expect("noted")
    };
    assert_eq!(escalated(&settings, 1), None);
    assert!(escalated(&settings, 2).is_some());
    settings.ipv6_escalation.at_56 = 0;
    settings.ipv6_escalation.at_48 = 0;
    assert_eq!(escalated(&settings, 3), None);
    for memory in crate::directory::in_memory() {
        let name = format!("prefixes-{}", unstored::key(&settings.log_dir));
        let _ = fs::remove_dir_all(memory.join(name));
    }
}

#[test]
fn old_logs_are_pruned_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = settings(dir.path());
    for name in ["203.0.113.9", "198.51.100.7", "2001:db8::/64"] {
        event(&settings, name);
    }
    let path = |name: &str| settings.log_dir.join(name);
    for name in ["notice.log", "203.0.113.9.1", ".lines/203.0.113.9"] {
        fs::create_dir_all(path(".lines")).expect("a directory");
        fs::write(path(name), "").expect("a file");
    }
    fs::set_permissions(path("notice.log"), fs::Permissions::from_mode(0o640)).expect("chmod");
    let old = SystemTime::now() - Seconds(91 * 86_400).duration();
    for name in [
        "203.0.113.9",
        "2001:db8::_64",
        "notice.log",
        "203.0.113.9.1",
    ] {
        let file = fs::File::options().append(true).open(path(name));
        file.expect("opened").set_modified(old).expect("aged");
    }
    assert_eq!(retention::prune(&settings), 2);
    let left = |name: &str| path(name).exists();
    assert!(!left("203.0.113.9") && !left("2001:db8::_64") && !left(".lines/203.0.113.9"));
    assert!(left("198.51.100.7") && left("notice.log") && left("203.0.113.9.1"));
    assert_eq!(event(&settings, "203.0.113.9").count, 1);
}

#[test]
fn something_is_reported_for_the_first_time_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = settings(dir.path());
    event(&settings, "203.0.113.9");
    assert!(first_time(&settings, "forgeable-sip"));
    assert!(!first_time(&settings, "forgeable-sip"));
    assert!(first_time(&settings, "forgeable-dns"));
}
