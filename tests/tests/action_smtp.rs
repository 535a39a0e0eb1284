//! The mail about a lock through an SMTP server: a lock never waits for it and is never undone by
//! it.

use std::{net::TcpListener, sync::mpsc, time::Duration};

use smtp_server::serve;
use swatch_tests::action::{Sandbox, err, out, wait_for};

#[path = "../../crates/swatch-action/tests/smtp_server/mod.rs"]
mod smtp_server;

fn mailing_to(port: u16) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.set(&format!(
        "mail = \"admin@box.example\"\nmailer = [\"smtp://127.0.0.1:{port}\", \"swatch@box.example\"]\n\
         time_limit = \"5s\"\n[whois]\nserver = \"\"\n"
    ));
    sandbox
}

#[test]
fn a_lock_is_told_by_smtp() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let sandbox = mailing_to(listener.local_addr().expect("bound").port());
    let (done, mail) = mpsc::channel();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        done.send(serve(stream, ""))
    });
    // A user name that tries to be an envelope, a header and the end of the text.
    let line =
        "Nov 22 20:00:00 box sshd[7]: Invalid user x\r\n.\r\nBcc: y from 203.0.113.9 port 4711";
    let output = sandbox.run(
        &["auto", "lock"],
        line.replace("\r\n", "\u{1b}[2J\r").as_bytes(),
    );
    assert!(
        out(&output).ends_with("203.0.113.9 1 lock!\n"),
        "{}",
        err(&output)
    );
    let heard = mail.recv_timeout(Duration::from_secs(30)).expect("a mail");
    let (envelope, text) = heard.split_once("DATA\r\n").expect("an envelope");
    assert!(envelope.contains("RCPT TO:<admin@box.example>"), "{heard}");
    assert_eq!(envelope.matches("RCPT").count(), 1, "{heard}");
    assert!(text.contains("Subject: 203.0.113.9 1 lock!\r\n"), "{heard}");
    assert!(text.contains("Invalid user x\\x1b[2J"), "{heard}");
    assert!(!sandbox.path("log/notice.log").exists());
}

#[test]
fn a_server_that_is_away_is_told_and_undoes_nothing() {
    // A port that was free just now.
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let sandbox = mailing_to(port);
    let output = sandbox.event("203.0.113.9", &["lock"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(sandbox.text("rules").contains("203.0.113.9"));
    wait_for("the note", || {
        sandbox.text("log/notice.log").ends_with('\n')
    });
    let note = sandbox.text("log/notice.log");
    assert!(
        note.contains(&format!(
            "mail for 203.0.113.9: SMTP server 127.0.0.1:{port}: "
        )) && note.contains("refused"),
        "{note}"
    );
    assert!(
        sandbox.text("rules").contains("203.0.113.9"),
        "still locked"
    );
}

#[test]
fn many_locks_at_once_are_sent_by_one_process_and_in_few_mails() {
    let sandbox = Sandbox::new();
    // A mailer that keeps the process busy until the locks are made, and counts who mails at once.
    let mailer = sandbox.path("slow");
    let text = format!(
        "#!/bin/sh\ncd {}\necho start >> running\nwhile ! [ -e go ]; do sleep 0.05; done\n\
         cat > mails/$$\necho end >> running\n",
        sandbox.path("").display()
    );
    std::fs::write(&mailer, text).expect("a mailer");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&mailer, mode).expect("chmod");
    sandbox.set(&format!(
        "mail = \"root\"\nmailer = [\"{}\"]\ntime_limit = \"60s\"\nfirewall = \"none\"\n[whois]\nserver = \"\"\n",
        mailer.display()
    ));
    let running = || std::fs::read_to_string(sandbox.path("running")).unwrap_or_default();
    for host in 1..=30 {
        let output = sandbox.event(&format!("203.0.113.{host}"), &["lock"]);
        assert!(output.status.success(), "{}", err(&output));
        wait_for("the mailer", || !running().is_empty());
    }
    assert_eq!(running(), "start\n", "one mailer for thirty locks");
    std::fs::write(sandbox.path("go"), "").expect("a file");
    wait_for("the mails", || running().matches("end").count() == 2);
    let mails: Vec<String> = std::fs::read_dir(sandbox.path("mails"))
        .expect("mails")
        .filter_map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).ok())
        .collect();
    assert_eq!(mails.len(), 2);
    let subject = |text: &str| mails.iter().find(|mail| mail.contains(text)).cloned();
    assert!(
        subject("Subject: 203.0.113.1 1 lock!\n").is_some(),
        "{mails:?}"
    );
    let digest = subject("Subject: 29 locks\n").expect("a digest");
    assert_eq!(digest.matches(" lock! ").count(), 29, "{digest}");
    wait_for("the end of the queue", || {
        let left = std::fs::read_dir(sandbox.path("state/notices")).expect("the queue");
        left.filter_map(Result::ok)
            .all(|entry| entry.file_name() == "sender.lock")
    });
}

#[test]
fn a_queue_that_was_left_is_sent_with_the_next_lock() {
    let sandbox = Sandbox::new();
    sandbox.set("mail = \"root\"\n[notice]\ndigest = \"1h\"\n[whois]\nserver = \"\"\n");
    assert!(sandbox.event("203.0.113.1", &["lock"]).status.success());
    let queue = sandbox.path("state/notices");
    wait_for("the queue", || {
        std::fs::read_dir(&queue).is_ok_and(|entries| {
            entries
                .filter_map(Result::ok)
                .any(|entry| entry.path().extension().is_some_and(|end| end == "mail"))
        })
    });
    // The process that waits for the digest is killed.
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        let wanted: [&[u8]; 2] = [b"notify-of-lock", queue.as_os_str().as_encoded_bytes()];
        if words.get(1..3) == Some(&wanted) {
            let pid = entry.file_name();
            let kill = std::process::Command::new("kill")
                .arg("-9")
                .arg(pid)
                .status();
            assert!(kill.expect("kill").success());
            killed += 1;
        }
    }
    assert_eq!(killed, 1);
    sandbox.set("mail = \"root\"\n[whois]\nserver = \"\"\n");
    assert!(sandbox.event("203.0.113.2", &["lock"]).status.success());
    wait_for("the mail", || sandbox.files("mails") >= 1);
    let mails = || -> String {
        std::fs::read_dir(sandbox.path("mails"))
            .expect("mails")
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
            .collect()
    };
    wait_for("both locks", || {
        mails().contains("203.0.113.1 1 lock!") && mails().contains("203.0.113.2 1 lock!")
    });
}

#[test]
fn a_digest_that_waits_does_not_hold_up_the_mails_of_others() {
    let sandbox = Sandbox::new();
    let whois = "[whois]\nserver = \"\"\n";
    sandbox.set(&format!(
        "mail = \"root\"\n{whois}[notice]\ndigest = \"6s\"\n"
    ));
    for host in 1..=2 {
        let output = sandbox.event(&format!("203.0.113.{host}"), &["lock"]);
        assert!(output.status.success(), "{}", err(&output));
    }
    sandbox.set(&format!("mail = \"admin\"\n{whois}"));
    assert!(sandbox.event("203.0.113.3", &["lock"]).status.success());
    let mails = || -> Vec<String> {
        std::fs::read_dir(sandbox.path("mails"))
            .expect("mails")
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
            .collect()
    };
    let sent = |to: &str, subject: &str| {
        let head = format!("To: {to}\nSubject: {subject}\n");
        mails().iter().any(|mail| mail.starts_with(&head))
    };
    wait_for("the mail to admin", || sent("admin", "203.0.113.3 1 lock!"));
    wait_for("the digest to root", || sent("root", "2 locks"));
    assert_eq!(mails().len(), 2, "{:?}", mails());
}
