//! Lines of the formats that are read in code.

use super::generate::{Line, Random};

/// Texts that a stranger may choose; servers escape the quotes in them.
const TEXTS: &[&str] = &[
    "x",
    "",
    "a b",
    "-",
    " - ",
    " - - ",
    "@",
    "evil.host",
    "198.51.100.7",
    "198.51.100.7 - ",
    "[198.51.100.7]",
    "198.51.100.7(1)",
    " 198.51.100.7 x",
    "x@198.51.100.7",
    "198.51.100.7, 198.51.100.8",
    "]",
    ",client=198.51.100.7 ",
    "[01/Jun/2024:12:00:00 +0200] ",
    " [28/Nov/2026:12:00:00 +0000] \\x22GET / HTTP/1.1\\x22",
    " FATAL:  password authentication failed for user \"x\"",
    "LOG:  connection received: host=198.51.100.7 port=1",
    " FATAL:  no pg_hba.conf entry for host \"198.51.100.7\", user \"x",
    "remote_addr=198.51.100.7",
    " -> 198.51.100.7:1",
    "{TCP} 198.51.100.7:4711 -> ",
    ":198.51.100.7(1):a@b:[1]:",
];

/// A line of one of the formats.
pub(super) fn line(random: &mut Random) -> Line {
    let peer = random.pick(&["203.0.113.9", "203.0.113.9", "evil.host", "", "-"]);
    let text = |random: &mut Random| -> String {
        (0..random.below(3)).map(|_| random.pick(TEXTS)).collect()
    };
    let (a, b, c) = (text(random), text(random), text(random));
    let escaped = |text: &str| text.replace('"', "\\x22");
    let date = "[28/Nov/2026:12:00:00 +0000] \"GET";
    let kind = random.below(12);
    // A web server always has an address or a name for its client.
    let peer = match peer {
        "" | "-" if kind < 4 => "evil.host",
        peer => peer,
    };
    let (name, line) = match kind {
        0 => (
            "access",
            format!("{peer} - {} {date} /{}\" 401 1", escaped(&a), escaped(&b)),
        ),
        1 => (
            "access",
            format!(
                "{} {peer} - {} {date} /{}\" 401 1",
                escaped(&a),
                escaped(&b),
                escaped(&c)
            ),
        ),
        2 => (
            "access",
            format!(
                "www.example.org {peer} - {} {date} /{}\" 401 1",
                escaped(&a),
                escaped(&b)
            ),
        ),
        3 => (
            "access",
            format!(
                "{} {peer} - - {date} / HTTP/1.1\" 401 1 \"{}\"",
                escaped(&a),
                escaped(&b)
            ),
        ),
        4 => postgresql("", &a, &b),
        5 => postgresql(&format!("{peer} "), &a, &b),
        6 => (
            "postgresql",
            format!(
                "2026-11-28 12:00:00 UTC [1]: user={a},db={b},app={c},client={peer} FATAL:  role \"{a}\" does not exist"
            ),
        ),
        7 => (
            "postgresql",
            format!(
                "2026-11-28 12:00:00 UTC [1] {a}@{b} FATAL:  no pg_hba.conf entry for host \"{peer}\", user \"{a}\", \
                 database \"{b}\", no encryption"
            ),
        ),
        8 => (
            "postgresql",
            format!(
                "{peer} 2026-11-28 12:00:00 UTC [1] {a}@{b} FATAL:  role \"{a}\" does not exist"
            ),
        ),
        9 => (
            "grafana",
            format!(
                "logger=context t=2026-11-28T12:00:00Z msg=\"Request Completed\" path={} remote_addr={peer} referer={}",
                quoted(&a),
                quoted(&b)
            ),
        ),
        10 => (
            "json",
            serde_json::json!({"reqId": a, "remoteAddr": peer, "user": b, "message": c})
                .to_string(),
        ),
        _ => (
            "alert",
            format!(
                "11/28/2026-12:00:00.123456  [**] [1:2:3] rule [**] [Priority: 2] {{TCP}} {peer}:40000 -> 192.0.2.1:22"
            ),
        ),
    };
    Line {
        format: name,
        shape: String::new(),
        text: line.replace('\n', " ").into_bytes(),
        peer: peer.parse().ok(),
    }
}

/// A failed login; the user stands in the prefix and in the message.
fn postgresql(peer: &str, user: &str, database: &str) -> (&'static str, String) {
    let line = format!(
        "2026-11-28 12:00:00.123 UTC [1] {peer}{user}@{database} FATAL:  password authentication failed for user \"{user}\""
    );
    ("postgresql", line)
}

/// A value of logfmt.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
