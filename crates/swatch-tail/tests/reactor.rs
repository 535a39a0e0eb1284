//! Many followers, one reactor: what it costs, and that each is reported when it has work.

mod common;

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use common::{PATIENCE, append, events_only};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use swatch_tail::{Checkpoint, Event, Follower, FollowerId, Pattern, Reactor};
use tempfile::TempDir;

/// Long enough for events that are on their way.
const SHORT: Duration = Duration::from_millis(50);

struct Site {
    dir: TempDir,
    reactor: Reactor,
    followers: HashMap<FollowerId, Follower>,
}

impl Site {
    /// So many followers of one log each.
    fn new(count: usize) -> Site {
        let dir = tempfile::tempdir().unwrap();
        let reactor = Reactor::new().unwrap();
        let mut followers = HashMap::new();
        for n in 0..count {
            let log = dir.path().join(format!("log{n}"));
            append(&log, "old\n");
            let checkpoint = Checkpoint::in_memory();
            let options = events_only();
            let follower = Follower::open_in(&reactor, [Pattern::new(log)], options, &checkpoint);
            let mut follower = follower.unwrap();
            // Idle from now on: the reactor reports it when something happens.
            assert!(matches!(follower.next(None).unwrap(), Event::TimedOut));
            followers.insert(follower.id(), follower);
        }
        let mut site = Site {
            dir,
            reactor,
            followers,
        };
        // The creation of each log is an event for the directory, which was watched by then.
        while !site.reactor.wait(Some(SHORT)).unwrap().is_empty() {
            for follower in site.followers.values_mut() {
                while !matches!(follower.next(None).unwrap(), Event::TimedOut) {}
            }
        }
        site
    }

    /// Waits for records of one log, and returns how many came.
    fn wait(&mut self) -> usize {
        let end = Instant::now() + PATIENCE;
        let mut records = 0;
        while records == 0 && Instant::now() < end {
            for id in self.reactor.wait(Some(PATIENCE)).unwrap() {
                let follower = self.followers.get_mut(&id).unwrap();
                loop {
                    match follower.next(None).unwrap() {
                        Event::Records(block) => records += block.count(),
                        Event::File(_) => {}
                        Event::Woken | Event::TimedOut => break,
                    }
                }
            }
        }
        records
    }
}

#[test]
fn a_thousand_idle_followers_take_a_descriptor_each() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < 1_200 {
        println!("skipped: at most {hard} files may be open");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let mut site = Site::new(1_000);
    assert!(open() - before <= 1_010, "{} descriptors", open() - before);
    append(&site.dir.path().join("log777"), "new\n");
    assert_eq!(site.wait(), 1);
    drop(site);
    assert!(open() <= before + 2, "{} are left open", open() - before);
}

#[test]
fn a_follower_is_reported_once_until_it_is_idle_again() {
    let mut site = Site::new(2);
    let log = site.dir.path().join("log1");
    append(&log, "1\n");
    let ready = site.reactor.wait(Some(PATIENCE)).unwrap();
    let [id] = ready[..] else {
        panic!("{ready:?}");
    };
    append(&log, "2\n");
    assert_eq!(site.reactor.wait(Some(SHORT)).unwrap(), []);
    let follower = site.followers.get_mut(&id).unwrap();
    while !matches!(follower.next(None).unwrap(), Event::TimedOut) {}
    append(&log, "3\n");
    assert_eq!(site.wait(), 1);
}

#[test]
fn a_waker_reports_its_follower_only() {
    let mut site = Site::new(3);
    let id = *site.followers.keys().next().unwrap();
    let waker = site.followers[&id].waker();
    let thread = std::thread::spawn(move || waker.wake());
    assert_eq!(site.reactor.wait(Some(PATIENCE)).unwrap(), [id]);
    thread.join().unwrap();
    let follower = site.followers.get_mut(&id).unwrap();
    assert!(matches!(follower.next(None).unwrap(), Event::Woken));
    assert!(matches!(follower.next(None).unwrap(), Event::TimedOut));
}

#[test]
fn the_timeout_of_an_idle_follower_is_kept() {
    let mut site = Site::new(2);
    let id = *site.followers.keys().next().unwrap();
    let follower = site.followers.get_mut(&id).unwrap();
    let event = follower.next(Some(Duration::from_millis(20))).unwrap();
    assert!(matches!(event, Event::TimedOut));
    assert_eq!(site.reactor.wait(Some(PATIENCE)).unwrap(), [id]);
}

#[test]
fn two_followers_of_one_file_are_both_reported() {
    let mut site = Site::new(0);
    let log = site.dir.path().join("log");
    append(&log, "");
    for _ in 0..2 {
        let checkpoint = Checkpoint::in_memory();
        let pattern = [Pattern::new(&log)];
        let follower = Follower::open_in(&site.reactor, pattern, events_only(), &checkpoint);
        let mut follower = follower.unwrap();
        while !matches!(follower.next(None).unwrap(), Event::TimedOut) {}
        site.followers.insert(follower.id(), follower);
    }
    append(&log, "1\n");
    let mut records = 0;
    while records < 2 {
        records += site.wait();
    }
    // A watch that one gives up is kept for the other.
    let first = *site.followers.keys().next().unwrap();
    site.followers.remove(&first);
    append(&log, "2\n");
    assert_eq!(site.wait(), 1);
}
