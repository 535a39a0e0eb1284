//! Signals, as values for the supervising loop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigSet, Signal};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;

/// Signals that have a meaning here.
const HANDLED: [Signal; 6] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGHUP,
    Signal::SIGALRM,
    Signal::SIGUSR1,
];

/// Signals whose default would end the process without saving a position. They are taken and
/// dropped.
const DROPPED: [Signal; 7] = [
    Signal::SIGUSR2,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGIO,
    Signal::SIGPWR,
    Signal::SIGSTKFLT,
    // A write beyond RLIMIT_FSIZE then fails with EFBIG, which is reported.
    Signal::SIGXFSZ,
];

/// The meaning of a signal: swatchdog's, and USR1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// TERM, INT, QUIT: end cleanly.
    End(Signal),
    /// HUP, ALRM: read the rules again.
    Reload(Signal),
    /// USR1: log counters.
    Status,
}

/// The signal handlers of this process.
///
/// Signals are handled, not blocked: a child inherits the mask of blocked signals and the ignored
/// signals, but handlers return to the default. A command therefore starts with every signal
/// deliverable, whatever this process was started with.
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
}

/// Unblocks every signal, for this process and its children: a parent may have blocked some. To be
/// called before a thread is started, because threads inherit the mask.
pub fn unblock() {
    // Cannot fail with a valid mask.
    let _ = SigSet::empty().thread_set_mask();
}

impl Signals {
    /// Installs the handlers.
    ///
    /// # Errors
    /// The system refuses a descriptor or a handler.
    pub fn take() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let mut signals: Vec<i32> = [&HANDLED[..], &DROPPED]
            .concat()
            .iter()
            .map(|s| *s as i32)
            .collect();
        if ignores(Signal::SIGCHLD) {
            // Left ignored by a parent: children would be reaped before their status is read.
            signals.push(Signal::SIGCHLD as i32);
        }
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, signals)?;
        Ok(Self { delivery })
    }

    /// The requests of the signals received since the last call.
    pub fn pending(&mut self) -> Vec<Request> {
        let signals = self.delivery.pending();
        signals
            .filter_map(|number| Signal::try_from(number).ok())
            .filter_map(request)
            .collect()
    }
}

fn request(signal: Signal) -> Option<Request> {
    match signal {
        Signal::SIGHUP | Signal::SIGALRM => Some(Request::Reload(signal)),
        Signal::SIGUSR1 => Some(Request::Status),
        signal if HANDLED.contains(&signal) => Some(Request::End(signal)),
        _ => None,
    }
}

/// True if the signal was ignored when this program was started.
fn ignores(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as i32 - 1) & 1 == 1)
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }
}
