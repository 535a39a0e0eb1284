//! The tutorial's deployment: a machine `gate` with swatch-rs and swatch-action installed under
//! the originals' names, a system log, an attacker at 203.0.113.9 and another host at
//! 198.51.100.7, each on its own link.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::live::wait_for;
use crate::machine::{Machine, Reach};
use crate::program::{swatch_action, swatch_rs};
use crate::syslog::Syslog;

/// The attacker's address.
pub const ATTACKER: &str = "203.0.113.9";
/// The gate's address on the attacker's link.
pub const GATE: &str = "203.0.113.1";
/// The address of another host, which must never be locked.
pub const OTHER: &str = "198.51.100.7";
/// The gate's address on the other host's link.
pub const GATE_FOR_OTHER: &str = "198.51.100.1";

/// The machines.
pub struct Deployment {
    /// The machine with the services and the watcher.
    pub gate: Machine,
    /// The attacker's machine.
    pub attacker: Machine,
    /// The machine of the innocent host.
    pub other: Machine,
    _syslog: Syslog,
}

impl Default for Deployment {
    fn default() -> Self {
        Self::new()
    }
}

impl Deployment {
    /// Installs everything and starts only the system log.
    ///
    /// # Panics
    /// If the machines cannot be created.
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

    /// Starts the watcher on an example configuration with the tutorial's command line.
    ///
    /// # Panics
    /// If it does not start.
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

    /// The output of the watcher and its commands.
    pub fn told(&self) -> String {
        self.gate.read("/var/log/swatch/swatch.log")
    }

    /// The rules of the INPUT chain as `iptables -S` prints them, without the policy.
    pub fn rules(&self) -> Vec<String> {
        let rules = self.gate.said(&["iptables", "-S", "INPUT"]);
        rules
            .lines()
            .filter(|line| line.starts_with("-A"))
            .map(str::to_owned)
            .collect()
    }

    /// Waits until the attacker alone is locked, and verifies it: the attacker's packets are
    /// dropped, the other host still connects.
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

    /// The jobs queued by `at`.
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

    /// The mails handed to the mailer, in order.
    pub fn mails(&self) -> Vec<String> {
        let text = self.gate.read("/var/mail/sent");
        text.split("\u{c}\n")
            .filter(|mail| !mail.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Waits for a condition that takes many processes, on a machine that may be busy.
///
/// # Panics
/// If it does not hold within 90 seconds; `what` names it in the message.
pub fn wait_long(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(90);
    while !condition() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Copies both programs to `/usr/local/bin`: a machine with a `/tmp` of its own would not see the
/// project's, if that lies there.
pub fn copy_programs(gate: &Machine) {
    for (program, name) in [
        (swatch_rs(), "swatch-rs"),
        (swatch_action(), "swatch-action"),
    ] {
        let to = gate.path(&format!("/usr/local/bin/{name}"));
        fs::copy(&program, &to).unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("it was just written");
    }
}

/// Installs both programs, under the originals' names too, in `/usr/local/bin`, and a mailer that
/// saves its input.
pub fn install(gate: &Machine) {
    copy_programs(gate);
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

/// Writes settings for swatch-action: mails are saved, whois is off (there is no network), plus the
/// given lines.
pub fn settings(gate: &Machine, more: &str) {
    let text = format!("mailer = [\"/usr/local/bin/keep-mail\"]\n{more}\n[whois]\nserver = \"\"\n");
    gate.write("/etc/swatch/action.toml", text);
}

/// A configuration: the project's example, or the one in the directory named by `SWATCH_SEED_DIR`.
pub fn configuration(name: &str) -> PathBuf {
    let folder = std::env::var_os("SWATCH_SEED_DIR").map_or_else(examples, PathBuf::from);
    folder.join(format!("{name}.conf"))
}

/// The directory of the examples.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Runs an installing target of the project's Makefile with `DESTDIR` set and the programs under
/// test.
///
/// # Panics
/// If make fails.
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
