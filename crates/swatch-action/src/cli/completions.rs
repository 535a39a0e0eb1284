//! `swatch-action completions`: the script with which a shell completes this program's command line.

use std::{ffi::OsString, io};

use clap::{CommandFactory, Parser};
use clap_complete::Shell;

use super::{CommandLine, EventLine, refused};
use crate::console::{Console, Exit};

/// The word that asks for it.
pub(super) const NAME: &str = "completions";

/// Print the completions for a shell, for its directory of completions
#[derive(Debug, Parser)]
#[command(name = "swatch-action completions")]
struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// The whole command line as clap describes it: an event's options, and the commands.
fn command() -> clap::Command {
    let commands = CommandLine::command();
    EventLine::command()
        .subcommands(commands.get_subcommands().cloned())
        .subcommand(Completions::command().name(NAME))
}

/// Prints the script that the words, `completions` second, ask for.
pub(super) fn run(words: &[OsString], console: &mut Console<'_>) -> Exit {
    let asked = match Completions::try_parse_from(&words[1..]) {
        Ok(asked) => asked,
        Err(error) => return refused(&error),
    };
    let mut script = Vec::new();
    clap_complete::generate(asked.shell, &mut command(), "swatch-action", &mut script);
    match console.out().write_all(&script) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            console.warn(&format!("cannot write to standard output: {error}"));
            Exit::Failed
        }
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_accepts_the_whole_command_line() {
        command().debug_assert();
    }
}
