//! Signals, turned into values for the loop that supervises.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// What a signal asks for; swatchdog's meanings, and USR1 besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// TERM, INT, QUIT: end cleanly.
    End(Signal),
    /// HUP, ALRM: read the rules again.
    Reload(Signal),
    /// USR1: print counters.
    Status,
}

/// The signals of this process. They are blocked in all threads that are started later;
/// children get an empty mask from the standard library.
pub struct Signals {
    fd: SignalFd,
}

impl Signals {
    /// Blocks the signals: to be called before any thread is started.
    ///
    /// # Errors
    /// The system refuses a descriptor.
    pub fn take() -> io::Result<Self> {
        use Signal::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
        let set: SigSet = [SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGALRM, SIGUSR1]
            .into_iter()
            .collect();
        set.thread_block()?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { fd })
    }

    /// The next request, if a signal has come.
    pub fn poll(&mut self) -> Option<Request> {
        let info = self.fd.read_signal().ok()??;
        Some(match Signal::try_from(info.ssi_signo as i32).ok()? {
            signal @ (Signal::SIGHUP | Signal::SIGALRM) => Request::Reload(signal),
            Signal::SIGUSR1 => Request::Status,
            signal => Request::End(signal),
        })
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
