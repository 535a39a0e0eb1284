//! Commands, and options in front of them: `swatch-rs --config-dir DIR doctor`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Status for a command line that cannot be understood.
pub(crate) const REFUSED: u8 = 2;

/// Options of commands without a value.
const PLAIN: [&str; 2] = ["--json", "--dry-run"];

/// Options of commands with a value.
const VALUED: [&str; 4] = ["--config-dir", "--config-file", "--runtime-dir", "-c"];

/// The command line with its command as the first word, and the options that stood before it
/// behind it. `None` if it has no command.
#[must_use]
pub fn command_first(args: &[OsString], commands: &[&str]) -> Option<Vec<OsString>> {
    let mut at = 1;
    loop {
        let word = args.get(at)?.to_str()?;
        if commands.contains(&word) {
            break;
        }
        let (name, has_value) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word, false),
        };
        at += match (PLAIN.contains(&name), VALUED.contains(&name), has_value) {
            (true, _, false) | (_, true, true) => 1,
            (_, true, false) => 2,
            _ => return None,
        };
    }
    let mut moved = vec![args[0].clone(), args[at].clone()];
    moved.extend_from_slice(&args[at + 1..]);
    moved.extend_from_slice(&args[1..at]);
    Some(moved)
}

/// Runs a command with its arguments, of which the first is not looked at. Its help, and the
/// reason why a command line is refused, are printed here; gives the exit status.
pub(crate) fn run<C: Parser>(args: &[OsString], command: impl FnOnce(C) -> ExitCode) -> ExitCode {
    match C::try_parse_from(args) {
        Ok(parsed) => command(parsed),
        Err(error) => {
            // If the reader of the help has gone, the error cannot be reported.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { REFUSED } else { 0 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_may_stand_before_a_command() {
        let words = |text: &str| -> Vec<OsString> { text.split(' ').map(Into::into).collect() };
        for (given, expected) in [
            ("s status x", Some("s status x")),
            ("s --json status x", Some("s status x --json")),
            (
                "s --config-dir d --dry-run status",
                Some("s status --config-dir d --dry-run"),
            ),
            ("s --config-dir=status", None),
            ("s --config-dir status", None),
            ("s --daemon status", None),
            ("s -t status", None),
        ] {
            let moved = command_first(&words(given), &["status"]);
            assert_eq!(moved, expected.map(words), "{given}");
        }
    }
}
