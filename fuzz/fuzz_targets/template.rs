//! Any bytes as a value, a command or a pattern of one rule (the first says which), and what becomes of a hostile record.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/swatch-engine/tests/value_invariants/mod.rs"]
mod value_invariants;

fuzz_target!(|data: &[u8]| {
    let [place, value @ ..] = data else { return };
    value_invariants::any_value(*place, value);
});
