//! `swatch-action`: locks an attacker's address in the firewall.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    ExitCode::from(swatch_action::cli::run(&words))
}
