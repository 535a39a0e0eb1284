//! The perl process and the channel to it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use swatch_engine::perl::{ChannelError, RUNTIME};

use super::PerlError;

/// The time that perl has to end when it is no longer needed.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time that Perl code has to come to an end when the watch is to end.
const LAST_RECORD: Duration = Duration::from_secs(1);
/// The interval at which a wait for perl is interrupted to see if it still makes sense.
const LOOK: Duration = Duration::from_millis(100);

/// The socket to perl. Reading from it ends when perl has ended, even while a process that user
/// code has forked holds the other end, and when the watch is to end.
#[derive(Debug)]
pub(super) struct Channel {
    socket: UnixStream,
    perl: Pid,
    stop: Arc<AtomicBool>,
    stop_seen: Option<Instant>,
    stopped: bool,
}

impl Channel {
    fn new(socket: UnixStream, perl: Pid, stop: &Arc<AtomicBool>) -> io::Result<Self> {
        socket.set_read_timeout(Some(LOOK))?;
        socket.set_write_timeout(Some(LOOK))?;
        Ok(Self {
            socket,
            perl,
            stop: Arc::clone(stop),
            stop_seen: None,
            stopped: false,
        })
    }

    pub(super) fn stop_on(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// The last error is due to the end of the watch.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Fails if there is no sense in waiting on.
    fn wait_on(&mut self) -> io::Result<()> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let is_running = matches!(
            waitid(Id::Pid(self.perl), flags),
            Ok(WaitStatus::StillAlive)
        );
        if !is_running {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if self.stop.load(Ordering::Acquire) {
            let since = *self.stop_seen.get_or_insert_with(Instant::now);
            if since.elapsed() >= LAST_RECORD {
                self.stopped = true;
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    fn patiently(
        &mut self,
        mut attempt: impl FnMut(&mut UnixStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match attempt(&mut self.socket) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait_on()?,
                result => return result,
            }
        }
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patiently(|socket| socket.read(buffer))
    }
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(|socket| socket.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A running perl.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pub(super) channel: Channel,
}

impl Running {
    pub(super) fn spawn(perl: &Path, stop: &Arc<AtomicBool>) -> Result<Self, PerlError> {
        let failed = |source| PerlError::Start {
            perl: perl.to_owned(),
            source,
        };
        let (socket, theirs) = UnixStream::pair().map_err(failed)?;
        let mut command = Command::new(perl);
        command
            .arg("-e")
            .arg(RUNTIME)
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        let child = command.spawn().map_err(failed)?;
        // The command holds the other end: while it lives, the end of perl would not be seen.
        drop(command);
        let pid = Pid::from_raw(child.id() as i32);
        let channel = Channel::new(socket, pid, stop).map_err(failed)?;
        Ok(Self { child, channel })
    }

    /// Ends a perl whose channel is broken, and says how it ended.
    pub(super) fn how_it_ended(mut self, why: &ChannelError) -> String {
        match self.end() {
            Some(status) => format!("died ({status})"),
            None => format!("does not answer as it should ({why}) and was killed"),
        }
    }

    /// Kills it at once.
    pub(super) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Closes the channel and waits for the end, for a while. None: it had to be killed.
    fn end(&mut self) -> Option<ExitStatus> {
        let _ = self.channel.socket.shutdown(std::net::Shutdown::Both);
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(1);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < deadline => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
                _ => {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    return None;
                }
            }
        }
    }
}

impl Drop for Running {
    /// No perl outlives its watch.
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.end();
        }
    }
}
