//! Any bytes as a configuration.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/swatch-config/tests/config_invariants/mod.rs"]
mod config_invariants;

fuzz_target!(|data: &[u8]| config_invariants::any_configuration(data));
