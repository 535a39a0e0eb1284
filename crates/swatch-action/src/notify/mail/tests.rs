use std::{os::unix::fs::PermissionsExt, time::Duration};

use super::*;

#[test]
fn a_line_break_makes_no_header_and_the_body_ends_with_one() {
    let mail = Mail {
        subject: "203.0.113.9 3 lock!\nBcc: x".into(),
        body: "~!id\n.\nline\n\n".into(),
    };
    let message = mail.message("root");
    let (head, body) = message.split_once("\n\n").expect("headers and body");
    assert!(head.lines().all(|line| !line.starts_with("Bcc")), "{head}");
    assert_eq!(body, "~!id\n.\nline\n");
}

/// Sends a mail through a program of this name that ends with this code.
fn sent_by(name: &str, code: u8, recipients: &str) -> Result<Sent, MailError> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join(name);
    std::fs::write(
        &program,
        format!("#!/bin/sh\ncat >/dev/null\nexit {code}\n"),
    )
    .expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("chmod");
    // As `alternatives` does it.
    std::os::unix::fs::symlink(&program, dir.path().join("mta")).expect("a link");
    let settings = Settings {
        mail: recipients.to_owned(),
        mailer: vec!["mta".into(), "-t".into()],
        path: format!("{}:/bin:/usr/bin", dir.path().display()),
        log_dir: dir.path().to_owned(),
        ..Settings::default()
    };
    let mail = Mail {
        subject: "s".into(),
        body: "b".into(),
    };
    mail.send(
        &settings,
        &Runner::new(&settings.path, Duration::from_secs(10)),
    )
}

#[test]
fn a_mailer_that_has_queued_the_mail_has_not_failed() {
    let sent = sent_by("smtpctl", 75, "root").expect("queued");
    assert!(
        sent.notes[0].ends_with("it keeps the mail and sends it later"),
        "{sent:?}"
    );
    assert!(sent_by("smtpctl", 1, "root").is_err());
    assert!(sent_by("msmtp", 75, "root").is_err(), "it has no queue");
    assert_eq!(
        sent_by("smtpctl", 0, "root").expect("sent"),
        Sent::default()
    );
}

#[test]
fn what_a_mailer_does_with_several_recipients_is_said() {
    let error = |name: &str, to: &str| sent_by(name, 65, to).expect_err("refused").to_string();
    let both = "a@box.example, gone@box.example";
    for name in ["msmtp", "ssmtp", "esmtp"] {
        assert!(error(name, both).contains("sends to nobody when the relay refuses one"));
        assert!(!error(name, "a@box.example").contains("sends to nobody"));
        assert!(error(name, "root").contains("write root@example.net"));
    }
    assert!(!error("smtpctl", both).contains(';'));
}
