//! The loop of the main thread: signals, reloads, the service manager, the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use swatch_common::process::Cancel;
use swatch_tail::Waker;

use super::pid_file::PidFile;
use super::restart_time::Schedule;
use super::service_manager::ServiceManager;
use super::signals::{Request, Signals};
use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::{Control, Monitor, ReloadReport};
use crate::perform::LAST_ACTION;
use crate::pipeline::{Outcome, Watch};

/// Reads the rules of the watches again.
pub trait Reload {
    /// Reads everything again. Watches keep their rules if the new ones are refused; new files are
    /// watched, and the watches of removed files are stopped.
    fn reload(&mut self, watches: &mut Vec<Watch>) -> ReloadReport;
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All watches ended, as they should.
    Finished,
    /// A watch failed.
    Failed,
    /// A signal asked for it.
    Signalled(Signal),
}

/// The state of the loop.
pub struct Supervisor<R> {
    /// Taken before a thread was started.
    pub signals: Signals,
    /// Woken by a watch when it has ended.
    pub waker: Waker,
    /// The service manager.
    pub manager: ServiceManager,
    /// `--restart-time`.
    pub schedule: Option<Schedule>,
    /// Ends running commands.
    pub cancel: Arc<Cancel>,
    /// Set when the reader of standard output has gone away, if that ends the program.
    pub reader_gone: Option<Arc<AtomicBool>>,
    /// Held until the end.
    pub pid_file: Option<PidFile>,
    /// Reads the rules again.
    pub reloader: R,
    /// The figures for others.
    pub monitor: Arc<Monitor>,
    /// Requests of others.
    pub requests: Receiver<Control>,
}

impl<R: Reload> Supervisor<R> {
    /// Runs until all watches have ended or a signal ends them.
    pub fn run(mut self, mut watches: Vec<Watch>) -> End {
        let mut failed = false;
        let mut next_ping = self.manager.ping_interval().map(|_| Instant::now());
        while !watches.is_empty() {
            if next_ping.is_some_and(is_due) {
                // A watch that hangs gets no keep-alive: detecting that is the watchdog's purpose.
                if watches.iter().all(Watch::is_alive) {
                    self.manager.ping();
                }
                next_ping = self
                    .manager
                    .ping_interval()
                    .map(|every| Instant::now() + every);
            }
            if self.reload_due().is_some_and(is_due) {
                self.reload(&mut watches);
            }
            self.wait(next_ping);
            for request in self.signals.pending() {
                match request {
                    Request::End(signal) => {
                        let text = format!("caught {signal}, ending");
                        let event = LogEvent::new(Level::Notice, EventKind::Stopping, text);
                        log::write(&event.with("reason", signal.as_str()));
                        self.end(watches);
                        return End::Signalled(signal);
                    }
                    Request::Reload(signal) => {
                        log::notice(format_args!("caught {signal}, reading the rules again"));
                        self.reload(&mut watches);
                    }
                    Request::Status => watches.iter().for_each(Watch::report_status),
                }
            }
            while let Ok(request) = self.requests.try_recv() {
                match request {
                    Control::Stop => {
                        let text = "asked by swatch-rs stop, ending";
                        let event = LogEvent::new(Level::Notice, EventKind::Stopping, text);
                        log::write(&event.with("reason", "swatch-rs stop"));
                        self.end(watches);
                        return End::Signalled(Signal::SIGTERM);
                    }
                    Control::Reload(reply) => {
                        log::notice("asked by swatch-rs reload, reading the rules again");
                        // The client may have gone.
                        let _ = reply.send(self.reload(&mut watches));
                    }
                }
            }
            if self.reader_is_gone() {
                let why = "the reader of standard output has gone away";
                let text = format!("{why}, ending");
                let event = LogEvent::new(Level::Notice, EventKind::Stopping, text);
                log::write(&event.with("reason", why));
                self.end(watches);
                return End::Finished;
            }
            failed |= reap(&mut watches);
        }
        self.manager.stopping();
        if failed { End::Failed } else { End::Finished }
    }

    fn reload(&mut self, watches: &mut Vec<Watch>) -> ReloadReport {
        self.manager.reloading();
        let report = self.reloader.reload(watches);
        self.monitor.reloaded(report.clone());
        self.manager.ready();
        if let Some(schedule) = &mut self.schedule {
            schedule.restart();
        }
        report
    }

    fn reader_is_gone(&self) -> bool {
        let gone = self.reader_gone.as_ref();
        gone.is_some_and(|gone| gone.load(Ordering::Acquire))
    }

    fn reload_due(&self) -> Option<Instant> {
        self.schedule.as_ref().and_then(Schedule::due)
    }

    /// Sleeps until a signal arrives, a watch ends, or something is due.
    fn wait(&self, next_ping: Option<Instant>) {
        let due = [next_ping, self.reload_due()].into_iter().flatten().min();
        let timeout = due.map(|due| due.saturating_duration_since(Instant::now()));
        if self.waker.wait_readable(&self.signals, timeout).is_err() {
            // Nothing can be done about it here; the pause prevents a busy loop.
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    fn end(&self, watches: Vec<Watch>) {
        if let Some(pid_file) = &self.pid_file {
            pid_file.shutting_down();
        }
        self.manager.stopping();
        watches.iter().for_each(Watch::stop);
        self.cancel.within(LAST_ACTION);
        watches.into_iter().for_each(Watch::join);
    }
}

fn is_due(at: Instant) -> bool {
    at <= Instant::now()
}

/// Removes the watches that have ended. True if one of them failed.
fn reap(watches: &mut Vec<Watch>) -> bool {
    let mut failed = false;
    for watch in watches.extract_if(.., |watch| watch.outcome().is_some()) {
        let event = match watch.outcome() {
            Some(Outcome::Failed(why)) => {
                failed = true;
                LogEvent::new(Level::Error, EventKind::WatchEnded, &why).with("reason", why)
            }
            _ => LogEvent::new(Level::Info, EventKind::WatchEnded, "the watch has ended"),
        };
        log::write_of(watch.name(), event);
        watch.join();
    }
    failed
}
