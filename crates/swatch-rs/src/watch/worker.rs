//! The thread that decides and performs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use swatch_engine::Effect;
use swatch_tail::{Block, Checkpoint, Record, StateError, Waker};

use super::{Item, Outcome, Shared, lock};
use crate::clock::Clock;
use crate::message::{Level, tell};
use crate::perform::{Flow, Performer};
use crate::rules::Rules;
use crate::source::{Ending, Receipt};
use crate::supervisor::Bell;

/// How often positions are written so that they survive a loss of power.
const DURABLE_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Worker {
    pub(super) items: Receiver<Item>,
    pub(super) used: Sender<Block>,
    pub(super) rules: Rules,
    pub(super) performer: Performer,
    pub(super) checkpoint: Checkpoint,
    pub(super) shared: Arc<Shared>,
    pub(super) waker: Waker,
    pub(super) bell: Bell,
    /// When the position was last written so that it survives a loss of power.
    pub(super) durable: Instant,
}

impl Worker {
    /// Until the source ends, `quit`, or the watch is stopped.
    pub(super) fn run(mut self) {
        let outcome = self.work();
        self.performer.finish();
        self.save(Checkpoint::save);
        *lock(&self.shared.outcome) = Some(outcome);
        // The reader may wait for input that does not come.
        self.shared.stop.store(true, Ordering::Release);
        self.waker.wake();
        self.bell.ring();
    }

    fn work(&mut self) -> Outcome {
        let mut clock = Clock::default();
        while !self.stopped() {
            let Ok(item) = self.items.recv() else { break };
            match item {
                Item::Notice(level, text) => {
                    tell(level, format_args!("{}: {text}", self.shared.name))
                }
                Item::Status => {
                    for line in self.rules.status() {
                        tell(Level::Notice, format_args!("{}: {line}", self.shared.name));
                    }
                }
                Item::End(Ending::Done) => break,
                Item::End(Ending::Broken(why)) => return Outcome::Badly(why),
                Item::Records(block, receipt) => {
                    self.shared.counters.queued.fetch_sub(1, Ordering::Relaxed);
                    let flow = self.block(&block, &receipt, &mut clock);
                    // The reader may have ended.
                    let _ = self.used.send(block);
                    if flow == Flow::Quit {
                        break;
                    }
                }
            }
        }
        Outcome::Well
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }

    /// Works through a block. What was echoed is written when it is done, so that a block of
    /// many records costs few system calls.
    fn block(&mut self, block: &Block, receipt: &Receipt, clock: &mut Clock) -> Flow {
        for record in block.records() {
            if self.stopped() {
                // The records from here on are not done: after a restart they come again.
                self.performer.flush();
                return Flow::Quit;
            }
            self.take_new_rules();
            if self.record(&record, receipt, clock) == Flow::Quit {
                return Flow::Quit;
            }
        }
        self.performer.settle();
        self.performer.flush();
        receipt.done(block.end_offset());
        // The disk is waited for now and then only: what is lost with the machine's power is at
        // most what a second brought.
        if self.durable.elapsed() >= DURABLE_EVERY {
            self.durable = Instant::now();
            self.save(Checkpoint::save);
        } else {
            self.save(Checkpoint::save_unsynced);
        }
        Flow::On
    }

    fn record(&mut self, record: &Record<'_>, receipt: &Receipt, clock: &mut Clock) -> Flow {
        self.shared.counters.seen.fetch_add(1, Ordering::Relaxed);
        let performer = &mut self.performer;
        let shared = &self.shared;
        let mut flow = Flow::On;
        let mut lasting = false;
        self.rules
            .decide(record.bytes(), &clock.now(), &mut |effect: &Effect| {
                shared.counters.effects.fetch_add(1, Ordering::Relaxed);
                shared.is_busy();
                lasting |= !matches!(effect, Effect::Echo { .. } | Effect::Bell { .. });
                if performer.perform(effect) == Flow::Quit {
                    flow = Flow::Quit;
                }
            });
        self.shared.is_idle();
        if lasting {
            // What has been done outside must not be done twice after a crash: the position is
            // kept at once, not at the end of the block.
            self.performer.settle();
            receipt.done(record.end_offset());
            self.save(Checkpoint::save_unsynced);
        }
        flow
    }

    fn take_new_rules(&mut self) {
        if !self.shared.rules_waiting.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Some(rules) = lock(&self.shared.new_rules).take() {
            let old = std::mem::replace(&mut self.rules, *rules);
            self.rules.carry_over(old);
        }
    }

    fn save(&mut self, how: fn(&Checkpoint) -> Result<(), StateError>) {
        if let Err(e) = how(&self.checkpoint) {
            self.performer.report("the position cannot be kept", &e);
        }
    }
}
