//! Deciding and performing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use swatch_engine::Effect;
use swatch_engine::prefilter::{Hit, Hits};
use swatch_tail::{Block, Checkpoint, Record, StateError};

use super::leader_follower::{After, Reading};
use super::{Item, Outcome, Shared, lock};
use crate::clock::Clock;
use crate::log::{Level, tell};
use crate::perform::{Flow, Performer};
use crate::rules::Rules;
use crate::source::{Ending, Receipt};

/// How often positions are written so that they survive a loss of power.
const DURABLE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    pub(super) rules: Rules,
    pub(super) performer: Performer,
    pub(super) checkpoint: Checkpoint,
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Clock,
    /// When the position was last written so that it survives a loss of power.
    pub(super) durable: Instant,
    /// It has been written since, but not so.
    pub(super) unsynced: bool,
    /// Records are lines.
    pub(super) by_lines: bool,
    /// Room for what a search finds.
    pub(super) found: Hits,
    /// Why no further record can be decided.
    pub(super) failed: Option<String>,
    /// How far the block at hand is.
    pub(super) progress: Progress,
}

/// A block that is longer gets the other thread to read the next one meanwhile.
const LONG: usize = 32 * 1024;

/// How far a block is, as offsets behind records.
#[derive(Default)]
pub(super) struct Progress {
    /// The last record that was decided, and whose effects were at least begun.
    handled: Option<u64>,
    /// Records that started commands, and how many commands had been started behind each.
    open: VecDeque<(u64, u64)>,
}

/// Records to work on, and whom to tell when they are done.
#[derive(Clone, Copy)]
struct Job<'a> {
    block: &'a Block,
    receipt: &'a Receipt,
}

impl Worker {
    /// One item. `reading` is passed on before something that may take its time.
    pub(super) fn item(&mut self, item: Item, reading: &mut Reading<'_>) -> After {
        match item {
            Item::Notice(level, text) => tell(level, format_args!("{}: {text}", self.shared.name)),
            Item::End(Ending::Done) => return After::End(Outcome::Well),
            Item::End(Ending::Broken(why)) => return After::End(Outcome::Badly(why)),
            Item::Records(block, receipt) => {
                self.shared.counters.queued.fetch_sub(1, Ordering::Relaxed);
                let job = Job {
                    block: &block,
                    receipt: &receipt,
                };
                return match (self.block(job, reading), self.failed.take()) {
                    (Flow::On, None) => After::On(Some(block)),
                    (Flow::Quit, None) => After::End(Outcome::Well),
                    (_, Some(why)) => After::End(Outcome::Badly(why)),
                };
            }
        }
        After::On(None)
    }

    /// Tells the counters of the rules.
    pub(super) fn tell_status(&self) {
        for line in self.rules.status() {
            tell(Level::Notice, format_args!("{}: {line}", self.shared.name));
        }
    }

    /// The last act.
    pub(super) fn end(mut self) {
        self.performer.finish();
        self.save(Checkpoint::save);
    }

    /// When the position must be saved so that it survives a loss of power; none if it is.
    pub(super) fn save_due(&self) -> Option<Instant> {
        self.unsynced.then(|| self.durable + DURABLE_EVERY)
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }

    /// Works through a block. What was echoed is written when it is done, so that a block of
    /// many records costs few system calls.
    fn block(&mut self, job: Job<'_>, reading: &mut Reading<'_>) -> Flow {
        let Job { block, receipt } = job;
        self.shared
            .counters
            .seen
            .fetch_add(block.count() as u64, Ordering::Relaxed);
        // Before the search: the old rules may find nothing in a block that concerns the new ones.
        self.take_new_rules();
        if block.bytes().len() > LONG {
            reading.pass_on();
        }
        let flow = if self.by_lines && matches!(self.rules, Rules::Native(_)) {
            self.lines(job, reading)
        } else {
            self.records(job, 0, reading)
        };
        // Whoever takes our output may hang, as any command may.
        self.shared.is_busy();
        self.performer.settle();
        self.performer.flush();
        self.shared.is_idle();
        let progress = std::mem::take(&mut self.progress);
        if flow == Flow::Quit {
            // The records behind the last one are not done: after a restart they come again.
            if let Some(end) = progress.handled {
                receipt.done(end);
            }
            return flow;
        }
        receipt.done(block.end_offset());
        // The disk is waited for now and then only: what is lost with the machine's power is at
        // most what a second brought.
        if self.durable.elapsed() >= DURABLE_EVERY {
            self.save_durably();
        } else {
            self.save(Checkpoint::save_unsynced);
            self.unsynced = true;
        }
        Flow::On
    }

    /// Records are lines: the block is searched as a whole.
    fn lines(&mut self, job: Job<'_>, reading: &mut Reading<'_>) -> Flow {
        let mut found = std::mem::take(&mut self.found);
        let bytes = job.block.bytes();
        let mut from = 0;
        let flow = 'search: loop {
            let Rules::Native(rules) = &mut self.rules else {
                // Rules that came in between need Perl: what is left goes record by record.
                break self.records(job, from, reading);
            };
            rules.search(&bytes[from..], true, &mut found);
            for hit in found.hits() {
                let start = from + hit.range.start;
                if self.stopped() {
                    break 'search Flow::Quit;
                }
                if self.take_new_rules() {
                    // What was found was found for the old ones.
                    from = start;
                    continue 'search;
                }
                if let Some(record) = job.block.record_at(start)
                    && self.record(Some(&hit), &record, job, reading) == Flow::Quit
                {
                    break 'search Flow::Quit;
                }
            }
            break Flow::On;
        };
        self.found = found;
        flow
    }

    /// Records of other kinds, and records for Perl, one by one.
    fn records(&mut self, job: Job<'_>, from: usize, reading: &mut Reading<'_>) -> Flow {
        let mut found = Hits::new();
        let records = job.block.records();
        for record in records.filter(|record| record.range().start >= from) {
            if self.stopped() {
                return Flow::Quit;
            }
            self.take_new_rules();
            let flow = match &mut self.rules {
                Rules::Native(rules) => {
                    rules.search(record.bytes(), false, &mut found);
                    match found.hits().next() {
                        Some(hit) => self.record(Some(&hit), &record, job, reading),
                        None => Flow::On,
                    }
                }
                _ => {
                    // What Perl code does may take its time.
                    reading.pass_on();
                    self.record(None, &record, job, reading)
                }
            };
            if flow == Flow::Quit {
                return flow;
            }
        }
        Flow::On
    }

    /// Decides and performs. With Perl, which prints by itself, each effect is written at once.
    fn record(
        &mut self,
        hit: Option<&Hit<'_>>,
        record: &Record<'_>,
        job: Job<'_>,
        reading: &mut Reading<'_>,
    ) -> Flow {
        let performer = &mut self.performer;
        let shared = &self.shared;
        let mut flow = Flow::On;
        let mut lasting = false;
        let mut perform = |performer: &mut Performer, effect: &Effect| {
            shared.counters.effects.fetch_add(1, Ordering::Relaxed);
            shared.is_busy();
            lasting |= !matches!(effect, Effect::Echo { .. } | Effect::Bell { .. });
            if !matches!(effect, Effect::Echo { .. }) {
                reading.pass_on();
            }
            if performer.perform(effect) == Flow::Quit {
                flow = Flow::Quit;
            }
        };
        let now = self.clock.now();
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
                    self.failed = Some(why);
                    flow = Flow::Quit;
                }
            }
            _ => {}
        }
        self.shared.is_idle();
        if self.failed.is_some() {
            return flow;
        }
        self.progress.handled = Some(record.end_offset());
        if lasting {
            let behind = (self.performer.started(), record.end_offset());
            self.progress.open.push_back(behind);
            self.acknowledge(job.receipt);
        }
        flow
    }

    /// What has been done outside must not be done twice after a crash: the position is kept as
    /// soon as the commands of a record have ended, not at the end of the block. With several at
    /// once a record is done when those before it are.
    fn acknowledge(&mut self, receipt: &Receipt) {
        let finished = self.performer.finished();
        let open = &mut self.progress.open;
        let done = open.partition_point(|(started, _)| *started <= finished);
        let last = open.drain(..done).next_back();
        if let Some((_, end)) = last {
            receipt.done(end);
            self.save(Checkpoint::save_unsynced);
        }
    }

    /// True if there were new ones.
    fn take_new_rules(&mut self) -> bool {
        if !self.shared.rules_waiting.swap(false, Ordering::AcqRel) {
            return false;
        }
        let new = lock(&self.shared.new_rules).take();
        let Some(rules) = new else { return false };
        let old = std::mem::replace(&mut self.rules, *rules);
        self.rules.carry_over(old);
        true
    }

    pub(super) fn save_durably(&mut self) {
        self.durable = Instant::now();
        self.unsynced = false;
        self.save(Checkpoint::save);
    }

    fn save(&mut self, how: fn(&Checkpoint) -> Result<(), StateError>) {
        if let Err(e) = how(&self.checkpoint) {
            self.performer.report("the position cannot be kept", &e);
        }
    }
}
