//! Faults around the watcher, and that it carries on.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use swatch_tests::live::{Site, wait_for};
use swatch_tests::program::swatch_rs;
use swatch_tests::skip::skipped;

/// A rule that shows that the watcher still works.
const ALIVE: &str = "watchfor /alive/\n\techo normal\n";

fn watch(site: &Site, rules: &str, args: &[&str]) -> swatch_tests::live::Running {
    site.write("conf", format!("{rules}{ALIVE}"));
    site.write("log", "");
    site.start(&[&["-c", "conf", "-t", "log"], args].concat())
}

fn still_alive(site: &Site) {
    site.append("log", "alive");
    wait_for("the rule behind the fault", || {
        site.count("out", "alive") >= 1
    });
}

#[test]
fn a_command_that_is_missing_is_told_once_with_a_count() {
    let site = Site::new();
    let mut swatch = watch(&site, "watchfor /x/\n\texec /nowhere/program\n", &[]);
    for _ in 0..50 {
        site.append("log", "x");
    }
    still_alive(&site);
    assert!(swatch.stop().success());
    let told = site.read("err");
    assert_eq!(told.matches("/nowhere/program").count(), 2, "{told}");
    assert!(told.contains("(49 more times)"), "{told}");
}

#[test]
fn a_command_that_does_not_read_or_fails_is_told() {
    let site = Site::new();
    let rules = "watchfor /x/\n\tpipe true\n\texec false\n";
    let mut swatch = watch(&site, rules, &[]);
    // More than a pipe holds: the write must fail.
    site.append("log", &"x".repeat(200_000));
    still_alive(&site);
    assert!(swatch.stop().success());
    let told = site.read("err");
    assert!(
        told.contains("true: did not read its whole input"),
        "{told}"
    );
    assert!(told.contains("false: exit status 1"), "{told}");
}

#[test]
fn a_command_that_hangs_is_ended_with_all_its_children() {
    let site = Site::new();
    let rules = "watchfor /x/\n\texec sh -c 'sleep 3600 & echo $! > child; sleep 3600'\n";
    let mut swatch = watch(&site, rules, &["--action-timeout", "1"]);
    site.append("log", "x");
    still_alive(&site);
    let child: i32 = site.read("child").trim().parse().unwrap();
    wait_for("the end of the grandchild", || {
        !swatch_tests::live::alive(child)
    });
    assert!(site.read("err").contains("took longer than 1 s"));
    assert!(swatch.stop().success());
}

#[test]
fn a_command_that_leaves_something_behind_is_not_waited_for() {
    let site = Site::new();
    let rules = "watchfor /x/\n\texec sh -c '(sleep 30 & echo $! > child)'\n";
    let mut swatch = watch(&site, rules, &[]);
    let start = Instant::now();
    site.append("log", "x");
    still_alive(&site);
    assert!(start.elapsed() < Duration::from_secs(25));
    assert!(swatch.stop().success());
    let child: i32 = site.read("child").trim().parse().unwrap();
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), Signal::SIGKILL);
}

#[test]
fn a_command_that_floods_its_output_does_not_stop_anything() {
    let site = Site::new();
    let rules = "watchfor /x/\n\texec sh -c 'head -c 3000000 /dev/zero | tr \"\\\\0\" y'\n";
    let mut swatch = watch(&site, rules, &[]);
    site.append("log", "x");
    still_alive(&site);
    assert!(swatch.stop().success());
}

#[test]
fn standard_output_that_is_full_or_closed_is_told_and_survived() {
    let site = Site::new();
    site.write("conf", format!("{ALIVE}watchfor /x/\n\texec touch acted\n"));
    site.write("log", "");
    let mut command = site.swatch(&["-c", "conf", "-t", "log"]);
    command.stdout(
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let mut swatch = site.start_command(command);
    site.append("log", "alive");
    site.append("log", "x");
    wait_for("the other action", || site.path("acted").exists());
    assert!(site.read("err").contains("standard output"));
    assert!(swatch.stop().success());
}

#[test]
fn no_process_can_be_made() {
    if !nix::unistd::geteuid().is_root() {
        skipped(
            "no_process_can_be_made",
            "needs root to become a user with a limit of processes",
        );
        return;
    }
    let site = Site::new();
    site.write("conf", format!("watchfor /x/\n\texec true\n{ALIVE}"));
    site.write("log", "");
    for name in ["out", "err"] {
        site.write(name, "");
    }
    // The build directory may be closed to other users.
    std::fs::copy(swatch_tests::program::swatch_rs(), site.path("swatch-rs")).unwrap();
    let folder = site.path("log").parent().unwrap().display().to_string();
    let status = std::process::Command::new("chown")
        .args(["-R", "65534:65534", &folder])
        .status()
        .unwrap();
    assert!(status.success());
    // Room for the watcher's own threads only.
    let mut command = std::process::Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "prlimit",
        "--nproc=4",
    ]);
    command.args(["./swatch-rs", "-c", "conf", "-t", "log"]);
    site.prepare(&mut command);
    let mut swatch = site.start_command(command);
    site.append("log", "x");
    site.append("log", "alive");
    wait_for("the rule behind the fault", || {
        site.count("out", "alive") == 1
    });
    assert!(swatch.stop().success());
}

#[test]
fn the_disk_of_the_positions_is_full() {
    if !nix::unistd::geteuid().is_root() {
        skipped(
            "the_disk_of_the_positions_is_full",
            "needs root for a small file system",
        );
        return;
    }
    let site = Site::new();
    site.write("conf", ALIVE);
    site.write("log", "");
    std::fs::create_dir(site.path("state")).unwrap();
    let run = format!(
        "mount -t tmpfs -o size=16k,mode=0755 tmpfs state && {{ head -c 65536 /dev/zero > state/fill 2>/dev/null; exec {} -c conf -t log --state-dir state; }}",
        swatch_tests::program::swatch_rs().display()
    );
    let mut command = std::process::Command::new("unshare");
    command.args(["-m", "sh", "-c", &run]);
    site.prepare(&mut command);
    let mut swatch = site.start_command(command);
    still_alive(&site);
    wait_for("the message", || site.read("err").contains("position"));
    site.append("log", "alive");
    wait_for("the line after", || site.count("out", "alive") == 2);
    assert!(swatch.stop().success());
}

#[test]
fn a_config_that_others_can_write_is_refused_to_root() {
    if !nix::unistd::geteuid().is_root() {
        skipped(
            "a_config_that_others_can_write_is_refused_to_root",
            "needs root",
        );
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.write("conf", ALIVE);
    site.write("log", "alive\n");
    std::fs::set_permissions(site.path("conf"), std::fs::Permissions::from_mode(0o666)).unwrap();
    let refused = site.swatch(&["-c", "conf", "-f", "log"]).status().unwrap();
    assert_eq!(refused.code(), Some(2));
    assert!(
        site.read("err").contains("chmod o-w"),
        "{}",
        site.read("err")
    );
    let insecure = site
        .swatch(&["-c", "conf", "-f", "log", "--insecure"])
        .status()
        .unwrap();
    assert!(insecure.success());
    assert_eq!(site.count("out", "alive"), 1);
}

/// Descriptors, environment and signals of the watcher's own start do not reach its commands.
#[test]
fn a_command_starts_clean() {
    let site = Site::new();
    let look = "cat /proc/self/status; ls /proc/self/fd; env; echo done";
    site.write("conf", format!("watchfor /x/\n\texec sh -c '{look}'\n"));
    site.write("log", "");
    let mut command = Command::new("/bin/sh");
    site.prepare(&mut command);
    command
        .args(["-c", "exec 9</dev/null; exec \"$0\" -c conf -t log"])
        .arg(swatch_rs())
        .envs(["LD_LIBRARY_PATH", "BASH_ENV", "ENV"].map(|name| (name, "/unwanted")))
        .env("WANTED", "kept");
    let mut swatch = site.start_command(command);
    site.append("log", "x");
    wait_for("the command", || site.count("out", "done") >= 1);
    assert!(swatch.stop().success());
    let seen = site.read("out");
    let mask = seen.lines().find(|line| line.starts_with("SigBlk:"));
    assert_eq!(mask, Some("SigBlk:\t0000000000000000"), "{seen}");
    assert!(!seen.lines().any(|line| line == "9"), "{seen}");
    assert!(!seen.contains("/unwanted"), "{seen}");
    assert!(seen.contains("WANTED=kept"), "{seen}");
}
