//! A command that is kept open, among the other effects: it is closed before another one, and what
//! it has not read goes to a new one.

use std::time::Instant;

use swatch_engine::Invocation;

use super::Performer;
use super::pipe::{self, KeptPipe};
use super::process;
use crate::monitor::counts::ActionResult;

impl Performer {
    /// Closes the kept command and waits for it: at the end, and before another command.
    pub(super) fn close_kept(&mut self) {
        while let Some(kept) = self.kept.take() {
            self.restart_unread(kept);
        }
    }

    /// The time at which to call [`Performer::look_at_kept`].
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

    pub(super) fn write_kept(&mut self, command: &Invocation, message: &[u8]) {
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
}
