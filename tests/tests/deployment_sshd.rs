//! An attacker's login attempts become a firewall rule: a real sshd, swatch-rs with `secure.conf`,
//! swatch-action, iptables and at, on machines of their own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use swatch_tests::deployment::{ATTACKER, Deployment, GATE, GATE_FOR_OTHER, OTHER, settings};
use swatch_tests::live::wait_for;
use swatch_tests::machine::{Machine, Reach, Served, allowed};
use swatch_tests::program::swatch_rs;
use swatch_tests::skip::skipped;
use tempfile::TempDir;

const PROGRAMS: &[&str] = &["sshd", "ssh", "ssh-keygen", "iptables", "at", "flock"];

const FILTERS: &str = "/etc/fail2ban/filter.d";

const JAIL: &str = "
[DEFAULT]
filter = %(__name__)s
[sshd]
enabled = true
logpath = /var/log/secure
maxretry = 2
findtime = 10m
bantime = 1h
";

const SSHD: &str = "
ListenAddress 0.0.0.0
ListenAddress ::
HostKey /etc/ssh/key_of_test
AuthorizedKeysFile /etc/ssh/keys_of_%u
PidFile /run/sshd.pid
SyslogFacility AUTHPRIV
UsePAM no
StrictModes no
PasswordAuthentication no
UseDNS no
PrintMotd no
";

/// A deployment with an sshd where the user hanako may log in.
struct Site {
    deployment: Deployment,
    keys: TempDir,
    _sshd: Served,
}

impl Site {
    fn new() -> Self {
        let deployment = Deployment::new();
        let gate = &deployment.gate;
        let keys = tempfile::tempdir().unwrap();
        let key = keys.path().join("key");
        let make = |path: PathBuf| {
            let made = std::process::Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(path)
                .status();
            assert!(made.unwrap().success());
        };
        make(key.clone());
        make(gate.path("/etc/ssh/key_of_test"));
        fs::copy(
            key.with_extension("pub"),
            gate.path("/etc/ssh/keys_of_hanako"),
        )
        .unwrap();
        gate.write("/etc/ssh/config_of_test", SSHD);
        let account = "hanako:x:1500:1500::/var/home/hanako:/bin/sh\n";
        gate.write("/etc/passwd", gate.read("/etc/passwd") + account);
        gate.write(
            "/etc/shadow",
            gate.read("/etc/shadow") + "hanako:*:19000:0:99999:7:::\n",
        );
        fs::create_dir_all(gate.path("/var/home/hanako")).unwrap();
        let sshd = gate.serve(
            &["/usr/sbin/sshd", "-D", "-f", "/etc/ssh/config_of_test"],
            "/var/log/sshd.out",
        );
        wait_for("sshd", || {
            deployment.other.connects(GATE_FOR_OTHER, 22) == Reach::Open
        });
        Self {
            deployment,
            keys,
            _sshd: sshd,
        }
    }

    /// Tries to log in.
    fn login(&self, from: &Machine, gate: &str, user: &str) -> Output {
        let key = self.keys.path().join("key");
        from.run(&[
            "ssh",
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "ConnectTimeout=5",
            "-o",
            "IdentitiesOnly=yes",
            "-i",
            key.to_str().unwrap(),
            "-l",
            user,
            gate,
            "echo",
            "welcome",
        ])
    }

    /// Tries to log in as the attacker and waits until the log contains `text` so many times.
    fn attack(&self, user: &str, text: &str, times: usize) {
        let refused = self.login(&self.deployment.attacker, GATE, user);
        assert!(!refused.status.success());
        self.wait_logged(text, times);
    }

    fn wait_logged(&self, text: &str, times: usize) {
        wait_for(text, || {
            self.deployment
                .gate
                .read("/var/log/secure")
                .matches(text)
                .count()
                >= times
        });
    }

    /// The other host can still log in, not just reach the port.
    fn expect_welcome(&self) {
        let output = self.login(&self.deployment.other, GATE_FOR_OTHER, "hanako");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "welcome\n",
            "{told}"
        );
    }
}

/// A jail of fail2ban, imported as it is, with fail2ban's own filter.
#[test]
fn an_imported_jail_locks_the_attacker() {
    if !allowed("a lock by an imported jail", PROGRAMS) {
        return;
    }
    if !Path::new(FILTERS).is_dir() {
        return skipped("a lock by an imported jail", "fail2ban is not installed");
    }
    let jails = tempfile::tempdir().unwrap();
    fs::write(jails.path().join("jail.conf"), JAIL).unwrap();
    symlink(FILTERS, jails.path().join("filter.d")).unwrap();
    let output = jails.path().join("swatch");
    let import = Command::new(swatch_rs())
        .args(["import", "fail2ban", "--jails"])
        .arg(jails.path())
        .arg("--output")
        .arg(&output)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&import.stderr);
    assert!(import.status.success(), "{told}");

    let site = Site::new();
    let deployment = &site.deployment;
    let gate = &deployment.gate;
    gate.write(
        "/etc/swatch/jails/sshd.conf",
        fs::read(output.join("sshd.conf")).unwrap(),
    );
    let started = gate.run(&[
        "sh",
        "-c",
        "exec swatch-rs --config-dir /etc/swatch/jails --daemon --no-state \
         --pid-file /var/run/swatch_jails.pid >> /var/log/swatch/swatch.log 2>&1",
    ]);
    assert!(started.status.success(), "{}", deployment.told());
    site.attack("admin-1", "Invalid user ", 1);
    let counted = format!(" {ATTACKER} 1\n");
    wait_for("the first count", || deployment.told().contains(&counted));
    assert_eq!(deployment.rules(), Vec::<String>::new());
    site.attack("admin-2", "Invalid user ", 2);
    deployment.expect_lock(22);
    site.expect_welcome();
}

#[test]
fn three_invalid_users_lock_the_attacker_until_the_job_runs() {
    if !allowed("a lock by a real sshd", PROGRAMS) {
        return;
    }
    let site = Site::new();
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
    let site = Site::new();
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
    let site = Site::new();
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
    let site = Site::new();
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
    let site = Site::new();
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
