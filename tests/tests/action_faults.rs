//! The state left behind when a lock fails: each of its steps × {killed, program missing, exits
//! with 1, hangs, disk full}, and the effect of the next event.
//!
//! The promises: no rule without an expiry; no reported lock is lost; and the next event of the
//! address, without a fault, leaves exactly one rule, confirmed in the state.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Output},
};

use swatch_tests::{
    action::{Sandbox, err, feed, no_network, out},
    skip::skipped,
};

const LINE: &[u8] = b"Nov 22 20:00:00 box sshd[7]: Invalid user bob from 203.0.113.9 port 4711\n";
const RULE: &str = "iptables INPUT -s 203.0.113.9 -j DROP\n";

/// Checks the promises after one faulty run.
fn no_rule_without_an_end(sandbox: &Sandbox, place: &str) {
    if sandbox.text("rules").is_empty() {
        return;
    }
    assert_eq!(sandbox.text("rules"), RULE, "{place}");
    let by_at = (1..=sandbox.files("jobs")).any(|job| {
        sandbox
            .text(&format!("jobs/{job}"))
            .contains("-D INPUT -s 203.0.113.9")
    });
    assert!(
        by_at || listed(sandbox),
        "{place}: a rule, and neither a job nor the state will end it"
    );
}

/// True if the state knows the lock, confirmed or not, and so its expiry.
fn listed(sandbox: &Sandbox) -> bool {
    out(&sandbox.run(&["list"], b"")).contains("203.0.113.9")
}

fn a_reported_lock_is_there(sandbox: &Sandbox, output: &Output, place: &str) {
    if out(output).contains("lock!") {
        assert_eq!(sandbox.text("rules"), RULE, "{place}: reported");
    }
}

/// The next event, after the fault is gone.
fn the_next_event_heals(sandbox: &Sandbox, place: &str) {
    let output = sandbox.event("203.0.113.9", &["lock"]);
    assert!(output.status.success(), "{place}: {}", err(&output));
    assert_eq!(
        sandbox.text("rules"),
        RULE,
        "{place}: {}",
        sandbox.text("calls")
    );
    let json = out(&sandbox.run(&["list", "--json"], b""));
    assert!(json.contains("\"confirmed\": true"), "{place}: {json}");
    assert!(sandbox.files("jobs") >= 1, "{place}");
    let check = sandbox.run(&["check", "--dry-run"], b"");
    assert_eq!(
        out(&check),
        "1 locks are as they should be\n",
        "{place}: {}",
        err(&check)
    );
    // Every line of the log is complete, though a killed run's last line may be missing.
    let log = sandbox.text("log/203.0.113.9");
    assert!(log.ends_with("port 4711\n"), "{place}: {log:?}");
}

fn all_promises(sandbox: &Sandbox, output: &Output, place: &str) {
    no_rule_without_an_end(sandbox, place);
    a_reported_lock_is_there(sandbox, output, place);
}

/// Killed at the n-th system call that writes, syncs, renames, starts or kills anything, for every
/// n.
#[test]
fn killed_at_every_step() {
    if !Path::new("/usr/bin/strace").exists() {
        return skipped("kill at every system call", "strace is not installed");
    }
    let calls = "write,pwrite64,fdatasync,fsync,ftruncate,rename,unlink,flock,fcntl,openat,execve,wait4,clone,clone3,vfork,pidfd_open";
    let mut killed = 0;
    // Every system call while they are few, then coarser: those of the loader and the settings are
    // all alike.
    for call in calls.split(',') {
        let mut number = 1;
        loop {
            let sandbox = Sandbox::new();
            let mut command = Command::new("strace");
            command.args(["-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
            command.args(["-e", &format!("inject={call}:signal=KILL:when={number}")]);
            let inner = sandbox.command(&["10", "lock"]);
            command.arg(inner.get_program()).args(inner.get_args());
            let output = feed(&mut command, LINE);
            let place = format!("killed at {call} number {number}");
            if output.status.code() == Some(0) {
                break;
            }
            if output.status.signal().is_none() && number == 1 && err(&output).contains("strace:") {
                if err(&output).contains("invalid") {
                    break;
                }
                return skipped("kill at every system call", err(&output).trim());
            }
            killed += 1;
            all_promises(&sandbox, &output, &place);
            the_next_event_heals(&sandbox, &place);
            number += 1 + number / 12;
        }
    }
    assert!(killed > 40, "only {killed} kills: the matrix has shrunk");
}

/// The programs kill swatch-action before or after doing their own work.
#[test]
fn killed_by_its_programs() {
    for program in ["at", "iptables"] {
        for before in [true, false] {
            let place = format!("killed by {program}, before its work: {before}");
            let sandbox = Sandbox::new();
            let own = sandbox.text(&format!("bin/{program}"));
            let script = if before {
                "#!/bin/sh\nkill -9 $PPID\n".to_owned()
            } else {
                format!("{own}\nkill -9 $PPID\n")
            };
            sandbox.stand_in(program, &script);
            let output = sandbox.run(&["10", "lock"], LINE);
            assert_eq!(output.status.signal(), Some(9), "{place}");
            all_promises(&sandbox, &output, &place);
            sandbox.stand_in(program, &own);
            the_next_event_heals(&sandbox, &place);
        }
    }
}

/// A program is missing, fails, fails after doing its work, or hangs.
#[test]
fn programs_that_fail() {
    let faults = [
        ("missing", ""),
        (
            "exits with 1",
            "#!/bin/sh\necho 'it does not work' >&2\nexit 1\n",
        ),
        ("hangs", "#!/bin/sh\nsleep 100\n"),
        ("killed", "#!/bin/sh\nkill -9 $$\n"),
    ];
    for program in ["at", "iptables"] {
        for (fault, script) in faults {
            let place = format!("{program} {fault}");
            let sandbox = Sandbox::new();
            let own = sandbox.text(&format!("bin/{program}"));
            // The path holds only the stand-ins; a missing one must not be found in the system.
            for tool in ["sh", "cat", "grep", "awk", "mv", "rm", "ls", "sed", "sleep"] {
                let _ = std::os::unix::fs::symlink(
                    format!("/bin/{tool}"),
                    sandbox.path("bin").join(tool),
                );
            }
            let path = sandbox.path("bin");
            let words = [
                "10",
                "lock",
                "--time-limit",
                "1s",
                "--path",
                path.to_str().expect("a path"),
            ];
            if script.is_empty() {
                fs::remove_file(path.join(program)).expect("a stand-in");
            } else {
                sandbox.stand_in(program, script);
            }
            let output = sandbox.run(&words, LINE);
            let said = err(&output);
            // Without `at`, the default is another one, which is named.
            let chosen = program == "at" && script.is_empty();
            let code = i32::from(!chosen);
            assert_eq!(output.status.code(), Some(code), "{place}: {said}");
            assert!(said.contains(program), "{place}: {said}");
            all_promises(&sandbox, &output, &place);
            if program == "iptables" {
                assert!(!out(&output).contains("lock!"), "{place}: {}", out(&output));
                // A program that never ran has locked nothing. Any other may have done its work
                // before it failed, so the expiry of the lock stays.
                let (jobs, noted) = if script.is_empty() {
                    (0, false)
                } else {
                    (1, true)
                };
                assert_eq!(
                    (sandbox.files("jobs"), listed(&sandbox)),
                    (jobs, noted),
                    "{place}"
                );
            } else {
                // Without a job the state ends the lock, and says so.
                assert!(
                    out(&output).contains("lock!") && said.contains("expire"),
                    "{place}: {said}"
                );
            }
            sandbox.stand_in(program, &own);
            if program == "iptables" {
                the_next_event_heals(&sandbox, &place);
            }
        }
    }
}

/// A lock that `at` did not accept is ended by `expire` when its time is over.
#[test]
fn the_state_ends_what_at_does_not() {
    let sandbox = Sandbox::new();
    sandbox.stand_in("at", "#!/bin/sh\nexit 1\n");
    sandbox.set("lock_time = \"1s\"\nexpiry = \"expire\"\nmail = \"\"\n[whois]\nserver = \"\"\n");
    let output = sandbox.event("203.0.113.9", &["lock"]);
    assert!(output.status.success(), "{}", err(&output));
    assert_eq!(sandbox.text("rules"), RULE);
    swatch_tests::action::wait_for("the end of the lock", || {
        out(&sandbox.run(&["expire"], b"")).contains("203.0.113.9 expired")
    });
    assert_eq!(sandbox.text("rules"), "");
}

/// Log directory, state directory or both on a full disk.
#[test]
fn full_disks() {
    if let Some(why) = no_network(&["iptables"]) {
        return skipped("full disks", &why);
    }
    for full in ["log", "state"] {
        let sandbox = Sandbox::new();
        let folder = sandbox.path(full);
        fs::create_dir(&folder).expect("a folder");
        let output = sandbox.in_network(&format!(
            "mount -t tmpfs -o size=256k,mode=755 tmpfs {0}
             head -c 1000000 /dev/zero > {0}/ballast 2>/dev/null || :
             echo '{1}' | swatch 10 lock && echo done || echo \"code $?\"
             ls -s {0}/203.0.113.9 2>/dev/null || :
             cp {2} {2}.left; ls {3} | sed 's/^/job /'
             rm {0}/ballast
             echo '{1}' | swatch 10 lock && echo 'well again'
             swatch list",
            folder.display(),
            String::from_utf8_lossy(LINE).trim(),
            sandbox.path("rules").display(),
            sandbox.path("jobs").display()
        ));
        let (text, said) = (out(&output), err(&output));
        let place = format!("{full} full: {text}{said}");
        assert!(output.status.success(), "{place}");
        assert!(text.contains("code 1"), "{place}");
        assert!(
            said.contains("full") || said.contains("No space"),
            "{place}"
        );
        // The attacker is still locked, and the lock expires.
        assert_eq!(sandbox.text("rules.left"), RULE, "{place}");
        assert!(text.contains("job 1"), "{place}");
        assert!(
            text.contains("well again") && text.contains("203.0.113.9 "),
            "{place}"
        );
        assert_eq!(sandbox.text("rules"), RULE, "{place}");
    }
}

#[test]
fn a_broken_state_is_told_and_locking_goes_on() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("state")).expect("a folder");
    fs::write(
        sandbox.path("state/state.db"),
        "no database at all".repeat(100),
    )
    .expect("a file");
    for _ in 0..2 {
        let output = sandbox.event("203.0.113.9", &["lock"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            out(&output).contains("lock!") && err(&output).contains("move it away"),
            "{}",
            err(&output)
        );
        assert_eq!(
            sandbox.text("rules"),
            RULE,
            "no second rule without a state either"
        );
    }
    fs::remove_file(sandbox.path("state/state.db")).expect("moved away");
    assert!(sandbox.event("203.0.113.9", &[]).status.success());
    assert_eq!(
        sandbox.text("rules"),
        RULE,
        "the new state asks the firewall first"
    );
}
