//! The rules in `examples/rules` do what their samples say, and lock nobody but the attacker.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use swatch_tests::action::{Sandbox, feed, out};
use swatch_tests::deployment::examples;
use swatch_tests::program::{swatch_action, swatch_rs};

/// The attacker in samples; as 198.51.100.7 he forges another's address.
const ATTACKER: [&str; 2] = ["203.0.113.9", "2001:db8::"];
const BYSTANDER: &str = "198.51.100.7";

/// A rule as written, with its samples.
#[derive(Debug)]
struct Rule {
    file: PathBuf,
    matches: Vec<String>,
    misses: usize,
    actions: String,
}

fn rules() -> Vec<Rule> {
    let mut files: Vec<PathBuf> = fs::read_dir(examples().join("rules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().flat_map(rules_of).collect()
}

fn rules_of(file: &PathBuf) -> Vec<Rule> {
    let text = fs::read_to_string(file).unwrap();
    let named = |line: &str| line.starts_with("# logfile /") || line.starts_with("# journal ");
    assert!(
        text.lines().take(5).any(named),
        "{} names no log",
        file.display()
    );
    let mut rules = Vec::new();
    for block in text.split("\n\n").filter(|b| b.contains("\nwatchfor ")) {
        let (above, rule) = block.split_once("\nwatchfor ").unwrap();
        let matches = above.lines().filter_map(|l| l.strip_prefix("# match: "));
        let misses = above.lines().filter(|l| l.starts_with("# no match: "));
        rules.push(Rule {
            file: file.clone(),
            matches: matches.map(str::to_owned).collect(),
            misses: misses.count(),
            actions: rule.to_owned(),
        });
    }
    rules
}

#[test]
fn each_rule_has_samples_of_both_kinds_that_hold() {
    let rules = rules();
    for rule in &rules {
        assert!(!rule.matches.is_empty() && rule.misses > 0, "{rule:?}");
    }
    let output = Command::new(swatch_rs())
        .arg("--insecure")
        .arg("--test")
        .arg(examples().join("rules"))
        .arg("--json")
        .output()
        .unwrap();
    let all: Value = serde_json::from_str(&out(&output)).unwrap();
    assert!(output.status.success(), "{all:#}");
    assert_eq!(all["diagnostics"].as_array().unwrap().len(), 0, "{all:#}");
    let files = all["configurations"].as_array().unwrap();
    let tested: u64 = files.iter().map(|f| f["rules"].as_u64().unwrap()).sum();
    assert_eq!(tested, rules.len() as u64);
    assert!(files.len() >= 20, "{}", files.len());
}

/// Each line goes the whole way: through the rule, its pipe and `swatch-action`.
#[test]
fn the_address_is_the_attackers_whatever_the_line_says() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"\"\n[ignore]\nown = false\n[whois]\nserver = \"\"\n");
    let program = sandbox.path("bin/swatch-action");
    let script = format!(
        "#!/bin/sh\nexec '{}' --config '{}' --dry-run \"$@\"\n",
        swatch_action().display(),
        sandbox.path("action.toml").display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    let mut tried = 0;
    for rule in rules() {
        if !rule.actions.contains("swatch-action") {
            continue;
        }
        for line in &rule.matches {
            let mut command = Command::new(swatch_rs());
            command
                .args(["--insecure", "--examine", "-", "--config-file"])
                .arg(&rule.file)
                .env("PATH", &path)
                .env("TZ", "UTC0");
            let said = out(&feed(&mut command, format!("{line}\n").as_bytes()));
            let counted = said.lines().find(|l| l.contains(" UTC "));
            let counted = counted.unwrap_or_else(|| panic!("nobody is counted for {line}\n{said}"));
            let right = ATTACKER.iter().any(|address| counted.contains(address));
            assert!(right && !counted.contains(BYSTANDER), "{line}\n{said}");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn the_rules_are_good_ones_also_with_fields_in_commands() {
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(swatch_action(), programs.path().join("swatch-action")).unwrap();
    for options in [&[][..], &["--awk-field-syntax"]] {
        let output = Command::new(swatch_rs())
            .args([
                "--insecure",
                "--check",
                "--examine",
                "/dev/null",
                "--config-dir",
            ])
            .arg(examples().join("rules"))
            .args(options)
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", programs.path().display()),
            )
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert_eq!(told, "");
    }
}
