//! The documents keep up with the program: the manual page, and the rule in it.

use std::path::{Path, PathBuf};
use std::process::Command;

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/man/swatch-rs.8")
}

fn text() -> String {
    let path = page();
    let text = std::fs::read_to_string(&path);
    text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn swatch_rs() -> Command {
    Command::new(env!("CARGO_BIN_EXE_swatch-rs"))
}

/// Each option that `--help` lists has an entry of its own, and each entry is an option.
#[test]
fn the_manual_page_has_every_option_and_no_other() {
    let output = swatch_rs().arg("--help").output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    // A line of an option: `  -c, --config-file <FILE>` or `      --check`. Texts are further in.
    let is_option = |line: &&str| {
        let text = line.trim_start();
        text.starts_with('-') && line.len() - text.len() <= 6
    };
    let listed: Vec<&str> = help
        .lines()
        .filter(is_option)
        .flat_map(|line| line.split([' ', ',', '[', '=']))
        .filter_map(|word| word.strip_prefix("--"))
        .collect();
    assert!(listed.len() > 30, "{listed:?}");
    let page = text();
    let entries: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with(".It Fl"))
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.strip_prefix('-'))
        .collect();
    for option in &listed {
        assert!(entries.contains(option), "--{option} is not in the page");
    }
    for entry in &entries {
        assert!(listed.contains(entry), "--{entry} is in the page only");
    }
}

/// The rule in the page is accepted without a remark.
#[test]
fn the_rule_in_the_manual_page_is_a_good_one() {
    let page = text();
    let start = page.find("watchfor /").expect("a rule");
    let rule: String = page[start..]
        .lines()
        .take_while(|line| !line.starts_with(".Ed"))
        .map(|line| format!("{}\n", line.replace("\\e", "\\")))
        .collect();
    assert_eq!(rule.lines().count(), 4, "{rule}");
    // A program that is here.
    let rule = rule.replace("/usr/local/bin/block", "/bin/true");
    let dir = tempfile::tempdir().expect("a folder");
    let conf = dir.path().join("conf");
    // The program of the page is not on this machine.
    let rule = rule.replace("/usr/local/bin/block", "/bin/true");
    std::fs::write(&conf, &rule).expect("a file");
    let mut check = swatch_rs();
    check
        .args(["--check", "--insecure", "-f", "/dev/null", "-c"])
        .arg(&conf);
    let output = check.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
}
