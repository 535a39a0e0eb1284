//! Messages to web services, and mails by SMTP with TLS and a password: to real servers on this
//! machine.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;
use swatch_tests::{
    action::{Sandbox, err, out, wait_for},
    mail_server::{LOGIN, MailServer, Offers},
    skip::skipped,
    tls::Identity,
    web::{Request, WebServer},
};

/// A user name that tries to end a string, an object, a header and a line.
const HOSTILE: &str = "\"},{\"x\":\"\\\r\n@everyone <b>\u{202e}&a=b%0d%0aX: y";

fn lock(sandbox: &Sandbox, address: &str) -> Output {
    let user = HOSTILE.replace(['\r', '\n'], "\u{b}");
    let line = format!("Nov 22 20:00:00 box sshd[7]: Invalid user {user} from {address} port 4711");
    let output = sandbox.run(&["auto", "lock"], line.as_bytes());
    assert!(out(&output).contains("lock!"), "{}", err(&output));
    output
}

fn secret(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.path(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
    path
}

fn with(services: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    set(&sandbox, services);
    sandbox
}

fn set(sandbox: &Sandbox, services: &str) {
    sandbox.set(&format!(
        "mail = \"\"\nfirewall = \"none\"\ntime_limit = \"10s\"\n[whois]\nserver = \"\"\n{services}"
    ));
}

fn json(request: &Request) -> Value {
    serde_json::from_str(&request.body).unwrap_or_else(|error| panic!("{error}: {}", request.body))
}

fn note(sandbox: &Sandbox) -> String {
    wait_for("a note", || sandbox.text("log/notice.log").ends_with('\n'));
    sandbox.text("log/notice.log")
}

fn queue_is_empty(sandbox: &Sandbox) {
    wait_for("the end of the queue", || {
        let left = fs::read_dir(sandbox.path("state/notices"));
        left.is_ok_and(|mut left| {
            left.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "sender.lock"))
        })
    });
}

/// The services of the example settings: each entry with the address of a server of ours.
#[test]
fn the_examples_for_five_services_send_what_these_take() {
    let example =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/action.toml"))
            .expect("the example");
    let (_, services) = example
        .split_once("#[[notify]]\n")
        .expect("the example has services");
    let text: String = format!("#[[notify]]\n{services}")
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| line.starts_with("[[") || line.contains(" = "))
        .filter(|line| !line.starts_with(' '))
        .map(|line| format!("{line}\n"))
        .collect();
    let server = WebServer::start(None, &["200 OK"]);
    let sandbox = Sandbox::new();
    let token = secret(&sandbox, "token", "s3cret\n");
    let base = format!("http://127.0.0.1:{}", server.port);
    let url = secret(&sandbox, "url", &format!("{base}/services/T0/B0/x\n"));
    let mut seen = Vec::new();
    for service in text.split("[[notify]]\n").filter(|part| !part.is_empty()) {
        let mut entry = String::from("[[notify]]\n");
        for line in service.lines() {
            let (key, value) = line.split_once(" = ").expect(line);
            let value = match key {
                "url_file" => format!("{url:?}"),
                "token_file" => format!("{token:?}"),
                "url" => {
                    let path = value.trim_matches('"').splitn(4, '/').nth(3).unwrap_or("");
                    format!("\"{base}/{path}\"")
                }
                "ca_file" | "digest" => continue,
                _ => value.to_owned(),
            };
            entry.push_str(&format!("{key} = {value}\n"));
        }
        set(&sandbox, &entry);
        assert!(sandbox.run(&["unlock", "--all"], b"").status.success());
        lock(&sandbox, "203.0.113.9");
        let request = server.request();
        queue_is_empty(&sandbox);
        let all = format!("{} {:?} {}", request.line, request.headers, request.body);
        assert!(!request.body.contains(['\u{202e}', '\u{b}']), "{all}");
        assert!(
            !all.contains("%0d%0aX") || !request.line.contains("%0d"),
            "{all}"
        );
        let name = entry
            .split("name = \"")
            .nth(1)
            .and_then(|name| name.split('"').next());
        match name.expect("a name") {
            "slack" => {
                assert_eq!(request.line, "POST /services/T0/B0/x");
                let text = json(&request)["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                assert!(text.starts_with("203.0.113.9 locked on "), "{text}");
                assert!(text.contains("@everyone <b>\\u{202e}"), "{text}");
            }
            "discord" => {
                let message = json(&request);
                assert!(
                    message["content"]
                        .as_str()
                        .is_some_and(|text| text.len() < 2000)
                );
                assert_eq!(message["allowed_mentions"]["parse"], serde_json::json!([]));
            }
            "ntfy" => {
                assert_eq!(request.line, "POST /swatch");
                assert!(
                    request
                        .header("title")
                        .starts_with("203.0.113.9 locked on "),
                    "{all}"
                );
                assert_eq!(request.header("authorization"), "Bearer s3cret");
                assert!(request.body.contains("Invalid user \"},{\"x\""), "{all}");
            }
            "gotify" => {
                assert_eq!(request.line, "POST /message");
                assert_eq!(request.header("x-gotify-key"), "s3cret");
                let message = json(&request);
                assert!(message["title"].is_string() && message["message"].is_string());
                assert_eq!(message["priority"], 5);
            }
            "matrix" => {
                assert!(
                    request.line.starts_with("PUT /_matrix/client/v3/rooms/")
                        && request.line.contains("/send/m.room.message/swatch-"),
                    "{all}"
                );
                assert_eq!(json(&request)["msgtype"], "m.text");
                assert_eq!(request.header("authorization"), "Bearer s3cret");
            }
            other => panic!("a service without a test: {other}"),
        }
        seen.push(name.expect("a name").to_owned());
    }
    assert_eq!(seen, ["slack", "discord", "ntfy", "gotify", "matrix"]);
    assert!(
        !sandbox.path("log/notice.log").exists(),
        "{}",
        sandbox.text("log/notice.log")
    );
}

#[test]
fn a_service_with_tls_is_told_if_its_authority_is_known() {
    let Some(identity) = Identity::new() else {
        return skipped("a web service with TLS", "openssl is not installed");
    };
    let server = WebServer::start(Some(identity.server()), &["204 No Content"]);
    let sandbox = Sandbox::new();
    let token = secret(&sandbox, "token", "s3cret");
    let entry = |more: &str| {
        format!(
            "[[notify]]\nurl = \"https://localhost:{}/\"\ntoken_file = {token:?}\nretries = 0\n\
             headers = {{ Authorization = \"Bearer {{token}}\" }}\n{more}",
            server.port
        )
    };
    set(
        &sandbox,
        &entry(&format!("ca_file = {:?}\n", identity.authority())),
    );
    lock(&sandbox, "203.0.113.9");
    let request = server.request();
    assert_eq!(request.header("authorization"), "Bearer s3cret");
    queue_is_empty(&sandbox);
    assert!(!sandbox.path("log/notice.log").exists());

    set(&sandbox, &entry(""));
    lock(&sandbox, "203.0.113.10");
    let note = note(&sandbox);
    assert!(
        note.contains("message to localhost about 203.0.113.10 is given up")
            && note.to_lowercase().contains("certificate"),
        "{note}"
    );
    assert!(server.more().is_empty(), "nothing is sent to a stranger");
    assert!(!note.contains("s3cret"), "{note}");
}

#[test]
fn a_service_that_is_busy_is_asked_again_when_it_says() {
    let server = WebServer::start(
        None,
        &[
            "429 Too Many Requests\nRetry-After: 2",
            "503 Unavailable",
            "200 OK",
        ],
    );
    let sandbox = with(&format!(
        "[[notify]]\nname = \"chat\"\nurl = \"http://127.0.0.1:{}/\"\n",
        server.port
    ));
    lock(&sandbox, "203.0.113.9");
    let (first, second, third) = (server.request(), server.request(), server.request());
    assert!(second.time.duration_since(first.time).as_millis() >= 1900);
    assert!(third.time.duration_since(second.time).as_millis() >= 900);
    assert_eq!(first.body, third.body);
    queue_is_empty(&sandbox);
    assert!(server.more().is_empty());
    let note = note(&sandbox);
    assert!(
        note.contains("message to chat about 203.0.113.9: it answers 429")
            && note.contains("tried again"),
        "{note}"
    );
    assert_eq!(note.lines().count(), 1, "{note}");
}

#[test]
fn a_message_that_is_never_taken_is_given_up_with_a_note() {
    for (answers, retries, requests, why) in [
        (
            &["400 Bad Request"][..],
            5,
            1,
            "given up: it answers 400 Bad Request: said",
        ),
        (
            &["500 Oops"],
            1,
            2,
            "given up, after 2 attempts: it answers 500",
        ),
        (
            &["302 Found\nLocation: http://127.0.0.1:1/"],
            5,
            1,
            "redirections are not followed",
        ),
    ] {
        let server = WebServer::start(None, answers);
        let sandbox = with(&format!(
            "[[notify]]\nname = \"chat\"\nurl = \"http://127.0.0.1:{}/\"\nretries = {retries}\n",
            server.port
        ));
        lock(&sandbox, "203.0.113.9");
        for _ in 0..requests {
            let _ = server.request();
        }
        wait_for("the note", || sandbox.text("log/notice.log").contains(why));
        queue_is_empty(&sandbox);
        assert!(server.more().is_empty());
    }
}

#[test]
fn a_flood_becomes_one_message() {
    let server = WebServer::start(None, &["429 Slow down\nRetry-After: 3", "200 OK"]);
    let sandbox = with(&format!(
        "[[notify]]\nurl = \"http://127.0.0.1:{}/\"\n",
        server.port
    ));
    lock(&sandbox, "203.0.113.1");
    let _ = server.request();
    for host in 2..=31 {
        lock(&sandbox, &format!("203.0.113.{host}"));
    }
    let text = json(&server.request())["text"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let first = text.lines().next().unwrap_or_default().to_owned();
    let count: usize = first
        .split(' ')
        .next()
        .and_then(|n| n.parse().ok())
        .expect("a digest");
    assert!(first.contains(" locks on ") && count > 10, "{text}");
    assert!(
        text.contains("more: see swatch-action list") && text.chars().count() < 2000,
        "{text}"
    );
    queue_is_empty(&sandbox);
    assert!(server.more().len() <= 31 - count);

    let server = WebServer::start(None, &["200 OK"]);
    set(
        &sandbox,
        &format!(
            "[[notify]]\nurl = \"http://127.0.0.1:{}/\"\ndigest = \"3s\"\nbody = '{{\"n\": {{locks}}, \"a\": {{address}}}}'\n",
            server.port
        ),
    );
    lock(&sandbox, "198.51.100.1");
    lock(&sandbox, "198.51.100.2");
    let message = json(&server.request());
    assert_eq!(
        message,
        serde_json::json!({"n": 2, "a": "198.51.100.1, 198.51.100.2"})
    );
    queue_is_empty(&sandbox);
    assert!(server.more().is_empty());
}

#[test]
fn secrets_that_others_can_read_are_not_used() {
    let server = WebServer::start(None, &["200 OK"]);
    let sandbox = Sandbox::new();
    let url = secret(
        &sandbox,
        "url",
        &format!("http://127.0.0.1:{}/x", server.port),
    );
    fs::set_permissions(&url, fs::Permissions::from_mode(0o644)).expect("chmod");
    set(
        &sandbox,
        &format!("[[notify]]\nname = \"chat\"\nurl_file = {url:?}\n"),
    );
    lock(&sandbox, "203.0.113.9");
    let note = note(&sandbox);
    assert!(
        note.contains("others than its owner may read it") && note.contains("chmod 600"),
        "{note}"
    );
    assert!(server.more().is_empty());
    set(
        &sandbox,
        "[[notify]]\nurl = \"https://chat.example.net/\"\nbody = '{\"text\": {txet}}'\n",
    );
    let refused = sandbox.event("203.0.113.9", &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("did you mean {text}?"),
        "{}",
        err(&refused)
    );
}

#[test]
fn mails_go_through_tls_with_a_password() {
    let Some(identity) = Identity::new() else {
        return skipped("mails with TLS", "openssl is not installed");
    };
    for (offers, scheme) in [
        (Offers::StartTls, "submission"),
        (Offers::Tls, "submissions"),
    ] {
        let server = MailServer::start(identity.server(), offers);
        let sandbox = Sandbox::new();
        let password = secret(&sandbox, "password", "pass word\n");
        let settings = |password: &Path, more: &str| {
            sandbox.set(&format!(
                "mail = \"admin@box.example\"\nfirewall = \"none\"\n\
                 mailer = [\"{scheme}://localhost:{}\", \"swatch@box.example\"]\n\
                 time_limit = \"5s\"\n[whois]\nserver = \"\"\n[smtp]\nuser = \"mailer\"\n\
                 password_file = {password:?}\n{more}",
                server.port
            ));
        };
        let trusted = format!("ca_file = {:?}\n", identity.authority());
        settings(&password, &trusted);
        lock(&sandbox, "203.0.113.9");
        let heard = server.conversation();
        let (before, after) = heard.split_once("[TLS]\n").expect("encryption");
        assert!(
            !before.contains("AUTH") && !before.contains("MAIL"),
            "{heard}"
        );
        assert!(after.contains(&format!("AUTH PLAIN {LOGIN}")), "{heard}");
        assert!(after.contains("RCPT TO:<admin@box.example>"), "{heard}");
        assert!(after.contains("Subject: 203.0.113.9 1 lock!"), "{heard}");
        assert!(!sandbox.path("log/notice.log").exists());

        let wrong = secret(&sandbox, "wrong", "guess");
        settings(&wrong, &trusted);
        lock(&sandbox, "203.0.113.10");
        let _ = server.conversation();
        wait_for("the refusal", || {
            sandbox.text("log/notice.log").contains("login as mailer: ")
        });
        assert!(!sandbox.text("log/notice.log").contains("guess"));

        settings(&password, "");
        lock(&sandbox, "203.0.113.11");
        let heard = server.conversation();
        assert!(
            !heard.contains("AUTH") && !heard.contains("MAIL"),
            "{heard}"
        );
        wait_for("the stranger", || {
            sandbox
                .text("log/notice.log")
                .to_lowercase()
                .contains("certificate")
        });
    }
}

#[test]
fn without_starttls_nothing_is_sent_and_no_password_goes_in_the_clear() {
    let Some(identity) = Identity::new() else {
        return skipped("mails with TLS", "openssl is not installed");
    };
    let server = MailServer::start(identity.server(), Offers::Nothing);
    let sandbox = Sandbox::new();
    let password = secret(&sandbox, "password", "pass word\n");
    let settings = |scheme: &str| {
        sandbox.set(&format!(
            "mail = \"admin@box.example\"\nfirewall = \"none\"\n\
             mailer = [\"{scheme}://127.0.0.1:{}\", \"swatch@box.example\"]\n\
             [whois]\nserver = \"\"\n[smtp]\nuser = \"mailer\"\npassword_file = {password:?}\n",
            server.port
        ));
    };
    settings("submission");
    lock(&sandbox, "203.0.113.9");
    let heard = server.conversation();
    assert!(
        !heard.contains("AUTH") && !heard.contains("MAIL"),
        "{heard}"
    );
    assert!(
        note(&sandbox).contains("does not offer STARTTLS"),
        "{}",
        note(&sandbox)
    );
    settings("smtp");
    let refused = sandbox.event("203.0.113.9", &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("not sent without TLS"),
        "{}",
        err(&refused)
    );
}
