//! What a command prints: `--read-pipe`, and `--tail-program-name` with `--tail-args`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::process::ChildStdout;

use swatch_tail::{Block, SplitOptions, Step, Waker};

use super::producer::{Pauses, Producer};
use super::{Arrival, Ending, Receipt, Source, Splitting};
use crate::log::Level;

/// A command whose output is read.
#[derive(Debug, Clone)]
pub struct CommandPlan {
    /// Program and arguments.
    pub argv: Vec<OsString>,
    /// What messages call it.
    pub name: String,
    /// Start it again when it ends.
    pub respawn: bool,
    /// Its end is the end of the input, and fine (`--read-pipe`). Else it should never end.
    pub may_end: bool,
}

/// A command as a source.
pub(super) struct Command {
    plan: CommandPlan,
    options: SplitOptions,
    running: Option<Producer<ChildStdout>>,
    pauses: Pauses,
    waker: Waker,
    /// What follows from its end, still to be said.
    pending: VecDeque<Arrival>,
}

impl Command {
    pub(super) fn start(plan: &CommandPlan, splitting: &Splitting) -> Result<Self, String> {
        let options = SplitOptions {
            separator: splitting.separator.clone(),
            max_record: Some(splitting.max_record),
            ..SplitOptions::default()
        };
        let failed = |e: io::Error| format!("cannot start {}: {e}", plan.name);
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

    /// The command has ended: says so, and what follows.
    fn ended(&mut self, producer: Producer<ChildStdout>) {
        let status = producer.status();
        let text = match &status {
            Ok(status) => format!("{} has ended ({status})", self.plan.name),
            Err(e) => format!("{} has ended ({e})", self.plan.name),
        };
        // What the shell says of a command that is not there, or not executable.
        let never_ran = status
            .as_ref()
            .is_ok_and(|s| matches!(s.code(), Some(126 | 127)));
        let fine = status.is_ok_and(|s| s.success());
        if self.plan.respawn {
            let again = self.pauses.next().as_secs();
            self.pending.push_back(Arrival::Notice(
                Level::Warning,
                format!("{text}; it is started again in {again} s"),
            ));
        } else if self.plan.may_end && !never_ran {
            if !fine {
                self.pending.push_back(Arrival::Notice(Level::Notice, text));
            }
            self.pending.push_back(Arrival::End(Ending::Done));
        } else {
            self.pending.push_back(Arrival::End(Ending::Broken(text)));
        }
    }
}

impl Source for Command {
    fn next(&mut self) -> Arrival {
        loop {
            if let Some(arrival) = self.pending.pop_front() {
                return arrival;
            }
            let Some(mut producer) = self.running.take() else {
                if self.pauses.wait(&self.waker) {
                    return Arrival::Woken;
                }
                match Producer::start(&self.plan.argv, &self.options, |out| out) {
                    Ok(producer) => self.running = Some(producer),
                    Err(e) => {
                        return Arrival::Notice(
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
                    return Arrival::Records(block, Receipt::None);
                }
                Ok(Some(Step::File(event))) => {
                    self.running = Some(producer);
                    return Arrival::Notice(Level::Warning, event.to_string());
                }
                Ok(Some(Step::More)) => self.running = Some(producer),
                Ok(None) => {
                    self.running = Some(producer);
                    return Arrival::Woken;
                }
                Ok(Some(Step::End)) => self.ended(producer),
                Err(e) => {
                    let text = format!("cannot read from {}: {e}", self.plan.name);
                    return Arrival::End(Ending::Broken(text));
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
