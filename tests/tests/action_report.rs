//! `show` and `report`: the story of an address, and the page for all of them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use swatch_tests::{
    action::{Sandbox, err, feed, out},
    skip::skipped,
};

mod action_report_mmdb;

/// A user name that tries to be markup, the end of an attribute, a colour of the terminal, and
/// text that runs to the left.
const HOSTILE: &str =
    "<script>alert(1)</script>\"'&lt;</title>\u{1b}[31m\u{202e}gnp.exe\u{2066}\u{7f}\u{9b}";

fn event(sandbox: &Sandbox, address: &str, user: &str, rule: &str, words: &[&str]) -> Output {
    let line =
        format!("Nov 22 20:00:00 box sshd[7]: Invalid user {user} from {address} port 4711\n");
    let mut command = sandbox.command(&[&["auto"], words].concat());
    command.env("SWATCH_RULE", rule);
    feed(&mut command, line.as_bytes())
}

/// A sandbox with a lock by events, one by hand, a past one, and events that were not counted.
fn attacked() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.set(
        "mail = \"\"\nfirewall = \"none\"\ngrowth = 2.0\n[ignore]\nnetworks = [\"198.51.100.0/24\"]\n\
         [whois]\nserver = \"\"\n",
    );
    for _ in 0..3 {
        let output = event(
            &sandbox,
            "203.0.113.9",
            HOSTILE,
            "/etc/swatch/a.conf:12",
            &[],
        );
        assert!(output.status.success(), "{}", err(&output));
    }
    let ignored = event(&sandbox, "198.51.100.1", "bob", "/etc/swatch/a.conf:3", &[]);
    assert!(ignored.status.success(), "{}", err(&ignored));
    assert!(event(&sandbox, "10.0.0.1", "bob", "", &[]).status.success());
    assert_eq!(
        sandbox.run(&["auto"], b"no address\n").status.code(),
        Some(1)
    );
    for words in [
        &["lock", "203.0.113.20", "--reason", "seen\u{202e}"][..],
        &["lock", "203.0.113.30", "--for", "2h"],
        &["unlock", "203.0.113.30"],
        &["lock", "203.0.113.30"],
    ] {
        let output = sandbox.run(words, b"");
        assert!(output.status.success(), "{words:?}: {}", err(&output));
    }
    sandbox
}

fn has_controls(text: &str) -> bool {
    let bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{9b}');
    text.chars()
        .any(|c| (c.is_control() && c != '\n') || bidi(c))
}

#[test]
fn show_tells_who_locked_and_why_for_so_long() {
    let sandbox = attacked();
    let text = out(&sandbox.run(&["show", "203.0.113.9"], b""));
    for part in [
        "locked by: rule /etc/swatch/a.conf:12\n",
        "length: 1d, the lock time\n",
        " counted, line 1, rule /etc/swatch/a.conf:12, address by auto (openssh)\n",
        " counted, line 2, rule",
        " locked, line 3, rule",
        "Invalid user <script>alert(1)</script>",
        "\\u{202e}gnp.exe",
        "log/203.0.113.9: these 3 lines\n",
    ] {
        assert!(text.contains(part), "{part:?}: {text}");
    }
    assert!(!has_controls(&text), "{text:?}");

    let text = out(&sandbox.run(&["show", "203.0.113.20"], b""));
    assert!(text.contains("locked by: hand\n"), "{text}");
    let text = out(&sandbox.run(&["show", "203.0.113.30"], b""));
    assert!(
        text.contains("length: 2d: locked 1 times before, 1d × 2 each time\n"),
        "{text}"
    );
    assert!(
        text.contains("locked, by hand") && text.contains(": 2h, as requested\n"),
        "{text}"
    );

    let json = sandbox.run(&["show", "203.0.113.9", "--json"], b"");
    let story: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(story["lock"]["locked_by"], "rule /etc/swatch/a.conf:12");
    assert_eq!(story["events"].as_array().map(Vec::len), Some(3));
    assert_eq!(story["events"][2]["event"], "locked");
    assert!(story["events"][2]["until"].as_i64().is_some());
    let free = sandbox.run(&["show", "192.0.2.77", "--json"], b"");
    let story: Value = serde_json::from_slice(&free.stdout).expect("JSON");
    assert!(story["lock"].is_null() && story["log"].is_null());
}

#[test]
fn a_renewed_lock_and_a_line_that_anybody_can_forge_are_told() {
    let sandbox = attacked();
    let output = event(&sandbox, "203.0.113.9", "bob", "/etc/swatch/a.conf:14", &[]);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&sandbox.run(&["show", "203.0.113.9"], b""));
    assert!(
        text.contains(" renewed, line 4, rule /etc/swatch/a.conf:14"),
        "{text}"
    );
    let forged =
        b"Nov 22 20:00:00 box kernel: [1.2] x IN=eth0 OUT= MAC=00 SRC=203.0.113.50 DST=192.0.2.1 \
        LEN=40 TOS=0x00 PREC=0x00 TTL=1 ID=1 PROTO=UDP SPT=1 DPT=2\n";
    let output = sandbox.run(&["auto", "lock"], forged);
    assert!(output.status.success(), "{}", err(&output));
    let text = out(&sandbox.run(&["show", "203.0.113.50"], b""));
    assert!(
        text.contains(" refused, line 1") && text.contains("forge"),
        "{text}"
    );
    let text = out(&sandbox.run(&["report"], b""));
    assert!(text.contains("Not locked although due"), "{text}");
}

#[test]
fn a_report_fits_the_width_and_counts() {
    let sandbox = attacked();
    for columns in ["80", "40", "120"] {
        let mut command = sandbox.command(&["report"]);
        command.env("COLUMNS", columns).env("LC_ALL", "C.UTF-8");
        let output = feed(&mut command, b"");
        let text = out(&output);
        assert!(output.status.success(), "{}", err(&output));
        assert!(!has_controls(&text), "{text:?}");
        let width: usize = columns.parse().expect("a number");
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{columns}: {line}");
        }
    }
    let mut command = sandbox.command(&["report"]);
    command.env("LC_ALL", "C").env_remove("COLUMNS");
    let text = out(&feed(&mut command, b""));
    for part in [
        "  3  locked now\n",
        "  4  locks made\n",
        "  3  events counted\n",
        "  3  events ignored\n",
        "openssh",
        "/etc/swatch/a.conf:12",
        "by hand",
        "ignored by the settings",
        "a private or special address",
        "the line names no address",
        "Locked more than once: 1 addresses",
        "unlocked 1",
        "#",
    ] {
        assert!(text.contains(part), "{part:?}: {text}");
    }
}

/// The page is checked by tidy, and holds no script, no link to elsewhere and no text of an
/// attacker that is more than text.
#[test]
fn a_page_is_valid_and_log_text_stays_text() {
    let sandbox = attacked();
    let page = sandbox.path("page.html");
    let words = [
        "report",
        "--html",
        page.to_str().expect("UTF-8"),
        "--since",
        "7d",
    ];
    let output = sandbox.run(&words, b"");
    assert!(output.status.success(), "{}", err(&output));
    let text = fs::read_to_string(&page).expect("a page");
    assert!(
        text.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;'&amp;lt;"),
        "{text}"
    );
    assert!(
        text.contains("\\x1b[31m\\u{202e}gnp.exe\\u{2066}\\x7f\\u{9b}"),
        "{text}"
    );
    assert!(!has_controls(&text));
    for forbidden in [
        "<script", "src=", "http://", "https://", "@import", "url(", "onload", "<link",
    ] {
        assert!(!text.contains(forbidden), "{forbidden}");
    }
    assert_eq!(
        text.matches("</title>").count(),
        1 + text.matches("<rect").count() - bars(&text)
    );
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(&page).expect("a page").permissions(),
    );
    assert_eq!(mode & 0o777, 0o640);
    tidy(&page);
}

/// The rectangles without a title: the bars of tables.
fn bars(text: &str) -> usize {
    text.matches("<rect class=").count()
}

fn tidy(page: &Path) {
    if !Path::new("/usr/bin/tidy").exists() {
        return skipped("a page by tidy", "tidy is not installed");
    }
    let output = Command::new("/usr/bin/tidy")
        .args(["-q", "-e", "-utf8"])
        .arg(page)
        .output()
        .expect("tidy");
    let complaints = err(&output);
    assert!(complaints.is_empty(), "{complaints}");
}

#[test]
fn an_empty_state_and_one_without_a_history_are_reported() {
    let sandbox = Sandbox::new();
    let page = sandbox.path("page.html");
    let words = ["report", "--html", page.to_str().expect("UTF-8")];
    let output = sandbox.run(&words, b"");
    assert!(output.status.success(), "{}", err(&output));
    tidy(&page);
    let text = out(&sandbox.run(&["report"], b""));
    assert!(
        text.contains("Locked now\n") && text.contains("nothing"),
        "{text}"
    );
    assert!(!sandbox.path("state").exists(), "a report makes no state");

    sandbox
        .set("mail = \"\"\nfirewall = \"none\"\nkeep_history = \"0s\"\n[whois]\nserver = \"\"\n");
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    assert!(!sandbox.path("state/history").exists());
    let text = out(&sandbox.run(&["report"], b""));
    assert!(
        text.contains("  1  locks made\n") && text.contains("keep_history"),
        "{text}"
    );
    let text = out(&sandbox.run(&["show", "203.0.113.9"], b""));
    assert!(
        text.contains("an event that the history does not have"),
        "{text}"
    );
    assert!(text.contains("Invalid user bob from 203.0.113.9"), "{text}");
}

/// The format of the state before there was a history is still read, by `report` and by `show`.
#[test]
fn the_state_of_an_older_program_is_reported() {
    let sandbox = attacked();
    let db = rusqlite::Connection::open(sandbox.path("state/state.db")).expect("the state");
    db.execute_batch("ALTER TABLE locks DROP COLUMN renewed; PRAGMA user_version = 1;")
        .expect("the older format");
    drop(db);
    fs::remove_dir_all(sandbox.path("state/history")).expect("no history");
    let text = out(&sandbox.run(&["report"], b""));
    assert!(text.contains("  3  locked now\n"), "{text}");
    assert!(text.contains("There is no history yet"), "{text}");
}

#[test]
fn country_and_system_come_from_local_databases() {
    let sandbox = attacked();
    let countries = sandbox.path("countries.mmdb");
    let systems = sandbox.path("systems.mmdb");
    action_report_mmdb::write_country(&countries, [203, 0, 113], "NL", "Nether<b>lands");
    action_report_mmdb::write_system(&systems, [203, 0, 113], 64500, "Ex\u{202e}Net");
    sandbox.set(&format!(
        "mail = \"\"\nfirewall = \"none\"\ngeo_databases = [\"{}\", \"{}\"]\n",
        countries.display(),
        systems.display()
    ));
    let text = out(&sandbox.run(&["report"], b""));
    assert!(text.contains("NL Nether<b>lands"), "{text}");
    assert!(text.contains("AS64500 Ex\\u{202e}Net"), "{text}");
    let page = sandbox.path("page.html");
    let words = ["report", "--html", page.to_str().expect("UTF-8")];
    assert!(sandbox.run(&words, b"").status.success());
    let html = fs::read_to_string(&page).expect("a page");
    assert!(html.contains("NL Nether&lt;b&gt;lands"), "{html}");
    tidy(&page);

    fs::write(&countries, "no database").expect("a file");
    let output = sandbox.run(&["report"], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("geo_databases") && err(&output).contains("countries.mmdb"),
        "{}",
        err(&output)
    );
    assert!(out(&output).contains("AS64500"), "the others are used");
}

/// The text of an attacker, in every other answer of the helper.
#[test]
fn no_answer_passes_on_controls_of_a_log() {
    let sandbox = attacked();
    let answers: [&[&str]; 9] = [
        &["list"],
        &["list", "--wide"],
        &["list", "--json"],
        &["show", "203.0.113.9"],
        &["show", "203.0.113.9", "--json"],
        &["stats"],
        &["report"],
        &["metrics"],
        &["check"],
    ];
    let mut all = String::new();
    for words in answers {
        let output = sandbox.run(words, b"");
        assert!(output.status.success(), "{words:?}: {}", err(&output));
        let text = out(&output) + &err(&output);
        assert!(!has_controls(&text), "{words:?}: {text:?}");
        if words.contains(&"--json") {
            let found: Value = serde_json::from_str(&out(&output)).expect("JSON");
            assert!(found.to_string().contains("<script>alert(1)"), "{words:?}");
        }
        all += &text;
    }
    assert!(all.contains("\\u{202e}gnp.exe"), "{all}");
    for format in ["text", "json"] {
        let words = ["--log-format", format, "--log-level", "debug"];
        let told = event(&sandbox, "203.0.113.50", HOSTILE, HOSTILE, &words);
        let text = out(&told) + &err(&told);
        assert!(told.status.success() && !text.is_empty(), "{text}");
        assert!(!has_controls(&text), "{format}: {text:?}");
    }
}
