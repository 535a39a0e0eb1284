//! The end of a lock: by the right clock, by a job of `at` that copes with trouble, for many at
//! once.

use std::{fs, path::Path, process::Command};

use swatch_tests::{
    action::{Sandbox, err, feed, no_network, out},
    program,
    skip::skipped,
};

const SETTINGS: &str = "mail = \"\"\nlock_time = \"24h\"\n[whois]\nserver = \"\"\n";

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_secs()).expect("a date")
}

/// The job with this number, run by `sh` as atd would run it.
fn run_job(sandbox: &Sandbox, number: usize) -> String {
    let mut shell = Command::new("sh");
    shell.env_clear().env(
        "PATH",
        format!("{}:/bin:/usr/bin", sandbox.path("bin").display()),
    );
    let job = sandbox.text(&format!("jobs/{number}"));
    let output = feed(&mut shell, job.as_bytes());
    assert_eq!(err(&output), "", "{job}");
    out(&output)
}

/// `at` that notes the zone it was run in.
fn note_the_zone(sandbox: &Sandbox) {
    let own = sandbox.text("bin/at");
    let noting = own.replacen(
        "#!/bin/sh\n",
        "#!/bin/sh\necho \"$TZ $*\" >> ${0%/*}/../zones\n",
        1,
    );
    sandbox.stand_in("at", &noting);
}

/// Berlin's clocks go forward and back; a lock lasts its real hours.
#[test]
fn at_counts_hours_without_daylight_saving_time() {
    let sandbox = Sandbox::new();
    sandbox.set(SETTINGS);
    note_the_zone(&sandbox);
    for (address, words, expected) in [
        (
            "203.0.113.9",
            &["lock", "203.0.113.9"][..],
            "UTC0 now+24hour",
        ),
        (
            "203.0.113.8",
            &["lock", "203.0.113.8", "--for", "30m"],
            "UTC0 now+31minute",
        ),
    ] {
        let mut command = sandbox.command(words);
        command.env("TZ", "CET-1CEST,M3.5.0,M10.5.0/3");
        let before = now();
        let output = feed(&mut command, b"");
        assert!(output.status.success(), "{}", err(&output));
        assert!(sandbox.text("zones").ends_with(&format!("{expected}\n")));
        let until: i64 = sandbox
            .text(&format!("state/until/{address}"))
            .trim()
            .parse()
            .expect("a date");
        let wanted = if words.len() == 2 { 86_400 } else { 1800 };
        assert!((wanted - 60..wanted + 130).contains(&(until - before)));
    }
}

#[test]
fn a_job_that_comes_early_comes_again() {
    let sandbox = Sandbox::new();
    sandbox.set(SETTINGS);
    note_the_zone(&sandbox);
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    let rule = sandbox.text("rules");
    assert!(!rule.is_empty());
    run_job(&sandbox, 1);
    assert_eq!(sandbox.text("rules"), rule, "it is not its time");
    assert_eq!(sandbox.files("jobs"), 2);
    assert_eq!(
        sandbox.text("jobs/2"),
        sandbox.text("jobs/1"),
        "the same job"
    );
    let zones = sandbox.text("zones");
    let again = zones.lines().last().expect("a call");
    let minutes: i64 = again
        .strip_prefix("UTC0 now+")
        .and_then(|rest| rest.strip_suffix("minute"))
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{zones}"));
    assert!((1439..=1442).contains(&minutes), "{minutes}");
    // Its time has come.
    fs::write(sandbox.path("state/until/203.0.113.9"), "1\n").expect("written");
    run_job(&sandbox, 2);
    assert_eq!(sandbox.text("rules"), "");
    assert_eq!(
        (sandbox.files("jobs"), sandbox.files("state/until")),
        (2, 0)
    );
    assert_eq!(out(&sandbox.run(&["list"], b"")).matches('!').count(), 0);
}

/// Exit code 4: another program holds the lock of the tables. 1: there is no such rule.
#[test]
fn a_job_that_cannot_delete_a_rule_comes_again() {
    let sandbox = Sandbox::new();
    sandbox.set(&format!("chains = [\"INPUT\", \"FORWARD\"]\n{SETTINGS}"));
    note_the_zone(&sandbox);
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    fs::write(sandbox.path("state/until/203.0.113.9"), "1\n").expect("written");
    let own = sandbox.text("bin/iptables");
    let held = own.replacen(
        "#!/bin/sh\n",
        "#!/bin/sh\ncase $* in *FORWARD*) exit 4;; esac\n",
        1,
    );
    sandbox.stand_in("iptables", &held);
    run_job(&sandbox, 1);
    assert_eq!(sandbox.text("rules").lines().count(), 1);
    assert_eq!(
        (sandbox.files("jobs"), sandbox.files("state/until")),
        (2, 1)
    );
    sandbox.stand_in("iptables", &own);
    run_job(&sandbox, 2);
    assert_eq!(sandbox.text("rules"), "");
    assert_eq!(
        (sandbox.files("jobs"), sandbox.files("state/until")),
        (2, 0)
    );
}

#[test]
fn a_link_in_the_place_of_a_note_is_not_followed() {
    let sandbox = Sandbox::new();
    sandbox.set(SETTINGS);
    let target = sandbox.path("precious");
    fs::write(&target, "precious").expect("written");
    fs::create_dir_all(sandbox.path("state/until")).expect("made");
    for name in ["203.0.113.9", ".203.0.113.9", "203.0.113.9.new"] {
        std::os::unix::fs::symlink(&target, sandbox.path("state/until").join(name))
            .expect("a link");
    }
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    assert_eq!(sandbox.text("precious"), "precious");
    assert!(sandbox.text("state/until/203.0.113.9").len() > 5);
}

fn with_clock(sandbox: &Sandbox, shift: &str, words: &str) -> String {
    format!(
        "faketime -f '{shift}' {} {words} --config {}",
        program::swatch_action().display(),
        sandbox.path("action.toml").display()
    )
}

/// A lock of a clock that was ten years ahead is a lock of now, with its 24 hours.
#[test]
fn a_lock_of_a_clock_that_was_years_ahead_is_a_lock_of_now() {
    for (firewall, rules) in [
        ("nftables", "nft list set inet swatch v4_32"),
        ("iptables", "iptables -S INPUT"),
        ("ipset", "ipset save swatch-v4"),
    ] {
        if let Some(why) = no_network(&["nft", "iptables", "ipset", "faketime"]) {
            return skipped("a clock that is ahead", &why);
        }
        let sandbox = Sandbox::real();
        sandbox.set(&format!("firewall = \"{firewall}\"\n{SETTINGS}"));
        let flush = "nft flush ruleset; ipset flush 2>/dev/null || :";
        let script = format!(
            "{ahead} >/dev/null
             {flush}
             echo 'x 203.0.113.9' | swatch 2 lock >/dev/null
             {rules} | grep -c 203.0.113.9
             {ahead_again} >/dev/null
             {flush}
             swatch check; swatch list --json | grep until; swatch check",
            ahead = with_clock(&sandbox, "+3650d", "lock 203.0.113.9"),
            ahead_again = with_clock(&sandbox, "+3600d", "lock 203.0.113.9"),
        );
        let output = sandbox.in_network(&script);
        let (said, complained) = (out(&output), err(&output));
        assert!(output.status.success(), "{firewall}: {said}{complained}");
        assert!(
            said.starts_with(
                "1\n203.0.113.9 was missing, put back\n1 locks are as they should be\n"
            ) && said.ends_with("\n1 locks are as they should be\n"),
            "{firewall}: {said}{complained}"
        );
        let dates = Command::new("date")
            .args(["-u", "-d", "+24 hours", "+\"until\": \"%Y-%m-"])
            .output()
            .expect("date");
        assert!(said.contains(out(&dates).trim()), "{firewall}: {said}");
    }
}

/// With the clock two days ahead, locks are over: then they are so in the kernel as well.
#[test]
fn what_a_clock_that_is_ahead_ends_is_ended_in_the_kernel() {
    for (firewall, rules) in [
        ("nftables", "nft list set inet swatch v4_32"),
        ("iptables", "iptables -S INPUT"),
        ("ipset", "ipset save swatch-v4"),
    ] {
        if let Some(why) = no_network(&["nft", "iptables", "ipset", "faketime"]) {
            return skipped("a clock that is ahead", &why);
        }
        for command in ["expire", "check"] {
            let sandbox = Sandbox::real();
            sandbox.set(&format!("firewall = \"{firewall}\"\n{SETTINGS}"));
            let output = sandbox.in_network(&format!(
                "swatch lock 203.0.113.9 >/dev/null
                 {} >/dev/null
                 swatch list | grep -c 203 || :
                 {rules} | grep -c 203.0.113.9 || :
                 swatch check",
                with_clock(&sandbox, "+2d", command)
            ));
            assert_eq!(
                out(&output),
                "0\n0\n0 locks are as they should be\n",
                "{firewall} {command}: {}",
                err(&output)
            );
        }
    }
}

/// Half of many locks are over at once, scattered among the others.
#[test]
fn thousands_of_locks_that_are_over_at_once_are_ended() {
    if let Some(why) = no_network(&["iptables", "faketime"]) {
        return skipped("thousands of locks that are over", &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set(&format!("expiry = \"expire\"\n{SETTINGS}"));
    for (name, from) in [("short", 0), ("long", 1)] {
        let list: String = (0..4000)
            .map(|n| 2 * n + from)
            .map(|n| format!("198.18.{}.{}\n", n / 256, n % 256))
            .collect();
        fs::write(sandbox.path(name), list).expect("a list");
    }
    let script = format!(
        "for n in 1 2; do
           head -n $((n * 2000)) {short} | tail -n 2000 | swatch import - --for 1h
           head -n $((n * 2000)) {long} | tail -n 2000 | swatch import - --for 7d
         done
         {list} | grep -c 'iptables!'
         {expire} | grep -c expired
         swatch check
         iptables -S INPUT | grep -c DROP",
        short = sandbox.path("short").display(),
        long = sandbox.path("long").display(),
        list = with_clock(&sandbox, "+1d", "list"),
        expire = with_clock(&sandbox, "+1d", "expire"),
    );
    let output = sandbox.in_network(&script);
    assert_eq!(
        out(&output),
        "2000 locked\n2000 locked\n2000 locked\n2000 locked\n4000\n4000\n\
         4000 locks are as they should be\n4000\n",
        "{}",
        err(&output)
    );
    assert!(Path::new(&sandbox.path("state/state.db")).exists());
}

/// One job for thousands of locks, real rules, and rules that are not its own.
#[test]
fn a_job_ends_thousands_of_locks_at_once() {
    if let Some(why) = no_network(&["iptables", "ip6tables"]) {
        return skipped("a job for thousands of locks", &why);
    }
    let sandbox = Sandbox::real();
    sandbox.set(SETTINGS);
    let list: String = (0..6000)
        .map(|n| format!("198.18.{}.{}\n", n / 256, n % 256))
        .chain((0..20).map(|n| format!("2001:db8:{n}::/64\n")))
        .chain(["203.0.113.0/25\n".to_owned()])
        .collect();
    fs::write(sandbox.path("list"), list).expect("a list");
    let script = "
        iptables -I INPUT -s 192.0.2.1 -j DROP; iptables -I OUTPUT -d 192.0.2.2 -j DROP
        swatch import HERE/list --for 1h
        iptables -I INPUT -s 198.18.0.9 -j DROP
        swatch lock 198.18.0.77 --for 3h >/dev/null
        job() { PATH=HERE/bin:/usr/sbin:$PATH sh < HERE/jobs/$1; }
        job 1; iptables -S INPUT | grep -c DROP
        cmp HERE/jobs/1 HERE/jobs/3 && echo again
        now=$(date +%s)
        for f in HERE/state/until/*; do echo 1 > $f; done; echo $((now + 9000)) > HERE/state/until/198.18.0.77
        job 3; iptables -S; ip6tables -S INPUT
        ls HERE/state/until HERE/jobs"
.replace("HERE", sandbox.path("").to_string_lossy().trim_end_matches('/'));
    let output = sandbox.in_network(&script);
    assert_eq!(
        out(&output),
        format!(
            "6021 locked\n6003\nagain\n-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n\
             -A INPUT -s 198.18.0.77/32 -j DROP\n-A INPUT -s 192.0.2.1/32 -j DROP\n\
             -A OUTPUT -d 192.0.2.2/32 -j DROP\n-P INPUT ACCEPT\n\
             {0}/jobs:\n1\n2\n3\n4\n\n{0}/state/until:\n198.18.0.77\n",
            sandbox.path("").to_string_lossy().trim_end_matches('/')
        ),
        "{}",
        err(&output)
    );
}
