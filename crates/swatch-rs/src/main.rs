//! The `swatch-rs` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    swatch_common::process::seal_descriptors();
    let args: Vec<_> = std::env::args_os().collect();
    match args.get(1).is_some_and(|word| word == "import") {
        true => swatch_rs::import::main(&args[1..]),
        false => swatch_rs::app::main(args),
    }
}
