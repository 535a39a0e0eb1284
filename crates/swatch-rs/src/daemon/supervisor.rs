//! The main thread: signals, reloads, the service manager, the end.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::daemon::restart_time::Schedule;
use crate::daemon::service_manager::Manager;
use crate::daemon::signals::{Request, Signals};
use crate::log::{Level, tell};
use crate::perform::Deadlines;
use crate::pipeline::{Outcome, Watch};

/// How long a command that runs at the end may go on.
const LAST_ACTION: Duration = Duration::from_secs(5);

/// Rung by a watch that has ended.
#[derive(Clone)]
pub struct Bell {
    event: Arc<EventFd>,
}

impl Bell {
    /// A bell that nobody has rung.
    ///
    /// # Errors
    /// The system refuses a descriptor.
    pub fn new() -> io::Result<Self> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self {
            event: Arc::new(event),
        })
    }

    /// Wakes the supervisor.
    pub fn ring(&self) {
        // It fails only when it has been rung often enough already.
        let _ = self.event.write(1);
    }
}

/// Who knows how the rules of the watches are read again.
pub trait Reload {
    /// Reads everything again. Watches keep their rules where the new ones are wrong; files that
    /// are new are watched, and what is gone is stopped.
    fn reload(&mut self, watches: &mut Vec<Watch>);
}

/// The loop of the main thread.
pub struct Supervisor<R> {
    /// Taken before any thread was started.
    pub signals: Signals,
    /// The bell that the watches have.
    pub bell: Bell,
    /// The service manager.
    pub manager: Manager,
    /// `--restart-time`.
    pub schedule: Option<Schedule>,
    /// Where commands that run are watched over.
    pub deadlines: Deadlines,
    /// How rules are read again.
    pub reloader: R,
}

impl<R: Reload> Supervisor<R> {
    /// Runs until all watches have ended, or a signal ends them. False if one of them failed.
    pub fn run(mut self, mut watches: Vec<Watch>) -> bool {
        let mut well = true;
        let mut next_ping = self.manager.ping_every().map(|_| Instant::now());
        while !watches.is_empty() {
            if let Some(due) = next_ping.filter(|due| *due <= Instant::now()) {
                // No sign of life for a watch that hangs: that is what the watchdog is for.
                if watches.iter().all(Watch::is_alive) {
                    self.manager.ping();
                }
                next_ping = self
                    .manager
                    .ping_every()
                    .map(|every| due.max(Instant::now()) + every);
            }
            if self
                .schedule
                .as_ref()
                .and_then(Schedule::due)
                .is_some_and(|due| due <= Instant::now())
            {
                self.reload(&mut watches);
            }
            self.wait(next_ping);
            while let Some(request) = self.signals.poll() {
                match request {
                    Request::End(signal) => {
                        tell(Level::Notice, format_args!("caught {signal}, ending"));
                        self.end(watches);
                        return well;
                    }
                    Request::Reload(signal) => {
                        tell(
                            Level::Notice,
                            format_args!("caught {signal}, reading the rules again"),
                        );
                        self.reload(&mut watches);
                    }
                    Request::Status => watches.iter().for_each(Watch::tell_status),
                }
            }
            well &= reap(&mut watches);
        }
        self.manager.stopping();
        well
    }

    fn reload(&mut self, watches: &mut Vec<Watch>) {
        self.manager.reloading();
        self.reloader.reload(watches);
        self.manager.ready();
        if let Some(schedule) = &mut self.schedule {
            schedule.again();
        }
    }

    /// Sleeps until a signal, the end of a watch, or something that is due.
    fn wait(&self, next_ping: Option<Instant>) {
        let due = [next_ping, self.schedule.as_ref().and_then(Schedule::due)]
            .into_iter()
            .flatten()
            .min();
        let timeout = match due {
            None => PollTimeout::NONE,
            Some(due) => {
                let millis = due.saturating_duration_since(Instant::now()).as_millis() + 1;
                PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
            }
        };
        let mut fds = [
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.bell.event.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            // Nothing can be done about it here; a pause keeps it from becoming a busy loop.
            Err(_) => std::thread::sleep(Duration::from_secs(1)),
        }
        let _ = self.bell.event.read();
    }

    fn end(&self, watches: Vec<Watch>) {
        self.manager.stopping();
        watches.iter().for_each(Watch::stop);
        self.deadlines.hurry(LAST_ACTION);
        watches.into_iter().for_each(Watch::join);
    }
}

/// Takes out the watches that have ended. False if one of them failed.
fn reap(watches: &mut Vec<Watch>) -> bool {
    let mut well = true;
    let mut at = 0;
    while at < watches.len() {
        let Some(outcome) = watches[at].outcome() else {
            at += 1;
            continue;
        };
        let watch = watches.remove(at);
        if let Outcome::Badly(why) = outcome {
            tell(Level::Error, format_args!("{}: {why}", watch.name()));
            well = false;
        }
        watch.join();
    }
    well
}
