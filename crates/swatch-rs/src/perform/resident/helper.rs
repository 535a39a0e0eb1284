//! The process of a helper that stays, and the socket to it.

use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use swatch_common::process::{self, Cancel};
use swatch_common::resident::{Buffer, FLAG, MARK, Reply, Request};

use super::program::Program;
use crate::log;
use crate::process_group;

/// The time for the greeting.
const GREETING: Duration = Duration::from_secs(5);

/// Helpers that no watch uses now.
static IDLE: Mutex<Vec<Helper>> = Mutex::new(Vec::new());

/// The number of new starts of one that is killed before its greeting.
const STARTS: u32 = 100;

/// The most helpers that are kept for later.
const MOST_IDLE: usize = 4;

/// A running helper.
pub(super) struct Helper {
    program: Program,
    child: Child,
    socket: UnixStream,
    received: Buffer,
    /// Bytes that did not go into the socket yet.
    unsent: Vec<u8>,
}

/// The reason why a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The helper said something, or time passed.
    Helper,
    /// This program is about to end.
    Cancelled,
}

impl Helper {
    /// An idle one, or a new one.
    ///
    /// # Errors
    /// It cannot be started, or the program is not what it seemed to be.
    pub(super) fn take(program: &Program) -> io::Result<Self> {
        if let Ok(mut idle) = IDLE.lock()
            && let Some(at) = idle.iter().position(|helper| helper.program == *program)
        {
            return Ok(idle.swap_remove(at));
        }
        let mut starts = 1;
        loop {
            match Self::start(program)? {
                Some(helper) => return Ok(helper),
                None if starts == STARTS => {
                    return Err(io::Error::other("killed again and again at its start"));
                }
                None => starts += 1,
            }
        }
    }

    /// `None` if it was killed at once.
    fn start(program: &Program) -> io::Result<Option<Self>> {
        let (socket, theirs) = UnixStream::pair()?;
        let mut command = process::command(&program.path);
        command
            .arg(FLAG)
            .envs(log::environment())
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null());
        let child = process::spawn(&mut command)?;
        // The command holds the other end.
        drop(command);
        socket.set_nonblocking(true)?;
        let mut helper = Self {
            program: program.clone(),
            child,
            socket,
            received: Buffer::default(),
            unsent: Vec::new(),
        };
        match helper.greeting() {
            Ok(()) => Ok(Some(helper)),
            Err(error) => {
                let is_over = error.kind() == ErrorKind::UnexpectedEof;
                let (_, status) = helper.end(GREETING);
                if is_over && status.is_ok_and(|status| status.code().is_none()) {
                    return Ok(None);
                }
                program.disown();
                Err(error)
            }
        }
    }

    fn greeting(&mut self) -> io::Result<()> {
        let until = Instant::now() + GREETING;
        loop {
            match self.reply()? {
                Some(Reply::Hello(mark)) if mark == MARK.as_bytes() => return Ok(()),
                Some(_) => return Err(ErrorKind::InvalidData.into()),
                None if Instant::now() >= until => return Err(ErrorKind::TimedOut.into()),
                None => {}
            }
            self.wait(Some(until), None);
            if !self.exchange()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// True if it runs this version of the program.
    pub(super) fn runs(&self, program: &Program) -> bool {
        self.program == *program
    }

    /// Its program.
    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    /// Gives it back for other watches.
    pub(super) fn give_back(self) {
        if let Ok(mut idle) = IDLE.lock()
            && idle.len() < MOST_IDLE
        {
            return idle.push(self);
        }
        self.dismiss();
    }

    /// Adds an event to what is sent.
    pub(super) fn queue(&mut self, request: &Request) {
        request.encode(&mut self.unsent);
    }

    /// Sends and receives as much as can be done without waiting. False if the helper has ended, and
    /// all that it said was received.
    ///
    /// # Errors
    /// Those of the socket.
    pub(super) fn exchange(&mut self) -> io::Result<bool> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                // It has ended; what it said before is still to be read.
                Err(_) => self.unsent.clear(),
            }
        }
        loop {
            match self.received.fill(&mut self.socket) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(true),
                // With events in its socket that it had not read.
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return Ok(false),
                Err(e) => return Err(e),
            }
        }
    }

    /// The next thing that it has said.
    ///
    /// # Errors
    /// It does not speak as it should.
    pub(super) fn reply(&mut self) -> io::Result<Option<Reply>> {
        Reply::decode(&mut self.received)
    }

    /// Waits until there is something to send or to receive, or the time is over.
    pub(super) fn wait(&self, until: Option<Instant>, cancel: Option<&Cancel>) -> Woken {
        let timeout = until.map_or(PollTimeout::NONE, |until| {
            let left = until.saturating_duration_since(Instant::now());
            // Not a moment too early.
            PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
        });
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, !self.unsent.is_empty());
        let mut fds = vec![PollFd::new(self.socket.as_fd(), events)];
        fds.extend(cancel.map(|cancel| PollFd::new(cancel.as_fd(), PollFlags::POLLIN)));
        let polled = poll(&mut fds, timeout);
        match (polled, fds.get(1).and_then(PollFd::any)) {
            (Ok(_), Some(true)) => Woken::Cancelled,
            _ => Woken::Helper,
        }
    }

    /// Ends it while it has no event.
    pub(super) fn dismiss(self) {
        drop(self.end(Duration::ZERO));
    }

    /// Ends it, with its process group. Returns what it still said, and how it ended.
    pub(super) fn end(mut self, grace: Duration) -> (Vec<Reply>, io::Result<ExitStatus>) {
        let status = process_group::end(&mut self.child, grace);
        self.unsent.clear();
        let _ = self.exchange();
        let replies = std::iter::from_fn(|| self.reply().ok().flatten()).collect();
        (replies, status)
    }
}
