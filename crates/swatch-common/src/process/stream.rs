//! The pipes to and from a program. None of them ever blocks.

use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{read, write};

use super::exit::Captured;
use super::{Input, Output};

/// The amount that is read at once: as much as a pipe holds by default.
const PIECE: usize = 64 << 10;

/// The amount that is read after the program has ended: as much as a pipe holds at most. More can
/// only come from a program that is still running.
const REMAINDER: usize = (1 << 20) / PIECE;

/// The program's standard input.
pub(super) struct Feed<'a> {
    pipe: Option<OwnedFd>,
    input: &'a [u8],
}

impl<'a> Feed<'a> {
    pub(super) fn new(pipe: Option<impl Into<OwnedFd>>, input: Input<'a>) -> Self {
        let input = match input {
            Input::Bytes(bytes) => bytes,
            Input::Null | Input::Inherit => &[],
        };
        let pipe = pipe.map(Into::into).filter(|_| !input.is_empty());
        Self {
            pipe: pipe.inspect(unblock),
            input,
        }
    }

    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn write(&mut self) {
        let Some(pipe) = &self.pipe else { return };
        match write(pipe, self.input) {
            Ok(count) => self.input = &self.input[count..],
            Err(error) if would_block(error) => return,
            // The program does not want more.
            Err(_) => return self.close(),
        }
        if self.input.is_empty() {
            self.close();
        }
    }

    pub(super) fn close(&mut self) {
        self.pipe = None;
    }

    /// Bytes that the program did not take.
    pub(super) fn left(&self) -> usize {
        self.input.len()
    }
}

/// Standard output or standard error of the program.
pub(super) struct Stream {
    pipe: Option<OwnedFd>,
    /// The stream it is copied to; otherwise it is kept for the caller.
    forward: Option<Own>,
    /// The number of further bytes that are wanted.
    left: u64,
    pub(super) captured: Captured,
}

/// The caller's own stream.
#[derive(Clone, Copy)]
pub(super) enum Own {
    Stdout,
    Stderr,
}

impl Stream {
    pub(super) fn new(pipe: Option<impl Into<OwnedFd>>, output: Output, own: Own) -> Self {
        let (forward, left) = match output {
            Output::Capture(limit) => (None, limit as u64),
            Output::Forward(limit) => (Some(own), limit),
            Output::Null | Output::Inherit => (None, 0),
        };
        Self {
            pipe: pipe.map(Into::into).inspect(unblock),
            forward,
            left,
            captured: Captured::default(),
        }
    }

    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Takes one piece, if there is one. Says whether there was.
    pub(super) fn read(&mut self) -> bool {
        let Some(pipe) = &self.pipe else { return false };
        let mut buffer = [0; PIECE];
        match read(pipe, &mut buffer) {
            Ok(count) if count > 0 => {
                self.take(&buffer[..count]);
                true
            }
            Err(error) if would_block(error) => false,
            Ok(_) | Err(_) => {
                self.pipe = None;
                false
            }
        }
    }

    /// Takes what is left in the pipe after the program has ended.
    pub(super) fn read_remainder(&mut self) {
        for _ in 0..REMAINDER {
            if !self.read() {
                break;
            }
        }
    }

    /// For a pipe that the program left open in the background, such as a daemon that it restarted:
    /// its output is still forwarded, within the limit, because it would die of SIGPIPE otherwise.
    pub(super) fn forward_in_background(mut self) {
        if self.forward.is_none() || self.pipe.is_none() {
            return;
        }
        // If no thread can be started, the pipe is closed.
        let _ = std::thread::Builder::new()
            .name("output".to_owned())
            .stack_size(4 * PIECE)
            .spawn(move || {
                while let Some(pipe) = self.source() {
                    let _ = poll(
                        &mut [PollFd::new(pipe, PollFlags::POLLIN)],
                        PollTimeout::NONE,
                    );
                    self.read();
                }
            });
    }

    fn take(&mut self, piece: &[u8]) {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let (kept, dropped) = piece.split_at(piece.len().min(room));
        self.left -= kept.len() as u64;
        self.captured.dropped += dropped.len() as u64;
        // If the caller's own stream is closed, the program may still continue.
        let _ = match self.forward {
            None => self.captured.bytes.write_all(kept),
            Some(Own::Stdout) => forward(io::stdout().lock(), kept),
            Some(Own::Stderr) => forward(io::stderr().lock(), kept),
        };
    }
}

fn forward(mut own: impl Write, piece: &[u8]) -> io::Result<()> {
    own.write_all(piece)?;
    own.flush()
}

fn would_block(error: nix::errno::Errno) -> bool {
    let kind = io::Error::from(error).kind();
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn unblock(pipe: &OwnedFd) {
    // It is a pipe of our own, for which this cannot fail.
    let _ = fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
}
