//! `--daemon`: the program starts itself again in a session of its own, and the first process
//! ends when the second is at work.
//!
//! The second process inherits standard input, output and error, working folder and umask, as
//! the seed of many init scripts (`… --daemon >> LOG 2>&1`) relies on. Starting anew instead of
//! forking keeps all of this in safe code.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::{pipe2, setsid};

/// Names the descriptor on which the second process tells that it is at work.
const READY_FD: &str = "SWATCH_RS_READY_FD";

/// The way back to the process that the user started.
pub struct Parent {
    pipe: File,
}

impl Parent {
    /// Tells the first process that it may end with success: the pid file is written, the log open.
    pub fn ready(mut self) {
        // It may have been killed: no reason to stop.
        let _ = self.pipe.write_all(b"+");
    }
}

/// In the second process: leaves the terminal, and gives the way back.
///
/// # Errors
/// The session cannot be made, or the descriptor is not what the first process has handed over.
pub fn adopt() -> io::Result<Option<Parent>> {
    let Some(number) = std::env::var_os(READY_FD) else {
        return Ok(None);
    };
    let number: i32 = number
        .to_str()
        .and_then(|n| n.parse().ok())
        .ok_or_else(|| io::Error::other(format!("{READY_FD} is not a descriptor's number")))?;
    let pipe = OpenOptions::new()
        .write(true)
        .open(format!("/proc/self/fd/{number}"))?;
    nix::unistd::close(number)?;
    setsid()?;
    Ok(Some(Parent { pipe }))
}

/// True in the second process.
pub fn is_second() -> bool {
    std::env::var_os(READY_FD).is_some()
}

/// In the first process: starts the second and waits until it is at work or has ended.
///
/// # Errors
/// It cannot be started.
pub fn start(args: &[OsString]) -> io::Result<ExitCode> {
    let (from, to) = pipe2(OFlag::O_CLOEXEC)?;
    fcntl(&to, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let mut command = Command::new("/proc/self/exe");
    if let Some((name, rest)) = args.split_first() {
        command.arg0(name).args(rest);
    }
    let mut child = command.env(READY_FD, to.as_raw_fd().to_string()).spawn()?;
    drop(to);
    let mut word = [0];
    if File::from(from).read(&mut word)? == 1 {
        return Ok(ExitCode::SUCCESS);
    }
    let code = child.wait()?.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
