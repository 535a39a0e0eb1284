//! Many logs in one process: descriptors, threads, and what happens when there are too few.

use nix::sys::resource::{Resource, getrlimit};
use swatch_tests::live::{Site, wait_for};
use swatch_tests::skip::skipped;

/// So many configurations, each with a log of its own.
fn site(count: usize) -> Site {
    let site = Site::new();
    std::fs::create_dir(site.path("rules")).unwrap();
    for n in 0..count {
        let log = format!("log{n}");
        let rules = format!(
            "# logfile {}\nwatchfor /beta/\n\techo normal\nwatchfor /run/\n\texec sh -c 'echo $0 >> got'\n",
            site.path(&log).display()
        );
        site.write(&format!("rules/{n}.conf"), rules);
        site.write(&log, "");
    }
    site
}

/// swatch-rs with limits of open files, as `prlimit` takes them.
fn limited(site: &Site, limit: &str) -> std::process::Command {
    let mut command = std::process::Command::new("prlimit");
    command.arg(format!("--nofile={limit}"));
    command.arg(swatch_tests::program::swatch_rs());
    command.args(["--config-dir", "rules"]);
    site.prepare(&mut command);
    command
}

#[test]
fn idle_logs_take_a_descriptor_each_and_no_thread() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < 1200 {
        skipped(
            "idle_logs_take_a_descriptor_each_and_no_thread",
            "the limit of open files is low",
        );
        return;
    }
    let site = site(1000);
    // The soft limit is raised.
    let mut swatch = site.start_command(limited(&site, "256:1200"));
    assert!(swatch.descriptors() <= 1100, "{}", swatch.descriptors());
    let threads = swatch.status_number("Threads");
    assert!(threads <= 20, "{threads}");
    for n in [0, 500, 999] {
        site.append(&format!("log{n}"), &format!("beta {n}."));
        wait_for("the line", || site.count("out", &format!("beta {n}.")) == 1);
    }
    assert!(swatch.stop().success());
}

#[test]
fn with_too_few_descriptors_some_logs_are_watched_and_the_others_named() {
    let site = site(100);
    let mut swatch = site.start_command(limited(&site, "100:100"));
    let said = site.read("err");
    assert!(said.contains("too many open files"));
    assert!(said.contains("are not watched"));
    // Configurations are started in the order of their names. All commands find descriptors.
    let watched: Vec<usize> = (0..100)
        .filter(|n| !said.contains(&format!("error: {n}.conf:")))
        .collect();
    assert!((20..100).contains(&watched.len()), "{}", watched.len());
    for n in &watched {
        site.append(&format!("log{n}"), "run");
    }
    wait_for("all commands", || site.count("got", "run") == watched.len());
    assert!(swatch.stop().success());
}

#[test]
fn a_watch_that_cannot_be_started_shows_in_the_exit_status() {
    let site = site(2);
    let quit = |n: usize, log: &str| {
        let rules = format!(
            "# logfile {}\nwatchfor /end/\n\tquit\n",
            site.path(log).display()
        );
        site.write(&format!("rules/{n}.conf"), rules);
    };
    quit(0, "log0");
    std::fs::create_dir(site.path("directory")).unwrap();
    quit(1, "directory");
    let mut swatch = site.start(&["--config-dir", "rules"]);
    let said = site.read("err");
    assert!(
        said.contains("watching 1 of 2; 1.conf is not watched"),
        "{said}"
    );
    site.append("log0", "end");
    assert_eq!(swatch.ended().code(), Some(1));
}

#[test]
fn a_slow_action_delays_no_other_log() {
    let site = site(8);
    for n in 0..8 {
        let rules = format!(
            "# logfile {}\nwatchfor /slow/\n\texec sh -c \"touch began{n}; until [ -e go ]; do sleep 0.02; done\"\nwatchfor /beta/\n\techo normal\n",
            site.path(&format!("log{n}")).display()
        );
        site.write(&format!("rules/{n}.conf"), rules);
    }
    let mut swatch = site.start(&["--config-dir", "rules"]);
    for n in 0..7 {
        site.append(&format!("log{n}"), "slow");
        wait_for("the command", || site.path(&format!("began{n}")).exists());
    }
    site.append("log7", "beta");
    wait_for("the line of another log", || site.count("out", "beta") == 1);
    site.write("go", "");
    assert!(swatch.stop().success());
}

#[test]
fn a_reader_of_standard_output_that_hangs_delays_no_command() {
    let site = site(2);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = site.swatch(&["--config-dir", "rules"]);
    command.stdout(writer);
    let mut swatch = site.start_command(command);
    // More than the pipe holds.
    for _ in 0..2000 {
        site.append("log0", &format!("beta {}", "x".repeat(100)));
    }
    site.append("log1", "run");
    wait_for("the command", || site.count("got", "run") == 1);
    drop(reader);
    swatch.ended();
}
