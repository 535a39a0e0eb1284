//! Every command in the README and the documents runs, or is listed here with what it needs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use swatch_tests::action::Sandbox;
use swatch_tests::deployment::examples;
use swatch_tests::live::Site;
use swatch_tests::program::{swatch_action, swatch_rs};

/// The ways of trying a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Try {
    /// It ends with status 0.
    Run,
    /// It follows logs until it is stopped.
    Watch,
    /// It needs this; another test, if one is named, covers it.
    Needs(&'static str),
}
use Try::{Needs, Run, Watch};

/// Beginnings of commands; the first that fits counts, and each must be used.
const COMMANDS: &[(&str, Try)] = &[
    (
        "make demo",
        Needs("a release build; demo.rs runs examples/demo.sh"),
    ),
    ("make build", Needs("a release build")),
    ("make test", Needs("hours; it is this suite")),
    (
        "make install-compat",
        Needs("a release build; deployment_install.rs"),
    ),
    (
        "make install",
        Needs("a release build; deployment_install.rs"),
    ),
    ("make manuals", Needs("an installation")),
    ("make deb", Needs("cargo-deb; tests/packages.sh")),
    ("make rpm", Needs("cargo-generate-rpm; tests/rpm.sh")),
    ("make static", Needs("the target musl; tests/static.sh")),
    ("podman ", Needs("podman; tests/container.sh uses buildah")),
    ("dnf install", Needs("a machine with dnf; tests/rpm.sh")),
    ("apt install", Needs("root and a built package")),
    ("systemctl ", Needs("systemd")),
    ("(umask 077; openssl", Run),
    ("cscli ", Needs("CrowdSec; action_import.rs")),
    ("jq ", Needs("jq and the events of a watcher; events.rs")),
    (
        "swatch-rs init",
        Needs("the machine's own services; init.rs"),
    ),
    ("swatch-rs doctor", Needs("a deployment; doctor.rs")),
    ("echo \"$LOG\" | swatch-action", Run),
    (
        "swatch-action list --fleet",
        Needs("a fleet's server; fleet_engine.rs"),
    ),
    (
        "swatch-action import --",
        Needs("a database of the other program; action_import.rs"),
    ),
    ("swatch-action ", Run),
    (
        "swatch-rs status",
        Needs("a running watcher; monitoring.rs"),
    ),
    (
        "swatch-rs reload",
        Needs("a running watcher; monitoring.rs"),
    ),
    ("swatch-rs … ", Needs("the rest of its options; metrics.rs")),
    (
        "swatch-rs import fail2ban",
        Needs("the configuration of fail2ban; import_fail2ban.rs"),
    ),
    (
        "swatch-rs --config-file hosts.conf --respawn",
        Needs("Kafka and kcat"),
    ),
    (
        "swatch-rs --config-dir /etc/swatch/jails",
        Needs("imported jails; import_fail2ban.rs"),
    ),
    (
        "swatch-rs --config-dir /etc/swatch --daemon",
        Needs("a daemon; daemon_start.rs"),
    ),
    (
        "swatch-rs --config-file secure.conf --tail-file /var/log/secure --check",
        Run,
    ),
    (
        "swatch-rs --config-file secure.conf --tail-file /var/log/secure",
        Watch,
    ),
    ("swatch-rs --config-dir /etc/swatch --", Watch),
    ("swatch-rs --config-file hosts.conf", Watch),
    ("swatch-rs ", Run),
];

/// Commands that only some states of the documents have.
const OPTIONAL: &[&str] = &[
    "make build",
    "make deb",
    "make test",
    "make install",
    "make manuals",
    "make install-compat",
    "apt install",
];

/// The documents with the commands of their `sh` blocks; continued lines are joined.
fn commands() -> Vec<(PathBuf, String)> {
    let top = examples().join("..");
    let mut files = vec![top.join("README.md")];
    let docs = fs::read_dir(top.join("docs")).unwrap();
    files.extend(docs.map(|entry| entry.unwrap().path()));
    files.retain(|path| path.extension().is_some_and(|e| e == "md"));
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap().replace("\\\n", "");
        for block in text.split("```sh\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let lines = block.lines().map(str::trim);
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
            found.extend(lines.map(|line| (file.clone(), line.to_owned())));
        }
    }
    found
}

fn class(command: &str) -> Option<(&'static str, Try)> {
    let fits = COMMANDS
        .iter()
        .find(|(start, _)| command.starts_with(start));
    fits.copied()
}

#[test]
fn each_command_is_classed_and_each_class_is_used() {
    let all = commands();
    assert!(all.len() > 20, "{all:?}");
    for (file, command) in &all {
        let place = file.display();
        assert!(
            class(command).is_some(),
            "{place}: {command} is not in the table"
        );
    }
    for (start, _) in COMMANDS {
        let mut used = all.iter().filter_map(|(_, command)| class(command));
        let is_used = used.any(|(found, _)| found == *start);
        assert!(
            is_used || OPTIONAL.contains(start),
            "nothing begins with {start}"
        );
    }
}

/// A copy of what the documents take for granted: logs, rules, both programs in the path.
struct Machine {
    site: Site,
    sandbox: Sandbox,
}

impl Machine {
    fn new() -> Self {
        let (site, sandbox) = (Site::new(), Sandbox::new());
        sandbox.set(
            "mail = \"\"\nfirewall = \"none\"\n[ignore]\nown = false\n[whois]\nserver = \"\"\n",
        );
        let machine = Self { site, sandbox };
        let programs = [
            format!("exec '{}' --insecure \"$@\"", swatch_rs().display()),
            format!(
                "exec '{}' \"$@\" --config '{}'",
                swatch_action().display(),
                machine.sandbox.path("action.toml").display()
            ),
        ];
        fs::create_dir_all(machine.path("bin")).unwrap();
        for (name, script) in ["swatch-rs", "swatch-action"].iter().zip(programs) {
            let path = machine.path("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let pager = machine.path("bin/less");
        fs::write(&pager, "#!/bin/sh\nexec cat\n").unwrap();
        fs::set_permissions(&pager, fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["etc/swatch", "var/log/hosts", "var/lib", "examples/rules"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        let rules = "watchfor /Invalid user/\n    echo\n";
        for file in ["secure.conf", "hosts.conf"] {
            machine.site.write(file, rules);
        }
        let here = machine.path("var/log/secure").display().to_string();
        for file in ["etc/swatch/all.conf", "etc/swatch/secure.conf"] {
            machine
                .site
                .write(file, format!("# logfile {here}\n{rules}"));
        }
        let line = "Nov 22 18:00:01 gate sshd[7]: Invalid user a from 203.0.113.9 port 4\n";
        for file in ["var/log/secure", "var/log/auth.log", "var/log/hosts/a.log"] {
            machine.site.write(file, line);
        }
        let rule = Path::new("examples/rules/sshd.conf");
        fs::copy(
            examples().join("rules/sshd.conf"),
            machine.path(rule.to_str().unwrap()),
        )
        .unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.site.path(name)
    }

    /// The command as the shell of an administrator runs it, with this machine's directories.
    fn shell(&self, command: &str) -> Command {
        let mut text = command.to_owned();
        for folder in ["etc/swatch", "var/log", "var/lib"] {
            let there = self.path(folder).display().to_string();
            text = text.replace(&format!("/{folder}"), &there);
        }
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", &text])
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("bin").display()),
            )
            .env(
                "LOG",
                "Nov 22 18:00:01 gate sshd[7]: Invalid user a from 203.0.113.9 port 4",
            );
        self.site.prepare(&mut shell);
        shell
    }
}

#[test]
fn the_commands_run() {
    let machine = Machine::new();
    let mut tried = 0;
    for (file, command) in commands() {
        let place = file.display();
        match class(&command) {
            Some((_, Run)) => {
                for output in ["out", "err"] {
                    machine.site.write(output, "");
                }
                let status = machine.shell(&command).status().unwrap();
                let told = machine.site.read("err");
                assert!(status.success(), "{place}: {command}: {status}\n{told}");
            }
            Some((_, Watch)) => {
                // Ends when it is dropped; it fails if the watcher does not become ready.
                let text = format!("exec {command}");
                drop(machine.site.start_command(machine.shell(&text)));
            }
            Some((_, Needs(_))) | None => continue,
        }
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}
