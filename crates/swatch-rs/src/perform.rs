//! Effects become bytes on standard output and processes.

mod deadline;
mod mail;
mod output;
mod pipe;
mod process;
mod report;

use std::collections::VecDeque;
use std::time::Duration;

use swatch_engine::{Effect, Invocation};

use crate::log::{Level, tell};

pub use deadline::Deadlines;
pub use output::{ColorChoice, Output};
use pipe::KeptPipe;
use process::{Running, Spawner};
use report::Reports;

/// How effects are performed.
#[derive(Clone)]
pub struct Settings {
    /// Commands at once; 1 keeps the order of the log.
    pub jobs: usize,
    /// A command is ended after that long, with its process group.
    pub time_limit: Option<Duration>,
    /// Who watches over the time limits.
    pub deadlines: Deadlines,
    /// Say what would be done, and do none of it.
    pub dry_run: bool,
    /// Say on standard error what is done.
    pub debug: bool,
}

/// What follows from an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next one.
    On,
    /// The watch ends.
    Quit,
}

/// Performs the effects of one watch, in order.
pub struct Performer {
    settings: Settings,
    output: Output,
    spawner: Spawner,
    /// At most one command is kept open, as in the original.
    kept: Option<KeptPipe>,
    running: VecDeque<Running>,
    /// Commands started so far, those that run included.
    started: u64,
    reports: Reports,
}

impl Performer {
    /// A performer for the watch of that name (it stands in its messages).
    pub fn new(name: &str, output: Output, settings: Settings) -> Self {
        let spawner = Spawner::new(settings.deadlines.clone(), settings.time_limit);
        Self {
            settings,
            output,
            spawner,
            kept: None,
            running: VecDeque::new(),
            started: 0,
            reports: Reports::new(name),
        }
    }

    /// Performs one effect. Failures are reported, never returned: the watcher goes on.
    pub fn perform(&mut self, effect: &Effect) -> Flow {
        if self.settings.dry_run {
            return self.describe(effect);
        }
        if self.settings.debug {
            tell(
                Level::Notice,
                format_args!("debug: {}", crate::explain::describe(effect)),
            );
        }
        match effect {
            Effect::Echo { text, sgr } => self.output.echo(text, sgr.as_deref()),
            Effect::Bell { rings, delay } => self.output.bell(*rings, *delay),
            Effect::Exec(command) => self.run(command, None),
            Effect::Pipe {
                command,
                message,
                keep_open: false,
            } => {
                // A kept command that is now asked for without keep_open takes this message too,
                // and is then closed: one process saw all messages so far.
                if self.kept.as_ref().is_some_and(|k| k.is(command)) {
                    self.write_kept(command, message);
                    self.close_kept();
                } else {
                    self.close_kept();
                    self.run(command, Some(message));
                }
            }
            Effect::Pipe {
                command, message, ..
            } => self.write_kept(command, message),
            Effect::Mail {
                to,
                subject,
                body,
                mailer,
            } => match mail::prepare(to.as_deref(), subject, body, mailer.as_ref()) {
                Ok((command, text)) => self.run(&command, Some(&text)),
                Err(e) => self.reports.failure("mail", &e),
            },
            Effect::Write {
                users,
                text,
                program,
            } => {
                let message = [text.as_slice(), b"\n"].concat();
                for user in users {
                    let command = process::write_command(program.as_ref(), user);
                    self.run(&command, Some(&message));
                }
            }
            Effect::Quit => return Flow::Quit,
        }
        Flow::On
    }

    /// Waits for everything that was started, except a command that is kept open.
    pub fn settle(&mut self) {
        while let Some(first) = self.running.pop_front() {
            self.reap(first);
        }
    }

    /// How many commands were started so far.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// How many of them have ended. They are waited for in the order in which they were started,
    /// so these are the first ones.
    pub fn finished(&self) -> u64 {
        self.started - self.running.len() as u64
    }

    /// Hands over what was echoed so far.
    pub fn flush(&mut self) {
        if let Some(problem) = self.output.flush() {
            self.reports.failure("standard output", &problem);
        }
    }

    /// Closes the kept command and waits for it: at the end, and when the rules change.
    pub fn close_kept(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.output.flush_before_child(&mut self.reports);
            let (command, result) = kept.close(&self.spawner);
            self.reports.outcome(&command, result);
        }
    }

    /// Tells something that went wrong around the actions; once per cause, then counted.
    pub fn report(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.reports.failure(what, why);
    }

    /// Ends everything of this performer.
    pub fn finish(&mut self) {
        self.settle();
        self.close_kept();
        self.flush();
        self.reports.summary();
    }

    fn run(&mut self, command: &Invocation, input: Option<&[u8]>) {
        self.output.flush_before_child(&mut self.reports);
        match self.spawner.start(command, input) {
            Ok(running) => {
                self.running.push_back(running);
                self.started += 1;
            }
            Err(e) => self.reports.failure(&process::shown(command), &e),
        }
        while self.running.len() >= self.settings.jobs {
            match self.running.pop_front() {
                Some(first) => self.reap(first),
                None => break,
            }
        }
    }

    fn reap(&mut self, running: Running) {
        let (command, result) = running.wait();
        self.reports.outcome(&command, result);
    }

    fn write_kept(&mut self, command: &Invocation, message: &[u8]) {
        self.output.flush_before_child(&mut self.reports);
        if self.kept.as_ref().is_some_and(|k| !k.is(command)) {
            self.close_kept();
        }
        let line = pipe::message_line(message);
        // A command that has ended is started again, once, and gets the message it missed.
        for attempt in 0..2 {
            if self.kept.is_none() {
                match KeptPipe::start(command, &self.spawner) {
                    Ok(kept) => self.kept = Some(kept),
                    Err(e) => {
                        self.reports.failure(&process::shown(command), &e);
                        return;
                    }
                }
            }
            let Some(kept) = self.kept.as_mut() else {
                return;
            };
            match kept.write(&line, &self.spawner) {
                Ok(()) => return,
                Err(e) => {
                    self.close_kept();
                    if attempt == 1 {
                        self.reports.failure(&process::shown(command), &e);
                    }
                }
            }
        }
    }

    fn describe(&mut self, effect: &Effect) -> Flow {
        let text = crate::explain::describe(effect);
        self.output.echo(text.as_bytes(), None);
        if *effect == Effect::Quit {
            Flow::Quit
        } else {
            Flow::On
        }
    }
}
