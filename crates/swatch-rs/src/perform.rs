//! Performing effects: bytes on standard output, and processes.

mod mail;
mod output;
mod pipe;
mod process;
mod report;
mod resident;
mod slots;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use swatch_common::process::{Cancel, Exit, Finished};
use swatch_engine::{Effect, Invocation};

use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::counts::{self, ActionCounts, ActionResult};

pub(crate) use mail::SENDMAIL;
pub use output::{ColorChoice, Output};
use pipe::KeptPipe;
use process::CommandLimits;
use report::Reports;
use resident::Session;

/// The settings of a performer.
#[derive(Clone)]
pub struct Settings {
    /// Commands at once; 1 keeps the order of the log.
    pub jobs: usize,
    /// The time after which a command is ended, with its process group.
    pub time_limit: Option<Duration>,
    /// Ends running commands when the program ends.
    pub cancel: Arc<Cancel>,
    /// Print what would be done, and do none of it.
    pub dry_run: bool,
    /// Log what is done.
    pub debug: bool,
    /// Let swatch-action stay, instead of starting it for each event.
    pub resident: bool,
}

/// The time allowed to a command that is running when the program ends.
pub const LAST_ACTION: Duration = Duration::from_secs(5);

/// Something that was begun and not taken back yet.
enum Running {
    /// A command in a thread of its own.
    Thread(Started, JoinHandle<Finished>),
    /// The next event of the helper that stays.
    Event(Started),
    /// Text that follows the output of the events before it.
    Echo(Vec<u8>, Option<String>),
}

struct Started {
    action: usize,
    command: String,
}

/// Performs the effects of a watch, in order.
pub struct Performer {
    settings: Settings,
    output: Output,
    limits: CommandLimits,
    /// At most one command is kept open, as in the original.
    kept: Option<KeptPipe>,
    /// In the order in which it was begun.
    running: VecDeque<Running>,
    /// The events among it.
    events: Session,
    /// Commands in threads of their own, if there may be several at once.
    threads: usize,
    /// Events that were given up because the program ends.
    abandoned: u64,
    /// Commands started so far, including those still running.
    started: u64,
    reports: Reports,
    counts: Arc<ActionCounts>,
    /// The action being performed, by its number.
    action: usize,
}

impl Performer {
    /// A performer for the watch of that name, which prefixes its messages.
    pub fn new(name: &str, output: Output, settings: Settings) -> Self {
        let limits = CommandLimits {
            time: settings.time_limit,
            cancel: Arc::clone(&settings.cancel),
        };
        Self {
            settings,
            output,
            limits,
            kept: None,
            running: VecDeque::new(),
            events: Session::default(),
            threads: 0,
            abandoned: 0,
            started: 0,
            reports: Reports::new(name),
            counts: Arc::default(),
            action: 0,
        }
    }

    /// The actions by their result, for those who show them.
    pub fn counts(&self) -> Arc<ActionCounts> {
        Arc::clone(&self.counts)
    }

    /// Performs an effect. Failures are reported, never returned: the watch continues. Breaks if
    /// the effect ends it.
    pub fn perform(&mut self, effect: &Effect) -> ControlFlow<()> {
        if self.settings.dry_run {
            return self.describe(effect);
        }
        if self.settings.debug || log::is_enabled(Level::Debug) {
            self.announce(effect);
        }
        self.action = counts::number(effect);
        match effect {
            Effect::Echo { text, sgr } => {
                if self.events.len() > 0 {
                    let echo = Running::Echo(text.clone(), sgr.clone());
                    self.running.push_back(echo);
                } else {
                    self.output.echo(text, sgr.as_deref());
                }
                self.counts.add(self.action, ActionResult::Ok);
            }
            Effect::Bell { rings, delay } => {
                self.settle_events();
                self.output.bell(*rings, *delay);
                self.counts.add(self.action, ActionResult::Ok);
            }
            Effect::Exec(command) => self.run(command, None),
            Effect::Pipe {
                command,
                message,
                keep_open: false,
            } => {
                // A kept command that now comes without keep_open takes this message too and is
                // then closed, so that one process sees all messages.
                if self.kept.as_ref().is_some_and(|k| k.command() == command) {
                    self.write_kept(command, message);
                    self.close_kept();
                } else {
                    self.close_kept();
                    if !self.send(command, message) {
                        self.run(command, Some(message));
                    }
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
                Err(e) => self.failure("mail", &e),
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
            Effect::Quit => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

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

    /// True if commands were given up because the program ends: their records are not done.
    pub fn has_abandoned(&self) -> bool {
        self.abandoned > 0
    }

    /// The number of commands started so far.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// The number of commands that have ended. They are waited for in the order in which they were
    /// started, so these are the first ones.
    pub fn finished(&self) -> u64 {
        self.started - self.threads as u64 - self.events.len() as u64 - self.abandoned
    }

    /// True if [`Performer::flush`] may have to wait for the reader of standard output.
    pub fn flush_may_block(&self) -> bool {
        self.output.may_block() || !self.running.is_empty()
    }

    /// Writes the text echoed so far.
    pub fn flush(&mut self) {
        if let Some(problem) = self.output.flush() {
            self.reports.failure("standard output", &problem);
        }
    }

    /// Closes the kept command and waits for it: at the end, and before another command.
    fn close_kept(&mut self) {
        while let Some(kept) = self.kept.take() {
            self.restart_unread(kept);
        }
    }

    /// When to call [`Performer::look_at_kept`].
    pub fn next_look(&self) -> Option<Instant> {
        self.kept.as_ref().map(KeptPipe::next_look)
    }

    /// A kept command that has ended is started again for the messages that it has not read.
    pub fn look_at_kept(&mut self) {
        if let Some(mut kept) = self.kept.take() {
            match kept.has_ended() {
                true => self.restart_unread(kept),
                false => self.kept = Some(kept),
            }
        }
    }

    /// Ends a kept command. The messages that it has not read go to a new one, unless it is itself
    /// such a new one and has read none.
    fn restart_unread(&mut self, kept: KeptPipe) {
        self.output.flush_before_child(&mut self.reports);
        let command = kept.command().clone();
        let shown = process::shown(&command);
        let mut is_restart = kept.is_restart;
        let mut closed = kept.close(&self.limits);
        loop {
            if let Some(why) = closed.failure {
                self.reports.failure(&shown, &why);
            }
            let count = closed.unread.len();
            if count == 0 {
                return;
            }
            let s = if count == 1 { "" } else { "s" };
            if is_restart && !closed.progress {
                let why = format!("ended without reading its input: {count} message{s} lost");
                return self.failure(&shown, &why);
            }
            let why = format!("ended with {count} message{s} unread: started again with them");
            self.reports.failure(&shown, &why);
            let mut again = match KeptPipe::start(&command) {
                Ok(kept) => kept,
                Err(e) => return self.reports.failure(&shown, &e),
            };
            is_restart = true;
            again.is_restart = true;
            let mut rest = closed.unread.into_iter();
            let written = rest.try_for_each(|line| again.write(line, &self.limits));
            if written.is_ok() {
                self.kept = Some(again);
                return;
            }
            closed = again.close(&self.limits);
            closed.unread.extend(rest);
        }
    }

    /// Reports that the position could not be saved; each cause is logged once, then counted.
    pub fn cannot_save(&mut self, why: &dyn std::fmt::Display) {
        self.reports.position(why);
    }

    /// Waits for the end of all commands, and reports what is left to report.
    pub fn finish(&mut self) {
        self.settle();
        self.close_kept();
        self.flush();
        self.reports.summary();
    }

    /// Sends an event to the helper that stays. False if the command is not for it.
    fn send(&mut self, command: &Invocation, input: &[u8]) -> bool {
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

    fn run(&mut self, command: &Invocation, input: Option<&[u8]>) {
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
    fn settle_events(&mut self) {
        while self.events.len() > 0 {
            self.reap_first();
        }
        self.reap_answered();
    }

    /// An action was not done.
    fn failure(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.counts.add(self.action, ActionResult::Failed);
        self.reports.failure(what, why);
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

    /// Logs an action before it is performed.
    fn announce(&self, effect: &Effect) {
        let action = crate::explain::describe(effect);
        // `--debug` has always written this form.
        let (level, text) = match self.settings.debug {
            true => (Level::Notice, format!("debug: {action}")),
            false => (Level::Debug, format!("{}: {action}", self.reports.watch())),
        };
        let event = LogEvent::new(level, EventKind::ActionStarted, text)
            .with("watch", self.reports.watch())
            .with("action", crate::explain::action(effect))
            .with("text", action);
        log::write(&event);
    }

    fn write_kept(&mut self, command: &Invocation, message: &[u8]) {
        self.settle_events();
        self.output.flush_before_child(&mut self.reports);
        if self.kept.as_ref().is_some_and(|k| k.command() != command) {
            self.close_kept();
        }
        self.look_at_kept();
        let mut kept = match self.kept.take() {
            Some(kept) => kept,
            None => match KeptPipe::start(command) {
                Ok(kept) => kept,
                Err(e) => return self.failure(&process::shown(command), &e),
            },
        };
        match kept.write(pipe::message_line(message), &self.limits) {
            Ok(()) => {
                self.counts.add(self.action, ActionResult::Ok);
                self.kept = Some(kept);
            }
            // It has ended; the message is among those that it has not read.
            Err(_) => self.restart_unread(kept),
        }
    }

    fn describe(&mut self, effect: &Effect) -> ControlFlow<()> {
        let text = crate::explain::describe(effect);
        self.output.echo(text.as_bytes(), None);
        match effect {
            Effect::Quit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
