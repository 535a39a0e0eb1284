//! Log lines. They use the same words as the patterns, so that rules match.
//!
//! The characters that the original passes to a shell as code are left out (quotes, `;`,
//! `&`, `|`, `<`, `>`, `$`, backquote, backslash, parentheses, `*`, `?`, `~`, `#`, `^`):
//! it fails on them, and the conformance suite records the better behaviour.

use proptest::prelude::*;

/// Words for log lines.
pub(super) const WORDS: &[&str] = &[
    "sshd",
    "Failed",
    "failed",
    "password",
    "root",
    "joe",
    "192.0.2.7",
    "198.51.100.44",
    "42",
    "7",
    "a",
    "aa",
    "ab",
    "abab",
    "[ok]",
    "x:y",
    "user=joe",
    "error",
    "errors",
    "disk",
    "/dev/sda1",
    "caf\u{e9}",
    "50%",
    "a+b",
    "me@example.org",
    "-",
    "0",
];

pub(super) fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS)
}

/// A line: words, mostly one space apart, sometimes after a time stamp. Never
/// empty: under a throttle the original mistakes an empty message for a suppressed one (a bug).
pub(super) fn line() -> impl Strategy<Value = String> {
    let blank = prop_oneof![8 => Just(" "), 1 => Just("  "), 1 => Just("")];
    let words = prop::collection::vec((word(), blank), 1..7);
    let stamp = prop_oneof![
        3 => Just(String::new()),
        1 => (10u32..13).prop_map(|s| format!("Jan  2 03:04:{s} ")),
    ];
    (stamp, words).prop_map(|(stamp, words)| {
        let mut line = stamp;
        for (word, blank) in words {
            line.push_str(word);
            line.push_str(blank);
        }
        line.trim_end().to_owned()
    })
}
