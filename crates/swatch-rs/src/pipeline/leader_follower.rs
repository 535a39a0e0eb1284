//! Two threads that share the reading and the work of a watch: the leader/follower pattern.
//!
//! The thread that reads a block also processes it; a hand-over would add a wake-up, which
//! dominates latency. Before an action that may take time, such as a command, it hands reading to
//! the other thread, which reads on until the queue is full; from then on the log itself is the
//! queue. An action therefore delays reading only briefly, memory stays bounded, the order of the
//! log is kept, and nothing is lost.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use swatch_tail::{Block, Waker};

use super::reader::Reader;
use super::worker::Worker;
use super::{Item, Outcome, Shared};

/// Blocks that are read and wait for the worker, at most.
const QUEUE: usize = 2;

/// The state that the two threads share.
pub(super) struct LeaderFollower {
    tasks: Mutex<Tasks>,
    changed: Condvar,
    shared: Arc<Shared>,
    waker: Waker,
    supervisor: Waker,
}

struct Tasks {
    /// None while a thread has it, and after the source has ended.
    reader: Option<Reader>,
    /// None while a thread has it, and at the end.
    worker: Option<Worker>,
    /// Items read and not yet processed, in order.
    queue: VecDeque<Item>,
    /// Blocks that the source may reuse.
    used: Vec<Block>,
    /// The watch is ending, in this way.
    outcome: Option<Outcome>,
    /// The worker has finished.
    ended: bool,
    /// The reader has logged its counters, the rules have not.
    status_wanted: bool,
    /// When the waiting thread wakes up for work that is due.
    next_due: Option<Instant>,
}

/// What a thread does next.
enum Task {
    Read(Reader),
    Process(Worker, Item),
    /// Does the work that is due without another record.
    DoDue(Worker),
    /// Logs the counters of the rules.
    Status(Worker),
    End(Worker, Outcome),
    Leave,
}

/// What a thread holds when its task is finished.
#[derive(Default)]
struct Held {
    reader: Option<Reader>,
    worker: Option<Worker>,
    /// The item that was read.
    item: Option<Item>,
    used: Option<Block>,
}

impl Held {
    fn worker(worker: Worker) -> Self {
        Self {
            worker: Some(worker),
            ..Self::default()
        }
    }
}

/// The right to read, while the thread that processes a block also has it.
pub(super) struct Leadership<'a> {
    threads: &'a LeaderFollower,
    reader: Option<Reader>,
}

impl Leadership<'_> {
    /// Lets the other thread read: what follows may take time.
    pub(super) fn hand_over(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.threads.tasks.lock().unwrap().reader = Some(reader);
            self.threads.changed.notify_all();
        }
    }
}

/// The result of processing an item.
pub(super) enum Processed {
    /// Go on; the block is no longer needed.
    Continue(Option<Block>),
    End(Outcome),
}

impl LeaderFollower {
    pub(super) fn new(
        reader: Reader,
        worker: Worker,
        shared: Arc<Shared>,
        waker: Waker,
        supervisor: Waker,
    ) -> Self {
        let tasks = Tasks {
            reader: Some(reader),
            worker: Some(worker),
            queue: VecDeque::with_capacity(QUEUE + 1),
            used: Vec::new(),
            outcome: None,
            ended: false,
            status_wanted: false,
            next_due: None,
        };
        Self {
            tasks: Mutex::new(tasks),
            changed: Condvar::new(),
            shared,
            waker,
            supervisor,
        }
    }

    /// The body of each thread: until the source ends, `quit`, or the watch is stopped.
    pub(super) fn run(&self) {
        let mut held = Held::default();
        loop {
            held = match self.next_task(held) {
                Task::Read(mut reader) => Held {
                    item: reader.next(),
                    reader: Some(reader),
                    ..Held::default()
                },
                Task::Process(worker, item) => self.process(worker, item, None),
                Task::DoDue(mut worker) => {
                    worker.do_due();
                    Held::worker(worker)
                }
                Task::Status(worker) => {
                    worker.report_status();
                    Held::worker(worker)
                }
                Task::End(worker, outcome) => {
                    worker.end();
                    self.end(outcome);
                    Held::default()
                }
                Task::Leave => return,
            };
            held = self.process_at_once(held);
        }
    }

    /// Processes an item in the thread that read it, unless others come before it.
    fn process_at_once(&self, mut held: Held) -> Held {
        if held.item.is_none() {
            return held;
        }
        let worker = {
            let mut tasks = self.tasks.lock().unwrap();
            let free = tasks.queue.is_empty() && !self.stopped();
            free.then(|| tasks.worker.take()).flatten()
        };
        match (worker, held.item.take()) {
            (Some(worker), Some(item)) => self.process(worker, item, held.reader),
            (_, item) => Held { item, ..held },
        }
    }

    fn process(&self, mut worker: Worker, item: Item, reader: Option<Reader>) -> Held {
        let last = matches!(item, Item::End(_));
        let mut leadership = Leadership {
            threads: self,
            reader,
        };
        let processed = worker.item(item, &mut leadership);
        let mut held = Held::worker(worker);
        // After the end of the source there is nothing to read.
        held.reader = leadership.reader.filter(|_| !last);
        match processed {
            Processed::Continue(used) => held.used = used,
            Processed::End(outcome) => self.tasks.lock().unwrap().outcome = Some(outcome),
        }
        held
    }

    /// Puts down what the thread holds, and waits for something that it can do.
    fn next_task(&self, held: Held) -> Task {
        let mut tasks = self.tasks.lock().unwrap();
        tasks.put_down(held);
        loop {
            if tasks.ended {
                return Task::Leave;
            }
            tasks.report_status(&self.shared);
            let was_full = tasks.queue.len() >= QUEUE;
            let task = tasks.take(self.stopped());
            let got_room = was_full && tasks.queue.len() < QUEUE;
            if got_room || tasks.due_changed() {
                self.changed.notify_all();
            }
            if let Some(task) = task {
                return task;
            }
            tasks.next_due = tasks.due();
            tasks = match tasks.next_due {
                None => self.changed.wait(tasks).unwrap(),
                Some(due) => {
                    let rest = due.saturating_duration_since(Instant::now());
                    self.changed.wait_timeout(tasks, rest).unwrap().0
                }
            };
        }
    }

    /// Makes the threads look for requests, even if none of them is reading.
    pub(super) fn wake(&self) {
        let _tasks = self.tasks.lock().unwrap();
        self.changed.notify_all();
    }

    fn end(&self, outcome: Outcome) {
        *self.shared.outcome.lock().unwrap() = Some(outcome);
        self.shared.stop.store(true, Ordering::Release);
        self.tasks.lock().unwrap().ended = true;
        self.changed.notify_all();
        // The other thread may be waiting for input that does not come.
        self.waker.wake();
        self.supervisor.wake();
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }
}

impl Tasks {
    fn put_down(&mut self, held: Held) {
        // A source that has ended is not asked again.
        let ends = matches!(held.item, Some(Item::End(_)));
        self.reader = self.reader.take().or(held.reader.filter(|_| !ends));
        self.worker = self.worker.take().or(held.worker);
        self.queue.extend(held.item);
        self.used.extend(held.used);
    }

    /// For USR1: the progress of reading, to be followed by the counters of the rules.
    fn report_status(&mut self, shared: &Shared) {
        if let Some(reader) = &self.reader
            && shared.status_wanted.swap(false, Ordering::AcqRel)
        {
            reader.report_status();
            self.status_wanted = true;
        }
    }

    /// When there is work without another record, if no thread has the worker.
    fn due(&self) -> Option<Instant> {
        self.worker.as_ref().and_then(Worker::due)
    }

    /// Whether the waiting thread must learn of an earlier time.
    fn due_changed(&self) -> bool {
        let due = self.due();
        due.is_some_and(|due| self.next_due.is_none_or(|next| due < next))
    }

    /// The next task of a thread, if there is something to do.
    fn take(&mut self, stopped: bool) -> Option<Task> {
        let ends = stopped || self.outcome.is_some();
        if let Some(worker) = self.worker.take() {
            if ends {
                let outcome = self.outcome.take().unwrap_or(Outcome::Finished);
                return Some(Task::End(worker, outcome));
            }
            if let Some(item) = self.queue.pop_front() {
                return Some(Task::Process(worker, item));
            }
            if std::mem::take(&mut self.status_wanted) {
                return Some(Task::Status(worker));
            }
            if worker.due().is_some_and(|due| due <= Instant::now()) {
                return Some(Task::DoDue(worker));
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
        Some(Task::Read(reader))
    }
}
