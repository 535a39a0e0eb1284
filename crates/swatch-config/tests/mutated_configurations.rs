//! The short run of the fuzz target `config`: the suite's configurations with some edits.

mod config_invariants;
mod mutated;

use proptest::prelude::*;

const PIECES: &[&str] = &[
    "\n",
    "\\\n",
    "\r\n",
    "\t",
    " ",
    "\"",
    "'",
    "/",
    "m{",
    "}",
    "(",
    ")",
    "[",
    "#",
    "\\",
    "$",
    "@",
    ",",
    "=",
    ":",
    "!",
    "&&",
    " and ",
    " xor ",
    "$1",
    "${1}",
    "$_",
    "$*",
    "$0",
    "$+{n}",
    "$_[1]",
    "$ENV{A}",
    "`",
    "|",
    "-",
    "\u{1b}",
    "é",
    "\0",
    "watchfor",
    "watchfor /x/\n",
    "ignore",
    "echo",
    "exec ",
    "pipe ",
    "mail",
    "throttle ",
    "threshold ",
    "when=",
    "key=",
    "threshold=on,",
    "track_by=",
    "type=limit,count=1,seconds=9",
    "perlcode 0 my $x = qr/a/;\n",
    "perlcode ",
    "bell",
    "write ",
    "continue",
    "quit",
    "1:00",
    "99999999999999999999",
    "message=",
];

proptest! {
    #![proptest_config(mutated::settings(2_000))]

    #[test]
    fn mutated_configurations_hold_to_the_invariants(
        text in mutated::mutated(mutated::configurations(), PIECES),
    ) {
        config_invariants::any_configuration(&text);
    }
}
