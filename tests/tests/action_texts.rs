//! Messages of swatch-action about unusable directories and settings: the problem, the place, and
//! the fix.

use std::{fs, os::unix::fs::symlink, process::Output};

use swatch_tests::{
    action::{Sandbox, err, no_network, out},
    skip::skipped,
};

/// The date of today in UTC, which names the day's file of the history.
fn utc_day() -> String {
    let date = std::process::Command::new("date")
        .args(["-u", "+%F"])
        .output();
    out(&date.expect("date runs")).trim().to_owned()
}

/// A sandbox without `log_dir` and `state_dir`, which the test provides.
struct Bare(Sandbox);

impl Bare {
    fn new() -> Self {
        let made = Self(Sandbox::new());
        fs::write(made.0.path("file"), "").expect("a file");
        symlink(made.0.path("nowhere"), made.0.path("link")).expect("a link");
        made
    }

    fn settings(&self, text: &str) {
        let here = self.0.path("").display().to_string();
        let here = here.trim_end_matches('/');
        let text = format!(
            "{}\nmail = \"\"\nfirewall = \"none\"\n[whois]\nserver = \"\"\n",
            text.replace("HERE", here)
        );
        fs::write(self.0.path("action.toml"), text).expect("settings");
    }

    /// Exit code and standard error, with `HERE` for the sandbox.
    fn said(&self, output: &Output) -> (i32, String) {
        let here = self.0.path("").display().to_string();
        let text = err(output).replace(here.trim_end_matches('/'), "HERE");
        (output.status.code().unwrap_or(-1), text)
    }
}

#[test]
fn a_log_folder_that_is_none() {
    let bare = Bare::new();
    for (dir, said) in [
        (
            "HERE/file",
            "the log directory HERE/file: HERE/file is not a directory: move it away, or name another directory in `log_dir` (--log-dir)",
        ),
        (
            "HERE/link/logs",
            "the log directory HERE/link/logs: HERE/link is a link to HERE/nowhere, which is not there: make that directory, or name another one in `log_dir` (--log-dir)",
        ),
    ] {
        bare.settings(&format!("log_dir = \"{dir}\"\nstate_dir = \"HERE/state\""));
        let output = bare.0.event("203.0.113.9", &[]);
        let (code, text) = bare.said(&output);
        let start = format!(
            "swatch-action: {said}; until this is fixed, events are counted in HERE/state/unstored-"
        );
        assert!(text.starts_with(&start) && code == 1, "{dir}: {text}");
    }
}

#[test]
fn a_state_folder_that_is_none_does_not_keep_from_locking() {
    let bare = Bare::new();
    bare.settings("log_dir = \"HERE/log\"\nstate_dir = \"HERE/file\"");
    let output = bare.0.event("203.0.113.9", &["lock"]);
    assert!(out(&output).ends_with("203.0.113.9 1 lock!\n"));
    assert_eq!(
        bare.said(&output),
        (
            1,
            format!(
                "swatch-action: no history is kept for `show` and `report`: cannot write to HERE/file/history/{}.jsonl: \
                 Not a directory (os error 20)\nswatch-action: the state directory HERE/file: HERE/file is not a directory: \
                 move it away, or name another directory in `state_dir` (--state-dir); locked without it\n",
                utc_day()
            )
        )
    );
    let (code, text) = bare.said(&bare.0.run(&["list"], b""));
    assert_eq!(code, 1);
    assert!(
        text.contains("its directory is a file: name another one with --state-dir"),
        "{text}"
    );
}

#[test]
fn a_database_that_is_a_folder_a_link_or_rubbish() {
    let bare = Bare::new();
    bare.settings("log_dir = \"HERE/log\"\nstate_dir = \"HERE/state\"");
    let db = bare.0.path("state/state.db");
    for (make, said) in [
        ("folder", "it is not a regular file: move it away"),
        ("link", "it is not a regular file: move it away"),
        ("rubbish", "file is not a database: move it away"),
    ] {
        let _ = fs::remove_dir_all(bare.0.path("state"));
        fs::create_dir(bare.0.path("state")).expect("a folder");
        match make {
            "folder" => fs::create_dir(&db).expect("a folder"),
            "link" => symlink("/nowhere", &db).expect("a link"),
            _ => fs::write(&db, "rubbish ".repeat(1000)).expect("a file"),
        }
        for words in [&["10", "lock"][..], &["list"]] {
            let line =
                b"Nov 22 20:00:00 box sshd[7]: Invalid user bob from 203.0.113.9 port 4711\n";
            let (code, text) = bare.said(&bare.0.run(words, line));
            assert_eq!(code, 1, "{make} {words:?}: {text}");
            assert!(
                text.contains("the lock state HERE/state/state.db: ") && text.contains(said),
                "{make} {words:?}: {text}"
            );
        }
    }
}

#[test]
fn a_read_only_disk() {
    if let Some(why) = no_network(&["mount"]) {
        return skipped("a read-only disk", &why);
    }
    let bare = Bare::new();
    bare.settings("log_dir = \"/run/ro\"\nstate_dir = \"/run/ro\"");
    let output = bare.0.in_network(
        "mkdir /run/ro; mount -t tmpfs -o ro,mode=755 none /run/ro
         event() { echo 'a 203.0.113.9' | swatch 2 \"$@\" || echo $?; }
         event lock; event; event; event --count 1",
    );
    let said = out(&output);
    let ends: Vec<&str> = said
        .lines()
        .map(|line| line.split(" 203.0.113.9 ").last().unwrap_or_default())
        .collect();
    assert_eq!(
        ends,
        ["1 lock!", "1", "2", "3 lock!", "1", "4 lock!", "1"],
        "{said}"
    );
    let text = bare.said(&output).1;
    let unstored = "swatch-action: cannot write to /run/ro/203.0.113.9: Read-only file system (os error 30): name a \
        directory on another disk with --log-dir; until this is fixed, events are counted in /run/swatch-action/unstored-";
    assert!(text.contains(unstored), "{text}");
    for once in ["are counted in", "no history is kept"] {
        assert_eq!(text.matches(once).count(), 1, "reported once: {text}");
    }
    assert_eq!(text.matches("; locked without it").count(), 3, "{text}");
}

#[test]
fn a_full_disk() {
    if let Some(why) = no_network(&["mount"]) {
        return skipped("a full disk", &why);
    }
    let bare = Bare::new();
    bare.settings("log_dir = \"/run/full/log\"\nstate_dir = \"/run/full/state\"");
    let output = bare.0.in_network(
        "mkdir /run/full; mount -t tmpfs -o size=256k,mode=755 none /run/full
         mkdir -m 750 /run/full/log /run/full/state
         cat /dev/zero > /run/full/filler 2>/dev/null || true
         for n in 1 2 3; do echo 'a 203.0.113.9' | swatch 2 2>/dev/null || echo $?; done
         rm /run/full/filler
         echo 'a 203.0.113.9' | swatch 2
         grep -c 'could not be stored' /run/full/log/203.0.113.9",
    );
    let said = out(&output);
    let ends: Vec<&str> = said
        .lines()
        .map(|line| line.split(" 203.0.113.9 ").last().unwrap_or_default())
        .collect();
    assert_eq!(
        ends,
        ["1", "1", "2", "3 lock!", "1", "4 lock!", "3"],
        "{said}{}",
        err(&output)
    );
}

#[test]
fn settings_are_refused_with_line_and_column() {
    let bare = Bare::new();
    for (text, said) in [
        (
            "mial = \"x\"",
            &["line 1, column 1", "mial = \"x\"", "unknown field `mial`"][..],
        ),
        (
            "\ncount = \"three\"",
            &["line 2, column 9", "expected a whole number"],
        ),
        (
            "chains = \"INPUT\"",
            &["line 1, column 10", "expected a list"],
        ),
        ("log_dir = /x", &["line 1, column 11", "must be quoted"]),
        (
            "lock_time = \"5 parsecs\"",
            &["line 1, column 13", "use s, m, h, d or w"],
        ),
        (
            "expiry = \"cron\"",
            &["line 1, column 10", "`auto`, `at`, `expire`"],
        ),
        ("count = 0", &["setting `count`: at least 1"]),
    ] {
        bare.settings(text);
        let (code, message) = bare.said(&bare.0.event("203.0.113.9", &[]));
        assert_eq!(code, 2, "{text}: {message}");
        for part in said {
            assert!(message.contains(part), "{text}: {message}");
        }
        if !message.contains("setting `") {
            assert!(
                message.starts_with("swatch-action: HERE/action.toml: "),
                "{message}"
            );
        }
    }
}

#[test]
fn settings_files_that_are_none() {
    let bare = Bare::new();
    fs::write(bare.0.path("binary"), b"mail = \"\xff\"\n").expect("a file");
    for (name, said) in [
        (
            "state",
            "cannot read the settings file HERE/state: No such file or directory (os error 2): name an existing one",
        ),
        (
            "link",
            "cannot read the settings file HERE/link: No such file or directory (os error 2): name an existing one",
        ),
        (
            "jobs",
            "the settings file HERE/jobs is not a regular file: name one with --config",
        ),
        (
            "binary",
            "cannot read the settings file HERE/binary: stream did not contain valid UTF-8: settings are TOML, which must be UTF-8",
        ),
    ] {
        let mut command = std::process::Command::new(swatch_tests::program::swatch_action());
        command.args(["2", "--config"]).arg(bare.0.path(name));
        let output = swatch_tests::action::feed(&mut command, b"a 203.0.113.9\n");
        assert_eq!(bare.said(&output), (2, format!("swatch-action: {said}\n")));
    }
}

#[test]
fn a_mistyped_command_is_answered_with_the_one_that_was_meant() {
    let sandbox = Sandbox::new();
    for (typed, meant) in [
        ("lsit", "list"),
        ("lst", "list"),
        ("hlep", "help"),
        ("unlok", "unlock"),
        ("Check", "check"),
        ("atuo", "auto"),
    ] {
        let output = sandbox.run(&[typed], b"x 203.0.113.9\n");
        assert_eq!(output.status.code(), Some(2), "{typed}");
        let said = err(&output);
        assert!(
            said.contains(&format!("did you mean `swatch-action {meant}`?")),
            "{said}"
        );
    }
    let flag = sandbox.run(&["7", "--lock-tiem", "1h"], b"");
    assert!(err(&flag).contains("--lock-time"), "{}", err(&flag));
    let bare = sandbox.run(&["7", "--lock-time", "24"], b"");
    assert_eq!(bare.status.code(), Some(2));
    assert!(err(&bare).contains("24h"), "{}", err(&bare));
}

#[test]
fn flags_may_stand_before_a_command_and_help_is_a_command() {
    let sandbox = Sandbox::new();
    let state = sandbox.path("other");
    let state = state.to_str().expect("UTF-8");
    let before = sandbox.run(&["--state-dir", state, "--json", "list"], b"");
    assert_eq!(out(&before), "[]\n", "{}", err(&before));
    let both = sandbox.run(&["--count=4", "list", "--state-dir", state], b"");
    assert_eq!(out(&both), "no locks\n", "{}", err(&both));
    let help = swatch_tests::program::swatch_action();
    let said = |words: &[&str]| {
        let mut command = std::process::Command::new(&help);
        out(&swatch_tests::action::feed(command.args(words), b""))
    };
    assert!(said(&["help"]).contains("Exit codes:"));
    let unlock = said(&["help", "unlock"]);
    assert!(unlock.contains("unlock [OPTIONS] --all"), "{unlock}");
}

/// script(1) gives the program a terminal of 60 columns.
#[test]
fn a_list_fits_the_terminal() {
    let sandbox = Sandbox::new();
    let reason = "a reason that is longer than the rest of the line has room for, by far";
    let lock = sandbox.run(&["lock", "203.0.113.9", "--reason", reason], b"");
    assert!(lock.status.success(), "{}", err(&lock));
    let on_terminal = |more: &str| {
        let program = swatch_tests::program::swatch_action();
        let line = format!(
            "stty rows 24 cols 60; {} list {more} --config {}",
            program.display(),
            sandbox.path("action.toml").display()
        );
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env("TZ", "UTC0");
        out(&swatch_tests::action::feed(&mut script, b"")).replace('\r', "")
    };
    let narrow = on_terminal("");
    assert!(
        narrow.contains("203.0.113.9") && narrow.contains(" +0000"),
        "{narrow}"
    );
    assert!(
        narrow.lines().all(|line| line.chars().count() <= 60),
        "{narrow}"
    );
    assert!(on_terminal("--wide").contains(reason));
    let piped = out(&sandbox.run(&["list"], b""));
    assert!(
        piped.contains(reason) && piped.contains("NETWORK"),
        "{piped}"
    );
}
