use super::{cache::Answer, *};

fn net(text: &str) -> IpNet {
    network::parse(text).expect("a network")
}

fn lock(text: &str, until: Option<i64>) -> Lock {
    Lock {
        net: net(text),
        since: 100,
        until,
        count: 3,
        reason: "why".into(),
        rule: "10".into(),
        backend: "nftables".into(),
        confirmed: true,
        job: Some("7".into()),
    }
}

fn state() -> (tempfile::TempDir, State) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let state = State::open(dir.path()).expect("a new state");
    (dir, state)
}

#[test]
fn what_is_put_is_found_and_wider_locks_cover() {
    let (dir, state) = state();
    let single = lock("203.0.113.9", Some(500));
    state.put(&single).expect("put");
    state.put(&lock("198.51.100.0/24", None)).expect("put");
    let again = State::open(dir.path()).expect("opened again");
    assert_eq!(again.get(single.net).expect("asked"), Some(single.clone()));
    assert_eq!(
        again.covering(single.net, 400).expect("asked"),
        Some(single.clone())
    );
    assert_eq!(again.covering(single.net, 500).expect("asked"), None);
    let wide = again.covering(net("198.51.100.7"), 9999).expect("asked");
    assert_eq!(wide.map(|lock| lock.net), Some(net("198.51.100.0/24")));
    assert_eq!(again.due(500).expect("asked"), [single]);
}

#[test]
fn an_unconfirmed_lock_covers_nothing_and_leaves_no_past() {
    let (_dir, state) = state();
    let mut pending = lock("203.0.113.9", Some(500));
    pending.confirmed = false;
    state.put(&pending).expect("put");
    assert_eq!(state.covering(pending.net, 1).expect("asked"), None);
    state.end(&pending, 2, "failed").expect("ended");
    assert_eq!(state.past(None).expect("asked"), []);
    state
        .end(&lock("203.0.113.9", Some(500)), 500, "expired")
        .expect("ended");
    assert_eq!(state.times_before(pending.net).expect("asked"), 1);
    assert_eq!(
        state.past(Some(pending.net)).expect("asked")[0].how,
        "expired"
    );
}

#[test]
fn a_failed_transaction_changes_nothing() {
    let (_dir, state) = state();
    let result: Result<(), _> = state.together(|state| {
        state.put(&lock("203.0.113.9", None))?;
        Err(StateError::Busy { path: "x".into() })
    });
    assert!(result.is_err());
    assert_eq!(state.all().expect("asked"), []);
}

#[test]
fn a_broken_database_is_an_error_with_a_way_out() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(
        dir.path().join("state.db"),
        "no database at all, but long enough to be read",
    )
    .expect("written");
    let error = State::open(dir.path())
        .expect_err("it is broken")
        .to_string();
    assert!(error.contains("move it away"), "{error}");
}

#[test]
fn whois_answers_are_remembered_by_network() {
    let (_dir, state) = state();
    let range = (as_six("203.0.113.0"), as_six("203.0.113.255"));
    let answer = Answer {
        name: "EXAMPLE".into(),
        text: "text".into(),
        good: true,
    };
    state.keep_whois(range, &answer, 1000).expect("kept");
    let ask = |text: &str, now| {
        state
            .whois(text.parse().expect("an address"), now, 100)
            .expect("asked")
    };
    assert_eq!(ask("203.0.113.77", 1099), Some(answer));
    assert_eq!(ask("203.0.113.77", 1100), None);
    assert_eq!(ask("203.0.114.1", 1001), None);
    assert_eq!(
        state
            .network_name("203.0.113.1".parse().expect("an address"))
            .expect("asked"),
        "EXAMPLE"
    );
}

fn as_six(text: &str) -> std::net::Ipv6Addr {
    network::as_six(text.parse().expect("an address"))
}

#[test]
fn only_one_process_changes_the_firewall() {
    let (dir, _state) = state();
    let held = State::exclusive(dir.path()).expect("free");
    let path = dir.path().join("firewall.lock");
    assert!(matches!(
        hold(&path, Duration::from_millis(20)),
        Err(StateError::Busy { .. })
    ));
    drop(held);
    hold(&path, Duration::from_millis(20)).expect("free again");
}
