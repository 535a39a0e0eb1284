//! The helper that stays: the same results as with a process for each event, whatever is killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use swatch_tests::action::{Sandbox, err, out, wait_for};
use swatch_tests::live::{self, Site};
use swatch_tests::program::{swatch_action, swatch_rs};

/// An `nft` that takes everything.
const NFT: &str = "#!/bin/sh\ncat >> \"${0%/*}/../nft\"\n";

const SETTINGS: &str = "firewall = \"nftables\"\nmail = \"\"\ncount = 3\n[ignore]\nown = false\n\
                        [whois]\nserver = \"\"\n";

/// The number of events among which helpers are killed.
fn events() -> usize {
    let events = std::env::var("SWATCH_KILL_EVENTS").ok();
    events.map_or(1500, |events| {
        events.parse().expect("SWATCH_KILL_EVENTS is a number")
    })
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.set(SETTINGS);
    sandbox.stand_in("nft", NFT);
    sandbox
}

/// A rule whose command is the helper.
fn rules(sandbox: &Sandbox) -> String {
    format!(
        "watchfor /Invalid/\n\techo\n\tpipe \"{} 10 --config {}\"\n",
        swatch_action().display(),
        sandbox.path("action.toml").display()
    )
}

fn line(number: usize, addresses: usize) -> String {
    let n = number % addresses;
    let address = format!("198.18.{}.{}", n / 250, n % 250 + 1);
    format!("Nov 22 20:00:00 box sshd[7]: Invalid user u{number} from {address} port {number}")
}

fn lines(count: usize, addresses: usize) -> String {
    (0..count).map(|n| line(n, addresses) + "\n").collect()
}

/// The helpers that a process has started.
fn helpers(watcher: i32) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{watcher}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: String = children.collect();
    let is_helper = |pid: &i32| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.ends_with(b"\0--serve\0")
    };
    let pids = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    pids.filter(is_helper).map(Pid::from_raw).collect()
}

/// The number of times that each event is in the logs of the addresses, by its user.
fn counted(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for file in fs::read_dir(sandbox.path("log"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        for user in text.lines().filter_map(|line| line.split(' ').nth(7)) {
            *counted.entry(user.to_owned()).or_default() += 1;
        }
    }
    counted
}

fn history(sandbox: &Sandbox) -> usize {
    let days = fs::read_dir(sandbox.path("state/history"));
    let days = days.into_iter().flatten().flatten();
    days.map(|day| {
        fs::read_to_string(day.path())
            .unwrap_or_default()
            .lines()
            .count()
    })
    .sum()
}

/// The size of the history, in bytes: about 200 an event.
fn history_size(sandbox: &Sandbox) -> u64 {
    let days = fs::read_dir(sandbox.path("state/history"));
    let days = days.into_iter().flatten().flatten();
    days.filter_map(|day| Some(day.metadata().ok()?.len()))
        .sum()
}

/// All locks, each confirmed and with an end.
fn locks(sandbox: &Sandbox) -> usize {
    let listed = sandbox.run(&["list", "--json"], b"");
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let locks = listed
        .as_array()
        .or(listed["locks"].as_array())
        .expect("a list");
    for lock in locks {
        assert_eq!(lock["confirmed"], true, "{lock}");
        assert!(!lock["until"].is_null(), "{lock}");
    }
    locks.len()
}

fn examine(site: &Site, args: &[&str]) -> Command {
    let mut command = Command::new(swatch_rs());
    command.args(["-c".as_ref(), site.path("conf").as_os_str()]);
    command.args(["-f".as_ref(), site.path("log").as_os_str()]);
    command.args(args).stdin(Stdio::null());
    command
}

/// Standard output without the dates.
fn undated(text: &str) -> Vec<String> {
    let date = |line: &str| match line.split_once(" 198.18.") {
        Some((before, rest)) if before.len() < 40 && !before.contains("sshd") => {
            format!("198.18.{rest}")
        }
        _ => line.to_owned(),
    };
    text.lines().map(date).collect()
}

#[test]
fn the_same_as_with_a_process_each_in_the_order_of_the_log() {
    let site = Site::new();
    site.write("log", lines(60, 12));
    let mut results = Vec::new();
    for args in [&[][..], &["--no-resident"], &["--jobs", "3"]] {
        let sandbox = sandbox();
        site.write("conf", rules(&sandbox));
        let done = examine(&site, args).output().expect("swatch-rs runs");
        assert!(done.status.success(), "{}", err(&done));
        assert_eq!(locks(&sandbox), 12, "{args:?}: {}", err(&done));
        assert_eq!(history(&sandbox), 60, "{args:?}");
        results.push((undated(&out(&done)), err(&done), counted(&sandbox)));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
    assert_eq!(results[0].0[1], "198.18.0.1 1");
    assert_eq!(
        results[0]
            .0
            .iter()
            .filter(|l| l.ends_with(" lock!"))
            .count(),
        36
    );
}

/// The first lock is made at once; those that wait for it are made together.
#[test]
fn locks_that_wait_are_made_together() {
    for firewall in ["nftables", "auto"] {
        let (site, sandbox) = (Site::new(), sandbox());
        sandbox.set(
            &SETTINGS
                .replace("nftables", firewall)
                .replace("count = 3", "count = 1"),
        );
        sandbox.stand_in(
            "nft",
            "#!/bin/sh\ntext=$(cat)\n[ -z \"$text\" ] || echo once >> \"${0%/*}/../transactions\"\n",
        );
        site.write("log", lines(100, 100));
        site.write("conf", rules(&sandbox));
        let done = examine(&site, &[]).output().expect("swatch-rs runs");
        assert!(done.status.success(), "{}", err(&done));
        assert_eq!(locks(&sandbox), 100, "{firewall}: {}", err(&done));
        let transactions = sandbox.text("transactions").lines().count();
        assert!(transactions <= 50, "{firewall}: {transactions}");
    }
}

#[test]
fn a_helper_that_is_killed_again_and_again_counts_each_event_once() {
    let (site, sandbox) = (Site::new(), sandbox());
    let count = events();
    let addresses = count / 5;
    site.write("log", lines(count, addresses));
    site.write("conf", rules(&sandbox));
    let out = fs::File::create(site.path("out")).expect("a file");
    let mut watcher = examine(&site, &[])
        .stdout(out)
        .spawn()
        .expect("swatch-rs runs");
    let (mut kills, mut next, mut number) = (0, 0, 1_u64);
    while watcher.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(1));
        if history_size(&sandbox) < next {
            continue;
        }
        // Moments without a pattern.
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros((number >> 33) % 5000));
        for helper in helpers(watcher.id().cast_signed()) {
            kills += usize::from(kill(helper, Signal::SIGKILL).is_ok());
        }
        // Up to 60 events later.
        next = history_size(&sandbox) + (number >> 50) % 60 * 200;
    }
    println!("{kills} helpers killed among {count} events");
    assert!(kills >= 3, "only {kills} helpers were killed");
    let counted = counted(&sandbox);
    let twice: Vec<_> = counted.iter().filter(|(_, times)| **times != 1).collect();
    assert_eq!(twice, Vec::new(), "after {kills} kills");
    assert_eq!(counted.len(), count);
    assert_eq!(history(&sandbox), count);
    assert_eq!(locks(&sandbox), addresses);
    let printed = undated(&site.read("out"));
    let echoed = printed.iter().filter(|line| line.contains("Invalid"));
    assert!(echoed.cloned().eq((0..count).map(|n| line(n, addresses))));
    let answers = printed.iter().filter(|line| line.starts_with("198.18."));
    assert_eq!(answers.count(), count);
}

#[test]
fn a_watcher_that_is_killed_repeats_at_most_what_was_in_flight() {
    let (site, sandbox) = (Site::new(), sandbox());
    site.write("conf", rules(&sandbox));
    site.write("log", "");
    let args = ["-c", "conf", "-t", "log", "--state-dir", "positions"];
    let watcher = site.start(&args);
    let count = 600;
    for n in 0..count {
        site.append("log", &line(n, 100));
    }
    wait_for("some events", || counted(&sandbox).len() >= 50);
    let helpers = helpers(watcher.pid().as_raw());
    watcher.signal(Signal::SIGKILL);
    drop(watcher);
    for helper in helpers {
        wait_for("the end of the helper", || !live::alive(helper.as_raw()));
    }
    let before: usize = counted(&sandbox).values().sum();
    let mut watcher = site.start(&args);
    wait_for("the rest", || counted(&sandbox).len() == count);
    assert!(watcher.stop().success());
    let all: usize = counted(&sandbox).values().sum();
    assert!(
        all - count <= before.min(512),
        "{all} of {count}, {before} before"
    );
}

#[test]
fn an_event_that_takes_too_long_is_ended_and_the_others_go_on() {
    let (site, sandbox) = (Site::new(), sandbox());
    sandbox.stand_in(
        "nft",
        "#!/bin/sh\nread x || exit 0\ncase $(cat) in *198.18.0.1\\ *) sleep 60;; esac\n",
    );
    site.write("conf", rules(&sandbox));
    let log = [0, 0, 0, 1, 2, 1, 2].map(|n| line(n, 10) + "\n").concat();
    site.write("log", &log);
    let done = examine(&site, &["--action-timeout", "2"])
        .output()
        .expect("it runs");
    let told = err(&done);
    assert!(told.contains("took longer than 2 s"), "{told}");
    let text = out(&done);
    assert!(
        text.contains(" 198.18.0.2 2\n") && text.contains(" 198.18.0.3 2\n"),
        "{text}{told}"
    );
}

#[test]
fn a_foreign_program_of_the_same_name_is_started_each_time() {
    let site = Site::new();
    let foreign = site.path("swatch-action");
    live::script(
        &foreign,
        "#!/bin/sh\necho \"$*\" >> \"${0%/*}/calls\"; cat >> \"${0%/*}/calls\"\n",
    );
    site.write(
        "conf",
        format!("watchfor /x/\n\tpipe \"{} 10\"\n", foreign.display()),
    );
    site.write("log", "x1\nx2\n");
    let done = examine(&site, &[]).output().expect("it runs");
    assert!(done.status.success(), "{}", err(&done));
    assert_eq!(site.read("calls"), "10\nx110\nx2");
}

/// True if a helper stays while the watcher runs with these rules.
fn stays(command: &str, args: &[&str]) -> bool {
    let (site, sandbox) = (Site::new(), sandbox());
    let link = |name: &str| -> PathBuf {
        let path = site.path(name);
        std::os::unix::fs::symlink(swatch_action(), &path).expect("a link");
        path
    };
    let command = command
        .replace("SCRIPT", &link("swatch_action.sh").display().to_string())
        .replace("OTHER", &link("other").display().to_string())
        .replace("ACTION", &Path::new(&swatch_action()).display().to_string());
    let config = sandbox.path("action.toml");
    site.write(
        "conf",
        format!(
            "watchfor /Invalid/\n\tpipe \"{command} --config {}\"\n",
            config.display()
        ),
    );
    site.write("log", "");
    let mut watcher = site.start(&[&["-c", "conf", "-t", "log"], args].concat());
    site.append("log", &line(0, 1));
    wait_for("the event", || counted(&sandbox).len() == 1);
    let pid = watcher.pid().as_raw();
    let found = helpers(pid);
    assert!(watcher.stop().success());
    for helper in &found {
        wait_for("the end of the helper", || !live::alive(helper.as_raw()));
    }
    !found.is_empty()
}

#[test]
fn only_the_command_itself_stays_and_it_ends_with_the_watcher() {
    assert!(stays("ACTION 10", &[]));
    assert!(stays("SCRIPT 10", &[]));
    assert!(!stays("ACTION 10", &["--no-resident"]));
    assert!(!stays("OTHER 10", &[]));
    assert!(!stays("exec ACTION 10", &[]));
}

#[test]
fn changed_settings_count_from_the_next_event_on() {
    let (site, sandbox) = (Site::new(), sandbox());
    site.write("conf", rules(&sandbox));
    site.write("log", "");
    let mut watcher = site.start(&["-c", "conf", "-t", "log"]);
    site.append("log", &line(0, 1));
    wait_for("the first answer", || {
        site.read("out").contains("198.18.0.1 1\n")
    });
    sandbox.set(&SETTINGS.replace("count = 3", "count = 2"));
    site.append("log", &line(0, 1));
    wait_for("a lock", || {
        site.read("out").contains("198.18.0.1 2 lock!\n")
    });
    assert!(watcher.stop().success());
}
