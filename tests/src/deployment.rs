//! The tutorial's deployment: a machine `gate` with swatch-rs and swatch-action installed under
//! the names of the originals, a system log, an attacker at 203.0.113.9 and another host at
//! 198.51.100.7, each on a cable of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::live::wait_for;
use crate::machine::{Machine, Reach};
use crate::program::{swatch_action, swatch_rs};
use crate::syslog::Syslog;

/// Where the attacker sits.
pub const ATTACKER: &str = "203.0.113.9";
/// The gate as the attacker sees it.
pub const GATE: &str = "203.0.113.1";
/// Where another host sits, whom nobody may lock.
pub const OTHER: &str = "198.51.100.7";
/// The gate as the other host sees it.
pub const GATE_FOR_OTHER: &str = "198.51.100.1";

/// The machines.
pub struct Deployment {
    /// The machine with the services and the watcher.
    pub gate: Machine,
    /// The machine of the attacker.
    pub attacker: Machine,
    /// The machine that behaves.
    pub other: Machine,
    _syslog: Syslog,
}

impl Default for Deployment {
    fn default() -> Self {
        Self::new()
    }
}

impl Deployment {
    /// Everything installed, nothing started but the system log.
    ///
    /// # Panics
    /// When the machines cannot be made.
    pub fn new() -> Self {
        let gate = Machine::furnished("gate");
        let (attacker, other) = (Machine::bare("attacker"), Machine::bare("other"));
        gate.cable(
            "left",
            &format!("{GATE}/24"),
            &attacker,
            &format!("{ATTACKER}/24"),
        );
        gate.cable(
            "right",
            &format!("{GATE_FOR_OTHER}/24"),
            &other,
            &format!("{OTHER}/24"),
        );
        let syslog = Syslog::start(&gate, "gate");
        install(&gate);
        settings(&gate, "");
        Self {
            gate,
            attacker,
            other,
            _syslog: syslog,
        }
    }

    /// Starts the watcher with an example configuration, by the tutorial's command line.
    ///
    /// # Panics
    /// When it does not start.
    pub fn watch(&self, name: &str, log: &str) {
        let conf = format!("/etc/swatch/{name}.conf");
        fs::create_dir_all(self.gate.path("/etc/swatch")).expect("a folder for configurations");
        fs::copy(configuration(name), self.gate.path(&conf)).expect("the configuration");
        let pid_file = format!("/var/run/swatch_{name}.pid");
        let line = format!(
            "exec swatch --config-file {conf} --tail-file {log} --script-dir=/tmp --awk-field-syntax \
             --use-cpan-file-tail --daemon --pid-file {pid_file} >> /var/log/swatch/swatch.log 2>&1"
        );
        let started = self.gate.run(&["sh", "-c", &line]);
        assert!(
            started.status.success(),
            "{}: {}",
            started.status,
            self.told()
        );
        let pid_file = pid_file.replace("/var/run/", "/run/");
        wait_for("the pid file", || !self.gate.read(&pid_file).is_empty());
    }

    /// What the watcher and its commands said.
    pub fn told(&self) -> String {
        self.gate.read("/var/log/swatch/swatch.log")
    }

    /// The rules of the chain INPUT, as `iptables -S` tells them, without the policy.
    pub fn rules(&self) -> Vec<String> {
        let rules = self.gate.said(&["iptables", "-S", "INPUT"]);
        rules
            .lines()
            .filter(|line| line.starts_with("-A"))
            .map(str::to_owned)
            .collect()
    }

    /// Waits until exactly the attacker is locked, and sees that this is so: for it there is silence, the other host
    /// still gets in.
    pub fn expect_lock(&self, port: u16) {
        let wanted = [format!("-A INPUT -s {ATTACKER}/32 -j DROP")];
        let mut rules = Vec::new();
        let mut tries = 0;
        while rules != wanted {
            tries += 1;
            assert!(
                tries < 1200,
                "rules {rules:?}; the watcher said:\n{}",
                self.told()
            );
            std::thread::sleep(Duration::from_millis(50));
            rules = self.rules();
        }
        assert_eq!(self.attacker.connects(GATE, port), Reach::Silent);
        assert_eq!(self.other.connects(GATE_FOR_OTHER, port), Reach::Open);
    }

    /// The jobs that `at` holds.
    pub fn jobs(&self) -> Vec<PathBuf> {
        let folder = self.gate.path("/var/spool/cron/atjobs");
        let mut jobs: Vec<PathBuf> = fs::read_dir(folder)
            .expect("the spool of at")
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .filter(|path| {
                path.file_name()
                    .is_some_and(|n| n.as_encoded_bytes().starts_with(b"a"))
            })
            .collect();
        jobs.sort();
        jobs
    }

    /// The mails that were handed over, in order.
    pub fn mails(&self) -> Vec<String> {
        let text = self.gate.read("/var/mail/sent");
        text.split("\u{c}\n")
            .filter(|mail| !mail.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Waits until a condition holds that takes many processes, on a machine that may be busy.
///
/// # Panics
/// When it does not within 90 seconds; `what` says what was waited for.
pub fn wait_long(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(90);
    while !condition() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Both programs and the names of the originals in `/usr/local/bin`, and a mailer that keeps what it is given.
pub fn install(gate: &Machine) {
    for (program, name) in [
        (swatch_rs(), "swatch-rs"),
        (swatch_action(), "swatch-action"),
    ] {
        let to = gate.path(&format!("/usr/local/bin/{name}"));
        fs::copy(&program, &to).unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("it was just written");
    }
    for (name, to) in [
        ("swatch", "swatch-rs"),
        ("swatchdog", "swatch-rs"),
        ("swatch_action.sh", "swatch-action"),
    ] {
        symlink(to, gate.path(&format!("/usr/local/bin/{name}"))).expect("a link");
    }
    gate.write_program(
        "/usr/local/bin/keep-mail",
        "#!/bin/sh\nexec flock /var/mail/lock sh -c '{ cat; printf \"\\f\\n\"; } >> /var/mail/sent'\n",
    );
}

/// Settings of swatch-action: mails are kept, whois is not asked (there is no network), and more as given.
pub fn settings(gate: &Machine, more: &str) {
    let text = format!("mailer = [\"/usr/local/bin/keep-mail\"]\n{more}\n[whois]\nserver = \"\"\n");
    gate.write("/etc/swatch/action.toml", text);
}

/// A configuration: the project's example, or that of the folder which `SWATCH_SEED_DIR` names.
pub fn configuration(name: &str) -> PathBuf {
    let folder = std::env::var_os("SWATCH_SEED_DIR").map_or_else(examples, PathBuf::from);
    folder.join(format!("{name}.conf"))
}

/// The folder of the examples.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Runs a target of the project's Makefile that installs below `destdir`, with the programs under test.
///
/// # Panics
/// When make fails.
pub fn make(target: &str, destdir: &Path) {
    let built = tempfile::tempdir().expect("a folder for the programs");
    for (program, name) in [
        (swatch_rs(), "swatch-rs"),
        (swatch_action(), "swatch-action"),
    ] {
        symlink(program, built.path().join(name)).expect("a link");
    }
    let output = Command::new("make")
        .arg(target)
        .arg(format!("DESTDIR={}", destdir.display()))
        .arg("prefix=/usr/local")
        .arg(format!("release={}", built.path().display()))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .expect("make starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "make {target}: {told}");
}
