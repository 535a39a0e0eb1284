//! `swatch-rs completions`: the script with which a shell completes this program's command line.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use clap_complete::Shell;

use crate::{app, cli, import, init, monitor};

/// Print the completions for a shell, for its directory of completions
#[derive(Debug, Parser)]
#[command(
    name = "swatch-rs completions",
    bin_name = "swatch-rs completions",
    max_term_width = 100
)]
struct Cli {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The whole command line as clap describes it: the options of the watcher, and the commands.
#[must_use]
pub fn command() -> clap::Command {
    cli::Cli::command()
        .disable_help_subcommand(true)
        .subcommand(init::command().name("init"))
        .subcommand(app::doctor_command().name("doctor"))
        .subcommand(import::command().name("import"))
        .subcommands(monitor::commands())
        .subcommand(Cli::command().name("completions"))
}

/// Runs the command with its arguments, `completions` first; gives the exit status.
pub fn main(args: &[OsString]) -> ExitCode {
    cli::run(args, |Cli { shell }| print(shell))
}

fn print(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "swatch-rs", &mut script);
    match io::stdout().write_all(&script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("swatch-rs: cannot write to standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_whole_command_line() {
        command().debug_assert();
    }

    #[test]
    fn every_shell_gets_the_commands_and_the_options() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "swatch-rs", &mut script);
            let script = String::from_utf8(script).expect("UTF-8");
            for word in [
                "config-dir",
                "summary",
                "init",
                "doctor",
                "import",
                "status",
                "reload",
                "stop",
            ] {
                assert!(script.contains(word), "{word} is not completed in {shell}");
            }
        }
    }
}
