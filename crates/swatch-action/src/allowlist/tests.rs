use std::{fs, path::Path, time::SystemTime};

use super::*;

fn net(text: &str) -> IpNet {
    network::parse(text).expect("a network")
}

fn allowed(nets: &[&str]) -> Allowlist {
    Allowlist {
        list: nets
            .iter()
            .map(|text| Protected {
                net: net(text),
                why: "ours".into(),
            })
            .collect(),
        warnings: Vec::new(),
    }
}

#[test]
fn what_is_protected_is_never_locked_and_a_wide_lock_is_narrowed() {
    let allowed = allowed(&["203.0.113.0/28", "2001:db8::1"]);
    let judge = |wanted: &str, address: &str| allowed.judge(net(wanted), address.parse().ok());
    assert_eq!(
        judge("203.0.113.99", "203.0.113.99"),
        Verdict::Lock(net("203.0.113.99"))
    );
    assert!(matches!(
        judge("203.0.113.7", "203.0.113.7"),
        Verdict::Never(_)
    ));
    assert!(matches!(judge("203.0.113.0/24", ""), Verdict::Never(_)));
    assert_eq!(
        judge("2001:db8::/64", "2001:db8::bad"),
        Verdict::Lock(net("2001:db8::bad"))
    );
    assert_eq!(
        judge("2001:db8::/64", "2001:db8::"),
        Verdict::Lock(net("2001:db8::")),
        "an attacker's host part may be 0"
    );
    assert_eq!(
        judge("2001:db8:1::/64", "2001:db8:1::bad"),
        Verdict::Lock(net("2001:db8:1::/64"))
    );
    assert!(matches!(judge("10.0.0.1", "10.0.0.1"), Verdict::Never(_)));
}

/// Settings with one ignore file, `friends`.
fn with_file(dir: &Path) -> Settings {
    let mut settings = Settings {
        state_dir: dir.to_owned(),
        ..Settings::default()
    };
    settings.ignore.files = vec![dir.join("friends")];
    settings
}

fn covers(settings: &Settings, address: &str) -> bool {
    let ignored = Ignored::read(settings).expect("readable");
    ignored.why(address.parse().expect("an address")).is_some()
}

#[test]
fn a_file_holds_networks_names_and_comments() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = with_file(dir.path());
    let friends = dir.path().join("friends");
    let text = b"\xef\xbb\xbf192.0.2.0/24 # b\xfcro\r\n\r\n# friends\n203.0.113.11/24\nlocalhost\n";
    fs::write(&friends, text).expect("written");
    let ignored = Ignored::read(&settings).expect("readable");
    assert_eq!(ignored.hosts, ["localhost"]);
    assert!(
        ignored.notes[0].contains("friends:4: 203.0.113.11/24 is read as"),
        "{:?}",
        ignored.notes
    );
    for (address, friend) in [
        ("192.0.2.77", true),
        ("203.0.113.200", true),
        ("192.0.3.1", false),
    ] {
        assert_eq!(covers(&settings, address), friend, "{address}");
    }
    fs::write(&friends, "192.0.2.0/24\n192.0.2.x/24\n").expect("written");
    let error = Ignored::read(&settings).expect_err("a mistake").to_string();
    assert!(
        error.contains("friends:2: \"192.0.2.x/24\" is neither"),
        "{error}"
    );
    // With a list that cannot be read, nobody is locked.
    let allowed = all(&settings, None, 0, false);
    let stranger = "203.0.113.9".parse().ok();
    assert!(matches!(
        allowed.judge(net("203.0.113.9"), stranger),
        Verdict::Never(_)
    ));
}

#[test]
fn a_file_that_is_away_for_a_moment_keeps_its_last_good_version() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let settings = with_file(dir.path());
    let friends = dir.path().join("friends");
    let error = Ignored::read(&settings)
        .expect_err("never there")
        .to_string();
    assert!(
        error.contains("nothing is locked until it can be read"),
        "{error}"
    );
    fs::write(&friends, "192.0.2.0/24\n").expect("written");
    assert!(covers(&settings, "192.0.2.1"));
    fs::write(&friends, "192.0.2.0/24\n203.0.113.9\n").expect("written");
    assert!(covers(&settings, "203.0.113.9"));
    fs::remove_file(&friends).expect("removed");
    assert!(covers(&settings, "203.0.113.9"));
    let warnings = Ignored::read(&settings).expect("the copy").warnings;
    assert!(
        warnings[0].contains("its last good version is used"),
        "{warnings:?}"
    );
    // While it is being rewritten; an empty file that stays empty counts.
    fs::write(&friends, "").expect("emptied");
    assert!(covers(&settings, "203.0.113.9"));
    let file = fs::File::options()
        .append(true)
        .open(&friends)
        .expect("opened");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600))
        .expect("aged");
    assert!(!covers(&settings, "203.0.113.9"));
}

#[test]
fn host_names_are_remembered() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = State::open(dir.path()).expect("a new state");
    let friend = "203.0.113.50".parse().expect("an address");
    state
        .keep_host("friend.invalid", &[friend], 1000)
        .expect("kept");
    let settings = Settings::default();
    let ask = |now| host("friend.invalid", &settings, Some(&state), now);
    assert_eq!(ask(1001).expect("remembered"), [friend]);
    // Long stale; the name can never be resolved, so the old answer stands.
    assert_eq!(ask(1_000_000).expect("remembered"), [friend]);
    let error = host("enemy.invalid", &settings, Some(&state), 0)
        .expect_err("no such name")
        .to_string();
    assert!(error.contains("enemy.invalid"), "{error}");
}

#[test]
fn the_machine_never_locks_itself() {
    let allowed = all(&Settings::default(), None, 0, false);
    let loopback = allowed.list.iter().any(|one| one.net == net("127.0.0.1"));
    assert!(loopback, "{:?}", allowed.list);
}
