//! Deciding and performing.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use swatch_engine::Effect;
use swatch_engine::prefilter::{Hit, Hits};
use swatch_tail::{Block, Checkpoint, Record, StateError};

use super::leader_follower::{Leadership, Processed};
use super::{Item, Outcome, Shared};
use crate::clock::Clock;
use crate::log::{self, EventKind, Level, LogEvent};
use crate::perform::Performer;
use crate::rules::{PerlFailure, Rules};
use crate::source::{Ack, Exit};

/// The interval in which positions are written durably, so that they survive a loss of power.
const DURABLE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    pub(super) rules: Rules,
    pub(super) performer: Performer,
    pub(super) checkpoint: Checkpoint,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Clock,
    /// When the position was last written durably.
    pub(super) durable: Instant,
    /// The position has been written since, but not durably.
    pub(super) unsynced: bool,
    /// Records are lines.
    pub(super) by_lines: bool,
    /// Reused by each search.
    pub(super) found: Hits,
    /// The reason why no further record can be decided.
    pub(super) failed: Option<String>,
    /// The progress within the current block.
    pub(super) progress: Progress,
}

/// While a longer block is processed, the other thread reads the next one.
const LONG: usize = 32 * 1024;

/// The progress within a block, as offsets of the ends of records.
#[derive(Default)]
pub(super) struct Progress {
    /// The last record that was decided and whose effects were at least begun.
    handled: Option<u64>,
    /// A record was decided whose figures are not shown yet.
    decided: bool,
    /// The number of commands started up to and including each record that started any.
    open: VecDeque<(u64, u64)>,
}

/// Records to process, and where to acknowledge them.
#[derive(Clone, Copy)]
struct Job<'a> {
    block: &'a Block,
    ack: &'a Ack,
}

impl Worker {
    /// Processes an item. `leadership` is handed over before anything that may take time.
    pub(super) fn item(&mut self, item: Item, leadership: &mut Leadership<'_>) -> Processed {
        match item {
            Item::Notice(event) => log::write_of(&self.shared.name, event),
            Item::End(Exit::Finished) => return Processed::End(Outcome::Finished),
            Item::End(Exit::Failed(why)) => return Processed::End(Outcome::Failed(why)),
            Item::Records(block, ack) => {
                self.shared.counters.queued.fetch_sub(1, Ordering::Relaxed);
                let job = Job {
                    block: &block,
                    ack: &ack,
                };
                let flow = self.block(job, leadership);
                return match (self.failed.take(), flow) {
                    (Some(why), _) => Processed::End(Outcome::Failed(why)),
                    (None, ControlFlow::Break(())) => Processed::End(Outcome::Finished),
                    (None, ControlFlow::Continue(())) => Processed::Continue(Some(block)),
                };
            }
        }
        Processed::Continue(None)
    }

    /// Logs the counters of the rules.
    pub(super) fn report_status(&self) {
        for line in self.rules.status() {
            let event = LogEvent::new(Level::Notice, EventKind::Status, line);
            log::write_of(&self.shared.name, event);
        }
    }

    /// Waits for the last actions and saves the position.
    pub(super) fn end(mut self) {
        self.performer.finish();
        self.save(Checkpoint::save);
    }

    /// When [`Worker::do_due`] has something to do, without another record.
    pub(super) fn due(&self) -> Option<Instant> {
        let save = self.unsynced.then(|| self.durable + DURABLE_EVERY);
        save.into_iter().chain(self.performer.next_look()).min()
    }

    /// Makes the last position durable, and looks after a command that is kept open.
    pub(super) fn do_due(&mut self) {
        let now = Instant::now();
        if self.unsynced && self.durable + DURABLE_EVERY <= now {
            self.save_durably();
        }
        if self.performer.next_look().is_some_and(|at| at <= now) {
            self.performer.look_at_kept();
        }
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }

    /// Processes a block. Echoed text is written at its end, so that a block of many records costs
    /// few system calls.
    fn block(&mut self, job: Job<'_>, leadership: &mut Leadership<'_>) -> ControlFlow<()> {
        let Job { block, ack } = job;
        self.shared
            .counters
            .seen
            .fetch_add(block.count() as u64, Ordering::Relaxed);
        // Before the search: the old rules may find nothing in a block that concerns the new ones.
        self.take_new_rules();
        if block.bytes().len() > LONG {
            leadership.hand_over();
        }
        let flow = if self.by_lines && matches!(self.rules, Rules::Native(_)) {
            self.lines(job, leadership)
        } else {
            self.records(job, 0, leadership)
        };
        // The reader of our output may hang, as any command may.
        if self.performer.flush_may_block() {
            leadership.hand_over_if_shared();
        }
        self.publish();
        self.shared.set_busy();
        while self.performer.settle_some() {
            self.acknowledge(ack);
        }
        self.performer.flush();
        self.shared.set_idle();
        let progress = std::mem::take(&mut self.progress);
        if self.performer.has_abandoned() {
            // Acknowledged events are done; the rest comes again after the restart.
            return ControlFlow::Break(());
        }
        if flow.is_break() {
            // The records after the last one are not done: they come again after a restart.
            if let Some(end) = progress.handled {
                ack.done(end);
            }
            return flow;
        }
        ack.done(block.end_offset());
        // Waiting for the disk once a second at most: a loss of power costs no more than the
        // positions of that second.
        if self.durable.elapsed() >= DURABLE_EVERY {
            self.save_durably();
        } else {
            self.save(Checkpoint::save_unsynced);
            self.unsynced = true;
        }
        ControlFlow::Continue(())
    }

    /// Records are lines: the block is searched as a whole.
    fn lines(&mut self, job: Job<'_>, leadership: &mut Leadership<'_>) -> ControlFlow<()> {
        let mut found = std::mem::take(&mut self.found);
        let bytes = job.block.bytes();
        let mut from = 0;
        let flow = 'search: loop {
            let Rules::Native(rules) = &mut self.rules else {
                // The rules were replaced by rules that need Perl: the rest goes record by record.
                break self.records(job, from, leadership);
            };
            rules.search(&bytes[from..], true, &mut found);
            for hit in found.hits() {
                let start = from + hit.range.start;
                if self.stopped() {
                    break 'search ControlFlow::Break(());
                }
                if self.take_new_rules() {
                    // The hits belong to the old rules.
                    from = start;
                    continue 'search;
                }
                if let Some(record) = job.block.record_at(start)
                    && self.record(Some(&hit), &record, job, leadership).is_break()
                {
                    break 'search ControlFlow::Break(());
                }
            }
            break ControlFlow::Continue(());
        };
        self.found = found;
        flow
    }

    /// Records of other kinds, and records for Perl, one by one.
    fn records(
        &mut self,
        job: Job<'_>,
        from: usize,
        leadership: &mut Leadership<'_>,
    ) -> ControlFlow<()> {
        let mut found = Hits::new();
        let records = job.block.records();
        for record in records.filter(|record| record.range().start >= from) {
            if self.stopped() {
                return ControlFlow::Break(());
            }
            self.take_new_rules();
            let flow = match &mut self.rules {
                Rules::Native(rules) => {
                    rules.search(record.bytes(), false, &mut found);
                    match found.hits().next() {
                        Some(hit) => self.record(Some(&hit), &record, job, leadership),
                        None => ControlFlow::Continue(()),
                    }
                }
                Rules::Perl(_) => {
                    // Perl code may take time.
                    leadership.hand_over();
                    self.record(None, &record, job, leadership)
                }
            };
            flow?;
        }
        ControlFlow::Continue(())
    }

    /// Decides and performs. With Perl, which prints for itself, each effect is written at once.
    fn record(
        &mut self,
        hit: Option<&Hit<'_>>,
        record: &Record<'_>,
        job: Job<'_>,
        leadership: &mut Leadership<'_>,
    ) -> ControlFlow<()> {
        let performer = &mut self.performer;
        let shared = &self.shared;
        let mut flow = ControlFlow::Continue(());
        let mut lasting = false;
        let mut perform = |performer: &mut Performer, effect: &Effect| {
            shared.counters.effects.fetch_add(1, Ordering::Relaxed);
            shared.set_busy();
            lasting |= !matches!(effect, Effect::Echo { .. } | Effect::Bell { .. });
            if !matches!(effect, Effect::Echo { .. }) {
                leadership.hand_over();
            }
            if performer.perform(effect).is_break() {
                flow = ControlFlow::Break(());
            }
        };
        let now = self.clock.now();
        let mut undecided = false;
        match (&mut self.rules, hit) {
            (Rules::Native(rules), Some(hit)) => {
                let mut perform = |effect: &Effect| perform(performer, effect);
                rules
                    .decider()
                    .decide(hit, record.bytes(), &now, &mut perform);
            }
            (Rules::Perl(rules), _) => {
                let decided = rules.decide(record.bytes(), &now, &mut |effect| {
                    perform(performer, effect);
                    performer.settle();
                    performer.flush();
                });
                if let Err(why) = decided {
                    undecided = matches!(why, PerlFailure::Undecided(_));
                    self.failed = Some(why.to_string());
                    flow = ControlFlow::Break(());
                }
            }
            (Rules::Native(_), None) => {}
        }
        self.shared.set_idle();
        if undecided {
            return flow;
        }
        self.progress.handled = Some(record.end_offset());
        self.progress.decided = true;
        if lasting {
            let started = (self.performer.started(), record.end_offset());
            self.progress.open.push_back(started);
            self.acknowledge(job.ack);
            self.publish();
        }
        flow
    }

    /// Commands must not run twice after a crash, so the position is saved as soon as the commands
    /// of a record have ended, not at the end of the block. If several run at once, a record is
    /// done when those before it are.
    fn acknowledge(&mut self, ack: &Ack) {
        let finished = self.performer.finished();
        let open = &mut self.progress.open;
        let done = open.partition_point(|(started, _)| *started <= finished);
        let last = open.drain(..done).next_back();
        if let Some((_, end)) = last {
            ack.done(end);
            self.save(Checkpoint::save_unsynced);
        }
    }

    /// Shows the figures of the rules, if a record was decided since.
    fn publish(&mut self) {
        if std::mem::take(&mut self.progress.decided) {
            self.rules.publish(&self.shared.counters.rules);
        }
    }

    /// Starts to use new rules. True if there were any.
    fn take_new_rules(&mut self) -> bool {
        if !self.shared.rules_waiting.swap(false, Ordering::AcqRel) {
            return false;
        }
        let new = self.shared.new_rules.lock().unwrap().take();
        let Some(rules) = new else { return false };
        let old = std::mem::replace(&mut self.rules, *rules);
        self.rules.stop_on(&self.shared.stop);
        self.rules.carry_over(old);
        self.rules.log_as(&self.shared.name);
        self.rules.show(&self.shared.counters.rules);
        true
    }

    fn save_durably(&mut self) {
        self.durable = Instant::now();
        self.unsynced = false;
        self.save(Checkpoint::save);
    }

    fn save(&mut self, how: fn(&Checkpoint) -> Result<(), StateError>) {
        if let Err(e) = how(&self.checkpoint) {
            self.performer.cannot_save(&e);
        }
    }
}
