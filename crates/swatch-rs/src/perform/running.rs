//! Actions that were begun and have not ended yet: commands in threads, events of the helper that
//! stays, and text that has to wait for these. It is taken back in the order in which it was begun.

use std::io::{self, Write};
use std::thread::JoinHandle;

use swatch_common::process::{Exit, Finished};
use swatch_engine::Invocation;

use super::{Performer, process, resident};
use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::counts::ActionResult;

/// Something that was begun and not taken back yet.
pub(super) enum Running {
    /// A command in a thread of its own.
    Thread(Started, JoinHandle<Finished>),
    /// The next event of the helper that stays.
    Event(Started),
    /// Text that follows the output of the events before it.
    Echo(Vec<u8>, Option<String>),
}

pub(super) struct Started {
    action: usize,
    command: String,
}

impl Performer {
    /// Waits for all commands that were started, except one that is kept open.
    pub fn settle(&mut self) {
        while self.settle_some() {}
    }

    /// Waits for the end of the first command. False if none runs.
    pub fn settle_some(&mut self) -> bool {
        if self.running.is_empty() {
            return false;
        }
        self.reap_first();
        self.reap_answered();
        true
    }

    /// Sends an event to the helper that stays. False if the command is not for it.
    pub(super) fn send(&mut self, command: &Invocation, input: &[u8]) -> bool {
        let settings = &self.settings;
        let recognised = settings.resident.then(|| resident::recognise(command));
        let Some((program, words)) = recognised.flatten() else {
            return false;
        };
        while self.events.is_full() || self.events.is_busy_with_other(&program) {
            self.reap_first();
        }
        if self.threads == 0 && self.events.len() == 0 {
            self.output.flush_before_child(&mut self.reports);
        }
        if self.events.send(&program, words, input).is_err() {
            return false;
        }
        self.running.push_back(Running::Event(Started {
            action: self.action,
            command: process::shown(command),
        }));
        self.started += 1;
        self.reap_answered();
        true
    }

    pub(super) fn run(&mut self, command: &Invocation, input: Option<&[u8]>) {
        self.settle_events();
        self.output.flush_before_child(&mut self.reports);
        if self.settings.jobs == 1 {
            let finished = process::run(command, input, &self.limits);
            self.started += 1;
            return self.report_end(self.action, &process::shown(command), &finished);
        }
        match self.start(command, input) {
            Ok(thread) => {
                let started = Started {
                    action: self.action,
                    command: process::shown(command),
                };
                self.running.push_back(Running::Thread(started, thread));
                self.threads += 1;
                self.started += 1;
            }
            Err(e) => self.failure(&process::shown(command), &e),
        }
        while self.threads >= self.settings.jobs {
            self.reap_first();
        }
    }

    fn start(
        &self,
        command: &Invocation,
        input: Option<&[u8]>,
    ) -> io::Result<JoinHandle<Finished>> {
        let (job, limits) = (command.clone(), self.limits.clone());
        let input = input.map(<[u8]>::to_vec);
        std::thread::Builder::new()
            .name("command".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || process::run(&job, input.as_deref(), &limits))
    }

    /// Takes back the answers that are there.
    fn reap_answered(&mut self) {
        while match self.running.front() {
            Some(Running::Event(_)) => self.events.has_answer(),
            Some(Running::Echo(..)) => true,
            Some(Running::Thread(..)) | None => false,
        } {
            self.reap_first();
        }
    }

    fn reap_first(&mut self) {
        match self.running.pop_front() {
            None => {}
            Some(Running::Echo(text, sgr)) => self.output.echo(&text, sgr.as_deref()),
            Some(Running::Thread(started, thread)) => {
                self.threads -= 1;
                if let Ok(finished) = thread.join() {
                    self.report_end(started.action, &started.command, &finished);
                }
            }
            Some(Running::Event(started)) => {
                if !self.events.has_answer() {
                    self.output.flush_before_child(&mut self.reports);
                }
                let Some(finished) = self.events.take(&self.limits) else {
                    self.abandoned += 1;
                    return;
                };
                self.output.pass_on(&finished.stdout.bytes);
                if !finished.stderr.bytes.is_empty() {
                    self.output.flush_before_child(&mut self.reports);
                    // As with our own messages, nothing can be done about a failure.
                    let _ = io::stderr().lock().write_all(&finished.stderr.bytes);
                }
                self.report_end(started.action, &started.command, &finished);
            }
        }
    }

    /// Waits for the events of the helper that stays, before something that follows them.
    pub(super) fn settle_events(&mut self) {
        while self.events.len() > 0 {
            self.reap_first();
        }
        self.reap_answered();
    }

    fn report_end(&mut self, action: usize, command: &str, finished: &Finished) {
        let failure = process::failure(finished);
        let result = match (&finished.exit, &failure) {
            (Exit::TimedOut(_), _) => ActionResult::TimedOut,
            (_, Some(_)) => ActionResult::Failed,
            (_, None) => ActionResult::Ok,
        };
        self.counts.add(action, result);
        match failure {
            Some(why) => self.reports.failure(command, &why),
            None if log::is_enabled(Level::Debug) => {
                let text = format!("ended: {command}");
                let event = LogEvent::new(Level::Debug, EventKind::ActionEnded, text);
                log::write_of(self.reports.watch(), event.with("command", command));
            }
            None => {}
        }
    }
}
