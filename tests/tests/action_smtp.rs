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
fn a_server_that_wants_tls_is_refused_with_a_way_out() {
    let sandbox = Sandbox::new();
    sandbox.set("mailer = [\"smtps://mail.example.net\"]\n");
    let output = sandbox.event("203.0.113.9", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("setting `mailer`") && err(&output).contains("msmtp"),
        "{}",
        err(&output)
    );
}
