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
    let judge = |wanted: &str, address: &str| {
        allowed.judge(net(wanted), address.parse().expect("an address"))
    };
    assert_eq!(
        judge("203.0.113.99", "203.0.113.99"),
        Verdict::Lock(net("203.0.113.99"))
    );
    assert!(matches!(
        judge("203.0.113.7", "203.0.113.7"),
        Verdict::Never(_)
    ));
    assert!(matches!(
        judge("203.0.113.0/24", "203.0.113.0"),
        Verdict::Never(_)
    ));
    assert_eq!(
        judge("2001:db8::/64", "2001:db8::bad"),
        Verdict::Lock(net("2001:db8::bad"))
    );
    assert_eq!(
        judge("2001:db8:1::/64", "2001:db8:1::bad"),
        Verdict::Lock(net("2001:db8:1::/64"))
    );
    assert!(matches!(judge("10.0.0.1", "10.0.0.1"), Verdict::Never(_)));
}

#[test]
fn a_file_holds_networks_names_and_comments() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("friends");
    fs::write(
        &path,
        "# friends\n192.0.2.0/24 # office\n\n2001:db8::1\nlocalhost\nwhat is this\n",
    )
    .expect("written");
    let ignore = Ignore {
        files: vec![path, dir.path().join("missing")],
        ..Ignore::default()
    };
    let (why, warnings) = ignored(&ignore, "192.0.2.77".parse().expect("an address"));
    assert!(why.expect("listed").contains("friends"));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("friends:6:"), "{warnings:?}");
    assert_eq!(
        ignored(&ignore, "192.0.3.1".parse().expect("an address")).0,
        None
    );
    let (_, hosts) = written(&ignore);
    assert_eq!(hosts, ["localhost"]);
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
    assert_eq!(ask(1001), Ok(vec![friend]));
    // Long stale; the name can never be resolved, so the old answer stands.
    assert_eq!(ask(1_000_000), Ok(vec![friend]));
    let error = host("enemy.invalid", &settings, Some(&state), 0).expect_err("no such name");
    assert!(error.contains("enemy.invalid"), "{error}");
}

#[test]
fn the_machine_never_locks_itself() {
    let allowed = all(&Settings::default(), None, 0, false);
    let loopback = allowed.list.iter().any(|one| one.net == net("127.0.0.1"));
    assert!(loopback, "{:?}", allowed.list);
}
