//! Sequences decide what the automaton decides.

use proptest::prelude::*;

use super::Sequence;
use crate::modifiers::Modifiers;
use crate::parse;
use crate::{Limits, Matcher};

const PARTS: &[&str] = &[
    "ab",
    "abc",
    "b",
    "c",
    "aB",
    "(?i:ab)",
    "(?i:b1)",
    ".*",
    ".+",
    ".",
    "[ab]+",
    "[ab]*",
    "[0-9]+",
    r"\d{1,3}",
    "(a|ab|b)",
    "(?:ab|ba)",
    "(?i:ab.*(c|ab))",
    "(ab )?",
    "(?:a.*b|b.*a)",
    "^",
    "$",
    r"\b",
    r"\B",
    "b?",
    "(?:ab){2}",
    " ",
    "1",
    "[^ ]+",
    ".*?",
    "(?:|ab)",
    "(?:a|.*)",
];

fn pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PARTS), 1..6).prop_map(|parts| parts.concat())
}

fn text() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "ab", "AB", "Ab", "abc", "c", " ", "1", "12"]);
    prop::collection::vec(part, 0..10).prop_map(|parts| parts.concat())
}

fn sequence(pattern: &str) -> Option<Sequence> {
    let parsed = parse::parse(pattern.as_bytes(), &Modifiers::default()).unwrap();
    Sequence::of(&parsed.node)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sequence_agrees_with_the_automaton(pattern in pattern(), texts in prop::collection::vec(text(), 8)) {
        let matcher =
            Matcher::compile(pattern.as_bytes(), &Modifiers::default(), &Limits::default()).unwrap();
        prop_assume!(matcher.is_linear());
        let Some(sequence) = sequence(&pattern) else { return Ok(()) };
        for text in texts {
            let expected = matcher.find(text.as_bytes()).is_some();
            if let Some(found) = sequence.is_match(text.as_bytes()) {
                prop_assert_eq!(found, expected, "/{}/ on {:?}", pattern, text);
            }
        }
    }
}

#[test]
fn the_usual_patterns_are_sequences() {
    for pattern in [
        "sshd.*Failed password",
        r"(?i:ACCOUNT denied by).*bac?",
        r"mirrord\[[0-9]+\]: lease (lost|late)",
        r"(?i:vaultd.*(stale|lease lost))",
        r"lost by ([0-9]+\.[0-9]+) after [0-9]+ ms",
        r"^\w+ login$",
    ] {
        assert!(sequence(pattern).is_some(), "{pattern}");
    }
    for pattern in ["[a-z]+ ing", "(?:a|bc)+d", r"(?=a)b"] {
        assert!(sequence(pattern).is_none(), "{pattern}");
    }
}

#[test]
fn a_hostile_text_is_left_to_the_automaton() {
    let pattern = "a[a-z]*:[a-z]*b[a-z]*c[a-z]*1";
    let text = "a:bc".repeat(5_000);
    assert_eq!(sequence(pattern).unwrap().is_match(text.as_bytes()), None);
    let matcher = Matcher::compile(
        pattern.as_bytes(),
        &Modifiers::default(),
        &Limits::default(),
    )
    .unwrap();
    assert!(!matcher.is_match(text.as_bytes()).is_match());
    assert!(matcher.is_match((text + "a:bc1").as_bytes()).is_match());
}
