//! Standard output and standard error of one run, and the exit code that follows from them.

use std::io::Write;

use swatch_common::event_log::{EventKind, Level, LogEvent, LogFormat, LogSettings};

/// The exit code of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or there was nothing to do.
    Done = 0,
    /// No address was found, or a step failed; standard error says which.
    Failed = 1,
    /// The command line or the settings are wrong.
    Usage = 2,
}

impl Exit {
    /// The exit code of `doctor`: 0 if all is fine, 1 after a warning, 2 after an error.
    #[must_use]
    pub fn of_doctor(status: u8) -> Self {
        match status {
            0 => Self::Done,
            1 => Self::Failed,
            _ => Self::Usage,
        }
    }
}

/// The output of a run.
///
/// All messages go through here, so that no function below has to know whether a warning goes to a
/// terminal, to the watcher's log or into a test.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    log: LogSettings,
    failed: bool,
}

/// A run that was interrupted.
#[derive(Clone, Copy)]
pub(crate) struct Resumed {
    log: LogSettings,
    failed: bool,
}

impl<'a> Console<'a> {
    /// A console on these two streams. The environment says how messages are written.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self {
            out,
            err,
            log: LogSettings::from_environment(),
            failed: false,
        }
    }

    /// Continues a run on these streams: how its messages are written, and whether a step failed.
    pub(crate) fn resumed(out: &'a mut dyn Write, err: &'a mut dyn Write, at: Resumed) -> Self {
        Self {
            out,
            err,
            log: at.log,
            failed: at.failed,
        }
    }

    /// Interrupts the run, for [`Console::resumed`].
    pub(crate) fn interrupt(&self) -> Resumed {
        Resumed {
            log: self.log,
            failed: self.failed,
        }
    }

    /// Sets how messages are written, once the settings are known.
    pub fn configure(&mut self, log: LogSettings) {
        self.log = log;
    }

    /// Standard output.
    pub fn out(&mut self) -> &mut dyn Write {
        self.out
    }

    /// Writes a text as it is: help, or a complaint about the command line.
    pub(crate) fn raw(&mut self, text: &str, as_error: bool) {
        let stream = if as_error {
            &mut *self.err
        } else {
            &mut *self.out
        };
        // As with the messages below, nothing can be done about a failure.
        let _ = stream.write_all(text.as_bytes());
    }

    /// Reports something that leaves the exit code as it is.
    pub fn note(&mut self, message: &str) {
        self.event(&LogEvent::new(Level::Notice, EventKind::Message, message));
    }

    /// Writes an event, if such events are wanted, and leaves the exit code as it is.
    pub fn event(&mut self, event: &LogEvent) {
        if event.level > self.log.least() {
            return;
        }
        // One write, so that the messages of concurrent processes do not mix. If nothing reads them,
        // the message is lost, and nothing can be done about that.
        let text = match self.log.format {
            LogFormat::Json => event.json("swatch-action"),
            LogFormat::Text => format!("swatch-action: {}\n", event.message),
        };
        let _ = self.err.write_all(text.as_bytes());
    }

    /// Reports a step that failed; the run continues and ends with [`Exit::Failed`].
    pub fn warn(&mut self, message: &str) {
        self.failed(&LogEvent::new(Level::Error, EventKind::Message, message));
    }

    /// As [`Console::warn`], for an event with fields.
    pub fn failed(&mut self, event: &LogEvent) {
        self.failed = true;
        self.event(event);
    }

    /// Makes the run end with [`Exit::Failed`], for a finding that standard output already reports.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// [`Exit::Failed`] after a warning, else [`Exit::Done`].
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.failed {
            Exit::Failed
        } else {
            Exit::Done
        }
    }
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Console")
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
