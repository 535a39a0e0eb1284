//! The short run of the fuzz target `pattern`: the suite's patterns with some edits.

#[path = "../../swatch-config/tests/mutated/mod.rs"]
mod mutated;
mod pattern_invariants;

use proptest::prelude::*;

const PIECES: &[&str] = &[
    "(",
    ")",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?<n>",
    "(?|",
    "(?>",
    "(?i)",
    "(?x:",
    "(?(1)",
    "(?1)",
    "(?R)",
    "(*COMMIT)",
    "(*ACCEPT)",
    "[",
    "]",
    "[^",
    "[:alpha:]",
    "*",
    "+",
    "?",
    "{2}",
    "{,3}",
    "{1,65534}",
    "{1000}",
    "*?",
    "++",
    "|",
    "^",
    "$",
    ".",
    "\\",
    "\\d",
    "\\w",
    "\\b",
    "\\1",
    "\\k<n>",
    "\\g{-1}",
    "\\K",
    "\\R",
    "\\X",
    "\\x{100}",
    "\\pL",
    "\\Q",
    "\\E",
    "\\N{U+61}",
    "\\z",
    "#",
    " ",
    "-",
    "&&",
    "a",
    "é",
    "\0",
];

const RECORDS: &[&str] = &[
    "",
    "a",
    "aaab",
    "alpha one",
    "x y",
    "Jun  1 12:00:00 h sshd[1]: a\n",
    "\n",
];

/// The patterns of the suite, without their delimiters.
fn seeds() -> Vec<Vec<u8>> {
    let inner = |text: &Vec<u8>| {
        let first = text.iter().position(|&byte| byte == b'/')?;
        let last = text.iter().rposition(|&byte| byte == b'/')?;
        (first < last).then(|| text[first + 1..last].to_vec())
    };
    let conditions = mutated::behind(&["watchfor", "ignore"]);
    conditions.iter().filter_map(inner).collect()
}

proptest! {
    #![proptest_config(mutated::settings(1_500))]

    #[test]
    fn mutated_patterns_hold_to_the_invariants(
        source in mutated::mutated(seeds(), PIECES),
        record in mutated::mutated(RECORDS.iter().map(|text| text.as_bytes().to_vec()).collect(), PIECES),
        bits: u8,
    ) {
        pattern_invariants::any_pattern(bits, &source, &record);
    }
}
