//! The `swatch-rs` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    swatch_rs::app::main(std::env::args_os().collect())
}
