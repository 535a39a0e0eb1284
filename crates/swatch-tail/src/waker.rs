//! Interrupting a thread that waits.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

/// Interrupts a wait from another thread. Clones wake the same waiter.
///
/// A wake-up is never lost: if no thread waits, the next wait ends at once. Several wake-ups before
/// a wait count as one.
#[derive(Debug, Clone)]
pub struct Waker {
    event: Arc<EventFd>,
    /// Marks this follower as the one to wake when several wait for the same event.
    flag: Option<Arc<AtomicBool>>,
}

/// The result of [`Waker::wait_readable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// There is something to read, or the other end has been closed.
    Readable,
    /// [`Waker::wake`] was called.
    Woken,
    /// The time limit has passed.
    TimedOut,
}

/// The result of a poll.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ready {
    pub(crate) woken: bool,
    pub(crate) source: bool,
}

impl Waker {
    /// A waker of its own, for a source that is not a [`Follower`](crate::Follower).
    ///
    /// # Errors
    /// When the process or the system has no descriptor left.
    pub fn new() -> std::io::Result<Self> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Waker {
            event: Arc::new(event),
            flag: None,
        })
    }

    /// One that wakes the same waiter and sets a flag.
    pub(crate) fn with_flag(&self, flag: Arc<AtomicBool>) -> Self {
        Waker {
            event: self.event.clone(),
            flag: Some(flag),
        }
    }

    /// Ends the wait of the other thread, now or when it next begins.
    pub fn wake(&self) {
        if let Some(flag) = &self.flag {
            flag.store(true, Ordering::Release);
        }
        // The only failure is EAGAIN on a counter that is full, and then it is awake anyway.
        let _ = self.event.write(1);
    }

    /// Waits until `source` can be read without blocking. For a pipe or standard input that is
    /// split with [`RecordReader::step`](crate::RecordReader::step). `None` waits without limit.
    ///
    /// # Errors
    /// When the system refuses to poll, for example because it is out of memory.
    pub fn wait_readable(
        &self,
        source: impl AsFd,
        timeout: Option<Duration>,
    ) -> std::io::Result<Wait> {
        let ready = self.poll(Some(source.as_fd()), timeout)?;
        Ok(match ready {
            Ready { woken: true, .. } => Wait::Woken,
            Ready { source: true, .. } => Wait::Readable,
            _ => Wait::TimedOut,
        })
    }

    /// Waits for `source` or a wake-up, which counts as taken then.
    pub(crate) fn poll(
        &self,
        source: Option<BorrowedFd<'_>>,
        timeout: Option<Duration>,
    ) -> std::io::Result<Ready> {
        let end = timeout.map(|t| Instant::now() + t);
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let mut fds = Vec::with_capacity(2);
            fds.push(PollFd::new(self.event.as_fd(), PollFlags::POLLIN));
            if let Some(source) = source {
                fds.push(PollFd::new(source, PollFlags::POLLIN));
            }
            match poll(&mut fds, poll_timeout(left)) {
                Ok(0) | Err(Errno::EINTR) => {
                    if left.is_some_and(|left| left.is_zero()) {
                        return Ok(Ready::default());
                    }
                }
                Ok(_) => {
                    let any = |nth| fds.get(nth).and_then(PollFd::any).unwrap_or(false);
                    return Ok(Ready {
                        woken: any(0) && self.event.read().is_ok(),
                        source: any(1),
                    });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Rounds up: a wait that ends slightly early would only be started again.
fn poll_timeout(left: Option<Duration>) -> PollTimeout {
    match left {
        None => PollTimeout::NONE,
        Some(left) => {
            let millis = left.as_nanos().div_ceil(1_000_000);
            i32::try_from(millis)
                .ok()
                .and_then(|ms| PollTimeout::try_from(ms).ok())
                .unwrap_or(PollTimeout::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_up_before_the_wait_is_kept() {
        let waker = Waker::new().unwrap();
        let (reader, _writer) = std::io::pipe().unwrap();
        waker.wake();
        waker.wake();
        assert_eq!(waker.wait_readable(&reader, None).unwrap(), Wait::Woken);
        let short = Some(Duration::from_millis(5));
        assert_eq!(waker.wait_readable(&reader, short).unwrap(), Wait::TimedOut);
    }

    #[test]
    fn wakes_a_waiting_thread() {
        let waker = Waker::new().unwrap();
        let (reader, _writer) = std::io::pipe().unwrap();
        let other = waker.clone();
        let thread = std::thread::spawn(move || other.wake());
        assert_eq!(waker.wait_readable(&reader, None).unwrap(), Wait::Woken);
        thread.join().unwrap();
    }

    #[test]
    fn a_closed_pipe_is_readable() {
        let waker = Waker::new().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(writer);
        assert_eq!(waker.wait_readable(&reader, None).unwrap(), Wait::Readable);
    }
}
