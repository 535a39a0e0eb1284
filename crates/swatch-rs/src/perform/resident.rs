//! Events for swatch-action, which stays instead of being started for each.
//!
//! Events are sent ahead of the answers to those before them, and the answers come in the same
//! order. If the helper dies, the events without an answer go to a new one, with what the old one
//! said that it was about to write, so that none is counted twice.

mod helper;
mod program;

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use swatch_common::process::{Captured, Exit, Finished};
use swatch_common::resident::{Reply, Request};

use super::LAST_ACTION;
use super::process::{CommandLimits, GRACE};
use helper::{Helper, Woken};
pub(super) use program::{Program, recognise};

/// The most events without an answer, and the most bytes of them.
const MOST: (usize, usize) = (512, 1 << 20);

/// The number of times that an event is sent again. If helpers die of the event itself, more would not help; one
/// that was killed by somebody else counts less.
const TRIES: u32 = 200;

/// The weight of the end of a helper that nobody killed.
const OWN_END: u32 = TRIES / 4;

/// The events of a watch that a helper has.
#[derive(Default)]
pub(super) struct Session {
    helper: Option<Helper>,
    flights: VecDeque<Flight>,
    bytes: usize,
    next: u64,
    /// The time at which the first event became the first.
    since: Option<Instant>,
    /// The time at which this program was told to end.
    cancelled: Option<Instant>,
}

struct Flight {
    request: Request,
    tries: u32,
    answer: Option<Finished>,
}

impl Session {
    /// The number of events that are not taken back yet.
    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    /// True if another event has to wait for an answer.
    pub(super) fn is_full(&self) -> bool {
        self.flights.len() >= MOST.0 || self.bytes >= MOST.1
    }

    /// True if events are with another version of the program, whose answers come first.
    pub(super) fn is_busy_with_other(&self, program: &Program) -> bool {
        !self.flights.is_empty() && self.helper.as_ref().is_some_and(|it| !it.runs(program))
    }

    /// Sends an event.
    ///
    /// # Errors
    /// There is no helper, and it cannot be started: nothing was sent.
    pub(super) fn send(
        &mut self,
        program: &Program,
        words: Vec<Vec<u8>>,
        input: &[u8],
    ) -> io::Result<()> {
        if self.helper.as_ref().is_some_and(|it| !it.runs(program))
            && let Some(old) = self.helper.take()
        {
            old.dismiss();
        }
        let helper = match &mut self.helper {
            Some(helper) => helper,
            none => none.insert(Helper::take(program)?),
        };
        let request = Request {
            id: self.next,
            words,
            input: input.to_vec(),
            written: Vec::new(),
        };
        self.next += 1;
        helper.queue(&request);
        self.bytes += request.input.len();
        self.since.get_or_insert_with(Instant::now);
        self.flights.push_back(Flight {
            request,
            tries: 0,
            answer: None,
        });
        self.look();
        Ok(())
    }

    /// True if the first event has its answer.
    pub(super) fn has_answer(&self) -> bool {
        self.flights.front().is_some_and(|it| it.answer.is_some())
    }

    /// Waits for the end of the first event. `None` if this program has to end before it could be
    /// begun: it is then not done.
    pub(super) fn take(&mut self, limits: &CommandLimits) -> Option<Finished> {
        while !self.flights.is_empty() {
            if self.has_answer()
                && let Some(Flight {
                    request, answer, ..
                }) = self.flights.pop_front()
            {
                self.bytes -= request.input.len();
                self.since = (!self.flights.is_empty()).then(Instant::now);
                if self.flights.is_empty()
                    && let Some(helper) = self.helper.take()
                {
                    helper.give_back();
                }
                return answer;
            }
            self.wait(limits);
        }
        None
    }

    fn wait(&mut self, limits: &CommandLimits) {
        let since = self.since.unwrap_or_else(Instant::now);
        let limit = limits.time.map(|time| since + time);
        let last = self.cancelled.map(|at| at + LAST_ACTION);
        let until = limit.into_iter().chain(last).min();
        let now = Instant::now();
        if last.is_some_and(|last| now >= last) {
            return self.abandon();
        }
        if limit.is_some_and(|limit| now >= limit) {
            return self.time_out(limits.time.unwrap_or_default());
        }
        let cancel = self.cancelled.is_none().then_some(&*limits.cancel);
        if let Some(helper) = &self.helper
            && helper.wait(until, cancel) == Woken::Cancelled
        {
            self.cancelled = Some(Instant::now());
        }
        self.look();
    }

    /// Sends and receives what can be without waiting.
    pub(super) fn look(&mut self) {
        let Some(helper) = &mut self.helper else {
            return;
        };
        let alive = helper.exchange();
        let mut broken = alive.is_err();
        loop {
            match helper.reply() {
                Ok(Some(reply)) => note(&mut self.flights, reply),
                Ok(None) => break,
                Err(_) => {
                    broken = true;
                    break;
                }
            }
        }
        if (broken || matches!(alive, Ok(false)))
            && let Some(helper) = self.helper.take()
        {
            self.died(helper);
        }
    }

    /// The helper has ended, or talks nonsense: the events without an answer go to another one.
    fn died(&mut self, helper: Helper) {
        let program = helper.program().clone();
        let (replies, status) = helper.end(Duration::ZERO);
        replies
            .into_iter()
            .for_each(|reply| note(&mut self.flights, reply));
        if let Some(first) = self.flights.iter_mut().find(|it| it.answer.is_none()) {
            let exit = status.as_ref().ok().copied().map(Exit::from);
            let is_killed =
                matches!(exit, Some(Exit::Signal(number)) if number == Signal::SIGKILL as i32);
            first.tries += if is_killed { 1 } else { OWN_END };
            if first.tries > TRIES {
                first.answer = Some(finished(status.map_or_else(Exit::NotStarted, Exit::from)));
            }
        }
        self.resend(&program);
    }

    fn resend(&mut self, program: &Program) {
        let mut open = self.flights.iter_mut().filter(|it| it.answer.is_none());
        let Some(first) = open.next() else {
            return;
        };
        match Helper::take(program) {
            Ok(mut helper) => {
                helper.queue(&first.request);
                open.for_each(|it| helper.queue(&it.request));
                self.helper = Some(helper);
            }
            Err(error) => {
                let again = |error: &io::Error| io::Error::new(error.kind(), error.to_string());
                first.answer = Some(finished(Exit::NotStarted(again(&error))));
                open.for_each(|it| it.answer = Some(finished(Exit::NotStarted(again(&error)))));
            }
        }
    }

    /// Ends the helper, because the first event takes too long.
    fn time_out(&mut self, limit: Duration) {
        let Some(helper) = self.helper.take() else {
            return;
        };
        let program = helper.program().clone();
        let (replies, _) = helper.end(GRACE);
        replies
            .into_iter()
            .for_each(|reply| note(&mut self.flights, reply));
        if let Some(first) = self.flights.front_mut()
            && first.answer.is_none()
        {
            first.answer = Some(finished(Exit::TimedOut(limit)));
        }
        self.resend(&program);
    }

    /// This program ends: the first event is over, and the others are found in the log again.
    fn abandon(&mut self) {
        if let Some(helper) = self.helper.take() {
            let (replies, _) = helper.end(GRACE);
            replies
                .into_iter()
                .for_each(|reply| note(&mut self.flights, reply));
        }
        let answered = self.flights.iter().take_while(|it| it.answer.is_some());
        self.flights.truncate(answered.count().max(1));
        if let Some(first) = self.flights.front_mut() {
            first
                .answer
                .get_or_insert_with(|| finished(Exit::Cancelled));
        }
    }
}

fn note(flights: &mut VecDeque<Flight>, reply: Reply) {
    let (Reply::Writes(id, _) | Reply::Answer { id, .. }) = &reply else {
        return;
    };
    let Some(flight) = flights.iter_mut().find(|it| it.request.id == *id) else {
        return;
    };
    match reply {
        Reply::Hello(_) => {}
        Reply::Writes(_, write) => flight.request.written.push(write),
        Reply::Answer { code, out, err, .. } => {
            let captured = |bytes| Captured { bytes, dropped: 0 };
            flight.answer = Some(Finished {
                stdout: captured(out),
                stderr: captured(err),
                ..finished(Exit::Code(i32::from(code)))
            });
        }
    }
}

fn finished(exit: Exit) -> Finished {
    Finished {
        exit,
        stdout: Captured::default(),
        stderr: Captured::default(),
        unread: 0,
    }
}
