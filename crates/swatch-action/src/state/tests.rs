use super::{cache::Answer, *};

fn net(text: &str) -> IpNet {
    network::parse(text).expect("a network")
}

fn lock(text: &str, until: Option<i64>) -> Lock {
    Lock {
        net: net(text),
        since: 100,
        until,
        renewed: 100,
        count: 3,
        reason: "why".into(),
        rule: "10".into(),
        backend: "nftables".into(),
        confirmed: true,
        job: Some("7".into()),
    }
}

fn state() -> (tempfile::TempDir, State) {
    let dir = tempfile::tempdir().expect("a temporary directory");
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
        Err(StateError::Newer {
            path: "x".into(),
            found: 99,
        })
    });
    assert!(result.is_err());
    assert_eq!(state.all().expect("asked"), []);
}

#[test]
fn a_broken_database_is_an_error_with_a_way_out() {
    let dir = tempfile::tempdir().expect("a temporary directory");
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
        FileLock::acquire(&path, 0o600, Duration::from_millis(20)),
        Err(FileLockError::Busy { .. })
    ));
    drop(held);
    FileLock::acquire(&path, 0o600, Duration::from_millis(20)).expect("free again");
}

/// The tables as each released program made them, with a lock and its past.
const RELEASED: [(i64, &str); 1] = [(
    1,
    "CREATE TABLE locks (
       net TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER, count INTEGER NOT NULL,
       reason TEXT NOT NULL, rule TEXT NOT NULL, backend TEXT NOT NULL,
       confirmed INTEGER NOT NULL, job TEXT, first BLOB NOT NULL) WITHOUT ROWID;
     CREATE INDEX locks_first ON locks(first);
     CREATE INDEX locks_until ON locks(until);
     CREATE TABLE past (
       id INTEGER PRIMARY KEY, net TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
       count INTEGER NOT NULL, reason TEXT NOT NULL, rule TEXT NOT NULL, backend TEXT NOT NULL,
       ended INTEGER NOT NULL, how TEXT NOT NULL);
     CREATE INDEX past_net ON past(net);
     CREATE TABLE whois (
       first BLOB NOT NULL, last BLOB NOT NULL, asked INTEGER NOT NULL, good INTEGER NOT NULL,
       name TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (first, last)) WITHOUT ROWID;
     CREATE TABLE digest (
       id INTEGER PRIMARY KEY, time INTEGER NOT NULL, net TEXT NOT NULL, text TEXT NOT NULL);
     CREATE TABLE hosts (
       name TEXT NOT NULL, address TEXT NOT NULL, asked INTEGER NOT NULL,
       PRIMARY KEY (name, address)) WITHOUT ROWID;
     INSERT INTO locks VALUES ('203.0.113.9/32', 100, 500, 3, 'why', '10', 'nftables', 1, '7',
       x'00000000000000000000ffffcb007109');
     INSERT INTO past VALUES (1, '203.0.113.9/32', 10, 50, 3, 'why', '10', 'nftables', 50, 'expired');
     PRAGMA user_version = 1;",
)];

#[test]
fn the_state_of_every_released_program_is_taken_over() {
    for (version, tables) in RELEASED {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let old = Connection::open(dir.path().join("state.db")).expect("a database");
        old.pragma_update(None, "journal_mode", "WAL").expect("WAL");
        old.execute_batch(tables).expect("old tables");
        drop(old);
        let expected = lock("203.0.113.9", Some(500));
        // A reader converts a copy in memory and leaves the file alone.
        let reader = State::open_to_read(dir.path())
            .expect("read")
            .expect("some");
        assert_eq!(
            reader.all().expect("asked"),
            std::slice::from_ref(&expected)
        );
        for _ in 0..2 {
            let state = State::open(dir.path()).expect("taken over");
            assert_eq!(
                state.all().expect("asked"),
                std::slice::from_ref(&expected),
                "{version}"
            );
            assert_eq!(state.times_before(expected.net).expect("asked"), 1);
            assert_eq!(
                state.inside(net("203.0.113.0/24"), 1).expect("asked").len(),
                1
            );
            state.put(&expected).expect("put");
        }
    }
}

#[test]
fn the_state_of_a_newer_program_is_refused_and_left_alone() {
    let (dir, state) = state();
    state.put(&lock("203.0.113.9", None)).expect("put");
    state
        .db
        .pragma_update(None, "user_version", 99)
        .expect("set");
    for error in [
        State::open(dir.path()).expect_err("it is newer"),
        State::open_to_read(dir.path()).expect_err("it is newer"),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("format 99") && text.contains("run the newer program"),
            "{text}"
        );
    }
    let found: i64 = state
        .db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("asked");
    assert_eq!(found, 99);
}

#[test]
fn a_column_that_a_newer_program_added_is_no_hindrance() {
    let (_dir, state) = state();
    for table in ["locks", "past", "whois", "hosts", "digest"] {
        state
            .db
            .execute_batch(&format!("ALTER TABLE {table} ADD COLUMN more TEXT"))
            .expect("a column");
    }
    let lock = lock("203.0.113.9", Some(500));
    state.put(&lock).expect("put");
    assert_eq!(state.get(lock.net).expect("asked"), Some(lock.clone()));
    state.end(&lock, 500, "expired").expect("ended");
    assert_eq!(state.past(None).expect("asked").len(), 1);
    let host = "192.0.2.1".parse().expect("an address");
    state.keep_host("example.org", &[host], 1).expect("kept");
}

#[test]
fn a_lock_of_a_clock_that_was_ahead_is_dated_now() {
    let (_dir, state) = state();
    let mut future = lock("203.0.113.9", Some(10_500));
    (future.since, future.renewed) = (9000, 10_000);
    state.put(&future).expect("put");
    assert_eq!(state.from_the_future(9_950).expect("asked"), []);
    let found = state.from_the_future(200).expect("asked");
    assert_eq!(found, [future.clone()]);
    let dated = future.dated_now(200);
    assert_eq!(
        (dated.since, dated.until, dated.renewed),
        (200, Some(700), 200)
    );
}

#[test]
fn names_of_networks_are_those_of_single_questions() {
    let (_dir, state) = state();
    let keep = |net: &str, name: &str| {
        let net: IpNet = net.parse().expect("a network");
        let range = (
            network::as_six(net.network()),
            network::as_six(net.broadcast()),
        );
        let answer = Answer {
            name: name.to_owned(),
            text: String::new(),
            good: true,
        };
        state.keep_whois(range, &answer, 100).expect("kept");
    };
    for (net, name) in [
        ("203.0.0.0/8", "WIDE"),
        ("203.0.113.0/24", "MIDDLE"),
        ("203.0.113.0/28", "NARROW"),
        ("203.0.113.64/28", "OTHER"),
        ("2001:db8::/32", "SIX"),
        ("198.51.100.0/24", ""),
    ] {
        keep(net, name);
    }
    let names = state.network_names().expect("read");
    for (address, name) in [
        ("203.0.113.1", "NARROW"),
        ("203.0.113.16", "MIDDLE"),
        ("203.0.113.70", "OTHER"),
        ("203.0.113.255", "MIDDLE"),
        ("203.9.9.9", "WIDE"),
        ("204.0.0.1", ""),
        ("2001:db8:1::1", "SIX"),
        ("198.51.100.7", ""),
        ("192.0.2.1", ""),
    ] {
        let address = address.parse().expect("an address");
        assert_eq!(names.of(address), name, "{address}");
        assert_eq!(
            state.network_name(address).expect("asked"),
            name,
            "{address}"
        );
    }
}

/// A writer that was killed leaves its log behind. A reader without the right to make the index
/// beside it still sees what the log holds.
#[test]
fn a_log_that_a_writer_left_is_read_from_a_copy() {
    let (dir, state) = state();
    let lock = lock("203.0.113.9", Some(500));
    state.put(&lock).expect("put");
    let log = dir.path().join("state.db-wal");
    assert!(log.metadata().expect("a log").len() > 0);
    let copy = open::copy(&dir.path().join("state.db")).expect("copied");
    let place = copy.directory().to_owned();
    let reader = State::open_to_read(&place).expect("opened").expect("there");
    assert_eq!(reader.all().expect("asked"), [lock]);
    drop((reader, copy));
    assert!(!place.exists(), "the copy is removed");
}
