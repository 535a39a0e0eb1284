//! The output of a command: `--read-pipe`, and `--tail-program-name` with `--tail-args`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::process::ChildStdout;

use swatch_tail::{Block, SplitOptions, Step, Waker};

use super::producer::{Pauses, Producer};
use super::{Ack, Exit, OpenError, Source, SourceEvent, Splitting, file_event, notice};
use crate::log::Level;

/// A command whose output is read.
#[derive(Debug, Clone)]
pub struct CommandPlan {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// The name in messages.
    pub name: String,
    /// Start it again when it ends.
    pub respawn: bool,
    /// A failure of the command is only reported, and not one of the watch (`--read-pipe`).
    pub may_fail: bool,
}

/// A command as a source.
pub(super) struct Command {
    plan: CommandPlan,
    options: SplitOptions,
    running: Option<Producer<ChildStdout>>,
    pauses: Pauses,
    waker: Waker,
    /// Events that follow from its end.
    pending: VecDeque<SourceEvent>,
}

impl Command {
    pub(super) fn start(plan: &CommandPlan, splitting: &Splitting) -> Result<Self, OpenError> {
        let options = SplitOptions {
            separator: splitting.separator.clone(),
            max_record: Some(splitting.max_record),
            ..SplitOptions::default()
        };
        let failed = |source: io::Error| OpenError::Start {
            name: plan.name.clone(),
            source,
        };
        let running = Producer::start(&plan.argv, &options, |out| out).map_err(failed)?;
        Ok(Self {
            running: Some(running),
            pauses: Pauses::new().map_err(failed)?,
            waker: Waker::new().map_err(failed)?,
            plan: plan.clone(),
            options,
            pending: VecDeque::new(),
        })
    }

    /// The command has ended.
    fn ended(&mut self, producer: Producer<ChildStdout>) {
        let status = producer.status();
        let text = match &status {
            Ok(status) => format!("{} has ended ({status})", self.plan.name),
            Err(e) => format!("{} has ended ({e})", self.plan.name),
        };
        // The shell's status for a command that is not there or not executable.
        let never_ran = status
            .as_ref()
            .is_ok_and(|s| matches!(s.code(), Some(126 | 127)));
        let succeeded = status.is_ok_and(|s| s.success());
        if self.plan.respawn {
            let pause = self.pauses.next().as_secs();
            self.pending.push_back(notice(
                Level::Warning,
                format!("{text}; it will be started again in {pause} s"),
            ));
        } else if succeeded {
            self.pending.push_back(SourceEvent::End(Exit::Finished));
        } else if self.plan.may_fail && !never_ran {
            self.pending.push_back(notice(Level::Notice, text));
            self.pending.push_back(SourceEvent::End(Exit::Finished));
        } else {
            self.pending.push_back(SourceEvent::End(Exit::Failed(text)));
        }
    }
}

impl Source for Command {
    fn next(&mut self) -> SourceEvent {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return event;
            }
            let Some(mut producer) = self.running.take() else {
                if self.pauses.wait(&self.waker) {
                    return SourceEvent::Woken;
                }
                match Producer::start(&self.plan.argv, &self.options, |out| out) {
                    Ok(producer) => self.running = Some(producer),
                    Err(e) => {
                        return notice(
                            Level::Warning,
                            format!("cannot start {}: {e}", self.plan.name),
                        );
                    }
                }
                continue;
            };
            match producer.step(&self.waker) {
                Ok(Some(Step::Records(block))) => {
                    self.pauses.works();
                    self.running = Some(producer);
                    return SourceEvent::Records(block, Ack::None);
                }
                Ok(Some(Step::File(event))) => {
                    self.running = Some(producer);
                    return SourceEvent::Notice(file_event::log_event(&event));
                }
                Ok(Some(Step::More)) => self.running = Some(producer),
                Ok(None) => {
                    self.running = Some(producer);
                    return SourceEvent::Woken;
                }
                Ok(Some(Step::End)) => self.ended(producer),
                Err(e) => {
                    let text = format!("cannot read from {}: {e}", self.plan.name);
                    return SourceEvent::End(Exit::Failed(text));
                }
            }
        }
    }

    fn waker(&self) -> Waker {
        self.waker.clone()
    }

    fn recycle(&mut self, block: Block) {
        if let Some(producer) = &mut self.running {
            producer.recycle(block);
        }
    }
}
