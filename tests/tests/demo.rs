//! `make demo` shows what it promises.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use swatch_tests::deployment::examples;
use swatch_tests::program::{swatch_action, swatch_rs};

/// Runs the demo and returns its output; it must leave nothing behind.
fn demo(arguments: &[&str]) -> String {
    let programs = tempfile::tempdir().unwrap();
    symlink(swatch_rs(), programs.path().join("swatch-rs")).unwrap();
    symlink(swatch_action(), programs.path().join("swatch-action")).unwrap();
    let box_of_the_demo = tempfile::tempdir().unwrap();
    let output = Command::new(examples().join("demo.sh"))
        .args(arguments)
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", programs.path().display()),
        )
        .env("TMPDIR", box_of_the_demo.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(told, "");
    assert_eq!(fs::read_dir(box_of_the_demo.path()).unwrap().count(), 0);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_line_gets_its_reason() {
    let logs = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(logs.path().join(name), text).unwrap();
    write(
        "secure.log",
        "Nov 22 18:00:01 gate sshd[1]: Invalid user a from 203.0.113.9 port 1\n\
         Nov 22 18:00:02 gate sshd[2]: Accepted publickey for hanako from 192.168.11.2 port 2 ssh2\n\
         Nov 22 18:00:03 gate sshd[3]: Invalid user b from 203.0.113.9 port 3\n\
         Nov 22 18:00:04 gate sshd[4]: Invalid user b from 192.168.11.2 port 4\n\
         Nov 22 18:00:05 gate sshd[5]: Invalid user a b 192.0.2.5 from 203.0.113.9 port 5\n\
         Nov 22 18:00:06 gate sshd[6]: Invalid user c from 192.0.2.6 port 6\n",
    );
    write(
        "messages.log",
        "Nov 22 18:00:07 gate named[7]: client 198.51.100.7#7: query (cache) 'example.org/A/IN' denied\n\
         Nov 22 18:00:08 gate named[7]: client a nonsense query denied\n",
    );
    write(
        "vsftpd.log",
        "Sun Nov 22 18:00:09 2026 [pid 9] [c] FAIL LOGIN: Client \"198.51.100.7\"\n",
    );
    let said = demo(&["--all", logs.path().to_str().unwrap()]);
    let wanted = [
        "== secure.conf over secure.log, 6 lines",
        "    203.0.113.9: counted, line 1 of 3",
        "    203.0.113.9: counted, line 2 of 3",
        "    not counted: a private address",
        "    203.0.113.9: counted, line 3; WOULD BE LOCKED: 3 lines are enough",
        "    field 10 holds 192.0.2.5, but format openssh has its peer elsewhere: 203.0.113.9 is taken",
        "    192.0.2.6: counted, line 1 of 3",
        "== messages.conf over messages.log, 2 lines",
        "    198.51.100.7: counted, line 1; WOULD BE LOCKED: the rule locks at once",
        "    not counted: field 7 holds no address",
        "== vsftpd.conf over vsftpd.log, 1 lines",
        "    198.51.100.7: counted, line 2 of 3",
        "192.0.2.6             1       1         0       0   -",
        "198.51.100.7          2       0         1       1   messages: at once",
        "203.0.113.9           3       3         0       0   secure: third line",
        "6 events were counted, 1 came from private addresses, 1 named no address.",
        "2 addresses would be locked for 24 hours, 1 would not.",
    ];
    let mut lines = said.lines();
    for line in wanted {
        assert!(
            lines.any(|l| l.starts_with(line)),
            "{line:?} does not follow in\n{said}"
        );
    }
    assert!(!said.contains("Accepted publickey"), "{said}");
}

#[test]
fn the_bundled_logs_are_worth_a_look() {
    let said = demo(&["--all"]);
    let lines: usize = ["secure", "messages", "vsftpd"]
        .iter()
        .map(|name| {
            fs::read_to_string(examples().join(format!("demo/{name}.log")))
                .unwrap()
                .lines()
                .count()
        })
        .sum();
    assert!(lines >= 200, "{lines}");
    assert!(
        said.matches("WOULD BE LOCKED: the rule locks at once")
            .count()
            >= 3,
        "{said}"
    );
    assert!(
        said.matches("WOULD BE LOCKED: 3 lines are enough").count() >= 1,
        "{said}"
    );
    assert!(said.contains(" 0 named no address."), "{said}");
    // Later lines of an address that is locked already are not counted as locks.
    assert!(
        said.contains("7 addresses would be locked for 24 hours, 1 would not."),
        "{said}"
    );
    // The user who mistyped, whose address an attacker uses as a user name, is not locked.
    assert!(
        said.contains("198.51.100.200        1       1         0       0   -"),
        "{said}"
    );
}

#[test]
fn without_a_request_it_ends_on_one_screen() {
    let said = demo(&[]);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() <= 45, "{said}");
    let wide = lines.iter().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None, "{said}");
    let telling = lines.iter().skip(2).take_while(|line| !line.is_empty());
    assert_eq!(telling.count(), 20, "{said}");
    // Not a terminal: no colours.
    assert!(!said.contains('\x1b'), "{said}");
    for text in [
        "LOCKED at once ",
        "LOCKED, 3 lines ",
        "private, ignored ",
        "forged",
        "7 addresses would be locked for 24 hours, 1 would not.",
        "== Try next",
        "swatch-rs --test examples/rules",
    ] {
        assert!(said.contains(text), "{text:?} is not in\n{said}");
    }
    assert_eq!(said.matches("LOCKED").count(), 7, "{said}");
}
