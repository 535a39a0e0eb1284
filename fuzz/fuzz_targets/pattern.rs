//! Any bytes as a pattern, any bytes as a record: modifiers, record, NUL, pattern.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/perl-pattern/tests/invariants/mod.rs"]
mod invariants;

fuzz_target!(|data: &[u8]| {
    let [bits, rest @ ..] = data else { return };
    let Some(end) = rest.iter().position(|&byte| byte == 0) else {
        return;
    };
    invariants::any_pattern(*bits, &rest[end + 1..], &rest[..end]);
});
