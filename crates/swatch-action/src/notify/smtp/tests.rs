//! Against a small server that speaks SMTP on a socket.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use super::*;
use crate::settings::Smtp;
use smtp_server::serve;

#[path = "../../../tests/smtp_server/mod.rs"]
mod smtp_server;

fn sent(
    mail: &Mail,
    recipients: &str,
    refuse: &'static str,
) -> (Result<Vec<String>, SmtpError>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        serve(stream, refuse)
    });
    let mailer = [
        format!("smtp://127.0.0.1:{port}"),
        "swatch@box.example".to_owned(),
    ];
    let client = SmtpServer::of(&mailer, recipients, &Smtp::default())
        .expect("valid")
        .expect("a server");
    let result = send(client, mail, Duration::from_secs(10));
    (result, server.join().expect("a server"))
}

#[test]
fn a_mail_arrives_whole_and_its_text_stays_text() {
    let mail = Mail {
        subject: "203.0.113.9 3 lock!\r\nBcc: thief@example.net".into(),
        body: format!(
            "line\n.\n.\r\nRCPT TO:<thief@example.net>\n~!id\nü {}\n\n",
            "x".repeat(5000)
        ),
    };
    let (result, heard) = sent(&mail, "root@box.example, second@box.example", "");
    assert_eq!(result.expect("sent"), Vec::<String>::new());
    let (envelope, text) = heard.split_once("DATA\r\n").expect("an envelope");
    assert!(
        envelope.contains("MAIL FROM:<swatch@box.example>"),
        "{heard}"
    );
    assert_eq!(
        envelope.matches("RCPT TO:").count(),
        2,
        "two recipients and no thief: {heard}"
    );
    let (head, body) = text.split_once("\r\n\r\n").expect("headers");
    assert!(
        head.lines()
            .all(|line| !line.to_ascii_lowercase().starts_with("bcc")),
        "{head}"
    );
    assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(head.contains("203.0.113.9 3 lock!"), "{head}");
    // ASCII on the wire, in lines that SMTP allows, and one end of the text.
    assert!(
        body.is_ascii() && body.lines().all(|line| line.len() < 998),
        "{body}"
    );
    assert!(body.ends_with("\r\n.\r\nQUIT\r\n"), "{body}");
    assert_eq!(body.matches("\r\n.\r\n").count(), 1, "{body}");
    assert!(
        !body.ends_with("\r\n\r\n.\r\nQUIT\r\n"),
        "no empty line at the end: {body}"
    );
}

#[test]
fn a_plain_mail_ends_with_its_last_line() {
    let mail = Mail {
        subject: "s".into(),
        body: "first\n\nlast\n".into(),
    };
    let (result, heard) = sent(&mail, "root@box.example", "");
    result.expect("sent");
    assert!(
        heard.ends_with("\r\n\r\nfirst\r\n\r\nlast\r\n.\r\nQUIT\r\n"),
        "{heard}"
    );
}

#[test]
fn a_refused_recipient_does_not_keep_the_mail_from_the_others() {
    let mail = Mail {
        subject: "s".into(),
        body: "b".into(),
    };
    for recipients in [
        "good@box.example, gone@box.example",
        "gone@box.example, good@box.example",
    ] {
        let (result, heard) = sent(&mail, recipients, "RCPT TO:<gone@");
        let notes = result.expect("sent to the others");
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(
            notes[0].contains(" refuses gone@box.example: ") && notes[0].contains("451"),
            "{notes:?}"
        );
        assert_eq!(notes[0].matches("gone@box.example").count(), 1, "{notes:?}");
        assert!(heard.contains("RCPT TO:<good@box.example>") && heard.contains("\r\nb\r\n.\r\n"));
    }
}

#[test]
fn a_refusal_names_server_and_answer() {
    let mail = Mail {
        subject: "s".into(),
        body: "b".into(),
    };
    let (result, _) = sent(&mail, "root", "RCPT");
    let error = result.expect_err("refused").to_string();
    assert!(
        error.contains("SMTP server 127.0.0.1:") && error.contains("451"),
        "{error}"
    );
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let client = SmtpServer::of(
        &[format!("smtp://127.0.0.1:{port}")],
        "root",
        &Smtp::default(),
    )
    .expect("valid")
    .expect("a server");
    let mail = Mail {
        subject: "s".into(),
        body: "b".into(),
    };
    let begun = Instant::now();
    let result = send(client, &mail, Duration::from_millis(200));
    assert!(result.is_err() && begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn settings_that_name_no_server_are_refused() {
    let of = |words: &[&str], to: &str| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        SmtpServer::of(&words, to, &Smtp::default()).map_err(|error| error.to_string())
    };
    assert!(
        of(&["sendmail", "-t"], "root")
            .expect("a program")
            .is_none()
    );
    for good in [
        "smtp://mail.example.net",
        "smtp://[2001:db8::1]:2525/",
        "smtp://192.0.2.1:25",
        "submission://mail.example.net",
        "smtps://mail.example.net:4650",
    ] {
        assert!(of(&[good], "root").expect(good).is_some());
    }
    for (words, to, why) in [
        (
            &["smtp+tls://mail.example.net"][..],
            "root",
            "submissions://HOST",
        ),
        (&["smtp://"], "root", "no host"),
        (&["smtp://mail:99999"], "root", "no host and port"),
        (&["smtp://user:secret@mail"], "root", "no host and port"),
        (&["smtp://mail", "a", "b"], "root", "more than"),
        (&["smtp://mail", "a@"], "root", "a@"),
        (&["smtp://mail"], "root,", "not a valid email address"),
        (
            &["smtp://mail"],
            "root@box> SIZE=1",
            "not a valid email address",
        ),
    ] {
        let error = of(words, to).expect_err(why);
        assert!(error.contains(why), "{words:?}: {error}");
    }
}
