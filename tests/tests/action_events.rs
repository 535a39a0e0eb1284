//! Events from outside: many at once, hostile lines, and no caller kept waiting.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use swatch_tests::{
    action::{Sandbox, err, no_network, out, wait_for},
    skip::skipped,
};

/// Eight processes at once, a thousand events for one address, the real iptables: a thousand lines,
/// one rule.
#[test]
fn a_thousand_events_from_eight_helpers_make_one_rule() {
    if let Some(why) = no_network(&["iptables"]) {
        return skipped("concurrent helpers", &why);
    }
    let sandbox = Sandbox::real();
    let output = sandbox.in_network(
        "helper() { n=0; while [ $n -lt 125 ]; do n=$((n + 1))
           echo \"Nov 22 20:00:00 box sshd[$1]: Invalid user u$n from 203.0.113.9 port $n\" | swatch 10; done; }
         for h in 1 2 3 4 5 6 7 8; do helper $h & done; wait
         iptables -S INPUT | grep -c 203.0.113.9; iptables -S INPUT",
    );
    let text = out(&output);
    assert!(output.status.success(), "{text}{}", err(&output));
    assert!(
        text.ends_with("\n1\n-P INPUT ACCEPT\n-A INPUT -s 203.0.113.9/32 -j DROP\n"),
        "{text}"
    );
    let log = sandbox.text("log/203.0.113.9");
    assert_eq!(log.lines().count(), 1000);
    assert!(
        log.lines()
            .all(|line| line.starts_with("Nov 22") && line.contains(" port "))
    );
    let mut counts: Vec<u32> = text
        .lines()
        .filter(|line| line.contains(" 203.0.113.9 "))
        .map(|line| {
            let rest = line.split(" 203.0.113.9 ").nth(1).expect("a count");
            rest.trim_end_matches(" lock!").parse().expect("a count")
        })
        .collect();
    counts.sort_unstable();
    assert!(counts.into_iter().eq(1..=1000), "each count is seen once");
    assert_eq!(text.matches(" lock!").count(), 998);
    assert!(
        sandbox.files("jobs") <= 2,
        "a job a minute at most: {}",
        sandbox.text("calls")
    );
}

/// Lines that try to be more than one line.
#[test]
fn hostile_lines_stay_text() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"root\"\n[whois]\nserver = \"\"\n");
    let trap = sandbox.path("pwned");
    let trap = trap.display();
    let users = [
        format!("$(touch {trap})"),
        format!("`touch {trap}`"),
        format!("x;touch {trap};"),
        format!("\"';touch {trap};'\""),
        format!("| touch {trap} &"),
        "../../../../etc/passwd".to_owned(),
        "/etc/cron.d/x".to_owned(),
        "* ? [a-z]* {1,2}".to_owned(),
        "~root".to_owned(),
        "\x1b]0;title\x07\x1b[31mred\u{9b}31m".to_owned(),
        "-n -e --help".to_owned(),
        "%s%n%x {address}".to_owned(),
        "x\r\nTo: victim@example.net".to_owned(),
    ];
    for user in &users {
        let line = format!("user {user} from 203.0.113.9 port 1\n");
        let fields = line
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .count();
        // The address is three words before the end of the first line, wherever that is.
        let field = (fields - 2).to_string();
        let output = sandbox.run(&[&field], line.as_bytes());
        let expected = !user.contains('\n');
        assert_eq!(
            output.status.success(),
            expected,
            "{user:?}: {}",
            err(&output)
        );
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.contains(&0x1b) && !said.contains(&7), "{user:?}");
    }
    let tilde = sandbox.run(&["5"], format!("~!touch {trap}\n").as_bytes());
    assert_eq!(tilde.status.code(), Some(1), "it names no address");
    wait_for("the mails", || sandbox.files("mails") >= users.len() - 3);
    assert!(!sandbox.path("pwned").exists(), "something ran a command");
    let mut names: Vec<String> = fs::read_dir(sandbox.path("log"))
        .expect("the log folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.retain(|name| name != "notice.log");
    assert_eq!(names, ["203.0.113.9"]);
    let log = sandbox.text("log/203.0.113.9");
    assert!(log.contains("\\x1b[31mred\\u{9b}31m"), "{log}");
    assert!(log.bytes().all(|byte| byte == b'\n' || byte >= b' '));
    let rules = sandbox.text("rules");
    assert_eq!(rules, "iptables INPUT -s 203.0.113.9 -j DROP\n");
    for entry in fs::read_dir(sandbox.path("mails")).expect("mails") {
        let mail = fs::read_to_string(entry.expect("an entry").path()).unwrap_or_default();
        let head = mail.split("\n\n").next().unwrap_or_default();
        assert!(!head.contains("victim") && !mail.contains('\x1b'), "{mail}");
    }
}

#[test]
fn a_megabyte_of_text_is_bounded_and_its_address_found() {
    let sandbox = Sandbox::new();
    let line = format!("user x from 203.0.113.9 {}\n", "A".repeat(2 << 20));
    let output = sandbox.run(&["4", "lock"], line.as_bytes());
    assert!(output.status.success(), "{}", err(&output));
    assert!(sandbox.text("log/203.0.113.9").len() <= 70_000);
    // An address truncated by the limit would be somebody else's.
    let cut = format!("{} 203.0.113.255", "A".repeat((1 << 20) - 11));
    let output = sandbox.run(&["2", "lock"], cut.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).len() < 2000);
    assert_eq!(sandbox.text("rules").lines().count(), 1);
}

/// A hanging mailer delays neither the caller, who waits for the end of our output, nor the next
/// event.
#[test]
fn nobody_waits_for_the_mail() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"root\"\ntime_limit = \"20s\"\n[whois]\nserver = \"\"\n");
    sandbox.stand_in(
        "sendmail",
        "#!/bin/sh\nhere=${0%/*}/..\necho x >> $here/begun\nuntil [ -e $here/go ]; do sleep 0.05; done\ncat > $here/mails/$$\n",
    );
    let begun = Instant::now();
    for _ in 0..3 {
        let output = sandbox.event("203.0.113.9", &["lock"]);
        assert!(output.status.success(), "{}", err(&output));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let mailers = || sandbox.text("begun").lines().count();
    wait_for("the mailer", || sandbox.path("begun").exists());
    assert_eq!((mailers(), sandbox.files("mails")), (1, 0), "one at a time");
    fs::write(sandbox.path("go"), "").expect("a file");
    wait_for("the mails", || sandbox.files("mails") == 3);
    assert_eq!(mailers(), 3);
}

#[test]
fn a_mailer_that_fails_is_told_beside_the_logs() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"root\"\n[whois]\nserver = \"\"\n");
    sandbox.stand_in("sendmail", "#!/bin/sh\necho 'no route' >&2\nexit 75\n");
    assert!(sandbox.event("203.0.113.9", &["lock"]).status.success());
    wait_for("the complaint", || {
        sandbox.text("log/notice.log").contains("no route")
    });
    assert!(
        sandbox
            .text("log/notice.log")
            .contains("mail for 203.0.113.9")
    );
}

#[test]
fn a_digest_is_one_mail_for_all() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"root\"\n[whois]\nserver = \"\"\n[notice]\ndigest = \"3s\"\n");
    for host in 1..=5 {
        assert!(
            sandbox
                .event(&format!("203.0.113.{host}"), &["lock"])
                .status
                .success()
        );
    }
    let complete = || -> Vec<String> {
        let entries = fs::read_dir(sandbox.path("mails")).expect("mails");
        let mails = entries.map(|entry| entry.expect("an entry").path());
        let mails = mails.filter(|path| path.extension().is_some_and(|ending| ending == "mail"));
        mails
            .map(|path| fs::read_to_string(path).expect("a mail"))
            .collect()
    };
    let told = |mails: &[String]| -> usize {
        let lines = mails.iter().flat_map(|mail| mail.lines());
        lines.filter(|line| line.contains(" lock!")).count()
    };
    wait_for("the digest", || told(&complete()) >= 5);
    assert_eq!(told(&complete()), 5);
    assert!(
        complete().len() <= 3,
        "five locks within seconds are one mail, or two: {:?}",
        complete()
    );
}

#[test]
fn a_webhook_gets_words_and_no_shell() {
    let sandbox = Sandbox::new();
    sandbox.set(
        "mail = \"\"\n[whois]\nserver = \"\"\n[notice]\nwebhook = [\"hook\", \"{address}\", \"n={count}\", \"{reason}\"]\n",
    );
    sandbox.stand_in("hook", "#!/bin/sh\nprintf '<%s>' \"$@\" > ${0%/*}/../hooked.new\nmv ${0%/*}/../hooked.new ${0%/*}/../hooked\n");
    let output = sandbox.run(&["3", "lock"], b"user $(id);{count} 203.0.113.9\n");
    assert!(output.status.success(), "{}", err(&output));
    wait_for("the webhook", || sandbox.path("hooked").exists());
    assert_eq!(
        sandbox.text("hooked"),
        "<203.0.113.9><n=1><user $(id);{count} 203.0.113.9>"
    );
}

/// A writer that keeps its pipe open does not delay the event beyond the first line.
#[test]
fn each_line_is_an_event_and_acted_on_at_its_newline() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["2"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("swatch-action");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, b"from 203.0.113.9\n").expect("written");
    // The pipe stays open, and the first line is processed all the same.
    let log = || fs::read_to_string(sandbox.path("log/203.0.113.9")).unwrap_or_default();
    wait_for("the first event", || log() == "from 203.0.113.9\n");
    std::io::Write::write_all(&mut stdin, b"\nfrom 198.51.100.7\nx 203.0.113.9").expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("ours");
    assert!(output.status.success(), "{}", err(&output));
    let said = out(&output);
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(said.ends_with(" 203.0.113.9 2\n"), "{said}");
    assert_eq!(log(), "from 203.0.113.9\nx 203.0.113.9\n");
    assert_eq!(sandbox.text("log/198.51.100.7"), "from 198.51.100.7\n");
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"root\"\n");
    let output = sandbox.event("203.0.113.9", &["lock", "--dry-run"]);
    let text = out(&output);
    assert!(output.status.success(), "{}", err(&output));
    for part in [
        "would append to ",
        "would run: iptables -w 5 -I INPUT -s 203.0.113.9 -j DROP",
        "at now+24hour",
        "would mail root: 203.0.113.9 1 lock!",
        " 203.0.113.9 1 lock!\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!sandbox.path("log").exists() && !sandbox.path("state").exists());
    assert_eq!(sandbox.text("calls"), "");
}

/// Expired locks are swept, growth lengthens locks, a network lock covers its addresses, and
/// unlocking a network ends all locks in it.
#[test]
fn day_to_day() {
    let sandbox = Sandbox::new();
    sandbox.set("growth = 2.0\nlock_time = \"1h\"\nmail = \"\"\n[whois]\nserver = \"\"\n");
    let run = |words: &[&str]| {
        let output = sandbox.run(words, b"");
        assert!(output.status.success(), "{words:?}: {}", err(&output));
        out(&output)
    };
    run(&["lock", "203.0.113.9", "--reason", "first \x1b[31m"]);
    run(&["unlock", "203.0.113.9"]);
    assert!(run(&["lock", "203.0.113.9"]).contains(" locked until "));
    assert!(
        sandbox.text("calls").contains("at now+2hour"),
        "{}",
        sandbox.text("calls")
    );
    run(&["lock", "198.51.100.0/24", "--for", "90m"]);
    assert!(run(&["lock", "198.51.100.7"]).contains("198.51.100.0/24 was locked already"));
    let json = run(&["list", "--json"]);
    assert!(
        json.contains("\"address\": \"203.0.113.9\"") && json.contains("\"reason\": \"by hand\""),
        "{json}"
    );
    let shown = run(&["show", "203.0.113.9"]);
    assert!(
        shown.contains("was locked from") && shown.contains("first \\x1b[31m"),
        "{shown}"
    );
    assert!(run(&["stats"]).contains("2  locked\n"));
    let missing = sandbox.run(&["unlock", "198.51.100.7"], b"");
    assert!(
        err(&missing).contains("it is inside 198.51.100.0/24"),
        "{}",
        err(&missing)
    );
    run(&["unlock", "198.51.0.0/16"]);
    run(&["unlock", "--all"]);
    assert_eq!(
        (sandbox.text("rules").as_str(), sandbox.files("jobs")),
        ("", 0)
    );
    let private = sandbox.run(&["lock", "192.168.1.1"], b"");
    assert!(err(&private).contains("private"), "{}", err(&private));
    assert_eq!(run(&["list"]), "no locks\n");
}

/// `restore` also migrates from one firewall to another: a lock that expired in the kernel gets an
/// `at` job.
#[test]
fn restore_moves_locks_to_another_firewall() {
    let sandbox = Sandbox::new();
    let quiet = "mail = \"\"\n[whois]\nserver = \"\"\n";
    sandbox.set(&format!("firewall = \"none\"\n{quiet}"));
    for host in 1..=3 {
        let address = format!("203.0.113.{host}");
        assert!(
            sandbox
                .run(&["lock", &address, "--for", "90m"], b"")
                .status
                .success()
        );
    }
    sandbox.set(quiet);
    let output = sandbox.run(&["restore"], b"");
    assert!(out(&output).starts_with("3 put back"), "{}", err(&output));
    assert_eq!(sandbox.text("rules").lines().count(), 3);
    let jobs: String = (1..=sandbox.files("jobs"))
        .map(|job| sandbox.text(&format!("jobs/{job}")))
        .collect();
    assert_eq!(jobs.matches("-D INPUT").count(), 3, "{jobs}");
}

#[test]
fn old_logs_are_pruned_by_expire_and_check() {
    for command in ["expire", "check"] {
        let sandbox = Sandbox::new();
        for address in ["203.0.113.9", "198.51.100.7"] {
            assert!(sandbox.event(address, &[]).status.success());
        }
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(91 * 86_400);
        let log = fs::File::options()
            .append(true)
            .open(sandbox.path("log/203.0.113.9"));
        log.expect("the log").set_modified(old).expect("aged");
        assert!(sandbox.run(&["check", "--dry-run"], b"").status.success());
        assert!(sandbox.path("log/203.0.113.9").exists());
        assert!(sandbox.run(&[command], b"").status.success());
        assert!(!sandbox.path("log/203.0.113.9").exists(), "{command}");
        assert!(sandbox.path("log/198.51.100.7").exists(), "{command}");
    }
}
