//! Running a command, with its input and within its limits.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use swatch_common::process::{self, Cancel, Exit, Finished, Input, Limits, Output};
use swatch_common::sanitize;
use swatch_engine::{Addressee, Invocation};

use super::slots::Slot;
use crate::log;

/// The longest command in messages, in characters.
const SHOWN: usize = 120;

/// The output of one command that is passed on, in bytes; the rest is dropped. A rule that loops
/// must not fill the disk.
const MOST_OUTPUT: u64 = 16 << 20;

/// The time between TERM and KILL.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// The limits of commands.
#[derive(Clone)]
pub(super) struct CommandLimits {
    /// A command is ended after this time, with its process group.
    pub(super) time: Option<Duration>,
    /// Ends running commands when the program ends.
    pub(super) cancel: Arc<Cancel>,
}

/// Runs a command to its end. Without input it inherits ours, as in the original.
pub(super) fn run(command: &Invocation, input: Option<&[u8]>, limits: &CommandLimits) -> Finished {
    let _slot = Slot::take();
    let limits = Limits {
        time: limits.time,
        grace: GRACE,
        stdout: output(&io::stdout()),
        stderr: output(&io::stderr()),
        cancel: Some(&limits.cancel),
    };
    let input = input.map_or(Input::Inherit, Input::Bytes);
    let finished = process::run(&mut prepare(command), input, &limits);
    match &finished.exit {
        // A script without `#!`, which execvp(3) runs with the shell.
        Exit::NotStarted(e) if is_script(e) => {
            process::run(&mut prepare_script(command), input, &limits)
        }
        _ => finished,
    }
}

/// A terminal is passed to the command as it is; other output goes through here to be bounded.
fn output(own: &impl IsTerminal) -> Output {
    match own.is_terminal() {
        true => Output::Inherit,
        false => Output::Forward(MOST_OUTPUT),
    }
}

/// The failure to be reported, if a command has failed.
pub(super) fn failure(finished: &Finished) -> Option<String> {
    let dropped = finished.stdout.dropped + finished.stderr.dropped;
    match &finished.exit {
        Exit::TimedOut(limit) => Some(timed_out(*limit)),
        Exit::Code(0) if dropped > 0 => Some(format!(
            "wrote more than {} MiB; the rest was dropped",
            MOST_OUTPUT >> 20
        )),
        Exit::Code(0) if finished.unread > 0 => Some("did not read its whole input".to_owned()),
        Exit::NotStarted(e) => Some(e.to_string()),
        exit => exit_failure(exit),
    }
    .map(|text| match (&finished.exit, dropped) {
        (Exit::Code(0), _) | (_, 0) => text,
        _ => format!(
            "{text}; it wrote more than {} MiB, and the rest was dropped",
            MOST_OUTPUT >> 20
        ),
    })
}

pub(super) fn timed_out(limit: Duration) -> String {
    format!(
        "took longer than {} s and was ended with its process group (--action-timeout)",
        limit.as_secs()
    )
}

pub(super) fn exit_failure(exit: &Exit) -> Option<String> {
    match exit {
        Exit::Code(0) => None,
        Exit::Code(127) => Some("exit status 127: command not found".to_owned()),
        Exit::Code(126) => Some("exit status 126: not executable".to_owned()),
        Exit::Code(code) => Some(format!("exit status {code}")),
        exit => Some(exit.to_string()),
    }
}

/// The command of a `write` action for one addressee.
pub(super) fn write_command(program: Option<&Invocation>, addressee: &Addressee) -> Invocation {
    let words = || addressee.words().map(<[u8]>::to_vec);
    match program {
        None => Invocation::Direct(
            [b"/usr/bin/write".to_vec()]
                .into_iter()
                .chain(words())
                .collect(),
        ),
        Some(Invocation::Direct(program)) => {
            Invocation::Direct(program.iter().cloned().chain(words()).collect())
        }
        // The user is passed to the shell as a word, because it may contain log text.
        Some(Invocation::Shell(text)) => {
            let text = [text.as_slice(), b" \"$@\""].concat();
            let shell = [b"/bin/sh".to_vec(), b"-c".to_vec(), text, b"sh".to_vec()];
            Invocation::Direct(shell.into_iter().chain(words()).collect())
        }
    }
}

/// A command for messages: one line, bounded.
pub(super) fn shown(command: &Invocation) -> String {
    match command {
        Invocation::Direct(words) => sanitize::excerpt(&words.join(&b' '), SHOWN),
        Invocation::Shell(text) => sanitize::excerpt(text, SHOWN),
    }
}

pub(super) fn is_script(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::ENOEXEC as i32)
}

pub(super) fn prepare(command: &Invocation) -> Command {
    let mut prepared = prepare_words(command);
    prepared.envs(log::environment());
    prepared
}

fn prepare_words(command: &Invocation) -> Command {
    match command {
        Invocation::Direct(words) => {
            let (program, arguments) = words
                .split_first()
                .map_or((&b""[..], &[][..]), |(p, a)| (p.as_slice(), a));
            let mut prepared = process::command(OsStr::from_bytes(program));
            prepared.args(arguments.iter().map(|a| OsStr::from_bytes(a)));
            prepared
        }
        Invocation::Shell(text) => {
            let mut prepared = process::command("/bin/sh");
            // `\$0` in a command is the name of the shell: `sh`, as for the original.
            prepared.arg0("sh").arg("-c").arg(OsStr::from_bytes(text));
            prepared
        }
    }
}

pub(super) fn prepare_script(command: &Invocation) -> Command {
    let mut prepared = process::command("/bin/sh");
    prepared.envs(log::environment());
    if let Invocation::Direct(words) = command {
        prepared.args(words.iter().map(|a| OsStr::from_bytes(a)));
    }
    prepared
}
