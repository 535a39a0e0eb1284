//! The address finder on arbitrary lines: no panic, no address that is not in the line, no private
//! one called lockable, and no text of a stranger's that chooses the address.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/log-address/tests/invariants/mod.rs"]
mod invariants;

fuzz_target!(|data: &[u8]| {
    let [choice, text @ ..] = data else {
        return;
    };
    let text_of = usize::from(choice % 64);
    match choice / 64 {
        0 => invariants::text_never_chooses(text_of, text),
        1 => invariants::text_makes_no_place(text_of, text),
        // Half of the inputs are whole lines.
        _ => invariants::any_line(text),
    }
});
