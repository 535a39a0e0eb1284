//! `--examine LOG… --summary`: figures of logs, without doing anything.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use swatch_tests::live::{Site, wait_for};
use swatch_tests::program::swatch_rs;
use swatch_tests::skip::skipped;

const RULES: &str = "ignore /from 192\\.0\\.2\\./\n\
    watchfor /Failed password/\n\techo\n\texec touch done\n\tthrottle 1:00:00,key=x\n\
    watchfor /session opened/\n\techo\n\
    watchfor /never/\n\techo\nignore /nor <this>/\n";

/// The lines of an hour: a failure each minute, of two networks, and a session.
fn hour(day: u32, hour: u32) -> String {
    let mut text = String::new();
    for minute in 0..60 {
        let address = match minute % 6 {
            0 => "192.0.2.7".to_owned(),
            1 => "2001:db8::1".to_owned(),
            n => format!("203.0.113.{n}"),
        };
        text += &format!(
            "Nov {day:2} {hour:02}:{minute:02}:00 gate sshd[7]: Failed password for root from {address} port 4 ssh2\n"
        );
    }
    text + &format!("Nov {day:2} {hour:02}:59:59 gate login: session opened\n")
}

fn summary(site: &Site, logs: &[&str], more: &[&str]) -> Output {
    let mut command = site.swatch(&["-c", "gate.conf", "--insecure", "--summary"]);
    command.args(more).arg("--examine").args(logs);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().expect("it runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        let said = String::from_utf8_lossy(&output.stdout);
        panic!("{e}: {said}{}", String::from_utf8_lossy(&output.stderr))
    })
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn compress(site: &Site, program: &str, name: &str, end: &str) -> bool {
    if !Path::new("/usr/bin").join(program).exists() && !Path::new("/bin").join(program).exists() {
        skipped("a compressed log", &format!("there is no {program}"));
        return false;
    }
    let mut command = Command::new(program);
    let status = command.arg("-q").arg(site.path(name)).status();
    assert!(status.expect("it runs").success());
    let _ = fs::remove_file(site.path(name));
    site.path(&format!("{name}{end}")).exists()
}

#[test]
fn logs_of_any_kind_are_summed_up_in_the_order_of_their_time() {
    let site = Site::new();
    site.write("gate.conf", RULES);
    // Three hours, the newest first on the command line.
    site.write("log", hour(28, 3));
    site.write("log.1", hour(28, 2));
    site.write("log.2", hour(28, 1));
    site.write("log.3", hour(28, 0));
    let mut names = ["log", "log.1", "log.2", "log.3"].map(str::to_owned);
    for (at, program, end) in [(1, "gzip", ".gz"), (2, "xz", ".xz"), (3, "zstd", ".zst")] {
        if compress(&site, program, &names[at], end) {
            names[at].push_str(end);
        }
    }
    let logs: Vec<&str> = names.iter().map(String::as_str).collect();
    let output = summary(&site, &logs, &["--json"]);
    assert!(output.status.success(), "{output:?}");
    let found = json(&output);
    let read: Vec<_> = found["logs"].as_array().expect("a list").iter().collect();
    assert_eq!(read[0]["log"].as_str(), Some(logs[3]));
    assert_eq!(read[3]["log"].as_str(), Some(logs[0]));
    assert!(
        read.iter()
            .all(|log| log["records"] == 61 && log["error"].is_null())
    );

    let rules = found["rules"].as_array().expect("a list");
    let numbers = |field: &str| -> Vec<u64> {
        rules
            .iter()
            .map(|rule| rule[field].as_u64().expect(field))
            .collect()
    };
    assert_eq!(numbers("matched"), [40, 200, 4, 0, 0]);
    // The clock is that of the log: once an hour, four times.
    assert_eq!(numbers("acted")[1], 4);
    assert_eq!(numbers("throttled"), [0, 196, 0, 0, 0]);
    for rule in rules {
        let over_time = rule["over_time"].as_array().expect("a list");
        let sum: u64 = over_time.iter().filter_map(Value::as_u64).sum();
        assert_eq!(Some(sum), rule["matched"].as_u64());
        assert!(rule["nanoseconds_per_record"].as_u64() > Some(0), "{rule}");
    }
    let first = |list: &str| found[list][0].clone();
    assert_eq!(first("addresses")["hits"], 40);
    assert_eq!(first("networks")["network"], "203.0.113.0/24");
    assert_eq!(first("networks")["hits"], 160);
    assert_eq!(first("networks")["addresses"], 4);
    assert_eq!(found["hits"], 204);
    assert_eq!(found["hits_without_address"], 4);
    assert!(
        found["first"]
            .as_str()
            .expect("a time")
            .contains("-11-28T00:00:00")
    );

    let output = summary(&site, &logs, &[]);
    let text = text(&output);
    for part in [
        "244 records of 4 logs",
        "Rules that never matched: 2\n",
        "gate.conf:8 /never/",
        "gate.conf:10 ignore /nor <this>/",
        "203.0.113.0/24 (4)",
        "one character of a line is",
    ] {
        assert!(text.contains(part), "{part:?}: {text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    // Nothing is done, and no bar goes into a pipe.
    assert!(!site.path("done").exists());
    assert!(output.stderr.is_empty(), "{output:?}");
}

/// A rule and a log that try to be more than text.
#[test]
fn hostile_text_stays_text() {
    let site = Site::new();
    site.write(
        "gate.conf",
        "watchfor /x\u{202e}<b>\"|\u{9b}31m/\n\techo\nwatchfor /y\u{1b}]31m/\n\techo\n",
    );
    let log = "a\u{1b}]0;x\u{7}\u{202e}log";
    site.write(
        log,
        "x\u{202e}<b>\" \u{1b}[31m from 203.0.113.9\nx\u{9b}31m\n",
    );
    File::options()
        .append(true)
        .open(site.path(log))
        .and_then(|mut log| log.write_all(b"x \xff\n"))
        .expect("a log");
    for more in [&[][..], &["--json"]] {
        let output = summary(&site, &[log], more);
        assert!(output.status.success(), "{output:?}");
        let text = text(&output);
        let is_control = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(is_control), "{text:?}");
        let escape = if more.is_empty() {
            "\\u{202e}"
        } else {
            "\\\\u{202e}"
        };
        assert!(text.contains(escape), "{text}");
    }
}

#[test]
fn what_cannot_be_read_and_what_makes_no_sense_is_said() {
    let site = Site::new();
    site.write("gate.conf", RULES);
    site.write("log", hour(28, 3));
    let output = summary(&site, &["log", "absent", "."], &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("cannot examine absent: No such file"),
        "{said}"
    );
    assert!(said.contains("it is a directory"), "{said}");
    assert_eq!(json(&output)["hits"], 51);
    for args in [
        &["--summary"][..],
        &["--summary", "--examine", "log", "--explain"],
        &["--summary", "--examine", "log", "--daemon"],
    ] {
        let mut command = site.swatch(&[args, &["-c", "gate.conf", "--insecure"]].concat());
        assert_eq!(
            command.status().expect("it runs").code(),
            Some(2),
            "{args:?}"
        );
    }
    // Standard input, and an empty log.
    let mut command = site.swatch(&[
        "-c",
        "gate.conf",
        "--insecure",
        "--summary",
        "--json",
        "-f",
        "-",
    ]);
    command.stdin(File::open(site.path("log")).expect("the log"));
    let output = command.stdout(Stdio::piped()).output().expect("it runs");
    assert_eq!(json(&output)["hits"], 51);
    site.write("empty", "");
    let output = summary(&site, &["empty"], &[]);
    assert!(output.status.success());
    assert!(text(&output).contains("0 records of empty"), "{output:?}");
}

/// On a terminal a pass that takes longer than a second shows how far it is.
#[test]
fn a_long_pass_shows_a_bar_on_a_terminal() {
    if !Path::new("/usr/bin/script").exists() {
        return skipped("a progress bar", "there is no script(1)");
    }
    let site = Site::new();
    // Backtracking that finds nothing, on each line.
    site.write("gate.conf", "watchfor /(a*)*(?<=c)b/\n\techo\n");
    let program = swatch_rs().display().to_string();
    let line = format!("Nov 28 00:00:00 {}b\n", "a".repeat(20));
    let mut lines = 100;
    wait_for("a bar", || {
        let mut log = File::create(site.path("log")).expect("a log");
        log.write_all(line.repeat(lines).as_bytes()).expect("a log");
        lines *= 4;
        let run = format!("{program} -c gate.conf --insecure --examine log --summary > said");
        let mut command = Command::new("script");
        site.prepare(&mut command);
        let output = command
            .args(["-qec", &run, "/dev/null"])
            .env("TERM", "xterm")
            .stdout(Stdio::piped())
            .output()
            .expect("it runs");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        shown.contains(" left") && shown.contains("/s")
    });
    assert!(site.read("said").contains("records of log"));
}
