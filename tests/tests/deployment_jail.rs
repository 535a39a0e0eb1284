//! Jails of fail2ban, imported, against a real sshd: alone, and beside a real fail2ban that reads the
//! same log.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use swatch_tests::deployment::{ATTACKER, settings};
use swatch_tests::live::wait_for;
use swatch_tests::machine::{Machine, allowed};
use swatch_tests::program::swatch_rs;
use swatch_tests::skip::skipped;
use swatch_tests::sshd_site::{PROGRAMS, SshdSite};
use tempfile::TempDir;

const INSTALLED: &str = "/etc/fail2ban";

const JAIL: &str = "
[DEFAULT]
filter = %(__name__)s
backend = auto
[sshd]
enabled = true
logpath = LOG
maxretry = 2
findtime = 10m
bantime = 1h
";

/// A folder like /etc/fail2ban with the jail, and the filters of the installed fail2ban.
fn jails(log: &Path, more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let jail = JAIL.replace("LOG", log.to_str().unwrap()) + more;
    fs::write(folder.path().join("jail.conf"), jail).unwrap();
    for installed in ["filter.d", "action.d"] {
        let from = Path::new(INSTALLED).join(installed);
        symlink(from, folder.path().join(installed)).unwrap();
    }
    folder
}

/// Imports the jail into the site and starts the watcher on it.
fn watch_imported(site: &SshdSite) {
    let jails = jails(Path::new("/var/log/secure"), "");
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
    let gate = &site.deployment.gate;
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
    assert!(started.status.success(), "{}", site.deployment.told());
}

fn possible(what: &str, programs: &[&str]) -> bool {
    if !allowed(what, PROGRAMS) || !allowed(what, programs) {
        return false;
    }
    let installed = Path::new(INSTALLED).is_dir();
    if !installed {
        skipped(what, "fail2ban is not installed");
    }
    installed
}

#[test]
fn an_imported_jail_locks_the_attacker() {
    if !possible("a lock by an imported jail", &[]) {
        return;
    }
    let site = SshdSite::new();
    let deployment = &site.deployment;
    watch_imported(&site);
    site.attack("admin-1", "Invalid user ", 1);
    let counted = format!(" {ATTACKER} 1\n");
    wait_for("the first count", || deployment.told().contains(&counted));
    assert_eq!(deployment.rules(), Vec::<String>::new());
    site.attack("admin-2", "Invalid user ", 2);
    deployment.expect_lock(22);
    site.expect_welcome();
}

/// A running fail2ban-server with a firewall of its own.
struct Fail2ban {
    machine: Machine,
    folder: TempDir,
    server: Child,
}

impl Fail2ban {
    /// Starts it on a log and waits until it follows it.
    fn start(log: &Path) -> Self {
        let folder = jails(log, "action = nftables[name=sshd, type=allports]\n");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let settings = format!(
            "[DEFAULT]\nloglevel = INFO\nlogtarget = {}\nsyslogsocket = auto\nsocket = {}\npidfile = {}\n\
             dbfile = None\ndbpurgeage = 1d\ndbmaxmatches = 10\n[Definition]\n[Thread]\n",
            at("log"),
            at("socket"),
            at("pid"),
        );
        fs::write(folder.path().join("fail2ban.conf"), settings).unwrap();
        let machine = Machine::bare("fail2ban");
        let server = machine
            .command("fail2ban-server")
            .args(["-f", "-c", &at(""), "start"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("errors")).unwrap())
            .spawn()
            .unwrap();
        let started = Self {
            machine,
            folder,
            server,
        };
        wait_for("fail2ban", || {
            started.told().contains("Jail 'sshd' started")
        });
        started
    }

    fn told(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name));
        read("log").unwrap_or_default() + &read("errors").unwrap_or_default()
    }
}

impl Drop for Fail2ban {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The time from `since` until a set of the machine's firewall contains the attacker.
fn locked(machine: &Machine, list: &[&str], since: Instant) -> Duration {
    loop {
        let output = machine.run(list);
        if String::from_utf8_lossy(&output.stdout).contains(ATTACKER) {
            return since.elapsed();
        }
        assert!(since.elapsed() < Duration::from_secs(60), "no lock");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Both lock the same address. `--nocapture` shows how long each of them took after the line.
#[test]
fn a_fail2ban_beside_us_locks_the_same_address() {
    if !possible("a fail2ban beside us", &["fail2ban-server", "nft"]) {
        return;
    }
    let site = SshdSite::new();
    let gate = &site.deployment.gate;
    settings(gate, "firewall = \"nftables\"");
    let log: PathBuf = gate.path("/var/log/secure");
    watch_imported(&site);
    let fail2ban = Fail2ban::start(&log);
    site.attack("admin-1", "Invalid user ", 1);
    let counted = format!(" {ATTACKER} 1\n");
    wait_for("our first count", || {
        site.deployment.told().contains(&counted)
    });
    wait_for("fail2ban's first count", || {
        fail2ban.told().contains(&format!("Found {ATTACKER}"))
    });

    let (ours, theirs) = std::thread::scope(|scope| {
        let since = Instant::now();
        let ours = scope.spawn(move || locked(gate, &["nft", "list", "ruleset"], since));
        let machine = &fail2ban.machine;
        let theirs = scope.spawn(move || locked(machine, &["nft", "list", "ruleset"], since));
        site.attack("admin-2", "Invalid user ", 2);
        (ours.join().unwrap(), theirs.join().unwrap())
    });
    println!(
        "from the start of the second login to the lock: swatch-rs {ours:?}, fail2ban {theirs:?}"
    );
    assert!(
        fail2ban.told().contains(&format!("Ban {ATTACKER}")),
        "{}",
        fail2ban.told()
    );
    assert!(!fail2ban.told().contains("198.51.100.7"));
    site.expect_welcome();
}
