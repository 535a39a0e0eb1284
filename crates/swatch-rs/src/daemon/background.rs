//! `--daemon`: the program starts itself again in a session of its own, and the first process
//! ends once the second is up.
//!
//! The second process inherits standard input, output and error, the working directory and the
//! umask, which many init scripts (`… --daemon >> LOG 2>&1`) rely on. A new start instead of a
//! fork keeps all of this in safe code.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::unistd::{pipe2, setsid};

/// Names the descriptor on which the second process reports that it is up.
const READY_FD: &str = "SWATCH_RS_READY_FD";

/// The connection to the process that the user started.
pub struct Parent {
    pipe: File,
}

impl Parent {
    /// Lets the first process end with success: the pid file is written, the log is open.
    pub fn ready(mut self) {
        // It may have been killed; that is no reason to stop.
        let _ = self.pipe.write_all(b"+");
    }
}

/// In the second process: leaves the terminal, and returns the connection to the first.
///
/// # Errors
/// The session cannot be created, or the descriptor is not the one that the first process
/// handed over.
pub fn adopt() -> io::Result<Option<Parent>> {
    let Some(number) = std::env::var_os(READY_FD) else {
        return Ok(None);
    };
    let number = number.to_str().and_then(|n| n.parse::<i32>().ok());
    let number = number.ok_or_else(|| io::Error::other(format!("{READY_FD} is not a number")))?;
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

/// In the first process: starts the second, and waits until it is up or has ended.
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
