//! A running watcher is asked: by its socket.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Output, Stdio};

use serde_json::Value;
use swatch_tests::live::{Running, Site, wait_for};

const RULES: &str = "watchfor /once/\n\techo\n\texec true\n\tthrottle 1:00:00,key=x\n\
    watchfor /fails/\n\texec false\n\
    watchfor /x\"\\d{2}<b>/\n\techo\n";

fn site() -> Site {
    let site = Site::new();
    site.write("gate.conf", RULES);
    site.write("log", "");
    site
}

fn start(site: &Site, more: &[&str]) -> Running {
    let args = [
        "-c",
        "gate.conf",
        "-t",
        "log",
        "--pid-file",
        "gate.pid",
        "--insecure",
    ];
    site.start(&[&args[..], &["--runtime-dir", "run"], more].concat())
}

fn ask(site: &Site, args: &[&str]) -> Output {
    let mut command = site.swatch(&[args, &["--runtime-dir", "run"]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn status(site: &Site) -> Value {
    let output = ask(site, &["status", "--json"]);
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn sum(list: &Value, name: &str) -> u64 {
    let list = list.as_array().expect("a list");
    list.iter().filter_map(|one| one[name].as_u64()).sum()
}

#[test]
fn a_watcher_tells_what_it_does_and_is_reloaded_and_stopped() {
    let site = site();
    let mut swatch = start(&site, &[]);
    for line in [
        "once",
        "once more",
        "fails",
        "x\"11<b>\u{1b}[1m\u{202e}",
        "other",
    ] {
        site.append("log", line);
    }
    wait_for("the lines", || {
        status(&site)["watches"][0]["lag_bytes"] == 0
    });
    let found = status(&site);
    let watch = &found["watches"][0];
    assert_eq!(found["name"], "gate");
    assert_eq!(watch["records"], 5);
    assert_eq!(sum(&watch["rules"], "matched"), 4);
    assert_eq!(sum(&watch["rules"], "throttled"), 1);
    assert_eq!(
        watch["files"][0]["position"],
        fs::metadata(site.path("log")).unwrap().len()
    );
    let text = said(&ask(&site, &["status", "gate"]));
    assert!(text.contains("exec failed: 1"), "{text}");
    assert!(!text.contains('\u{1b}'));

    // A line without its end is not done, and its time stamp tells since when.
    fs::write(site.path("log"), "Jan  1 00:00:00 h half").unwrap();
    wait_for("the lag", || status(&site)["watches"][0]["lag_bytes"] == 22);
    assert!(status(&site)["watches"][0]["lag_seconds"].as_f64() > Some(0.0));

    site.write("gate.conf", "watchfor /(/\n");
    let refused = ask(&site, &["reload"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("gate.conf:1:11"),
        "{}",
        said(&refused)
    );
    assert_eq!(status(&site)["last_reload"]["ok"], false);
    site.write("gate.conf", "watchfor /new/\n\techo\n");
    let done = ask(&site, &["reload"]);
    assert!(done.status.success(), "{}", said(&done));
    site.append("log", " new");
    wait_for("the new rule", || {
        status(&site)["watches"][0]["rules"][0]["matched"] == 1
    });

    let second = site.swatch(&[
        "-c",
        "gate.conf",
        "-t",
        "log",
        "--pid-file",
        "gate.pid",
        "--insecure",
    ]);
    let mut second = second;
    let refused = second.stderr(Stdio::piped()).output().expect("it runs");
    assert!(
        said(&refused).contains(&format!("process {}", swatch.pid())),
        "{}",
        said(&refused)
    );

    assert!(ask(&site, &["stop"]).status.success());
    assert!(swatch.ended().success());
    assert!(!site.path("run/gate.sock").exists());
    assert_eq!(ask(&site, &["status"]).status.code(), Some(2));
}

#[test]
fn clients_that_hang_delay_nothing() {
    let site = site();
    let mut swatch = start(&site, &[]);
    let connect = || UnixStream::connect(site.path("run/gate.sock")).expect("the socket");
    let hanging: Vec<UnixStream> = (0..20).map(|_| connect()).collect();
    site.append("log", "once");
    wait_for("the line", || site.count("out", "once") == 1);
    drop(hanging);
    // What is not a request gets an answer, and its length is bounded.
    let mut bad = connect();
    let _ = bad.write_all(&[b'x'; 4096]);
    let mut answer = String::new();
    let _ = bad.read_to_string(&mut answer);
    wait_for("an answer", || ask(&site, &["status"]).status.success());
    assert!(swatch.stop().success());
}

#[test]
fn several_watchers_have_names() {
    let site = site();
    let mut first = start(&site, &[]);
    let other = Site::new();
    other.write("other.conf", "watchfor /x/\n\techo\n");
    other.write("other.log", "");
    let run = site.path("run").display().to_string();
    let args = ["-c", "other.conf", "-t", "other.log", "--insecure"];
    let second = other.start(&[&args[..], &["--runtime-dir", &run]].concat());
    let asked = ask(&site, &["status"]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(said(&asked).contains("gate, other"), "{}", said(&asked));
    assert!(ask(&site, &["status", "other"]).status.success());
    assert_eq!(ask(&site, &["reload", "neither"]).status.code(), Some(2));
    drop(second);
    // One that was killed is not counted.
    assert!(ask(&site, &["status"]).status.success());
    assert!(first.stop().success());
}
