//! `swatch-rs doctor` on deployments that are broken, each in one way.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use serde_json::Value;
use swatch_tests::machine::{Machine, allowed};
use swatch_tests::{action::wait_for, deployment::copy_programs};

/// A healthy deployment: nftables, no mail, a log, a watcher.
fn healthy() -> Option<(Machine, String)> {
    if !allowed("the doctor on a machine", &["nft", "iptables", "at"]) {
        return None;
    }
    let machine = Machine::furnished("ward");
    copy_programs(&machine);
    machine.write(
        "/etc/swatch/action.toml",
        "firewall = \"nftables\"\nmail = \"\"\n",
    );
    machine.write("/etc/swatch/one.conf", RULES);
    machine.write(
        "/var/log/one.log",
        "Nov 22 18:00:01 gate x: bad 203.0.113.9\n",
    );
    Some((machine, "/usr/local/bin/swatch-rs".to_owned()))
}

const RULES: &str =
    "# logfile /var/log/one.log\nwatchfor /bad (\\S+)/\n\tpipe \"swatch-action auto\"\n";

struct Report {
    status: i32,
    findings: Vec<(String, String, String, String)>,
}

impl Report {
    /// True if there is a finding of this check whose text contains these words.
    fn has(&self, check: &str, words: &str) -> bool {
        let mut all = self.findings.iter();
        all.any(|(name, _, text, _)| name == check && text.contains(words))
    }

    /// The severity of the first finding of this check whose text contains these words.
    fn of(&self, check: &str, words: &str) -> &str {
        let all = &self.findings;
        let found = all
            .iter()
            .find(|(name, _, text, _)| name == check && text.contains(words));
        let Some((_, severity, _, remedy)) = found else {
            panic!("no finding {check} with {words:?}: {all:?}");
        };
        assert_eq!(severity == "ok", remedy.is_empty(), "{all:?}");
        severity
    }
}

fn doctor(machine: &Machine, argv: &[&str]) -> Report {
    let output = machine.run(&[argv, &["--json"]].concat());
    let object: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |finding: &Value, name: &str| finding[name].as_str().expect(name).to_owned();
    let findings = object["findings"].as_array().expect("findings").iter();
    let findings = findings.map(|f| {
        (
            text(f, "check"),
            text(f, "severity"),
            text(f, "text"),
            text(f, "remedy"),
        )
    });
    Report {
        status: output.status.code().expect("it ends by itself"),
        findings: findings.collect(),
    }
}

#[test]
fn a_healthy_deployment_is_fine() {
    let Some((machine, swatch)) = healthy() else {
        return;
    };
    let idle = doctor(&machine, &[&swatch, "doctor"]);
    assert_eq!(
        idle.of("instance", "nothing watches with /etc/swatch/one.conf"),
        "warning"
    );
    let argv = [swatch.as_str(), "--config-dir", "/etc/swatch"];
    let _watcher = machine.serve(
        &[&argv[..], &["--state-dir", "/var/lib/swatch-rs"]].concat(),
        "/tmp/watcher",
    );
    wait_for("one watcher is fine", || {
        doctor(&machine, &[&swatch, "doctor"]).status == 0
    });
    let fine = doctor(&machine, &[&swatch, "doctor"]);
    assert_eq!(fine.of("rules", "one.conf has no errors"), "ok");
    assert_eq!(fine.of("log", "/var/log/one.log is readable"), "ok");
    assert_eq!(
        fine.of("patterns", "1 of 1 rules matched in the last 1 lines"),
        "ok"
    );
    assert_eq!(
        fine.of("firewall", "nftables locked a test address and unlocked it"),
        "ok"
    );
    assert_eq!(fine.of("positions", "can be written to"), "ok");
    assert_eq!(
        fine.of("positions", "/var/log/one.log is read to its end"),
        "ok"
    );
    let sets = machine.said(&["nft", "list", "ruleset"]);
    assert!(!sets.contains("192.0.2.254"), "{sets}");

    let _second = machine.serve(&[&argv[..], &["--no-state"]].concat(), "/tmp/second");
    let twice = || doctor(&machine, &[&swatch, "doctor"]);
    wait_for("two watchers are one too many", || twice().status == 2);
    assert_eq!(
        twice().of("instance", "2 processes watch with /etc/swatch/one.conf"),
        "error"
    );
}

#[test]
fn each_fault_of_rules_and_logs_is_found() {
    let Some((machine, swatch)) = healthy() else {
        return;
    };
    let run = || doctor(&machine, &[&swatch, "doctor", "--dry-run"]);
    let rules = |text: &str| machine.write("/etc/swatch/one.conf", text);

    rules("# logfile /var/log/one.log\nwatchfor /(/\n\techo\n");
    let report = run();
    assert_eq!(report.of("rules", "/etc/swatch/one.conf:2: "), "error");
    assert_eq!(report.status, 2);

    rules("watchfor /x/\n\techo\n");
    assert_eq!(run().of("log", "no log is named"), "error");

    rules("# logfile /var/log/one.log\nwatchfor /x/\n\texec \"/usr/local/bin/absent\"\n");
    assert_eq!(
        run().of("command", "/usr/local/bin/absent cannot be run: not found"),
        "error"
    );

    machine.write("/usr/local/bin/absent", "#!/bin/sh\n");
    assert_eq!(
        run().of("command", "cannot be run: not executable"),
        "error"
    );

    rules(&RULES.replace("one.log", "two.log"));
    assert_eq!(run().of("log", "/var/log/two.log does not exist"), "error");

    fs::create_dir(machine.path("/var/log/two.log")).expect("a directory");
    assert_eq!(run().of("log", "is not a regular file"), "error");

    rules(RULES);
    machine.said(&["touch", "-d", "-20 days", "/var/log/one.log"]);
    let report = run();
    assert_eq!(report.of("log", "no line for 20 days"), "warning");
    assert_eq!(report.status, 1);

    machine.said(&["touch", "-d", "+2 days", "/var/log/one.log"]);
    assert_eq!(
        run().of("clock", "/var/log/one.log was written 17"),
        "warning"
    );

    machine.write("/var/log/one.log", "nothing of interest\n".repeat(1000));
    assert_eq!(
        run().of("patterns", "0 of 1 rules matched in the last 1000 lines"),
        "warning"
    );

    fs::set_permissions(
        machine.path("/etc/swatch/one.conf"),
        fs::Permissions::from_mode(0o666),
    )
    .expect("chmod");
    assert_eq!(run().of("permissions", "/etc/swatch/one.conf"), "error");

    fs::remove_file(machine.path("/etc/swatch/one.conf")).expect("it is there");
    assert_eq!(
        run().of("rules", "there is no *.conf in /etc/swatch"),
        "error"
    );
}

#[test]
fn each_fault_of_the_machine_is_found() {
    let Some((machine, swatch)) = healthy() else {
        return;
    };
    let run = || doctor(&machine, &[&swatch, "doctor"]);
    let settings = |text: &str| machine.write("/etc/swatch/action.toml", text);

    settings("firewall = \"none\"\nmail = \"\"\n");
    assert_eq!(run().of("firewall", "nothing is locked"), "warning");

    settings("firewall = \"iptables\"\nmail = \"\"\n");
    assert_eq!(run().of("at", "atd does not run"), "error");

    settings("firewall = \"iptables\"\nexpiry = \"expire\"\nmail = \"\"\n");
    assert_eq!(run().of("expire", "no timer"), "warning");

    settings("firewall = \"nftables\"\nmailer = [\"postman\"]\n");
    assert_eq!(run().of("mailer", "postman is not installed"), "warning");

    settings("firewal = 1\n");
    assert_eq!(run().of("swatch-action", "firewal"), "error");

    settings("firewall = \"nftables\"\nmail = \"\"\n");
    let state = machine.path("/var/lib/swatch-rs");
    fs::write(&state, "").expect("a file");
    assert_eq!(run().of("positions", "is not a directory"), "error");
    fs::remove_file(&state).expect("it is there");
    fs::create_dir(&state).expect("a directory");
    chown(&state, Some(1), Some(1)).expect("chown");
    assert_eq!(run().of("positions", "/var/lib/swatch-rs"), "error");

    fs::create_dir_all(machine.path("/var/lib/swatch")).expect("a directory");
    machine.write(
        "/var/lib/swatch/state.db",
        "this is no database, and it is long enough\n".repeat(99),
    );
    assert_eq!(run().of("state", "the lock state"), "error");

    machine.said(&["rm", "-f", "/etc/localtime"]);
    let output = machine.run(&["env", "-u", "TZ", &swatch, "doctor", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("/etc/localtime is no time zone"), "{text}");

    // The real program fails where the kernel's part of it is not there.
    let hide = "mount --bind /dev/null $(readlink -f $(command -v nft))";
    machine.said(&["sh", "-ec", hide]);
    let report = run();
    assert_eq!(
        report.of("firewall", "nftables: cannot lock a test address"),
        "error"
    );
    assert_eq!(report.status, 2);

    settings("mail = \"\"\n");
    machine.said(&["sh", "-ec", &hide.replace("nft)", "at)")]);
    assert_eq!(run().of("default-firewall", "lacks at"), "warning");
}

/// The positions of a watcher that has ended, compared with logs that go on without it.
#[test]
fn each_fault_of_positions_is_found() {
    let Some((machine, swatch)) = healthy() else {
        return;
    };
    let run = || doctor(&machine, &[&swatch, "doctor", "--dry-run"]);
    let argv = [swatch.as_str(), "--config-dir", "/etc/swatch"];
    let _watcher = machine.serve(
        &[&argv[..], &["--state-dir", "/var/lib/swatch-rs"]].concat(),
        "/tmp/watcher",
    );
    wait_for("a position", || {
        run().has("positions", "/var/log/one.log is read to its end")
    });
    machine.said(&[&swatch, "stop"]);
    let append = |text: &str| {
        let line = format!("printf '{text}' >> /var/log/one.log");
        machine.said(&["sh", "-ec", &line]);
    };
    append("an unfinished line");
    assert_eq!(run().of("positions", "read to its end"), "ok");
    append(" that ends\\n");
    let fresh = "/var/log/one.log: not acted on yet: 29 bytes behind the position";
    assert_eq!(run().of("positions", fresh), "ok");
    machine.said(&["touch", "-d", "-5 minutes", "/var/log/one.log"]);
    assert_eq!(
        run().of("positions", "the last line is 5 minutes old"),
        "warning"
    );

    machine.said(&[
        "sh",
        "-ec",
        "echo new > /var/log/other; mv /var/log/other /var/log/one.log",
    ]);
    assert_eq!(run().of("positions", "all 4 bytes: it is new"), "ok");
    machine.said(&["rm", "/var/log/one.log"]);
    assert_eq!(run().of("positions", "/var/log/one.log is gone"), "warning");

    let states = machine.said(&["sh", "-c", "ls -d /var/lib/swatch-rs/*.state"]);
    machine.said(&[
        "sh",
        "-ec",
        "for f in /var/lib/swatch-rs/*; do echo damaged > $f; done",
    ]);
    assert_eq!(run().of("positions", "damaged"), "warning");
    // It only looked.
    assert_eq!(
        machine.said(&["sh", "-c", "ls -d /var/lib/swatch-rs/*.state"]),
        states
    );
    machine.said(&[
        "sh",
        "-ec",
        "for f in /var/lib/swatch-rs/*.state; do echo '{\"version\": 99}' > $f; done",
    ]);
    assert_eq!(
        run().of("positions", "was written by a later version"),
        "error"
    );
}

#[test]
fn each_fault_of_a_journal_is_found() {
    let Some((machine, swatch)) = healthy() else {
        return;
    };
    let run = || doctor(&machine, &[&swatch, "doctor", "--dry-run"]);
    let rules = |line: &str| {
        let text = RULES.replace("logfile /var/log/one.log", line);
        machine.write("/etc/swatch/one.conf", text);
    };
    let answer = |script: &str| {
        machine.write_program(
            "/usr/local/bin/journalctl",
            format!("#!/bin/sh\n{script}\n"),
        );
    };
    machine.write("/etc/systemd/system/there.service", "");
    answer("echo entry");
    rules("journal there.service");
    let report = run();
    assert_eq!(
        report.of("journal", "has entries of _SYSTEMD_UNIT=there.service"),
        "ok"
    );
    assert!(!report.has("journal", "no unit"));

    answer("exit 0");
    assert_eq!(run().of("journal", "has no entry"), "warning");
    rules("journal absent.service");
    assert_eq!(
        run().of("journal", "no unit absent.service is installed"),
        "warning"
    );
    rules("journal absent.service\n# journal there.service");
    assert!(!run().has("journal", "no unit"));

    answer("echo it is broken >&2; exit 1");
    assert_eq!(run().of("journal", "it is broken"), "error");

    machine.write("/var/log/journal/0/system.journal", "");
    machine.said(&["chmod", "-R", "go-rwx", "/var/log/journal/0/system.journal"]);
    machine.said(&["chmod", "-R", "a+rX", "/etc/swatch"]);
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let ours = [swatch.as_str(), "doctor", "--dry-run"];
    let report = doctor(&machine, &[&nobody[..], &ours[..]].concat());
    assert_eq!(
        report.of("journal", "system.journal cannot be read"),
        "error"
    );
}

/// With the clock of another decade.
#[test]
fn a_clock_of_the_past_is_an_error() {
    let Some((machine, swatch)) = healthy() else {
        return;
    };
    if !allowed("a wrong clock", &["faketime"]) {
        return;
    }
    let report = doctor(
        &machine,
        &[
            "faketime",
            "2001-01-01 00:00:00",
            &swatch,
            "doctor",
            "--dry-run",
        ],
    );
    assert_eq!(report.of("clock", "which is past"), "error");
}
