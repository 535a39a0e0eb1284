//! Performing effects: bytes on standard output, and processes.

mod kept;
mod mail;
mod output;
mod pipe;
mod process;
mod report;
mod resident;
mod running;
mod slots;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use swatch_common::process::Cancel;
use swatch_engine::Effect;

use crate::log::{self, EventKind, Level, LogEvent};
use crate::monitor::counts::{self, ActionCounts, ActionResult};

pub(crate) use mail::SENDMAIL;
pub use output::{ColorChoice, Output};
use pipe::KeptPipe;
use process::CommandLimits;
use report::Reports;
use resident::Session;
use running::Running;

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

    /// An action was not done.
    fn failure(&mut self, what: &str, why: &dyn std::fmt::Display) {
        self.counts.add(self.action, ActionResult::Failed);
        self.reports.failure(what, why);
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

    fn describe(&mut self, effect: &Effect) -> ControlFlow<()> {
        let text = crate::explain::describe(effect);
        self.output.echo(text.as_bytes(), None);
        match effect {
            Effect::Quit => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}
