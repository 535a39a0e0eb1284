//! The address rules on arbitrary lines: no panic, no address that is not in the line, no private one called lockable,
//! and no text of a stranger's that chooses the address.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swatch_action::address::FieldList;

#[path = "../../crates/swatch-action/tests/address_invariants/mod.rs"]
mod address_invariants;

fuzz_target!(|data: &[u8]| {
    let [choice, field, text @ ..] = data else {
        return;
    };
    let list = format!("{}-{}", field % 16 + 1, field % 16 + 1 + field / 86);
    let fields = FieldList::parse(&list).expect("a range that runs forwards");
    let text_of = usize::from(choice % 64);
    match choice / 64 {
        0 => address_invariants::text_never_chooses(text_of, text, &fields),
        1 => address_invariants::text_makes_no_place(text_of, text),
        // Half of the inputs is a whole line.
        _ => address_invariants::any_line(text, &fields),
    }
});
