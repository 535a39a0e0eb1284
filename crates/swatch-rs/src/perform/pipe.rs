//! `pipe …,keep_open`: one process for many messages.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use swatch_common::process;
use swatch_engine::Invocation;

use crate::process_group;

use super::LAST_ACTION;
use super::process::{
    CommandLimits, GRACE, exit_failure, is_script, prepare, prepare_script, timed_out,
};

/// The capacity of a pipe: older messages than this many bytes have been read.
const CAPACITY: usize = 64 * 1024;

/// First and longest pause between two looks whether an idle command has ended.
const LOOKS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// A command whose standard input stays open.
pub(super) struct KeptPipe {
    command: Invocation,
    child: Child,
    input: ChildStdin,
    /// The last messages, as many as can be unread.
    recent: VecDeque<Vec<u8>>,
    recent_bytes: usize,
    /// Messages written to it.
    written: usize,
    /// The message that could not be written, and how much of it was.
    unwritten: Option<(Vec<u8>, usize)>,
    /// It replaces one that ended without reading everything.
    pub(super) is_restart: bool,
    next_look: Instant,
    pause: Duration,
}

/// The end of a kept command.
pub(super) struct Closed {
    pub(super) failure: Option<String>,
    /// The messages that it did not read, or not to their end.
    pub(super) unread: Vec<Vec<u8>>,
    /// It has read something.
    pub(super) progress: bool,
}

impl KeptPipe {
    pub(super) fn start(command: &Invocation) -> io::Result<Self> {
        let spawned = process::spawn(prepare(command).stdin(Stdio::piped()));
        let mut child = match spawned {
            Err(e) if is_script(&e) => {
                process::spawn(prepare_script(command).stdin(Stdio::piped()))?
            }
            spawned => spawned?,
        };
        let Some(input) = child.stdin.take() else {
            return Err(io::Error::other("started without a standard input"));
        };
        fcntl(&input, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self {
            command: command.clone(),
            child,
            input,
            recent: VecDeque::new(),
            recent_bytes: 0,
            written: 0,
            unwritten: None,
            is_restart: false,
            next_look: Instant::now() + LOOKS.0,
            pause: LOOKS.0,
        })
    }

    pub(super) fn command(&self) -> &Invocation {
        &self.command
    }

    /// Writes a message, within the time limit.
    ///
    /// # Errors
    /// The command has ended, or has stopped reading.
    pub(super) fn write(&mut self, line: Vec<u8>, limits: &CommandLimits) -> io::Result<()> {
        self.pause = LOOKS.0;
        self.next_look = Instant::now() + self.pause;
        self.written += 1;
        let until = limits.time.map(|time| Instant::now() + time);
        let mut done = 0;
        let result = loop {
            match self.input.write(&line[done..]) {
                Ok(count) => done += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    if let Err(e) = self.wait_writable(until, limits) {
                        break Err(e);
                    }
                }
                Err(e) => break Err(e),
            }
            if done == line.len() {
                break Ok(());
            }
        };
        match result {
            Ok(()) => self.remember(line),
            Err(_) => self.unwritten = Some((line, done)),
        }
        result
    }

    fn wait_writable(&self, until: Option<Instant>, limits: &CommandLimits) -> io::Result<()> {
        let timeout = until.map_or(PollTimeout::NONE, |until| {
            let left = until.saturating_duration_since(Instant::now());
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        let mut fds = [
            PollFd::new(self.input.as_fd(), PollFlags::POLLOUT),
            PollFd::new(limits.cancel.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout) {
            Ok(_) if fds[0].any() == Some(true) => Ok(()),
            Err(nix::errno::Errno::EINTR) => Ok(()),
            // The limit is over, or the program ends.
            Ok(_) => Err(io::ErrorKind::TimedOut.into()),
            Err(e) => Err(e.into()),
        }
    }

    fn remember(&mut self, line: Vec<u8>) {
        self.recent_bytes += line.len();
        self.recent.push_back(line);
        while let Some(first) = self.recent.front()
            && self.recent_bytes - first.len() > CAPACITY
        {
            self.recent_bytes -= first.len();
            self.recent.pop_front();
        }
    }

    /// When to look whether it still runs.
    pub(super) fn next_look(&self) -> Instant {
        self.next_look
    }

    /// True if no process reads its input any more.
    pub(super) fn has_ended(&mut self) -> bool {
        self.pause = (self.pause * 2).min(LOOKS.1);
        self.next_look = Instant::now() + self.pause;
        let mut fds = [PollFd::new(self.input.as_fd(), PollFlags::empty())];
        let polled = poll(&mut fds, PollTimeout::ZERO).is_ok();
        let events = fds[0].revents().unwrap_or(PollFlags::empty());
        polled && events.contains(PollFlags::POLLERR)
    }

    /// Closes its input and waits for its end, within the time limit.
    pub(super) fn close(self, limits: &CommandLimits) -> Closed {
        let Self {
            mut child,
            input,
            recent,
            written,
            unwritten,
            ..
        } = self;
        // Opened before the end of the command: the unread messages go with the last descriptor.
        let rest = File::open(format!("/proc/self/fd/{}", input.as_raw_fd()));
        drop(input);
        let failure = match wait(&mut child, limits) {
            Ok((_, Some(limit))) => Some(timed_out(limit)),
            Ok((status, None)) => exit_failure(&status.into()),
            Err(e) => Some(e.to_string()),
        };
        let begun = unwritten.as_ref().map_or(0, |(_, done)| *done);
        let left = rest.map_or(0, available).saturating_sub(begun);
        let mut unread = unread(recent, left);
        unread.extend(unwritten.map(|(line, _)| line));
        Closed {
            failure,
            progress: unread.len() < written,
            unread,
        }
    }
}

/// Waits for a command; one that takes too long is ended with its group. Returns the limit if it
/// did.
fn wait(child: &mut Child, limits: &CommandLimits) -> io::Result<(ExitStatus, Option<Duration>)> {
    let mut limit = limits.time;
    let begun = Instant::now();
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, None));
        }
        let mut cancel = [PollFd::new(limits.cancel.as_fd(), PollFlags::POLLIN)];
        if matches!(poll(&mut cancel, PollTimeout::ZERO), Ok(1)) {
            limit = Some(limit.map_or(LAST_ACTION, |limit| limit.min(LAST_ACTION)));
        }
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            return Ok((process_group::end(child, GRACE)?, limit));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

/// The number of bytes that can be read without waiting.
fn available(mut pipe: File) -> usize {
    let mut count = 0;
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        if !matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1)) {
            return count;
        }
        match pipe.read(&mut buffer) {
            Ok(0) | Err(_) => return count,
            Ok(length) => count += length,
        }
    }
}

/// The last messages, up to this many bytes. One that was read in part is among them, but not
/// one that was read except for its line feed.
fn unread(mut messages: VecDeque<Vec<u8>>, bytes: usize) -> Vec<Vec<u8>> {
    let mut covered = 0;
    let mut unread = Vec::new();
    while covered + 1 < bytes
        && let Some(message) = messages.pop_back()
    {
        covered += message.len();
        unread.push(message);
    }
    unread.reverse();
    unread
}

/// A message for a kept command ends in exactly one newline, so that messages can be told apart.
pub(super) fn message_line(message: &[u8]) -> Vec<u8> {
    let mut line = message.to_vec();
    if line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_read_in_part_is_unread() {
        let messages = || VecDeque::from([b"one\n".to_vec(), b"two\n".to_vec(), b"3\n".to_vec()]);
        assert_eq!(unread(messages(), 0), Vec::<Vec<u8>>::new());
        assert_eq!(unread(messages(), 2), [b"3\n"]);
        assert_eq!(unread(messages(), 3), [b"3\n"]);
        assert_eq!(unread(messages(), 4), [&b"two\n"[..], b"3\n"]);
        assert_eq!(unread(messages(), 99).len(), 3);
    }
}
