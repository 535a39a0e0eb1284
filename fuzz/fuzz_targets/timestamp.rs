//! The time stamp reader on arbitrary lines, at arbitrary times: eight bytes of the clock, then the line.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/log-timestamp/tests/invariants/mod.rs"]
mod invariants;

fuzz_target!(|data: &[u8]| {
    let Some((now, line)) = data.split_first_chunk() else {
        return;
    };
    invariants::any_line(line, i64::from_le_bytes(*now));
});
