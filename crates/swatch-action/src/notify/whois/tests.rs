use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use super::*;
use swatch_common::duration::Seconds;

/// A real server on the loopback that answers every question with a text, and counts.
fn server(answer: Vec<u8>) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = listener.local_addr().expect("bound").to_string();
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            count.fetch_add(1, Ordering::SeqCst);
            let mut question = [0; 100];
            let _ = stream.read(&mut question);
            let _ = stream.write_all(&answer);
        }
    });
    (place, asked)
}

fn settings(server: &str, dir: &std::path::Path) -> Settings {
    let mut settings = Settings {
        state_dir: dir.to_owned(),
        ..Settings::default()
    };
    settings.whois.server = server.to_owned();
    settings.whois.timeout = Seconds(1);
    settings
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn a_burst_from_one_network_asks_once() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = State::open(dir.path()).expect("a new state");
    let text = b"inetnum: 203.0.113.0 - 203.0.113.127\r\nnetname: EVIL\x1b[31m-NET\r\n".to_vec();
    let (place, asked) = server(text);
    let settings = settings(&place, dir.path());
    for host in [1, 2, 127] {
        let answer = ask(
            &settings,
            Some(&state),
            address(&format!("203.0.113.{host}")),
            1000,
        );
        assert!(answer.good);
        assert_eq!(answer.name, "EVIL\\x1b[31m-NET");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    ask(&settings, Some(&state), address("203.0.113.128"), 1000);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn a_referral_to_this_machine_is_not_followed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (inner, asked_inner) = server(b"secret of the inner network\n".to_vec());
    for referral in [
        format!("refer: {inner}\n"),
        "ReferralServer: whois://localhost\n".to_owned(),
    ] {
        let (outer, _) = server(referral.clone().into_bytes());
        let answer = ask(
            &settings(&outer, dir.path()),
            None,
            address("203.0.113.1"),
            0,
        );
        assert_eq!(answer.text, referral);
    }
    assert_eq!(asked_inner.load(Ordering::SeqCst), 0);
}

#[test]
fn silence_refusal_and_floods_are_bounded_and_told() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = silent.local_addr().expect("bound").to_string();
    let begun = std::time::Instant::now();
    let answer = ask(
        &settings(&place, dir.path()),
        None,
        address("203.0.113.1"),
        0,
    );
    assert!(
        !answer.good && answer.text.starts_with("[whois: "),
        "{}",
        answer.text
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    let (flood, _) = server(vec![b'x'; 1 << 20]);
    let answer = ask(
        &settings(&flood, dir.path()),
        None,
        address("203.0.113.1"),
        0,
    );
    assert!(!answer.good && answer.text.len() < 1000);
}

#[test]
fn an_answer_without_an_end_is_kept_and_silence_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = listener.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.write_all(b"netname: OPEN\r\nend: yes\r\n");
            open.push(stream);
        }
    });
    let answer = ask(
        &settings(&place, dir.path()),
        None,
        address("203.0.113.1"),
        0,
    );
    assert_eq!(
        (answer.text.as_str(), answer.good),
        ("netname: OPEN\nend: yes\n", true)
    );
    assert_eq!(answer.name, "OPEN");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = silent.local_addr().expect("bound").to_string();
    let mut settings = settings(&place, dir.path());
    settings.whois.timeout = Seconds(2);
    let answer = ask(&settings, None, address("203.0.113.1"), 0);
    assert_eq!(
        answer.text,
        format!("[whois: {place}: no answer within 2 s]\n")
    );
}

#[test]
fn what_answers_say() {
    use super::answer::{name, range, referral};
    assert_eq!(
        referral(b"% IANA\n\nrefer:        whois.example.net\n"),
        Some("whois.example.net".into())
    );
    assert_eq!(
        referral(b"ReferralServer:  whois://whois.example.net:4343/\n"),
        Some("whois.example.net:4343".into())
    );
    assert_eq!(
        referral(b"ReferralServer: rwhois://rwhois.example.net:4321\n"),
        None
    );
    assert_eq!(referral(b"refer: evil;rm\n"), None);
    let text = "NetRange: 203.0.0.0 - 203.255.255.255\nCIDR: 203.0.113.0/24\nNetName: WIDE\nNetName: NARROW\n";
    let wanted = around(address("203.0.113.5"));
    assert_eq!(range(text, address("203.0.113.5")), Some(wanted));
    assert_eq!(
        range(
            "inetnum: 0.0.0.0 - 255.255.255.255\n",
            address("203.0.113.5")
        ),
        None
    );
    assert_eq!(
        range("inetnum: 192.0.2.0/24\n", address("203.0.113.5")),
        None
    );
    assert_eq!(name(text), "NARROW");
    assert_eq!(name("OrgName: Example\n"), "Example");
}
