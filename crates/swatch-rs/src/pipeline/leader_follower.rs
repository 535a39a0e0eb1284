//! Two threads that share the reading and the work of a watch.
//!
//! Who reads a block works on it, too, so that no thread has to be woken between a line and its
//! effect: waking one costs more than all the rest. Before something that may take its time, a
//! command for example, the reading is passed on to the other thread, who reads on until the
//! queue is full; then the log itself is the queue. So an action holds up reading for a moment at
//! most, memory stays bounded, the order of the log is kept, and nothing is lost.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use swatch_tail::{Block, Waker};

use super::reader::Reader;
use super::worker::Worker;
use super::{Item, Outcome, Shared, lock};
use crate::daemon::supervisor::Bell;

/// Blocks that are read and wait for the worker, at most.
const QUEUE: usize = 2;

/// What the two threads leave to each other.
pub(super) struct Crew {
    desk: Mutex<Desk>,
    changed: Condvar,
    shared: Arc<Shared>,
    waker: Waker,
    bell: Bell,
}

struct Desk {
    /// None while a thread has it, and when the source has ended.
    reader: Option<Reader>,
    /// None while a thread has it, and at the end.
    worker: Option<Worker>,
    /// Read, in order, and not yet worked on.
    queue: VecDeque<Item>,
    /// Blocks whose memory the source may use again.
    used: Vec<Block>,
    /// The watch ends, in this way.
    outcome: Option<Outcome>,
    /// The worker has done its last act.
    ended: bool,
    /// Reading has told its counters, the rules have not.
    status_asked: bool,
    /// When the thread that waits wakes up to save the position.
    save_known: Option<Instant>,
}

/// What a thread does next.
enum Turn {
    Read(Reader),
    Work(Worker, Item),
    /// The last position does not wait for another record to survive a loss of power.
    Save(Worker),
    /// Tell the counters of the rules.
    Status(Worker),
    End(Worker, Outcome),
    Leave,
}

/// What a thread has when its turn is over.
#[derive(Default)]
struct Hands {
    reader: Option<Reader>,
    worker: Option<Worker>,
    /// What was read.
    item: Option<Item>,
    used: Option<Block>,
}

impl Hands {
    fn of(worker: Worker) -> Self {
        Self {
            worker: Some(worker),
            ..Self::default()
        }
    }
}

/// The reading, as long as the thread that works has it too.
pub(super) struct Reading<'a> {
    crew: &'a Crew,
    reader: Option<Reader>,
}

impl Reading<'_> {
    /// Leaves it to the other thread: what comes now may take its time.
    pub(super) fn pass_on(&mut self) {
        if let Some(reader) = self.reader.take() {
            lock(&self.crew.desk).reader = Some(reader);
            self.crew.changed.notify_all();
        }
    }
}

/// What the worker says of an item.
pub(super) enum After {
    /// Go on; the block is no longer needed.
    On(Option<Block>),
    End(Outcome),
}

impl Crew {
    pub(super) fn new(
        reader: Reader,
        worker: Worker,
        shared: Arc<Shared>,
        waker: Waker,
        bell: Bell,
    ) -> Self {
        let desk = Desk {
            reader: Some(reader),
            worker: Some(worker),
            queue: VecDeque::with_capacity(QUEUE + 1),
            used: Vec::new(),
            outcome: None,
            ended: false,
            status_asked: false,
            save_known: None,
        };
        Self {
            desk: Mutex::new(desk),
            changed: Condvar::new(),
            shared,
            waker,
            bell,
        }
    }

    /// What each of the two threads runs: until the source ends, `quit`, or the watch is stopped.
    pub(super) fn run(&self) {
        let mut hands = Hands::default();
        loop {
            hands = match self.turn(hands) {
                Turn::Read(mut reader) => Hands {
                    item: reader.next(),
                    reader: Some(reader),
                    ..Hands::default()
                },
                Turn::Work(worker, item) => self.work(worker, item, None),
                Turn::Save(mut worker) => {
                    worker.save_durably();
                    Hands::of(worker)
                }
                Turn::Status(worker) => {
                    worker.tell_status();
                    Hands::of(worker)
                }
                Turn::End(worker, outcome) => {
                    worker.end();
                    self.end(outcome);
                    Hands::default()
                }
                Turn::Leave => return,
            };
            hands = self.work_at_once(hands);
        }
    }

    /// What was read is worked on where it was read, if nothing is before it.
    fn work_at_once(&self, mut hands: Hands) -> Hands {
        if hands.item.is_none() {
            return hands;
        }
        let worker = {
            let mut desk = lock(&self.desk);
            let free = desk.queue.is_empty() && !self.stopped();
            free.then(|| desk.worker.take()).flatten()
        };
        match (worker, hands.item.take()) {
            (Some(worker), Some(item)) => self.work(worker, item, hands.reader),
            (_, item) => Hands { item, ..hands },
        }
    }

    fn work(&self, mut worker: Worker, item: Item, reader: Option<Reader>) -> Hands {
        let last = matches!(item, Item::End(_));
        let mut reading = Reading { crew: self, reader };
        let after = worker.item(item, &mut reading);
        let mut hands = Hands::of(worker);
        // Behind the end of the source there is nothing to read.
        hands.reader = reading.reader.filter(|_| !last);
        match after {
            After::On(used) => hands.used = used,
            After::End(outcome) => lock(&self.desk).outcome = Some(outcome),
        }
        hands
    }

    /// Lays down what the thread has, and waits for something that it can do.
    fn turn(&self, hands: Hands) -> Turn {
        let mut desk = lock(&self.desk);
        desk.lay_down(hands);
        loop {
            if desk.ended {
                return Turn::Leave;
            }
            desk.tell_status(&self.shared);
            let was_full = desk.queue.len() >= QUEUE;
            let turn = desk.take(self.stopped());
            let got_room = was_full && desk.queue.len() < QUEUE;
            if got_room || desk.must_tell_save() {
                self.changed.notify_all();
            }
            if let Some(turn) = turn {
                return turn;
            }
            desk.save_known = desk.save_due();
            desk = match desk.save_known {
                None => self
                    .changed
                    .wait(desk)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(due) => {
                    let rest = due.saturating_duration_since(Instant::now());
                    let waited = self.changed.wait_timeout(desk, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// The threads look whether something has been asked of them, also where none of them reads.
    pub(super) fn look(&self) {
        let _desk = lock(&self.desk);
        self.changed.notify_all();
    }

    fn end(&self, outcome: Outcome) {
        *lock(&self.shared.outcome) = Some(outcome);
        self.shared.stop.store(true, Ordering::Release);
        lock(&self.desk).ended = true;
        self.changed.notify_all();
        // The other thread may wait for input that does not come.
        self.waker.wake();
        self.bell.ring();
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }
}

impl Desk {
    fn lay_down(&mut self, hands: Hands) {
        // A source that has ended is not asked again.
        let ends = matches!(hands.item, Some(Item::End(_)));
        self.reader = self.reader.take().or(hands.reader.filter(|_| !ends));
        self.worker = self.worker.take().or(hands.worker);
        self.queue.extend(hands.item);
        self.used.extend(hands.used);
    }

    /// For USR1: how far reading is, and then the rules' counters.
    fn tell_status(&mut self, shared: &Shared) {
        if let Some(reader) = &self.reader
            && shared.status_asked.swap(false, Ordering::AcqRel)
        {
            reader.tell_status();
            self.status_asked = true;
        }
    }

    /// When the position must be saved, if no thread is at work that may do so.
    fn save_due(&self) -> Option<Instant> {
        self.worker.as_ref().and_then(Worker::save_due)
    }

    /// Whether the thread that waits must know of another moment for saving: once a second at
    /// most, as a moment stays until it has come.
    fn must_tell_save(&self) -> bool {
        let due = self.save_due();
        due.is_some() && due != self.save_known
    }

    /// The next turn of a thread, if there is something to do.
    fn take(&mut self, stopped: bool) -> Option<Turn> {
        let ends = stopped || self.outcome.is_some();
        if let Some(worker) = self.worker.take() {
            if ends {
                let outcome = self.outcome.take().unwrap_or(Outcome::Well);
                return Some(Turn::End(worker, outcome));
            }
            if let Some(item) = self.queue.pop_front() {
                return Some(Turn::Work(worker, item));
            }
            if std::mem::take(&mut self.status_asked) {
                return Some(Turn::Status(worker));
            }
            if worker.save_due().is_some_and(|due| due <= Instant::now()) {
                return Some(Turn::Save(worker));
            }
            self.worker = Some(worker);
        }
        if ends || self.queue.len() >= QUEUE {
            return None;
        }
        let mut reader = self.reader.take()?;
        for block in self.used.drain(..) {
            reader.recycle(block);
        }
        Some(Turn::Read(reader))
    }
}
