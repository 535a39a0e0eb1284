//! The socket to the watcher.

use std::{
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use swatch_common::resident::{Buffer, MARK, Reply, Request};

pub(super) struct Link {
    socket: UnixStream,
    received: Buffer,
    /// The number of receptions of events so far.
    times: u64,
    /// Replies that were not sent yet.
    queued: Vec<u8>,
}

impl Link {
    /// The socket that the watcher gave to this process, after the greeting.
    pub(super) fn on_standard_input() -> io::Result<Self> {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Anything else than such a socket has no peer.
        socket.peer_addr()?;
        let mut link = Self {
            socket,
            received: Buffer::default(),
            times: 0,
            queued: Vec::new(),
        };
        link.queue(&Reply::Hello(MARK.as_bytes().to_vec()));
        link.socket.write_all(&std::mem::take(&mut link.queued))?;
        Ok(link)
    }

    /// The next event; `None` if none is waiting and it is not to be waited for.
    ///
    /// # Errors
    /// The watcher is gone.
    pub(super) fn next(&mut self, wait: bool) -> io::Result<Option<Request>> {
        loop {
            let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            let polled = poll(&mut fds, PollTimeout::ZERO);
            let seen = fds[0].revents().unwrap_or(PollFlags::empty());
            // Events that it had sent before come again from its successor.
            if seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if let Some(request) = Request::decode(&mut self.received)? {
                return Ok(Some(request));
            }
            if !wait && matches!(polled, Ok(0)) {
                return Ok(None);
            }
            self.times += 1;
            match self.received.fill(&mut self.socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The number of the reception with which the last event had come.
    pub(super) fn received(&self) -> u64 {
        self.times
    }

    /// Adds a reply to those that [`Link::flush`] sends.
    pub(super) fn queue(&mut self, reply: &Reply) {
        reply.encode(&mut self.queued);
    }

    /// Sends the replies. Ends the process if the watcher is gone: what was to be written after this
    /// must not be, since nobody would know of it.
    pub(super) fn flush(&mut self) {
        if self.socket.write_all(&self.queued).is_err() {
            std::process::exit(1);
        }
        self.queued.clear();
    }
}
