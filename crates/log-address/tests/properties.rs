//! Properties of the address rules over arbitrary and over hostile text. `PROPTEST_CASES` sets how
//! many cases are tried.

mod invariants;

use std::time::{Duration, Instant};

use proptest::prelude::*;

/// Pieces that the formats look for, and addresses in all notations.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\t",
    "x",
    "root",
    " from ",
    " port ",
    "22",
    " ssh2",
    " ssh2: ",
    " [preauth]",
    ": ",
    ", ",
    "'",
    "\"",
    "\\",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "@",
    "#",
    ";",
    "=",
    "-",
    "198.51.100.7",
    "2001:db8::7",
    "::ffff:198.51.100.7",
    "[198.51.100.7]",
    "[2001:db8::7]:22",
    "198.51.100.7:22",
    "198.51.100.7#53",
    "10.0.0.1",
    "fe80::1%eth0",
    "1.2.3.4.5",
    "256.1.1.1",
    "é",
    "\u{1b}[31m",
    " rhost=",
    "  user=",
    " ruser=",
    " tty=ssh",
    ", client: ",
    ", server: ",
    ": Client \"",
    "] FAIL LOGIN",
    ", rip=",
    ", lip=",
    ", relay=",
    " ip=[",
    "'@'",
    "' (using password: ",
    " failed for '",
    "' - ",
    " in session ",
    "] remote host [ipv4:",
    "] mapped to [",
    " time=1",
    "H=(",
    "sshd[1]: ",
    "Jun  1 12:00:00 h ",
    "Invalid user ",
    "{\"remote_addr\":\"",
    "\"}",
    "message repeated 2 times: [ ",
    "client @0x7f ",
    "connect from a",
    "refused connect from ",
    ",198.51.100.7): ",
    " - - [01/Jun/2024:12:00:00 +0000] ",
];

fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec());
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_hold_to_the_invariants(line: Vec<u8>) {
        invariants::any_line(&line);
    }

    #[test]
    fn pieces_of_formats_hold_to_the_invariants(line in hostile()) {
        invariants::any_line(&line);
    }

    #[test]
    fn text_in_a_line_without_a_place_makes_none(choice in 0usize..64, text in hostile()) {
        invariants::text_makes_no_place(choice, &text);
    }

    #[test]
    fn a_strangers_text_never_chooses(choice in 0usize..64, text in hostile()) {
        invariants::text_never_chooses(choice, &text);
    }
}

/// Regressions that were found by chance or by fuzzing.
#[test]
fn texts_that_once_chose_or_made_a_place() {
    for choice in 0..64 {
        for text in [
            " port , rip=fe80::1%eth0, ",
            ", rip=[2001:db8::7]:22, ",
            ", rip=198.51.100.7, lip=",
        ] {
            invariants::text_never_chooses(choice, text.as_bytes());
        }
        let text = b"n_fatal:/198.51.100.7:22 Connection fr\0m";
        invariants::text_makes_no_place(choice, text);
    }
}

/// An attacker chooses the length of a line. No run of any piece may take more than linear time: a
/// reader that takes quadratic time would need minutes for these, while a debug build on a busy
/// machine needs seconds.
#[test]
fn long_hostile_lines_take_linear_time() {
    let heads = [
        "Jun  1 12:00:00 h sshd[1]: Disconnecting invalid user ",
        "Jun  1 12:00:00 h sshd[1]: Failed publickey for ",
        "Jun  1 12:00:00 h vsftpd[1]: [",
        "Jun  1 12:00:00 h dovecot: auth: passwd-file(",
        "2024/06/01 12:00:00 [error] 1#1: *2 ",
        "",
    ];
    let start = Instant::now();
    for head in heads {
        for piece in PIECES {
            let line = [
                head.as_bytes(),
                &piece.as_bytes().repeat((60_000 / piece.len()).max(1)),
            ]
            .concat();
            let _ = log_address::find(&line);
        }
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(120), "{took:?}");
}
