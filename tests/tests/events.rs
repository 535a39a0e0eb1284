//! Events as JSON: real runs of each, held against `docs/events.schema.json`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::Value;
use swatch_tests::live::{Running, Site, wait_for};
use swatch_tests::program::swatch_action;
use swatch_tests::schema::Schema;

/// The events in a file, all of them as the schema says.
fn events(site: &Site, name: &str) -> Vec<Value> {
    let schema = Schema::of_docs("events.schema.json");
    let mut events = Vec::new();
    for line in site.read(name).lines() {
        let event = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        if let Err(why) = schema.check(&event) {
            panic!("{line}: {why}");
        }
        events.push(event);
    }
    events
}

fn kinds(events: &[Value]) -> BTreeSet<String> {
    let kinds = events.iter().filter_map(|event| event["event"].as_str());
    kinds.map(str::to_owned).collect()
}

const WATCHER: &[&str] = &["--log-format", "json", "--log-level", "debug", "--insecure"];

fn start(site: &Site, args: &[&str]) -> Running {
    site.start(&[WATCHER, args].concat())
}

fn wait_event(site: &Site, kind: &str) {
    let name = format!("\"event\":\"{kind}\"");
    wait_for(kind, || site.count("err", &name) > 0);
}

const RULES: &str = "watchfor /once/\n\techo\n\texec true\n\tthrottle 1:00:00,key=x\n\
    watchfor /fails/\n\texec false\nwatchfor /fresh/\n\techo\nwatchfor /(z*)*(?<=q)q/\n\techo\n";

/// Each event of the watcher.
#[test]
fn the_watcher_writes_every_event_as_the_schema_says() {
    // Ten seconds after their rotation, the oldest of many files that a program holds open are left.
    let quiet = Site::new();
    quiet.write("conf", "watchfor /x/\n\techo\n");
    quiet.write("log", "");
    let mut left = start(&quiet, &["-c", "conf", "-t", "log"]);
    let writers: Vec<File> = (0..8)
        .map(|n| {
            let mut writer = File::create(quiet.path("log")).expect("a log");
            writer.write_all(b"x\n").expect("a line");
            wait_for("the line", || quiet.count("out", "x") > n);
            fs::rename(quiet.path("log"), quiet.path(&format!("log.{n}"))).expect("a rotation");
            quiet.write("log", "");
            wait_for("the new file", || {
                quiet.count("err", "\"event\":\"rotated\"") > n
            });
            writer
        })
        .collect();

    let site = Site::new();
    fs::create_dir(site.path("state")).expect("a folder");
    site.write("conf", RULES);
    site.write("log", "");
    let log = site.path("log").display().to_string();
    let loop_ = site.path("loop").display().to_string();
    std::os::unix::fs::symlink("loop", site.path("loop")).expect("a link");
    let logs = format!("{log} {} {loop_}", site.path("absent").display());
    let args = [
        "-c",
        "conf",
        "--state-dir",
        "state",
        "--max-line",
        "1000",
        "-t",
        &logs,
    ];
    let mut swatch = start(&site, &args);
    site.append("log", "once \u{1b}[31m\u{202e}<b>\"quoted\"\\</b>");
    site.append("log", "once more");
    site.append("log", "fails");
    site.append("log", &format!("{} xq", "z".repeat(60)));
    site.append("log", &"x".repeat(3000));
    for kind in [
        "matched",
        "throttled",
        "action_failed",
        "gave_up",
        "cut",
        "absent",
    ] {
        wait_event(&site, kind);
    }
    wait_event(&site, "unreadable");
    site.append("absent", "x");
    wait_event(&site, "appeared");
    fs::remove_file(site.path("loop")).expect("the link");
    site.write("loop", "");
    wait_event(&site, "readable");
    swatch.signal(Signal::SIGUSR1);
    wait_event(&site, "status");
    fs::rename(site.path("log"), site.path("log.1")).expect("a rotation");
    site.write("log", "fresh\n");
    wait_event(&site, "rotated");
    // A file of which nothing was read cannot be truncated.
    wait_for("the new file's line", || site.count("out", "fresh") > 0);
    site.write("log", "");
    wait_event(&site, "truncated");
    site.write("conf", "watchfor /(/\n");
    swatch.signal(Signal::SIGHUP);
    wait_event(&site, "refused");
    site.write("conf", RULES.replace("once", "again"));
    swatch.signal(Signal::SIGHUP);
    wait_event(&site, "reloaded");
    assert!(swatch.stop().success());

    // While it does not run, one log is rotated and another is lost.
    site.append("log", "unread");
    fs::rename(site.path("log"), site.path("log.1")).expect("a rotation");
    site.write("log", "");
    fs::remove_file(site.path("absent")).expect("a log");
    let mut swatch = start(&site, &args);
    wait_event(&site, "recovered");
    wait_event(&site, "gap");
    assert!(swatch.stop().success());
    let state = fs::read_dir(site.path("state")).expect("the state");
    for entry in state.flatten() {
        if entry.path().extension().is_some_and(|e| e == "state") {
            fs::write(entry.path(), "damaged").expect("the state");
            let _ = fs::remove_file(entry.path().with_extension("state.unsynced"));
        }
    }
    let mut swatch = start(&site, &args);
    assert!(swatch.stop().success());
    wait_event(&site, "positions");

    let output = site.swatch(&[WATCHER, &["-c", "conf", "-f", "/dev/null", "word"]].concat());
    let mut output = output;
    assert!(output.status().expect("it runs").success());
    wait_event(&quiet, "left");
    assert!(left.stop().success());
    drop(writers);

    let mut all = events(&site, "err");
    all.extend(events(&quiet, "err"));
    let wanted = [
        "absent",
        "action_ended",
        "action_failed",
        "action_started",
        "appeared",
        "cut",
        "diagnostic",
        "gap",
        "gave_up",
        "left",
        "matched",
        "message",
        "positions",
        "readable",
        "recovered",
        "refused",
        "reloaded",
        "rotated",
        "started",
        "status",
        "stopped",
        "stopping",
        "throttled",
        "truncated",
        "unreadable",
        "watch_ended",
        "watch_started",
    ];
    assert_eq!(kinds(&all), BTreeSet::from(wanted.map(str::to_owned)));
    let matched = all.iter().find(|event| event["event"] == "matched");
    assert_eq!(
        matched.expect("one")["record"],
        "once \\x1b[31m\\u{202e}<b>\"quoted\"\\</b>"
    );
}

/// Each event of swatch-action, which takes the format from the watcher that runs it.
#[test]
fn swatch_action_writes_every_event_as_the_schema_says() {
    let site = Site::new();
    site.write(
        "action.toml",
        format!(
            "mail = \"\"\nlog_dir = \"{}\"\nstate_dir = \"{}\"\nfirewall = \"none\"\ncount = 2\n\
             [ignore]\nnetworks = [\"198.51.100.0/24\"]\n[whois]\nserver = \"\"\n",
            site.path("l").display(),
            site.path("s").display(),
        ),
    );
    let action = |args: &[&str], input: &str| {
        let mut command = Command::new(swatch_action());
        site.prepare(&mut command);
        command
            .args(args)
            .args(["--config", "action.toml"])
            .env("SWATCH_LOG_FORMAT", "json")
            .env("SWATCH_LOG_LEVEL", "debug")
            .stdin(Stdio::piped());
        let mut child = command.spawn().expect("swatch-action starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        child.wait().expect("it ends")
    };
    let line = |address: &str| format!("x \u{1b}[1m\u{202e} {address} <i>\n");
    for address in [
        "203.0.113.9",
        "203.0.113.9",
        "203.0.113.9",
        "198.51.100.7",
        "10.0.0.1",
    ] {
        action(&["3"], &line(address));
    }
    action(&["3"], "no address \u{1b}here\n");
    action(&["3", "nolock"], &line("203.0.113.10"));
    action(&["unlock", "203.0.113.9"], "");
    action(
        &["3", "lock", "--firewall", "iptables", "--path", "/nowhere"],
        &line("203.0.113.11"),
    );
    let events = events(&site, "err");
    let wanted = [
        "counted",
        "ignored",
        "locked",
        "message",
        "no_address",
        "not_locked",
        "renewed",
        "unlocked",
    ];
    assert_eq!(kinds(&events), BTreeSet::from(wanted.map(str::to_owned)));
    // In the text form nothing is said that was not said before.
    let quiet = Command::new(swatch_action())
        .args(["--ip", "203.0.113.12", "lock", "--config"])
        .arg(site.path("action.toml"))
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&quiet.stderr), "");
}

/// The format and the level of the watcher reach its commands.
#[test]
fn commands_learn_the_format() {
    let site = Site::new();
    site.write(
        "conf",
        "watchfor /x/\n\texec \"echo ${SWATCH_LOG_FORMAT-none} ${SWATCH_LOG_LEVEL-none} >> said\"\n",
    );
    site.write("log", "x\n");
    for (args, said) in [(WATCHER, "json debug\n"), (&["--insecure"], "none none\n")] {
        let mut command = site.swatch(&[args, &["-c", "conf", "-f", "log"]].concat());
        assert!(command.status().expect("it runs").success());
        assert_eq!(site.read("said"), said);
        fs::remove_file(site.path("said")).expect("a file");
    }
}

/// Standard output is one JSON object, or one a line, whatever the rules and the log hold.
#[test]
fn check_and_explain_print_json() {
    let site = Site::new();
    let conf = "watchfor /(?<who>fails)(x)?/\n\techo\n\texec \"true $1\"\n\tthrottle 1:00,key=$1\n";
    site.write("conf", conf);
    site.write("bad", "watchfor /a/\n\techo\nwatchfor /\u{202e}(/\n");
    site.write("log", b"fails \x1b[1m\xff\"<b>\nfails again\nother\n");
    let run = |args: &[&str]| {
        let mut command = site.swatch(&[&["--insecure", "--json"], args].concat());
        let output = command.stdout(Stdio::piped()).output().expect("it runs");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("UTF-8"),
        )
    };
    let (status, text) = run(&["--check", "-c", "bad", "-f", "log"]);
    assert_eq!(status, Some(2));
    let checked: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(checked["ok"], false);
    let errors = checked["diagnostics"].as_array().expect("a list");
    let error = errors.iter().find(|found| found["severity"] == "error");
    let error = error.expect("an error");
    assert_eq!(error["file"], "bad");
    // U+202E has three bytes.
    let place = ["line", "column", "end_line", "end_column"].map(|name| error[name].as_u64());
    assert_eq!(place, [3, 14, 3, 15].map(Some), "{text}");
    assert!(!text.contains('\u{202e}'));
    let (status, text) = run(&["--check", "-c", "conf", "-f", "log"]);
    assert_eq!(status, Some(0), "{text}");

    let (status, text) = run(&["--explain", "-c", "conf", "-f", "log"]);
    assert_eq!(status, Some(0));
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["record"], "fails \\x1b[1m\\xff\"<b>");
    let rule = &lines[0]["rules"][0];
    assert_eq!(rule["captures"][0]["name"], "who");
    assert_eq!(rule["captures"][0]["text"], "fails");
    assert_eq!(rule["captures"][1]["text"], Value::Null);
    assert_eq!(rule["actions"][0]["action"], "echo");
    assert_eq!(rule["then"], "stop");
    assert_eq!(lines[1]["rules"][0]["held"], true);
    assert_eq!(lines[1]["rules"][0]["throttle"]["key"], "fails");

    let (status, text) = run(&["-c", "conf", "-f", "log"]);
    assert_eq!((status, text.as_str()), (Some(2), ""));
}
