//! Watches for the reader of standard output to go away, as in `swatch-rs -t LOG | head`: a watch in
//! the foreground then ends, as tail(1) does.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::libc::{S_IFIFO, S_IFMT};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::fstat;
use swatch_tail::Waker;

use crate::cli::Cli;

/// True if this process ends when the reader of its standard output does: in the foreground, with
/// a pipe. A daemon continues, because its other actions do not need standard output, and so does a
/// service whose journal is restarted.
pub fn ends_with_reader(cli: &Cli) -> bool {
    let is_pipe = fstat(io::stdout()).is_ok_and(|stat| stat.st_mode & S_IFMT == S_IFIFO);
    is_pipe && !cli.daemon
}

/// Sets the flag and wakes `waker` when the reader is gone.
///
/// # Errors
/// The system refuses a thread.
pub fn watch(waker: Waker) -> io::Result<Arc<AtomicBool>> {
    let gone = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&gone);
    std::thread::Builder::new()
        .name("output".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            let stdout = io::stdout();
            let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
            while let Err(Errno::EINTR) = poll(&mut fds, PollTimeout::NONE) {}
            flag.store(true, Ordering::Release);
            waker.wake();
        })?;
    Ok(gone)
}
