//! The address rules on arbitrary lines: no panic, no address that is not in the line, no private one called lockable,
//! and no text of a stranger's that chooses the address.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swatch_action::address::FieldList;

#[path = "../../crates/swatch-action/tests/address_invariants/mod.rs"]
mod address_invariants;

fuzz_target!(|data: &[u8]| {
    let [choice, field, text @ ..] = data else { return };
    let list = format!("{}-{}", field % 16 + 1, field % 16 + 1 + field / 86);
    let fields = FieldList::parse(&list).expect("a range that runs forwards");
    match choice.checked_sub(100) {
        // A good part of the inputs is a whole line.
        None => address_invariants::text_never_chooses(usize::from(*choice), text, &fields),
        Some(_) => address_invariants::any_line(text, &fields),
    }
});
