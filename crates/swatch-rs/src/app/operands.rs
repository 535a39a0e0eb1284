//! Words of the command line that are no options, where another command line was probably meant.
//!
//! swatchdog ignores them, and under its names so does this program.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use swatch_common::{sanitize, shell_quote, suggest};

use crate::cli::Cli;

/// The first words that are commands.
pub const COMMANDS: [&str; 7] = [
    "init", "doctor", "import", "status", "reload", "stop", "help",
];

/// The command line that was probably meant, as a sentence; `None` if the words are to be ignored.
pub(super) fn meant(cli: &Cli) -> Option<String> {
    let word = cli.operands.first()?;
    if cli.config_file.is_some() || cli.config_dir.is_some() || has_old_name() {
        return None;
    }
    let shown = sanitize::text(word.as_bytes());
    let path = Path::new(word);
    if path.is_dir() || path.is_file() || shown.ends_with(".conf") {
        let option = if path.is_dir() {
            "--config-dir"
        } else {
            "--config-file"
        };
        return Some(format!(
            "{shown}: a file of rules needs an option: did you mean `swatch-rs {option} {}`?",
            shell_quote::word(&shown)
        ));
    }
    let meant = suggest::nearest(&shown, &COMMANDS)?;
    Some(match meant == shown {
        true => format!("{meant} is a command: write it first, `swatch-rs {meant} …`"),
        false => format!("{shown} is no command: did you mean `swatch-rs {meant}`?"),
    })
}

fn has_old_name() -> bool {
    let name = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or_default();
    name == "swatchdog" || name == "swatch"
}
