//! A process whose output is split into records, and the pauses between its restarts.

use std::ffi::OsString;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use swatch_common::process;
use swatch_tail::{Block, RecordReader, SplitOptions, Step, Wait, Waker};

use crate::process_group;

/// First and longest pause before a command is started again.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A command that has run this long has not failed: the pauses start from the first again.
const LIVED: Duration = Duration::from_secs(60);

/// The time between TERM and KILL at the end.
const GRACE: Duration = Duration::from_millis(500);

/// Output of a process, as it is or translated.
pub(super) trait Feed: Read {
    /// Readable when there is output.
    fn fd(&self) -> BorrowedFd<'_>;
    /// Output is available although the descriptor is not readable.
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
        let mut command = process::command(program);
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn()?;
        let out = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            reader: RecordReader::new(wrap(out), options.clone()),
        })
    }

    /// Waits for output and reads once. None: the waker was called.
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
    /// The exit status, once the output has ended. A process that does not end by itself is ended.
    pub(super) fn status(mut self) -> io::Result<ExitStatus> {
        let until = Instant::now() + Duration::from_secs(5);
        match self.wait(until)? {
            Some(status) => Ok(status),
            None => self.end(),
        }
    }

    fn wait(&mut self, until: Instant) -> io::Result<Option<ExitStatus>> {
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= until {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the process and its group: TERM, and KILL after [`GRACE`].
    fn end(&mut self) -> io::Result<ExitStatus> {
        process_group::end(&mut self.child, GRACE)
    }
}

impl<R> Drop for Producer<R> {
    fn drop(&mut self) {
        // After `status` it has been reaped, and its number may belong to another process.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.end();
        }
    }
}

/// Exponential backoff between the restarts of a process.
pub(super) struct Pauses {
    pause: Duration,
    born: Instant,
    worked: bool,
    /// A pipe that is never written to, for waiting for the waker alone.
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

    /// The process has produced output.
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

    /// Pauses. True: the waker was called, and the rest of the pause is skipped.
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
