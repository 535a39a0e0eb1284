//! The programs that an event starts and the files it opens, as seen by strace: none below the
//! count, only the firewall's at a lock.

use std::{fs, path::Path, process::Command};

use swatch_tests::{
    action::{Sandbox, err, feed, no_network, out},
    program,
    skip::skipped,
};

/// The programs that were started and the files that were opened, without swatch-action's own
/// start.
fn seen(trace: &Path) -> (Vec<String>, Vec<String>) {
    let text = fs::read_to_string(trace).expect("a trace");
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let of = |call: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.contains(call) && !line.contains(" = -1 "))
            .filter_map(quoted)
            .collect()
    };
    let started = of("execve(").into_iter().skip(1);
    let name = |path: String| path.rsplit('/').next().unwrap_or_default().to_owned();
    (started.map(name).collect(), of("openat("))
}

fn no_strace(what: &str) -> bool {
    let missing = !Path::new("/usr/bin/strace").exists();
    if missing {
        skipped(what, "strace is not installed");
    }
    missing
}

#[test]
fn an_event_below_the_count_starts_nothing_and_opens_no_database() {
    if no_strace("what an event starts") {
        return;
    }
    let sandbox = Sandbox::new();
    // A state exists, and this event has no need of it.
    assert!(sandbox.run(&["lock", "198.51.100.7"], b"").status.success());
    let trace = sandbox.path("trace");
    let mut command = Command::new("strace");
    command
        .args([
            "-f",
            "-qq",
            "-e",
            "trace=execve,openat,clone,clone3,fork,vfork",
            "-o",
        ])
        .arg(&trace)
        .arg(program::swatch_action())
        .args(["10", "--config"])
        .arg(sandbox.path("action.toml"));
    let line = b"Nov 22 20:00:00 box sshd[7]: Invalid user bob from 203.0.113.9 port 4711\n";
    let output = feed(&mut command, line);
    if err(&output).contains("strace:") {
        return skipped("what an event starts", err(&output).trim());
    }
    assert!(
        out(&output).ends_with(" 203.0.113.9 1\n"),
        "{}",
        err(&output)
    );
    let (started, opened) = seen(&trace);
    assert_eq!(started, Vec::<String>::new());
    let text = fs::read_to_string(&trace).expect("a trace");
    let forks = ["clone(", "clone3(", "fork("];
    assert!(!forks.iter().any(|call| text.contains(call)), "{text}");
    // The day's file of the history is all that it needs of the state.
    let state = sandbox.path("state").display().to_string();
    let mut of_state = opened.iter().filter(|path| path.starts_with(&state));
    assert!(
        of_state.all(|path| path.starts_with(&format!("{state}/history/"))),
        "{opened:?}"
    );
    assert!(
        opened.iter().any(|path| path.ends_with("/203.0.113.9")),
        "{opened:?}"
    );
}

#[test]
fn a_lock_starts_the_firewalls_program_alone() {
    if no_strace("what a lock starts") {
        return;
    }
    if let Some(why) = no_network(&["nft", "iptables", "strace"]) {
        return skipped("what a lock starts", &why);
    }
    for (firewall, wanted) in [
        // The existing sets, then the transaction.
        ("nftables", &["nft", "nft"][..]),
        ("iptables", &["iptables"]),
    ] {
        let sandbox = Sandbox::real();
        sandbox.set(&format!(
            "firewall = \"{firewall}\"\nexpiry = \"expire\"\nmail = \"\"\nlock_time = \"2h\"\n[ignore]\nown = false\n[whois]\nserver = \"\"\n"
        ));
        let trace = sandbox.path("trace");
        let output = sandbox.in_network(&format!(
            "swatch lock 198.51.100.7 >/dev/null
             echo 'x 203.0.113.9' | strace -f -qq -e trace=execve -o {} {} 2 lock --config {}",
            trace.display(),
            program::swatch_action().display(),
            sandbox.path("action.toml").display()
        ));
        assert!(
            out(&output).ends_with(" lock!\n"),
            "{}{}",
            out(&output),
            err(&output)
        );
        assert_eq!(seen(&trace).0, wanted, "{firewall}");
    }
}
