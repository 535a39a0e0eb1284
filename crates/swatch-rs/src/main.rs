//! The `swatch-rs` program.

use std::process::ExitCode;

use swatch_rs::cli::command_first;

fn main() -> ExitCode {
    swatch_common::process::seal_descriptors();
    let args: Vec<_> = std::env::args_os().collect();
    let args = command_first(&args, &swatch_rs::app::COMMANDS).unwrap_or(args);
    match args.get(1).and_then(|word| word.to_str()) {
        Some("init") => swatch_rs::init::main(&args[1..]),
        Some("doctor") => swatch_rs::app::doctor(&args[1..]),
        Some("import") => swatch_rs::import::main(&args[1..]),
        Some("completions") => swatch_rs::completions::main(&args[1..]),
        Some("status" | "reload" | "stop") => swatch_rs::monitor::client(&args),
        Some("help") => swatch_rs::app::main(vec![args[0].clone(), "--help".into()]),
        _ => swatch_rs::app::main(args),
    }
}
