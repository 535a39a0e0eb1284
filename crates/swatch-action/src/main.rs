//! `swatch-action`: locks an attacker's address in the firewall.

use std::process::ExitCode;

fn main() -> ExitCode {
    swatch_common::process::seal_descriptors();
    let words: Vec<_> = std::env::args_os().collect();
    ExitCode::from(swatch_action::cli::run(&words))
}
