//! Starting a command, feeding it, waiting for it.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use swatch_engine::{Addressee, Invocation};

use super::deadline::{Deadlines, Guard};
use crate::log::visible;

/// Pauses between tries when the system has no room for another process just now.
const RETRY: [u64; 6] = [10, 50, 100, 300, 1000, 2000];

/// Length of a command in messages, in bytes.
const SHOWN: usize = 120;

/// Starts commands, each in a process group of its own so that a time limit ends all of it.
pub(super) struct Spawner {
    deadlines: Deadlines,
    limit: Option<Duration>,
}

/// A command that was started and, where it has input, fed.
pub(super) struct Running {
    child: Child,
    guard: Guard,
    command: String,
    limit: Option<Duration>,
    /// It did not take all of its input.
    unread: Option<io::Error>,
}

/// How a command ended.
pub(super) struct Ended {
    status: ExitStatus,
    /// By its time limit.
    overdue: Option<Duration>,
    unread: Option<io::Error>,
}

impl Ended {
    /// Why this is to be reported; none if all is well.
    pub(super) fn failure(&self) -> Option<String> {
        if let Some(limit) = self.overdue {
            return Some(format!(
                "took longer than {} s and was ended with its process group (--action-timeout)",
                limit.as_secs()
            ));
        }
        match (self.status.code(), self.status.signal(), &self.unread) {
            (Some(0), _, None) => None,
            (Some(0), _, Some(e)) => Some(format!("did not read its whole input: {e}")),
            (Some(127), ..) => Some("exit status 127: command not found".to_owned()),
            (Some(126), ..) => Some("exit status 126: not executable".to_owned()),
            (Some(code), ..) => Some(format!("exit status {code}")),
            (_, Some(signal), _) => Some(format!("killed by signal {signal}")),
            _ => Some("ended in an unknown way".to_owned()),
        }
    }
}

impl Spawner {
    pub(super) fn new(deadlines: Deadlines, limit: Option<Duration>) -> Self {
        Self { deadlines, limit }
    }

    /// Watches over a process group.
    pub(super) fn guard(&self, child: &Child) -> Guard {
        self.deadlines.watch(pid(child), self.limit)
    }

    /// The time limit of a command.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Starts a command and writes its input, if it has one, to its end. Without input it has
    /// ours, as in the original.
    pub(super) fn start(&self, command: &Invocation, input: Option<&[u8]>) -> io::Result<Running> {
        let stdin = if input.is_some() {
            Stdio::piped
        } else {
            Stdio::inherit
        };
        let mut child = self.spawn(command, stdin)?;
        let guard = self.guard(&child);
        let mut unread = None;
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
            unread = pipe.write_all(input).err();
        }
        Ok(Running {
            child,
            guard,
            command: shown(command),
            limit: self.limit,
            unread,
        })
    }

    /// Starts a command; waits a little when the system has no room for it.
    pub(super) fn spawn(&self, command: &Invocation, stdin: fn() -> Stdio) -> io::Result<Child> {
        let mut pauses = RETRY.iter();
        loop {
            match prepare(command).stdin(stdin()).process_group(0).spawn() {
                Ok(child) => return Ok(child),
                Err(e) if is_errno(&e, Errno::ENOEXEC) => {
                    // A script without `#!`: execvp(3) hands it to the shell.
                    return prepare_script(command)
                        .stdin(stdin())
                        .process_group(0)
                        .spawn();
                }
                Err(e)
                    if [Errno::EAGAIN, Errno::ENOMEM, Errno::EMFILE, Errno::ENFILE]
                        .iter()
                        .any(|n| is_errno(&e, *n)) =>
                {
                    let Some(pause) = pauses.next() else {
                        return Err(e);
                    };
                    std::thread::sleep(Duration::from_millis(*pause));
                }
                Err(e) => return Err(e),
            }
        }
    }
}

impl Running {
    /// Waits for the end. Gives the command for messages, too.
    pub(super) fn wait(mut self) -> (String, io::Result<Ended>) {
        let result = finish(&mut self.child, self.guard, self.limit).map(|mut ended| {
            ended.unread = self.unread;
            ended
        });
        (self.command, result)
    }
}

/// Waits for a child in an order that never signals a process number that was given away:
/// wait without reaping, end the watch over it, reap.
pub(super) fn finish(
    child: &mut Child,
    guard: Guard,
    limit: Option<Duration>,
) -> io::Result<Ended> {
    while let Err(Errno::EINTR) = waitid(
        Id::Pid(pid(child)),
        WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT,
    ) {}
    let overdue = guard.finish();
    let status = child.wait()?;
    Ok(Ended {
        status,
        overdue: limit.filter(|_| overdue),
        unread: None,
    })
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
        // The shell hands the user on as a word: log text may be in it.
        Some(Invocation::Shell(text)) => {
            let text = [text.as_slice(), b" \"$@\""].concat();
            let shell = [b"/bin/sh".to_vec(), b"-c".to_vec(), text, b"sh".to_vec()];
            Invocation::Direct(shell.into_iter().chain(words()).collect())
        }
    }
}

/// A command for messages: one line, bounded.
pub(super) fn shown(command: &Invocation) -> String {
    let text = match command {
        Invocation::Direct(words) => words.join(&b' '),
        Invocation::Shell(text) => text.clone(),
    };
    let mut line = visible(&text[..text.len().min(SHOWN)]);
    if text.len() > SHOWN {
        line.push('…');
    }
    line
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}

fn is_errno(error: &io::Error, errno: Errno) -> bool {
    error.raw_os_error() == Some(errno as i32)
}

fn prepare(command: &Invocation) -> Command {
    match command {
        Invocation::Direct(words) => {
            let (program, arguments) = words
                .split_first()
                .map_or((&b""[..], &[][..]), |(p, a)| (p.as_slice(), a));
            let mut prepared = Command::new(OsStr::from_bytes(program));
            prepared.args(arguments.iter().map(|a| OsStr::from_bytes(a)));
            prepared
        }
        Invocation::Shell(text) => {
            let mut prepared = Command::new("/bin/sh");
            // `\$0` in a command is the name of the shell, which is `sh` for the original.
            prepared.arg0("sh").arg("-c").arg(OsStr::from_bytes(text));
            prepared
        }
    }
}

fn prepare_script(command: &Invocation) -> Command {
    let mut prepared = Command::new("/bin/sh");
    if let Invocation::Direct(words) = command {
        prepared.args(words.iter().map(|a| OsStr::from_bytes(a)));
    }
    prepared
}
