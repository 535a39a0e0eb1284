//! The short run of the fuzz target `template`: the suite's values with some edits.

#[path = "../../swatch-config/tests/mutated/mod.rs"]
mod mutated;
mod value_invariants;

use proptest::prelude::*;

const PIECES: &[&str] = &[
    " ",
    "\t",
    "\"",
    "'",
    "`",
    "\\",
    "\\\"",
    "\\n",
    "\\@",
    "\\$",
    "$",
    "$1",
    "${1}",
    "$*",
    "$0",
    "$_",
    "$&",
    "$+{n}",
    "$_[1]",
    "$ENV{A}",
    "$$",
    "$x",
    "$(",
    "$((",
    ")",
    "))",
    "|",
    ";",
    "&",
    "<<E",
    ">",
    "#",
    ",",
    "=",
    ":",
    "@",
    "%",
    "~",
    "{",
    "}",
    "[",
    "]",
    "*",
    "?",
    "!",
    "\\U",
    "\\E",
    ",when=1:*",
    ",key=",
    ",keep_open",
    "sh -c ",
    "awk '{print $1}'",
    "é",
    "\0",
    "\r",
    "\\x41",
];

proptest! {
    #![proptest_config(mutated::settings(1_500))]

    #[test]
    fn mutated_values_hold_to_the_invariants(
        place: u8,
        value in mutated::mutated(
            mutated::behind(&["exec", "pipe", "mail", "write", "throttle", "echo"]),
            PIECES,
        ),
    ) {
        value_invariants::any_value(place, &value);
    }
}
