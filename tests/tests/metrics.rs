//! Metrics, read by a real Prometheus and a real node_exporter, and the same figures everywhere.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use swatch_tests::live::{Running, Site, wait_for};
use swatch_tests::program::swatch_action;
use swatch_tests::skip::skipped;

/// A condition that would break a label that is not escaped.
const HOSTILE: &str = "/x\"\\d{2}<b>},\\\\/";

fn rules() -> String {
    format!(
        "watchfor /once/\n\techo\n\texec true\n\tthrottle 1:00:00,key=x\n\
         watchfor /fails/\n\texec false\nwatchfor /hangs/\n\texec sleep 60\nwatchfor {HOSTILE}\n\techo\n"
    )
}

/// A watcher with metrics in `NAME.prom` and over HTTP, and events as JSON in `err`.
fn start(site: &Site, name: &str) -> (Running, u16) {
    let conf = "ga\"t\\e.conf";
    site.write(conf, rules());
    site.write("log", "");
    let pid_file = format!("{name}.pid");
    let metrics = format!("{name}.prom");
    let running = site.start(&[
        "-c",
        conf,
        "-t",
        "log",
        "--insecure",
        "--pid-file",
        &pid_file,
        "--runtime-dir",
        "run",
        "--metrics",
        &metrics,
        "--metrics-interval",
        "1",
        "--metrics-listen",
        "0",
        "--action-timeout",
        "1",
        "--log-format",
        "json",
        "--log-level",
        "debug",
    ]);
    let text = site.read("err");
    let (_, rest) = text.split_once("http://127.0.0.1:").expect("the address");
    let port = rest.split('/').next().and_then(|port| port.parse().ok());
    (running, port.expect("a port"))
}

/// The status line and headers, and the body, of an answer.
fn http(port: u16, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a limit");
    // It may answer and close before all is written.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

fn get(port: u16, path: &str) -> String {
    http(port, &format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n")).1
}

/// The sum of the series of a name with a text among their labels.
fn sum(metrics: &str, name: &str, label: &str) -> f64 {
    let series = metrics.lines().filter(|line| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('{'))
            && line.contains(label)
    });
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
    series.map(|line| value(line).unwrap_or(f64::NAN)).sum()
}

fn status(site: &Site) -> Value {
    let mut command = site.swatch(&["status", "--json", "--runtime-dir", "run"]);
    let output = command.stdout(Stdio::piped()).output().expect("it runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn metrics_events_and_status_tell_the_same() {
    let site = Site::new();
    let (mut swatch, port) = start(&site, "gate");
    let lines = [
        "once",
        "once",
        "fails",
        "hangs",
        "fails",
        "x\"11<b>},\\",
        "\u{1b}[1m\u{202e}none",
    ];
    for line in lines {
        site.append("log", line);
    }
    let size = fs::metadata(site.path("log")).expect("the log").len();
    wait_for("the lines", || {
        let watch = &status(&site)["watches"][0];
        watch["files"][0]["position"] == size && watch["busy_seconds"].is_null()
    });
    let metrics = get(port, "/metrics");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let watch = &status(&site)["watches"][0];
    let events: Vec<Value> = site
        .read("err")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told = |kind: &str| events.iter().filter(|event| event["event"] == kind).count() as f64;
    let shown = |list: &str, name: &str, is: &dyn Fn(&Value) -> bool| -> f64 {
        let list = watch[list].as_array().expect("a list");
        let counts = list.iter().filter(|one| is(one));
        counts.filter_map(|one| one[name].as_f64()).sum()
    };
    let any = |_: &Value| true;
    assert_eq!(
        sum(&metrics, "swatch_lines_total", "ga\\\"t\\\\e.conf"),
        7.0,
        "{metrics}"
    );
    assert_eq!(watch["records"], 7);
    for (metric, field, event, count) in [
        ("swatch_rule_matches_total", "matched", "matched", 6.0),
        ("swatch_rule_throttled_total", "throttled", "throttled", 1.0),
    ] {
        assert_eq!(sum(&metrics, metric, ""), count, "{metrics}");
        assert_eq!(shown("rules", field, &any), count);
        assert_eq!(told(event), count);
    }
    // echo: 2; exec: 1 true, 2 false, 1 at its time limit.
    let actions = |result: &str| sum(&metrics, "swatch_actions_total", &format!("\"{result}\""));
    assert_eq!(
        ["ok", "failed", "timed_out"].map(actions),
        [3.0, 2.0, 1.0],
        "{metrics}"
    );
    for result in ["ok", "failed", "timed_out"] {
        let is = |one: &Value| one["result"] == result;
        assert_eq!(shown("actions", "count", &is), actions(result));
    }
    assert_eq!(told("action_started"), 6.0);
    assert_eq!(told("action_ended"), 1.0);
    let failures = events
        .iter()
        .filter(|event| event["event"] == "action_failed");
    let reported: u64 = failures.filter_map(|event| event["times"].as_u64()).sum();
    // Of the same failure only the first is told at once.
    assert_eq!(reported, 2);
    let escaped = "pattern=\"/x\\\"\\\\d{2}<b>},\\\\\\\\/\"";
    assert_eq!(
        sum(&metrics, "swatch_rule_matches_total", escaped),
        1.0,
        "{metrics}"
    );
    assert!(swatch.stop().success());
    // The last file has the last figures, and the events now have every failure.
    let file = site.read("gate.prom");
    assert_eq!(sum(&file, "swatch_rule_matches_total", ""), 6.0, "{file}");
    assert_eq!(sum(&file, "swatch_watch_up", ""), 0.0, "{file}");
    let times = |line: &str| serde_json::from_str::<Value>(line).ok()?["times"].as_u64();
    let text = site.read("err");
    let failed = text
        .lines()
        .filter(|line| line.contains("\"action_failed\""));
    assert_eq!(failed.filter_map(times).sum::<u64>(), 3);
}

#[test]
fn other_requests_are_bounded_and_refused() {
    let site = Site::new();
    let (mut swatch, port) = start(&site, "gate");
    let status = |request: &str| {
        http(port, request)
            .0
            .lines()
            .next()
            .unwrap_or("")
            .to_owned()
    };
    for (request, wanted) in [
        ("GET / HTTP/1.1\r\n\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
        ("nonsense\r\n\r\n", "400"),
        ("GET /metrics HTTP/2\r\n\r\n", "505"),
        ("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
    ] {
        let line = status(request);
        assert!(
            line.starts_with(&format!("HTTP/1.1 {wanted} ")),
            "{request}: {line}"
        );
    }
    assert!(status(&"x".repeat(9000)).contains("431"));
    let hanging: Vec<_> = (0..16)
        .map(|_| TcpStream::connect(("127.0.0.1", port)))
        .collect();
    site.append("log", "once");
    wait_for("the line", || site.count("out", "once") == 1);
    drop(hanging);
    wait_for("an answer", || get(port, "/metrics").ends_with("# EOF\n"));
    let (head, _) = http(port, "GET /metrics?x HTTP/1.1\r\n\r\n");
    assert!(
        head.contains("application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    assert!(swatch.stop().success());
}

/// A server of the test, ended with the value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn serve(site: &Site, program: &str, args: &[String]) -> Option<Server> {
    if !Path::new("/usr/bin").join(program).exists() {
        skipped("metrics", &format!("there is no {program}"));
        return None;
    }
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let log = fs::File::create(site.path(program)).expect("a log");
    command.stdout(log.try_clone().expect("a log")).stderr(log);
    Some(Server(command.spawn().expect("it starts")))
}

/// Locks, an unlock and events that are ignored; their metrics in `prom/action.prom`.
fn locks(site: &Site) {
    site.write(
        "action.toml",
        format!(
            "mail = \"\"\nlog_dir = \"{}\"\nstate_dir = \"{}\"\nfirewall = \"none\"\n\
             [ignore]\nnetworks = [\"198.51.100.0/24\"]\n[whois]\nserver = \"\"\n",
            site.path("l").display(),
            site.path("s").display(),
        ),
    );
    let file = site.path("prom/action.prom").display().to_string();
    for words in [
        &["--ip", "203.0.113.9", "lock"][..],
        &["--ip", "203.0.113.10", "lock"],
        &["--ip", "2001:db8::1", "lock"],
        &["--ip", "203.0.113.11"],
        &["--ip", "198.51.100.1"],
        &["--ip", "10.0.0.1"],
        &["unlock", "203.0.113.9"],
        &["metrics", "--output", &file],
    ] {
        let mut command = Command::new(swatch_action());
        site.prepare(&mut command);
        let status = command
            .args(words)
            .args(["--config", "action.toml"])
            .status();
        assert!(
            status.expect("it runs").success(),
            "{words:?}: {}",
            site.read("err")
        );
    }
}

/// What Prometheus' own check says of files for node_exporter.
fn promtool(site: &Site, files: &[&str]) {
    if !Path::new("/usr/bin/promtool").exists() {
        return skipped("metrics by promtool", "there is no promtool");
    }
    for name in files {
        let file = fs::File::open(site.path("prom").join(name)).expect("a file of metrics");
        let mut command = Command::new("promtool");
        let output = command.args(["check", "metrics"]).stdin(file).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{name}: {output:?}");
    }
}

#[test]
fn node_exporter_takes_the_files_of_two_watchers() {
    let site = Site::new();
    fs::create_dir(site.path("prom")).expect("a folder");
    let (one, two) = (Site::new(), Site::new());
    let (mut first, _) = start(&one, "one");
    let (mut second, _) = start(&two, "two");
    one.append("log", "once");
    two.append("log", "once");
    two.append("log", "fails");
    wait_for("the lines", || {
        two.count("out", "once") + one.count("out", "once") == 2
    });
    assert!(first.stop().success() && second.stop().success());
    for (site_of, name) in [(&one, "one.prom"), (&two, "two.prom")] {
        fs::copy(site_of.path(name), site.path("prom").join(name)).expect("a file of metrics");
    }
    locks(&site);
    promtool(&site, &["one.prom", "two.prom", "action.prom"]);
    let port = free_port();
    let Some(_exporter) = serve(
        &site,
        "prometheus-node-exporter",
        &[
            "--collector.disable-defaults".to_owned(),
            "--collector.textfile".to_owned(),
            format!(
                "--collector.textfile.directory={}",
                site.path("prom").display()
            ),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ],
    ) else {
        return;
    };
    wait_for("node_exporter", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let metrics = get(port, "/metrics");
    assert!(
        metrics.contains("node_textfile_scrape_error 0"),
        "{metrics}"
    );
    assert_eq!(
        sum(&metrics, "swatch_lines_total", "daemon=\"one\""),
        1.0,
        "{metrics}"
    );
    assert_eq!(
        sum(&metrics, "swatch_lines_total", "daemon=\"two\""),
        2.0,
        "{metrics}"
    );
    assert!(
        metrics.contains("# TYPE swatch_lines_total counter"),
        "{metrics}"
    );
    let four = "family=\"ipv4\"";
    assert_eq!(sum(&metrics, "swatch_locks", four), 1.0, "{metrics}");
    assert_eq!(
        sum(&metrics, "swatch_locks_made_total", four),
        2.0,
        "{metrics}"
    );
    assert_eq!(
        sum(&metrics, "swatch_locks", "family=\"ipv6\""),
        1.0,
        "{metrics}"
    );
    for (decision, count) in [("counted", 1.0), ("locked", 3.0), ("ignored", 2.0)] {
        let label = format!("decision=\"{decision}\"");
        assert_eq!(
            sum(&metrics, "swatch_decisions_day", &label),
            count,
            "{metrics}"
        );
    }
    assert_eq!(
        sum(&metrics, "swatch_decisions_day", "private"),
        1.0,
        "{metrics}"
    );
    assert_eq!(
        sum(&metrics, "swatch_decisions_day", "ignore_list"),
        1.0,
        "{metrics}"
    );
    let series = |text: &str| text.lines().filter(|l| l.starts_with("swatch_")).count();
    let files = one.read("one.prom") + &two.read("two.prom") + &site.read("prom/action.prom");
    assert_eq!(series(&metrics), series(&files), "{metrics}");
}

#[test]
fn prometheus_reads_what_is_served() {
    let site = Site::new();
    let (mut swatch, watcher) = start(&site, "gate");
    site.append("log", "x\"11<b>},\\");
    wait_for("the line", || site.count("out", "x") == 1);
    site.write(
        "prometheus.yml",
        format!(
            "scrape_configs:\n- job_name: swatch\n  scrape_interval: 1s\n  static_configs:\n\
             \x20 - targets: ['127.0.0.1:{watcher}']\n"
        ),
    );
    let port = free_port();
    let Some(_prometheus) = serve(
        &site,
        "prometheus",
        &[
            format!("--config.file={}", site.path("prometheus.yml").display()),
            format!("--storage.tsdb.path={}", site.path("tsdb").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ],
    ) else {
        return;
    };
    let query = |name: &str| -> Value {
        if TcpStream::connect(("127.0.0.1", port)).is_err() {
            return Value::Null;
        }
        let body = get(port, &format!("/api/v1/query?query={name}"));
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        answer["data"]["result"].clone()
    };
    wait_for("a scrape", || query("up")[0]["value"][1] == "1");
    let found = query("swatch_rule_matches_total");
    let found = found.as_array().expect("a list");
    let hostile = found
        .iter()
        .find(|series| series["metric"]["pattern"] == HOSTILE);
    let hostile = hostile.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(hostile["value"][1], "1");
    assert_eq!(hostile["metric"]["watch"], "ga\"t\\e.conf");
    assert_eq!(hostile["metric"]["daemon"], "gate");
    let served = get(watcher, "/metrics");
    let names: std::collections::BTreeSet<&str> = served
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('{').next())
        .collect();
    assert!(names.len() >= 12, "{served}");
    for name in names {
        let count = served
            .lines()
            .filter(|l| l.starts_with(&format!("{name}{{")))
            .count();
        assert_eq!(query(name).as_array().map(Vec::len), Some(count), "{name}");
    }
    assert!(swatch.stop().success());
}
