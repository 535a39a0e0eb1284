//! `swatch-rs init` on a machine with an sshd, a vsftpd and a named.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use swatch_tests::deployment::{copy_programs, examples};
use swatch_tests::machine::{Machine, allowed};
use swatch_tests::program;

const PROGRAMS: [&str; 6] = ["sshd", "vsftpd", "named", "nft", "iptables", "at"];

fn machine() -> Option<(Machine, String)> {
    if !allowed("init on a machine", &PROGRAMS) {
        return None;
    }
    let machine = Machine::furnished("fresh");
    copy_programs(&machine);
    Some((machine, "/usr/local/bin/swatch-rs".to_owned()))
}

fn said(machine: &Machine, argv: &[&str]) -> (Option<i32>, String) {
    let output = machine.run(argv);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn what_is_found_is_written_once_and_is_valid() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    machine.write("/var/log/auth.log", "");
    machine.write("/var/log/vsftpd.log", "");
    let (status, dry) = said(&machine, &[&swatch, "init", "--dry-run"]);
    assert_eq!(status, Some(0), "{dry}");
    assert!(
        dry.contains("would write /etc/swatch/sshd.conf: sshd"),
        "{dry}"
    );
    assert!(!machine.path("/etc/swatch/sshd.conf").exists());

    let (status, text) = said(&machine, &[&swatch, "init"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("wrote /etc/swatch/sshd.conf: sshd (logfile /var/log/auth.log"),
        "{text}"
    );
    assert!(text.contains("wrote /etc/swatch/vsftpd.conf"), "{text}");
    assert!(
        text.contains("none  named: installed, but no log"),
        "{text}"
    );
    assert!(text.contains("next: swatch-rs doctor"), "{text}");
    assert!(
        machine
            .read("/etc/swatch/sshd.conf")
            .starts_with("# logfile /var/log/auth.log\n")
    );
    assert!(
        machine
            .read("/etc/swatch/action.toml")
            .contains("firewall = \"iptables\"")
    );

    machine.write(
        "/etc/swatch/sshd.conf",
        "# logfile /var/log/mine\nignore /x/\n",
    );
    let (status, again) = said(&machine, &[&swatch, "init"]);
    assert_eq!(status, Some(0), "{again}");
    assert!(again.contains("kept  /etc/swatch/sshd.conf"), "{again}");
    assert!(!again.contains("wrote"), "{again}");
    assert!(
        machine
            .read("/etc/swatch/sshd.conf")
            .contains("/var/log/mine")
    );
}

#[test]
fn what_init_writes_locks_an_attacker() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    machine.write("/var/log/auth.log", "");
    // As on a fresh Debian: neither iptables nor at.
    let hide =
        "for p in iptables at; do mount --bind /dev/null $(readlink -f $(command -v $p)); done";
    machine.said(&["sh", "-ec", hide]);
    let (status, text) = said(&machine, &[&swatch, "--config-dir", "/etc/swatch", "init"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("firewall nftables, locks end by the kernel"),
        "{text}"
    );
    let line = "Nov 22 18:00:01 gate sshd[7]: Invalid user admin from 203.0.113.9 port 52144\n";
    machine.write("/var/log/auth.log", line.repeat(3));
    let (status, log) = said(
        &machine,
        &[
            &swatch,
            "--config-file",
            "/etc/swatch/sshd.conf",
            "--examine",
            "/var/log/auth.log",
        ],
    );
    assert_eq!(status, Some(0), "{log}");
    let sets = machine.said(&["nft", "list", "table", "inet", "swatch"]);
    assert!(sets.contains("203.0.113.9"), "{sets}{log}");
}

/// The package's settings, where every line is a comment, get the choice; those of the
/// administrator stay as they are.
#[test]
fn settings_that_are_there_get_the_firewall_unless_they_name_one() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    machine.write("/var/log/auth.log", "");
    let example = fs::read_to_string(examples().join("action.toml")).expect("the example");
    let packaged: String = example
        .lines()
        .map(
            |line| match line.starts_with(['#', '[']) || line.is_empty() {
                true => format!("{line}\n"),
                false => format!("#{line}\n"),
            },
        )
        .collect();
    machine.write("/etc/swatch/action.toml", &packaged);
    let path = machine.path("/etc/swatch/action.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
    let (_, dry) = said(&machine, &[&swatch, "init", "--dry-run"]);
    let added = "add to /etc/swatch/action.toml: firewall iptables, locks end by at";
    assert!(dry.contains(&format!("would {added}")), "{dry}");
    assert_eq!(machine.read("/etc/swatch/action.toml"), packaged);

    let (status, text) = said(&machine, &[&swatch, "init"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("added to /etc/swatch/action.toml"), "{text}");
    let settings = machine.read("/etc/swatch/action.toml");
    assert!(
        settings.contains("\nfirewall = \"iptables\"\n"),
        "{settings}"
    );
    let mut rest: Vec<&str> = settings.lines().collect();
    rest.retain(|line| packaged.lines().any(|old| old == *line));
    assert_eq!(rest, packaged.lines().collect::<Vec<_>>());
    let mode = path.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let mine = "# mine\nfirewall = \"nftables\"\n";
    machine.write("/etc/swatch/action.toml", mine);
    let (_, text) = said(&machine, &[&swatch, "init"]);
    assert!(text.contains("it names a firewall already"), "{text}");
    assert_eq!(machine.read("/etc/swatch/action.toml"), mine);
}

/// `systemctl` where systemd runs and knows the unit, else the daemon.
#[test]
fn the_next_command_is_one_that_works_here() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    machine.write("/var/log/auth.log", "");
    let run = |active: bool| {
        let answer = format!("#!/bin/sh\nexit {}\n", if active { 0 } else { 3 });
        machine.write_program("/usr/local/bin/systemctl", answer.as_bytes());
        said(&machine, &[&swatch, "init"]).1
    };
    let daemon = "then: swatch-rs --config-dir /etc/swatch --daemon";
    assert!(run(false).contains(daemon));
    machine.write("/usr/local/lib/systemd/system/swatch-rs.service", "");
    assert!(run(false).contains(daemon));
    machine.write("/run/systemd/system/keep", "");
    let text = run(false);
    assert!(
        text.contains("then: systemctl enable --now swatch-rs"),
        "{text}"
    );
    let text = run(true);
    assert!(text.contains("then: systemctl reload swatch-rs"), "{text}");
    let argv = [&swatch, "init", "--config-dir", "/etc/other"];
    let (_, text) = said(&machine, &argv);
    assert!(text.contains("--config-dir /etc/other --daemon"), "{text}");
}

/// Services of several kinds: one of several logs, a setting that is needed, no log, nothing but
/// mails.
#[test]
fn each_kind_of_service_is_found_by_its_signs() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    if !allowed("init with a mailer", &["sendmail", "su"]) {
        return;
    }
    for sign in ["/var/www/html/nextcloud/occ", "/usr/local/bin/vaultwarden"] {
        machine.write(sign, "");
    }
    machine.write("/var/www/html/nextcloud/data/nextcloud.log", "");
    machine.write("/var/log/auth.log", "");
    let (status, text) = said(&machine, &[&swatch, "init"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(
        text.contains("nextcloud (logfile /var/www/html/nextcloud/data/nextcloud.log)"),
        "{text}"
    );
    assert!(
        text.contains("needs nextcloud to be set so: loglevel"),
        "{text}"
    );
    let rules = machine.read("/etc/swatch/nextcloud.conf");
    assert!(!rules.contains("/var/lib/nextcloud"), "{rules}");
    assert!(
        text.contains("none  vaultwarden: installed, but no log"),
        "{text}"
    );
    assert!(text.contains("sudo (logfile /var/log/auth.log)"), "{text}");
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    machine.write("/var/log/auth.log", "");
    machine.write("/tmp/file", "");
    let (status, text) = said(&machine, &[&swatch, "init", "--config-dir", "/tmp/file/x"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(
        text.contains("failed /tmp/file/x/sshd.conf: Not a directory"),
        "{text}"
    );
}

/// A log that rsyslog left behind when it was removed is not taken: the journal is.
#[test]
fn a_log_that_nobody_writes_to_is_passed_over() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    machine.write("/var/log/auth.log", "");
    machine.said(&["touch", "-d", "-20 days", "/var/log/auth.log"]);
    let (_, alone) = said(&machine, &[&swatch, "init", "--dry-run"]);
    assert!(alone.contains("sshd (logfile /var/log/auth.log"), "{alone}");
    machine.write("/var/log/journal/0/system.journal", "");
    let (status, text) = said(&machine, &[&swatch, "init"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("sshd.conf: sshd (journal "), "{text}");
    let rules = machine.read("/etc/swatch/sshd.conf");
    assert!(rules.starts_with("# journal "), "{rules}");
    assert!(!rules.contains("\n# logfile "), "{rules}");
}

#[test]
fn a_machine_without_logs_gets_no_rules() {
    let Some((machine, swatch)) = machine() else {
        return;
    };
    let (status, text) = said(&machine, &[&swatch, "init"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("No service with a log was found"), "{text}");
    assert!(machine.path("/etc/swatch/action.toml").exists(), "{text}");
}

#[test]
fn mistyped_command_lines_are_answered_with_what_was_meant() {
    let file = tempfile::Builder::new()
        .suffix(".conf")
        .tempfile()
        .expect("a file");
    let name = file.path().display().to_string();
    for (word, meant) in [
        (name.as_str(), format!("`swatch-rs --config-file {name}`")),
        ("/etc", "`swatch-rs --config-dir /etc`".to_owned()),
        ("statsu", "`swatch-rs status`".to_owned()),
        ("relaod", "`swatch-rs reload`".to_owned()),
        ("docter", "`swatch-rs doctor`".to_owned()),
    ] {
        let output = std::process::Command::new(program::swatch_rs())
            .arg(word)
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("did you mean {meant}?")), "{said}");
    }
    let help = std::process::Command::new(program::swatch_rs())
        .arg("help")
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&help.stdout).contains("--config-dir"));
}
