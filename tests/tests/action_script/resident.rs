//! The same events through the helper that stays and with a process each.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    process::{Command, Stdio},
};

use serde_json::Value;
use swatch_tests::{
    action::{Sandbox, err, out, wait_for},
    live::Site,
    program::{swatch_action, swatch_rs},
};

use crate::original::{Given, events};

/// An `nft` that takes everything.
const NFT: &str = "#!/bin/sh\ncat >> \"${0%/*}/../nft\"\n";

/// A mailer as the sandbox's, for more mails than there are numbers of processes.
const SENDMAIL: &str = "#!/bin/sh\nmail=$(mktemp \"${0%/*}/../mails/XXXXXXXXXX\")\n\
                        cat > \"$mail\" && mv \"$mail\" \"$mail.mail\"\n";

/// The results of all events.
#[derive(Debug, PartialEq, Eq)]
struct Results {
    printed: Vec<String>,
    complaints: Vec<String>,
    logs: BTreeMap<String, String>,
    history: Vec<Value>,
    locks: Vec<Value>,
    rules: String,
    /// The calls of the firewall, in order.
    calls: Vec<String>,
    /// The addresses that nft was told of.
    told: Vec<String>,
    jobs: usize,
    mails: Vec<String>,
}

#[test]
fn the_same_through_the_helper_that_stays() {
    let events = events();
    assert_eq!(events.len(), 445);
    for firewall in ["iptables", "nftables"] {
        let each = results(&events, firewall, &["--no-resident"]);
        let stays = results(&events, firewall, &[]);
        assert_ne!(each.locks.len(), 0, "{each:?}");
        // Part by part: together they are too long to be compared by eye.
        assert_eq!(stays.printed, each.printed, "{firewall}");
        assert_eq!(stays.complaints, each.complaints, "{firewall}");
        assert_eq!(stays.history, each.history, "{firewall}");
        assert_eq!(stays.locks, each.locks, "{firewall}");
        assert_eq!(stays.calls, each.calls, "{firewall}");
        assert_eq!(stays.logs, each.logs, "{firewall}");
        assert_eq!(stays.mails, each.mails, "{firewall}");
        assert_eq!(stays, each, "{firewall}");
    }
}

/// Plays all events, the ones of a part in one run of swatch-rs.
fn results(events: &[Given], firewall: &str, args: &[&str]) -> Results {
    let (site, sandbox) = (Site::new(), Sandbox::new());
    sandbox.stand_in("nft", NFT);
    sandbox.stand_in("sendmail", SENDMAIL);
    // Once is enough for the mails, of which there are hundreds.
    let mail = if firewall == "iptables" { "root" } else { "" };
    sandbox.set(&format!(
        "mail = \"{mail}\"\nstrict_field = true\nfirewall = \"{firewall}\"\n[ignore]\nown = false\n[whois]\nserver = \"\"\n"
    ));
    let (mut printed, mut complaints) = (Vec::new(), Vec::new());
    for part in parts(events) {
        site.write("conf", rules(&sandbox, part));
        let log: String = part.iter().map(|it| format!("{}\n", it.line)).collect();
        site.write("log", log);
        let mut command = Command::new(swatch_rs());
        command.args(["-c".as_ref(), site.path("conf").as_os_str()]);
        command.args(["-f".as_ref(), site.path("log").as_os_str()]);
        let done = command.args(args).stdin(Stdio::null()).output();
        let done = done.expect("swatch-rs runs");
        assert!(done.status.success(), "{}", err(&done));
        printed.extend(out(&done).lines().map(undated));
        let place = sandbox.path("").display().to_string();
        let told = err(&done).replace(&place, "SANDBOX/");
        // The sums at the end have no order.
        let (mut sums, ordered): (Vec<_>, Vec<_>) =
            told.lines().partition(|line| line.contains(" more time"));
        sums.sort_unstable();
        complaints.extend([ordered, sums].concat().into_iter().map(str::to_owned));
    }
    let locks = locks(&sandbox);
    // There are hundreds, sent one after another.
    let wanted = if mail.is_empty() {
        0
    } else {
        locks_told(&sandbox)
    };
    let mut came = 0;
    while came < wanted {
        wait_for("another mail", || crate::mail_files(&sandbox).len() > came);
        came = crate::mail_files(&sandbox).len();
    }
    let calls = sandbox.text("calls");
    Results {
        printed,
        complaints,
        logs: crate::logs(&sandbox).into_iter().collect(),
        history: history(&sandbox),
        locks,
        rules: sandbox.text("rules"),
        calls: calls
            .lines()
            .filter(is_certain)
            .map(str::to_owned)
            .collect(),
        told: told(&sandbox.text("nft")),
        jobs: sandbox.files("jobs"),
        mails: mails(&sandbox),
    }
}

/// Cuts the events so that in each part equal lines have equal arguments.
fn parts(events: &[Given]) -> Vec<&[Given]> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for (at, event) in events.iter().enumerate() {
        if *seen.entry(&event.line).or_insert(&event.words) != event.words {
            parts.push(&events[start..at]);
            start = at;
            seen = HashMap::from([(event.line.as_str(), event.words.as_str())]);
        }
    }
    parts.push(&events[start..]);
    parts
}

/// A rule for each line.
fn rules(sandbox: &Sandbox, events: &[Given]) -> String {
    let mut seen = HashSet::new();
    let mut rules = String::new();
    for event in events.iter().filter(|it| seen.insert(&it.line)) {
        let quoted = |c: char| match c {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
            // One character or its two bytes.
            _ => "[^ ]{1,2}".to_owned(),
        };
        let pattern: String = event.line.chars().map(quoted).collect();
        rules.push_str(&format!(
            "watchfor /^{pattern}$/\n\tpipe \"{} {} --config {}\"\n",
            swatch_action().display(),
            event.words,
            sandbox.path("action.toml").display()
        ));
    }
    rules
}

/// `Sun Nov 22 20:03:36 UTC 2026 203.0.113.9 1` without the date.
fn undated(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.get(5).is_some_and(|year| year.parse::<u32>().is_ok()) {
        true => words[6..].join(" "),
        false => line.to_owned(),
    }
}

/// Without times: those of two runs differ.
fn timeless(mut value: Value) -> Value {
    let fields = value.as_object_mut().expect("an object");
    for time in [
        "time",
        "since",
        "until",
        "renewed",
        "job",
        "seconds_left",
        "left",
    ] {
        // That there is one stays.
        if let Some(found) = fields.get_mut(time)
            && !found.is_null()
        {
            *found = Value::Bool(true);
        }
    }
    if fields.get("event").is_some_and(|event| event == "renewed") {
        fields.remove("why");
    }
    value
}

fn history(sandbox: &Sandbox) -> Vec<Value> {
    let days = fs::read_dir(sandbox.path("state/history")).expect("a history");
    let mut days: Vec<_> = days.flatten().map(|day| day.path()).collect();
    days.sort();
    let text: String = days
        .iter()
        .map(|day| fs::read_to_string(day).expect("text"))
        .collect();
    let lines = text.lines().map(serde_json::from_str);
    let mut history: Vec<Value> = lines.map(|line| timeless(line.expect("JSON"))).collect();
    // A lock is noted once it is made: events of other addresses may come before.
    history.sort_by_key(|event| event["address"].to_string());
    history
}

fn locks(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(&["list", "--json"], b"");
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let locks = listed.as_array().or(listed["locks"].as_array());
    let mut locks: Vec<Value> = locks
        .expect("a list")
        .iter()
        .cloned()
        .map(timeless)
        .collect();
    locks.sort_by_key(Value::to_string);
    locks
}

/// The number of locks that are worth a mail: new and renewed ones.
fn locks_told(sandbox: &Sandbox) -> usize {
    let told = |it: &&Value| it["event"] == "locked" || it["event"] == "renewed";
    history(sandbox).iter().filter(told).count()
}

/// The heads of the mails: a body has the lines of the address at the moment at which it is sent.
fn mails(sandbox: &Sandbox) -> Vec<String> {
    let head = |mail: String| {
        let lines = mail.lines().take_while(|line| !line.is_empty());
        let lines = lines.filter(|line| !line.starts_with("Date: "));
        lines.collect::<Vec<_>>().join("\n")
    };
    let files = crate::mail_files(sandbox);
    let mut mails: Vec<String> = files
        .iter()
        .map(|path| head(fs::read_to_string(path).expect("a mail")))
        .collect();
    mails.sort();
    mails
}

/// The addresses in what nft was told.
fn told(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || ".:/".contains(c)));
    let mut told: Vec<String> = words
        .filter(|word| word.parse::<std::net::IpAddr>().is_ok())
        .map(str::to_owned)
        .collect();
    told.sort();
    told.dedup();
    told
}

/// False for jobs, which end at a full minute: where the next one has begun, an event renews its lock.
fn is_certain(call: &&str) -> bool {
    !call.starts_with("at ") && !call.starts_with("atrm ")
}
