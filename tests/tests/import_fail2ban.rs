//! fail2ban's filters, translated and held to fail2ban's own sample logs.
//!
//! The samples and filters are those of the installed package; nothing of them is in this project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use swatch_tests::program::swatch_rs;
use swatch_tests::skip::skipped;

const SAMPLES: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs";
const FILTERS: &str = "/etc/fail2ban/filter.d";

/// Of the verdicts with an address, at least so many in a hundred must be the same.
const WANTED: usize = 95;

/// A line of a sample log with what fail2ban makes of it.
#[derive(Clone)]
struct Sample {
    line: String,
    /// The address of the failure, if it is one.
    host: Option<String>,
    /// The condition under which the verdict holds.
    constraint: Option<String>,
    /// The verdict says whether the line is a failure, and whose.
    complete: bool,
}

/// Samples by the filter options that they are tried with.
type Groups = BTreeMap<String, Vec<Sample>>;

#[derive(Default)]
struct Tally {
    right: usize,
    missed: Vec<String>,
    /// Another address than fail2ban's, or one where there is none.
    wrong: Vec<String>,
}

#[test]
fn translated_filters_agree_with_fail2bans_samples() {
    if !Path::new(SAMPLES).is_dir() || !Path::new(FILTERS).is_dir() {
        return skipped(
            "the import of fail2ban's filters",
            "fail2ban is not installed",
        );
    }
    let mut tally = Tally::default();
    for path in files(Path::new(SAMPLES)) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Two samples belong to filters of fail2ban's source tree.
        if name.starts_with("zzz-") {
            continue;
        }
        let mut groups = Groups::new();
        read(&path, &mut groups);
        for (options, samples) in &groups {
            judge(&name, options, samples, &mut tally);
        }
    }
    let verdicts = tally.right + tally.missed.len() + tally.wrong.len();
    println!("{} of {verdicts} verdicts are the same", tally.right);
    println!("missed:\n{}", tally.missed.join("\n"));
    assert!(tally.wrong.is_empty(), "wrong:\n{}", tally.wrong.join("\n"));
    assert!(verdicts > 800, "only {verdicts} verdicts were found");
    assert!(
        tally.right * 100 >= verdicts * WANTED,
        "{} of {verdicts}",
        tally.right
    );
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the samples are readable");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

/// Reads a sample log: lines of options and verdicts start with `#` and a word in front of a colon.
fn read(path: &Path, groups: &mut Groups) {
    let bytes = std::fs::read(path).expect("a readable sample");
    let mut options = vec![Map::new()];
    let mut verdict = None;
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.trim_end_matches('\r');
        let comment = line.trim_start_matches('#');
        let word = comment
            .trim_start()
            .split_once(':')
            .filter(|_| line.starts_with('#'));
        match word {
            Some(("failJSON", text)) => verdict = serde_json::from_str::<Value>(text).ok(),
            Some(("filterOptions", text)) => options = option_sets(text),
            Some(("addFILE", text)) => {
                let other = text.trim().trim_matches('"');
                read(&path.parent().unwrap().join(other), groups);
            }
            _ if line.starts_with('#') || line.trim().is_empty() => {}
            _ => {
                let verdict = verdict.take().unwrap_or(Value::Null);
                let text = |name: &str| verdict[name].as_str().map(str::to_owned);
                let failed = verdict["match"] == Value::Bool(true);
                let sample = Sample {
                    line: line.to_owned(),
                    host: text("host").filter(|_| failed),
                    constraint: text("constraint"),
                    complete: !failed || verdict["host"].is_string(),
                };
                for set in &options {
                    let key = serde_json::to_string(set).unwrap();
                    groups.entry(key).or_default().push(sample.clone());
                }
            }
        }
    }
}

fn option_sets(text: &str) -> Vec<Map<String, Value>> {
    match serde_json::from_str(text).expect("options are JSON") {
        Value::Array(sets) => sets.into_iter().filter_map(as_map).collect(),
        one => as_map(one).into_iter().collect(),
    }
}

fn as_map(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Translates a filter with some options and compares what it makes of its samples.
fn judge(file: &str, options: &str, samples: &[Sample], tally: &mut Tally) {
    let set: Map<String, Value> = serde_json::from_str(options).unwrap();
    let mut given: BTreeMap<&str, &str> = set
        .iter()
        .filter(|(name, _)| !name.starts_with("test.") && *name != "filterName")
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect();
    let filter = match file {
        "sshd-journal" => {
            given.entry("logtype").or_insert("journal");
            "sshd"
        }
        other => other,
    };
    let directory = tempfile::tempdir().unwrap();
    let (config, log) = (
        directory.path().join("f.conf"),
        directory.path().join("log"),
    );
    let mut import = Command::new(swatch_rs());
    import.args([
        "import",
        "fail2ban",
        filter,
        "--action",
        "echo message={host}|$_",
    ]);
    for (name, value) in &given {
        import.args(["--option", &format!("{name}={value}")]);
    }
    let imported = import.output().unwrap();
    let errors = String::from_utf8_lossy(&imported.stderr).into_owned();
    assert!(imported.status.success(), "{filter}: {errors}");
    std::fs::write(&config, imported.stdout).unwrap();
    let lines: String = samples
        .iter()
        .map(|sample| format!("{}\n", sample.line))
        .collect();
    std::fs::write(&log, lines).unwrap();
    let hosts = hosts(&config, &log, samples);
    let mode = given.get("mode").copied();
    let judged = samples
        .iter()
        .zip(hosts)
        .filter(|(sample, _)| sample.complete);
    for (sample, host) in judged {
        if !sample
            .constraint
            .as_deref()
            .is_none_or(|text| holds(text, filter, mode))
        {
            continue;
        }
        let what = format!(
            "{file} {options}: {host:?} for {:?}: {}",
            sample.host, sample.line
        );
        match (&host, &sample.host) {
            (Some(found), Some(wanted)) if found.eq_ignore_ascii_case(wanted) => tally.right += 1,
            (None, None) => {}
            (None, Some(_)) => tally.missed.push(what),
            _ => tally.wrong.push(what),
        }
    }
}

/// The address that the translated filter finds for each sample.
fn hosts(config: &Path, log: &Path, samples: &[Sample]) -> Vec<Option<String>> {
    let mut watch = Command::new(swatch_rs());
    watch
        .arg("--config-file")
        .arg(config)
        .arg("--examine")
        .arg(log);
    let output = watch.args(["--color", "never"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", config.display());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut echoed = text
        .lines()
        .filter_map(|line| line.split_once('|'))
        .peekable();
    let hosts = samples.iter().map(|sample| {
        let (host, _) = echoed.next_if(|(_, line)| *line == sample.line)?;
        Some(host.to_owned())
    });
    let hosts = hosts.collect();
    assert_eq!(
        echoed.next(),
        None,
        "{}: a line out of order",
        config.display()
    );
    hosts
}

/// A sample's condition, a Python expression of one of the forms that the samples use.
fn holds(constraint: &str, filter: &str, mode: Option<&str>) -> bool {
    match constraint.split(' ').collect::<Vec<_>>()[..] {
        ["name", "==", name] => name.trim_matches('\'') == filter,
        ["opts.get('mode')", "==", wanted] => mode == Some(wanted.trim_matches('\'')),
        ["opts.get('mode')", "!=", other] => mode != Some(other.trim_matches('\'')),
        _ => panic!("an unknown condition: {constraint}"),
    }
}
