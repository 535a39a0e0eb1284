//! A client that fails to log in to an FTP server is locked: a real vsftpd, swatch-rs with
//! `vsftpd.conf`, swatch-action.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use swatch_tests::deployment::{ATTACKER, Deployment, GATE, GATE_FOR_OTHER, OTHER};
use swatch_tests::live::wait_for;
use swatch_tests::machine::{Machine, Reach, Served, allowed};

const PROGRAMS: &[&str] = &["vsftpd", "lftp", "iptables", "at", "flock"];

const CONF: &str = "
listen=YES
listen_ipv6=NO
background=NO
anonymous_enable=YES
anon_root=/var/ftp
local_enable=YES
tcp_wrappers=YES
xferlog_enable=YES
xferlog_std_format=NO
vsftpd_log_file=/var/log/vsftpd.log
pam_service_name=ftp_of_test
secure_chroot_dir=/run/vsftpd/empty
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
";

/// Asks for the password, without PAM's pause after a wrong one.
const PAM: &str = "auth required pam_unix.so nodelay\naccount required pam_unix.so\n";

struct Site {
    deployment: Deployment,
    _vsftpd: Served,
}

impl Site {
    fn new() -> Self {
        let deployment = Deployment::new();
        let gate = &deployment.gate;
        gate.write("/etc/vsftpd.conf", CONF);
        gate.write("/etc/pam.d/ftp_of_test", PAM);
        gate.write("/var/ftp/welcome", "");
        for folder in ["/var/ftp", "/run/vsftpd/empty"] {
            fs::set_permissions(gate.path(folder), fs::Permissions::from_mode(0o555)).unwrap();
        }
        gate.write("/var/log/vsftpd.log", "");
        let vsftpd = gate.serve(
            &["/usr/sbin/vsftpd", "/etc/vsftpd.conf"],
            "/var/log/vsftpd.out",
        );
        wait_for("vsftpd", || {
            deployment.other.connects(GATE_FOR_OTHER, 21) == Reach::Open
        });
        Self {
            deployment,
            _vsftpd: vsftpd,
        }
    }

    fn list(&self, from: &Machine, gate: &str, user: &str) -> Output {
        let commands = format!(
            "set net:max-retries 1; set net:timeout 5; set ftp:ssl-allow no; open -u \"{user}\" {gate}; ls; bye"
        );
        from.run(&["lftp", "--norc", "-c", &commands])
    }

    /// The attacker fails to log in until the log contains `text` so many times.
    fn attack(&self, user: &str, text: &str, times: usize) {
        let output = self.list(&self.deployment.attacker, GATE, user);
        assert!(!output.status.success());
        let log = || self.deployment.gate.read("/var/log/vsftpd.log");
        wait_for(text, || log().matches(text).count() >= times);
    }

    fn expect_lock(&self, count: u64) {
        let deployment = &self.deployment;
        deployment.expect_lock(21);
        let output = self.list(
            &deployment.other,
            GATE_FOR_OTHER,
            "anonymous,me@example.com",
        );
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("welcome"),
            "{told}"
        );
        let locked = format!(" {ATTACKER} {count} lock!\n");
        wait_for("the printed line", || deployment.told().contains(&locked));
        assert_eq!(deployment.jobs().len(), 1);
    }
}

#[test]
fn three_failed_logins_lock() {
    if !allowed("failed logins at a real vsftpd", PROGRAMS) {
        return;
    }
    let site = Site::new();
    site.deployment.watch("vsftpd", "/var/log/vsftpd.log");
    for n in 1..=3 {
        assert_eq!(site.deployment.rules(), Vec::<String>::new());
        site.attack(&format!("admin-{n},wrong"), "FAIL LOGIN", n);
    }
    site.expect_lock(3);
}

#[test]
fn a_host_that_tcp_wrappers_refuse_is_locked_at_once() {
    if !allowed("a refused connection at a real vsftpd", PROGRAMS) {
        return;
    }
    let site = Site::new();
    site.deployment
        .gate
        .write("/etc/hosts.deny", format!("vsftpd: {ATTACKER}\n"));
    site.deployment.watch("vsftpd", "/var/log/vsftpd.log");
    site.attack("admin,wrong", "tcp_wrappers denial", 1);
    site.expect_lock(1);
}

#[test]
fn a_user_name_locks_nobody_else() {
    if !allowed("a user name at a real vsftpd", PROGRAMS) {
        return;
    }
    let site = Site::new();
    site.deployment.watch("vsftpd", "/var/log/vsftpd.log");
    // Field 12 of what vsftpd logs for these is the other host's address.
    let users = [
        format!("a b c d {OTHER}"),
        format!("a b c d '{OTHER}'"),
        format!("x] FAIL LOGIN: Client '{OTHER}'"),
    ];
    for (n, user) in users.iter().enumerate() {
        site.attack(&format!("{user},wrong"), "FAIL LOGIN: Client \"", n + 1);
    }
    site.expect_lock(3);
    let theirs = format!("/var/log/swatch/{OTHER}");
    assert!(!site.deployment.gate.path(&theirs).exists());
}
