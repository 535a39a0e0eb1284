//! The deployment with a real sshd, into which the user hanako may log in with a key.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::deployment::{Deployment, GATE, GATE_FOR_OTHER};
use crate::live::wait_for;
use crate::machine::{Machine, Reach, Served};

/// The programs that it needs, and those that lock and unlock with the settings of the tutorial.
pub const PROGRAMS: &[&str] = &["sshd", "ssh", "ssh-keygen", "iptables", "at", "flock"];

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

/// The deployment, its sshd and the user's key.
pub struct SshdSite {
    /// The machines.
    pub deployment: Deployment,
    keys: TempDir,
    _sshd: Served,
}

impl Default for SshdSite {
    fn default() -> Self {
        Self::new()
    }
}

impl SshdSite {
    /// Starts everything but the watcher.
    ///
    /// # Panics
    /// If the machines cannot be made or sshd does not start.
    pub fn new() -> Self {
        let deployment = Deployment::new();
        let gate = &deployment.gate;
        let keys = tempfile::tempdir().expect("the site can be furnished");
        let key = keys.path().join("key");
        let make = |path: PathBuf| {
            let made = std::process::Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(path)
                .status();
            assert!(made.expect("the site can be furnished").success());
        };
        make(key.clone());
        make(gate.path("/etc/ssh/key_of_test"));
        fs::copy(
            key.with_extension("pub"),
            gate.path("/etc/ssh/keys_of_hanako"),
        )
        .expect("the site can be furnished");
        gate.write("/etc/ssh/config_of_test", SSHD);
        let account = "hanako:x:1500:1500::/var/home/hanako:/bin/sh\n";
        gate.write("/etc/passwd", gate.read("/etc/passwd") + account);
        gate.write(
            "/etc/shadow",
            gate.read("/etc/shadow") + "hanako:*:19000:0:99999:7:::\n",
        );
        fs::create_dir_all(gate.path("/var/home/hanako")).expect("the site can be furnished");
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
    ///
    /// # Panics
    /// If ssh cannot be started.
    pub fn login(&self, from: &Machine, gate: &str, user: &str) -> Output {
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
            key.to_str().expect("the site can be furnished"),
            "-l",
            user,
            gate,
            "echo",
            "welcome",
        ])
    }

    /// Tries to log in as the attacker and waits until the log contains `text` so many times.
    ///
    /// # Panics
    /// If the login is not refused.
    pub fn attack(&self, user: &str, text: &str, times: usize) {
        let refused = self.login(&self.deployment.attacker, GATE, user);
        assert!(!refused.status.success());
        self.wait_logged(text, times);
    }

    /// Waits until the log contains `text` so many times.
    pub fn wait_logged(&self, text: &str, times: usize) {
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
    ///
    /// # Panics
    /// If it cannot.
    pub fn expect_welcome(&self) {
        let output = self.login(&self.deployment.other, GATE_FOR_OTHER, "hanako");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "welcome\n",
            "{told}"
        );
    }
}
