//! An attacker's login attempts become a firewall rule: a real sshd, swatch-rs with `secure.conf`,
//! swatch-action, iptables and at, on machines of their own.

use std::fs;
use std::time::{Duration, Instant};

use swatch_tests::deployment::{ATTACKER, GATE, OTHER, settings};
use swatch_tests::live::wait_for;
use swatch_tests::machine::{Machine, Reach, allowed};
use swatch_tests::sshd_site::{PROGRAMS, SshdSite};

#[test]
fn three_invalid_users_lock_the_attacker_until_the_job_runs() {
    if !allowed("a lock by a real sshd", PROGRAMS) {
        return;
    }
    let site = SshdSite::new();
    let deployment = &site.deployment;
    deployment.watch("secure", "/var/log/secure");
    for (n, user) in ["admin-1", "admin-2"].iter().enumerate() {
        site.attack(user, "Invalid user ", n + 1);
    }
    let counted = format!(" {ATTACKER} 2\n");
    wait_for("the second count", || deployment.told().contains(&counted));
    assert_eq!(deployment.rules(), Vec::<String>::new());
    assert_eq!(deployment.attacker.connects(GATE, 22), Reach::Open);

    site.attack("admin-3", "Invalid user ", 3);
    deployment.expect_lock(22);
    site.expect_welcome();
    let locked = format!(" {ATTACKER} 3 lock!\n");
    wait_for("the printed line", || deployment.told().contains(&locked));
    assert_eq!(
        deployment
            .gate
            .read(&format!("/var/log/swatch/{ATTACKER}"))
            .lines()
            .count(),
        3
    );

    wait_for("the mail", || deployment.mails().len() == 1);
    let mail = deployment.mails().remove(0);
    assert!(
        mail.contains(&format!("Subject: {ATTACKER} 3 lock!\n")),
        "{mail}"
    );
    assert!(mail.contains("To: root\n"), "{mail}");
    assert_eq!(mail.matches("Invalid user ").count(), 3, "{mail}");

    // The job is due in 24 hours. Run it now, with the clock set to that time, to see its effect.
    let jobs = deployment.jobs();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let job = jobs[0].file_name().unwrap().to_str().unwrap();
    // at's file names: queue, number, and the minute since 1970 in which the job runs, in
    // hexadecimal.
    let due = i64::from_str_radix(&job[job.len() - 8..], 16).unwrap() * 60;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let ahead = due - i64::try_from(now.as_secs()).unwrap();
    assert!(
        (86_400 - 180..=86_400).contains(&ahead),
        "{job} runs in {ahead} s"
    );
    let listed = deployment.gate.said(&["atq"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");

    a_day_later(&deployment.gate);
    deployment
        .gate
        .said(&["sh", &format!("/var/spool/cron/atjobs/{job}")]);
    assert_eq!(deployment.rules(), Vec::<String>::new());
    assert_eq!(deployment.attacker.connects(GATE, 22), Reach::Open);
}

/// Replaces date(1), which jobs use to ask for the time, by one that is a day ahead.
fn a_day_later(gate: &Machine) {
    fs::copy("/usr/bin/date", gate.path("/usr/local/bin/date-of-today")).unwrap();
    let ahead = "#!/bin/sh\nexec /usr/local/bin/date-of-today -d '+1 day' \"$@\"\n";
    gate.write_program("/usr/local/bin/date-of-tomorrow", ahead);
    gate.said(&[
        "mount",
        "--bind",
        "/usr/local/bin/date-of-tomorrow",
        "/usr/bin/date",
    ]);
}

#[test]
fn atd_ends_a_lock_of_a_minute() {
    if !allowed("a lock that a real atd ends", PROGRAMS) || !allowed("atd", &["atd"]) {
        return;
    }
    let site = SshdSite::new();
    let deployment = &site.deployment;
    settings(&deployment.gate, "lock_time = \"1m\"");
    let mut atd = deployment.gate.serve(&["atd", "-f"], "/var/log/atd.out");
    deployment.watch("secure", "/var/log/secure");
    for n in 1..=3 {
        site.attack(&format!("admin-{n}"), "Invalid user ", n);
    }
    deployment.expect_lock(22);
    assert_eq!(deployment.jobs().len(), 1);
    // at knows whole minutes only: the lock lasts two at most.
    let until = Instant::now() + Duration::from_secs(150);
    while !deployment.rules().is_empty() {
        assert!(
            Instant::now() < until,
            "atd has not ended the lock: {:?}",
            deployment.jobs()
        );
        assert!(atd.runs(), "{}", deployment.gate.read("/var/log/atd.out"));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(deployment.attacker.connects(GATE, 22), Reach::Open);
    wait_for("an empty spool", || deployment.jobs().is_empty());
}

#[test]
fn a_user_name_locks_nobody_else() {
    if !allowed("a user name that holds an address", PROGRAMS) {
        return;
    }
    let site = SshdSite::new();
    let deployment = &site.deployment;
    deployment.watch("secure", "/var/log/secure");
    // Field 10 of what sshd logs for this is the other host's address.
    for n in 1..=3 {
        site.attack(
            &format!("a b {OTHER}"),
            &format!("Invalid user a b {OTHER} from {ATTACKER} port"),
            n,
        );
    }
    deployment.expect_lock(22);
    site.expect_welcome();
    assert!(
        !deployment
            .gate
            .path(&format!("/var/log/swatch/{OTHER}"))
            .exists()
    );
}

#[test]
fn a_host_that_tcp_wrappers_refuse_is_locked_at_once() {
    if !allowed("a refused connection", PROGRAMS) {
        return;
    }
    let site = SshdSite::new();
    let deployment = &site.deployment;
    deployment
        .gate
        .write("/etc/hosts.deny", format!("sshd: {ATTACKER}\n"));
    deployment.watch("secure", "/var/log/secure");
    site.attack("hanako", "refused connect from", 1);
    deployment.expect_lock(22);
    site.expect_welcome();
}

#[test]
fn an_attacker_with_an_address_of_ipv6_is_locked_with_its_network() {
    lock_by_ipv6("2001:db8:66::9", "2001:db8:66::/64");
}

#[test]
fn an_attacker_in_our_own_network_of_ipv6_is_locked_alone() {
    lock_by_ipv6("2001:db8:9::9", "2001:db8:9::9/128");
}

fn lock_by_ipv6(address: &str, locked: &str) {
    if !allowed("a lock of IPv6 by a real sshd", PROGRAMS) || !allowed("ip6tables", &["ip6tables"])
    {
        return;
    }
    let site = SshdSite::new();
    let deployment = &site.deployment;
    let (gate, attacker) = (&deployment.gate, &deployment.attacker);
    let ours = "2001:db8:9::1";
    gate.said(&[
        "ip",
        "address",
        "add",
        &format!("{ours}/64"),
        "dev",
        "left",
        "nodad",
    ]);
    gate.said(&[
        "ip",
        "route",
        "add",
        &format!("{address}/128"),
        "dev",
        "left",
    ]);
    attacker.said(&[
        "ip",
        "address",
        "add",
        &format!("{address}/64"),
        "dev",
        "eth0",
        "nodad",
    ]);
    attacker.said(&["ip", "route", "add", &format!("{ours}/128"), "dev", "eth0"]);
    deployment.watch("secure", "/var/log/secure");
    assert_eq!(attacker.connects(ours, 22), Reach::Open);
    for n in 1..=3 {
        let refused = site.login(attacker, ours, &format!("admin-{n}"));
        assert!(!refused.status.success());
        site.wait_logged("Invalid user ", n);
    }
    let rule = format!("-A INPUT -s {locked} -j DROP");
    let rules = || gate.said(&["ip6tables", "-S", "INPUT"]);
    wait_for(&rule, || rules().contains(&rule));
    assert_eq!(attacker.connects(ours, 22), Reach::Silent);
    assert_eq!(deployment.rules(), Vec::<String>::new());
    assert_eq!(deployment.jobs().len(), 1);
}
