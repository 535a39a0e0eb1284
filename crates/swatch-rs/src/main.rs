//! The `swatch-rs` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    swatch_common::process::seal_descriptors();
    let args: Vec<_> = std::env::args_os().collect();
    match args.get(1).and_then(|word| word.to_str()) {
        Some("import") => swatch_rs::import::main(&args[1..]),
        Some("status" | "reload" | "stop") => swatch_rs::monitor::client(&args),
        _ => swatch_rs::app::main(args),
    }
}
