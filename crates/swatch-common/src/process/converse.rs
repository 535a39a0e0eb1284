//! Feeding a program, reading it and waiting for it, all at the same time.

use std::os::fd::AsFd;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::exit::{Exit, Finished};
use super::stream::{Feed, Own, Stream};
use super::{Cancel, Input, Limits};

/// The interval at which a child is polled when the kernel has no descriptor for it (before
/// Linux 5.3).
const POLLING: Duration = Duration::from_millis(10);

/// The time that a program may take to die of KILL. One that hangs in the kernel is then abandoned.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn converse(mut child: Child, input: Input<'_>, limits: &Limits<'_>) -> Finished {
    let begun = Instant::now();
    let group = Pid::from_raw(child.id().cast_signed());
    let mut talk = Conversation {
        feed: Feed::new(child.stdin.take(), input),
        stdout: Stream::new(child.stdout.take(), limits.stdout, Own::Stdout),
        stderr: Stream::new(child.stderr.take(), limits.stderr, Own::Stderr),
        watch: Watch::new(group),
        cancel: limits.cancel,
    };
    let deadline = limits.time.map(|time| begun + time);
    let early = match talk.until(deadline, Conversation::has_exited) {
        Pause::Done => None,
        Pause::Deadline => Some(Exit::TimedOut(limits.time.unwrap_or_default())),
        Pause::Cancelled => Some(Exit::Cancelled),
    };
    if early.is_some() {
        talk.cancel = None;
        talk.feed.close();
        // The group may have no member left that we could signal: nothing to do then.
        let _ = killpg(group, Signal::SIGTERM);
        talk.until(after(limits.grace), Conversation::is_silent);
        let _ = killpg(group, Signal::SIGKILL);
        talk.until(after(PATIENCE), Conversation::has_exited);
    }
    talk.stdout.read_remainder();
    talk.stderr.read_remainder();
    // Only here does the group's number become free for others.
    let status = match talk.has_exited() {
        true => child.wait().map(Exit::from),
        false => Ok(Exit::Signal(Signal::SIGKILL as i32)),
    };
    let finished = Finished {
        exit: early.unwrap_or_else(|| status.unwrap_or_else(Exit::NotStarted)),
        stdout: std::mem::take(&mut talk.stdout.captured),
        stderr: std::mem::take(&mut talk.stderr.captured),
        unread: talk.feed.left(),
    };
    talk.stdout.forward_in_background();
    talk.stderr.forward_in_background();
    finished
}

fn after(time: Duration) -> Option<Instant> {
    Some(Instant::now() + time)
}

struct Conversation<'a> {
    feed: Feed<'a>,
    stdout: Stream,
    stderr: Stream,
    watch: Watch,
    cancel: Option<&'a Cancel>,
}

/// The reason why [`Conversation::until`] returned.
enum Pause {
    Done,
    Deadline,
    Cancelled,
}

impl Conversation<'_> {
    /// Feeds and reads the program until something is so, but at most until a deadline or until
    /// the caller cancels.
    fn until(&mut self, deadline: Option<Instant>, done: fn(&Self) -> bool) -> Pause {
        loop {
            if done(self) {
                return Pause::Done;
            }
            let now = Instant::now();
            if deadline.is_some_and(|at| now >= at) {
                return Pause::Deadline;
            }
            let cancelled = self.cancel.and_then(Cancel::deadline);
            if cancelled.is_some_and(|at| now >= at) {
                return Pause::Cancelled;
            }
            let next = [deadline, cancelled].into_iter().flatten().min();
            self.wait(next.map(|at| at - now), cancelled.is_none());
            // One piece of each stream at a time: the deadline holds whatever the program writes.
            self.feed.write();
            self.stdout.read();
            self.stderr.read();
        }
    }

    /// Sleeps until there is something to do.
    fn wait(&self, time: Option<Duration>, heed_cancel: bool) {
        let cancel = self.cancel.filter(|_| heed_cancel);
        let descriptors = [
            self.feed.source().map(|fd| (fd, PollFlags::POLLOUT)),
            self.stdout.source().map(|fd| (fd, PollFlags::POLLIN)),
            self.stderr.source().map(|fd| (fd, PollFlags::POLLIN)),
            self.watch.descriptor().map(|fd| (fd, PollFlags::POLLIN)),
            cancel.map(|cancel| (cancel.as_fd(), PollFlags::POLLIN)),
        ];
        let mut descriptors: Vec<PollFd<'_>> = descriptors
            .into_iter()
            .flatten()
            .map(|(fd, flags)| PollFd::new(fd, flags))
            .collect();
        let time = match self.watch.descriptor() {
            Some(_) => time,
            None => Some(time.map_or(POLLING, |time| time.min(POLLING))),
        };
        let timeout = time.map_or(PollTimeout::NONE, |time| {
            // Rounded up, so that the deadline has passed when this returns.
            let milliseconds = time.as_micros().div_ceil(1000);
            PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
        });
        // An interruption is one more reason to look.
        let _ = poll(&mut descriptors, timeout);
    }

    fn has_exited(&self) -> bool {
        self.watch.has_exited()
    }

    /// The program has ended, and nothing that it started holds its output.
    fn is_silent(&self) -> bool {
        let open = self.stdout.source().is_some() || self.stderr.source().is_some();
        self.has_exited() && !open
    }
}

/// Sees the end of a child without reaping it.
struct Watch {
    child: Pid,
    /// Readable when the child has ended.
    descriptor: Option<rustix::fd::OwnedFd>,
}

impl Watch {
    fn new(child: Pid) -> Self {
        let descriptor = rustix::process::Pid::from_raw(child.as_raw())
            .and_then(|child| pidfd_open(child, PidfdFlags::empty()).ok());
        Self { child, descriptor }
    }

    fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.descriptor.as_ref().map(AsFd::as_fd)
    }

    fn has_exited(&self) -> bool {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        !matches!(
            waitid(Id::Pid(self.child), flags),
            Ok(WaitStatus::StillAlive)
        )
    }
}
