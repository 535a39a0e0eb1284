//! A process whose output is split into records, and the pauses between its lives.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use swatch_tail::{Block, RecordReader, SplitOptions, Step, Wait, Waker};

/// First and longest pause before a command is started again.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A command that has lived that long was no failure: the pauses start anew.
const LIVED: Duration = Duration::from_secs(60);

/// How long a process group has between TERM and KILL at the end.
const GRACE: Duration = Duration::from_millis(500);

/// Output of a process, as it is or translated.
pub(super) trait Feed: Read {
    /// What tells that there is something to read.
    fn fd(&self) -> BorrowedFd<'_>;
    /// Something can be read although the descriptor is silent.
    fn pending(&self) -> bool;
}

impl Feed for ChildStdout {
    fn fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }

    fn pending(&self) -> bool {
        false
    }
}

/// A started process. Its whole group is ended when it is dropped.
pub(super) struct Producer<R> {
    child: Child,
    reader: RecordReader<R>,
}

impl<R: Feed> Producer<R> {
    /// Starts a command; `wrap` translates its output.
    pub(super) fn start(
        argv: &[OsString],
        options: &SplitOptions,
        wrap: impl FnOnce(ChildStdout) -> R,
    ) -> io::Result<Self> {
        let (program, arguments) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            reader: RecordReader::new(wrap(out), options.clone()),
        })
    }

    /// Waits until there is something, and reads once. None: the waker was called.
    pub(super) fn step(&mut self, waker: &Waker) -> io::Result<Option<Step>> {
        if !self.reader.has_ready() && !self.reader.source().pending() {
            let wait = waker.wait_readable(self.reader.source().fd(), None)?;
            if wait == Wait::Woken {
                return Ok(None);
            }
        }
        self.reader.step().map(Some)
    }

    pub(super) fn recycle(&mut self, block: Block) {
        self.reader.recycle(block);
    }
}

impl<R> Producer<R> {
    /// Its output has ended; so has it, or it will soon.
    pub(super) fn status(mut self) -> io::Result<ExitStatus> {
        self.end(Signal::SIGTERM, Duration::from_secs(5));
        self.child.wait()
    }

    /// Waits for the process; what is left of its group after `patience` is ended.
    fn end(&mut self, first: Signal, patience: Duration) {
        let pid = Pid::from_raw(self.child.id() as i32);
        let until = Instant::now() + patience;
        let gone = || {
            let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
            !matches!(waitid(Id::Pid(pid), flags), Ok(WaitStatus::StillAlive))
        };
        while !gone() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        if !gone() {
            let _ = killpg(pid, first);
            let until = Instant::now() + GRACE;
            while !gone() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = killpg(pid, Signal::SIGKILL);
        }
    }
}

impl<R> Drop for Producer<R> {
    fn drop(&mut self) {
        // Already reaped by `status`: the number may belong to somebody else by now.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM);
        self.end(Signal::SIGTERM, GRACE);
        let _ = self.child.wait();
    }
}

/// Growing pauses between the lives of a process.
pub(super) struct Pauses {
    pause: Duration,
    born: Instant,
    worked: bool,
    /// A pipe that nothing is written to: waiting for it is waiting for the waker.
    silent: (PipeReader, PipeWriter),
}

impl Pauses {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            pause: PAUSES.0,
            born: Instant::now(),
            worked: false,
            silent: io::pipe()?,
        })
    }

    /// The process has delivered something.
    pub(super) fn works(&mut self) {
        self.worked = true;
    }

    /// The pause that is due.
    pub(super) fn next(&self) -> Duration {
        if self.worked && self.born.elapsed() >= LIVED {
            PAUSES.0
        } else {
            self.pause
        }
    }

    /// Makes the pause. True: the waker was called; the rest of the pause is left out then.
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        let pause = self.next();
        self.pause = (pause * 2).min(PAUSES.1);
        let woken = matches!(
            waker.wait_readable(&self.silent.0, Some(pause)),
            Ok(Wait::Woken)
        );
        self.born = Instant::now();
        self.worked = false;
        woken
    }
}
