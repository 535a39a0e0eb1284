//! Programs run by argv with limits on their time and output.
//!
//! ```
//! use std::time::Duration;
//! use swatch_common::process::{self, Exit, Input, Limits};
//!
//! let mut command = process::command("/bin/cat");
//! let finished = process::run(&mut command, Input::Bytes(b"hello"), &Limits::default());
//! assert!(matches!(finished.exit, Exit::Code(0)));
//! assert_eq!(finished.stdout.bytes, b"hello");
//! ```
//!
//! Each program runs in a process group of its own. At its time limit the group gets TERM and,
//! after a grace period, KILL, so members that ignore TERM or outlive the program end as well. The
//! program is reaped last: until then its number, which is also the group's, cannot be given to
//! somebody else, and no signal can reach a stranger.
//!
//! A program that ends within its limit is done, even if a daemon that it started still holds
//! its output open. Output beyond what the caller wants is read and dropped, so that the program
//! is not blocked by it.
//!
//! # Signals
//! The standard library hands the signal mask of the calling thread on to the child, and changing
//! it in between needs unsafe code. Programs that use this module therefore **must not block
//! signals** in threads that start children; they should install handlers, which exec resets.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;

mod cancel;
mod converse;
mod exit;
mod stream;

pub use cancel::Cancel;
pub use exit::{Captured, Exit, Finished};

/// The program's standard input.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// Nothing: `/dev/null`.
    Null,
    /// The caller's own standard input.
    Inherit,
    /// These bytes, then the end of the stream.
    Bytes(&'a [u8]),
}

/// The destination of one of the program's output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Nowhere: `/dev/null`.
    Null,
    /// The caller's own stream, directly and without a limit.
    Inherit,
    /// Up to this many bytes are kept for the caller, the rest is read and dropped.
    Capture(usize),
    /// Up to this many bytes are copied to the caller's own stream as they come, the rest is read
    /// and dropped.
    Forward(u64),
}

/// The limits of a program.
#[derive(Debug, Clone)]
pub struct Limits<'a> {
    /// The time until TERM; `None` for no limit.
    pub time: Option<Duration>,
    /// The time between TERM and KILL.
    pub grace: Duration,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// Ends the program early when the caller has to end.
    pub cancel: Option<&'a Cancel>,
}

impl Default for Limits<'_> {
    /// Ten seconds, two of grace, 64 KiB of output and 4 KiB of error messages.
    fn default() -> Self {
        Self {
            time: Some(Duration::from_secs(10)),
            grace: Duration::from_secs(2),
            stdout: Output::Capture(64 << 10),
            stderr: Output::Capture(4 << 10),
            cancel: None,
        }
    }
}

/// A command that inherits the environment, but for the variables that
/// [change what programs do](is_hazardous).
#[must_use]
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    clean_environment(&mut command);
    command
}

/// A command with an environment that holds only `PATH`, `LANG=C` and `TZ`, in the root directory.
#[must_use]
pub fn isolated_command(program: impl AsRef<OsStr>, path: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", path)
        .env("LANG", "C")
        .envs(std::env::var_os("TZ").map(|zone| ("TZ", zone)))
        .current_dir("/");
    command
}

/// Takes the [hazardous](is_hazardous) variables out of the environment that a command inherits.
fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_hazardous(&name) {
            command.env_remove(name);
        }
    }
}

/// Keeps every open descriptor except the standard streams from programs that are started later.
/// The standard library marks what it opens, but not what this process inherited: a lock file of
/// the shell that started it, a socket of its supervisor.
///
/// For the start of `main`, before anything else is opened.
pub fn seal_descriptors() {
    close_fds::set_fds_cloexec(3, &[]);
}

/// True if an environment variable makes programs load or run code, or makes a shell read scripts
/// differently: `LD_PRELOAD` and all of its family, `BASH_ENV`, `ENV`, exported functions of bash,
/// `PERL5OPT` and the like. The list follows those of glibc's `AT_SECURE` mode and of sudo.
///
/// Search paths of interpreters (`PERL5LIB`, `PYTHONPATH`) are not on it: administrators set them
/// for their own scripts.
#[must_use]
pub fn is_hazardous(name: &OsStr) -> bool {
    const NAMES: &[&[u8]] = &[
        b"BASHOPTS",
        b"BASH_ENV",
        b"CDPATH",
        b"ENV",
        b"GCONV_PATH",
        b"GETCONF_DIR",
        b"GLIBC_TUNABLES",
        b"GLOBIGNORE",
        b"HOSTALIASES",
        b"IFS",
        b"JAVA_TOOL_OPTIONS",
        b"LOCALDOMAIN",
        b"LOCPATH",
        b"MALLOC_TRACE",
        b"NLSPATH",
        b"NODE_OPTIONS",
        b"PERL5DB",
        b"PERL5OPT",
        b"PERLIO_DEBUG",
        b"PROMPT_COMMAND",
        b"PS4",
        b"PYTHONINSPECT",
        b"PYTHONSTARTUP",
        b"RESOLV_HOST_CONF",
        b"RES_OPTIONS",
        b"RUBYOPT",
        b"SHELLOPTS",
        b"ZDOTDIR",
    ];
    let name = name.as_bytes();
    name.starts_with(b"LD_") || name.starts_with(b"BASH_FUNC_") || NAMES.contains(&name)
}

/// The file of a program: a name with a slash is taken as it is, another is searched in `path`,
/// absolute directories joined by colons. `None` if there is no such executable file.
#[must_use]
pub fn find(program: &str, path: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|place| is_executable(place));
    }
    std::env::split_paths(path)
        .filter(|directory| directory.is_absolute() && !program.is_empty())
        .map(|directory| directory.join(program))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Runs a program to its end or to its limit. Standard streams and process group of `command` are
/// set here.
///
/// Waits a little, four seconds in all, when the system has no room for another process just now.
pub fn run(command: &mut Command, input: Input<'_>, limits: &Limits<'_>) -> Finished {
    command
        .stdin(match input {
            Input::Null => Stdio::null(),
            Input::Inherit => Stdio::inherit(),
            Input::Bytes(_) => Stdio::piped(),
        })
        .stdout(limits.stdout.stdio())
        .stderr(limits.stderr.stdio());
    match spawn(command) {
        Ok(child) => converse::converse(child, input, limits),
        Err(error) => Finished::not_started(error),
    }
}

/// Starts a command in a process group of its own; waits a little when the system has no room for
/// it just now. For callers that talk with the child themselves.
///
/// # Errors
/// The system's.
pub fn spawn(command: &mut Command) -> io::Result<std::process::Child> {
    /// Milliseconds.
    const PAUSES: [u64; 6] = [10, 50, 100, 300, 1000, 2500];
    const FOR_NOW: [Errno; 4] = [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE];
    command.process_group(0);
    for pause in PAUSES {
        match command.spawn() {
            Err(error)
                if FOR_NOW
                    .iter()
                    .any(|&n| error.raw_os_error() == Some(n as i32)) =>
            {
                std::thread::sleep(Duration::from_millis(pause));
            }
            result => return result,
        }
    }
    command.spawn()
}

impl Output {
    fn stdio(self) -> Stdio {
        match self {
            Self::Null => Stdio::null(),
            Self::Inherit => Stdio::inherit(),
            Self::Capture(_) | Self::Forward(_) => Stdio::piped(),
        }
    }
}

#[cfg(test)]
mod tests;
