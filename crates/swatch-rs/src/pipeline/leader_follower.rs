//! Threads that share the reading and the work of a watch: the leader/follower pattern.
//!
//! The thread that reads a block also processes it; a hand-over would add a wake-up, which
//! dominates latency. Before an action that may take time, such as a command, it hands reading to
//! another thread, which reads on until the queue is full; from then on the log itself is the
//! queue. An action therefore delays reading only briefly, memory stays bounded, the order of the
//! log is kept, and nothing is lost.
//!
//! A source that blocks has two threads of its own. Followed files share those of a [`Pool`].

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use swatch_tail::{Block, FollowerId, Waker};

use super::pool::Pool;
use super::reader::{Next, Reader};
use super::worker::Worker;
use super::{Item, Outcome, Shared};

/// Blocks that are read and wait for the worker, at most.
const QUEUE: usize = 2;

/// The state of a watch that its threads share.
pub(super) struct LeaderFollower {
    tasks: Mutex<Tasks>,
    /// For the two threads of a source that blocks, and for [`LeaderFollower::wait_ended`].
    changed: Condvar,
    pool: Option<(Arc<Pool>, FollowerId)>,
    shared: Arc<Shared>,
    waker: Waker,
    supervisor: Waker,
}

struct Tasks {
    /// None while a thread has it, and after the source has ended.
    reader: Option<Reader>,
    reader_taken: bool,
    /// In a pool: the source has nothing to read until it is reported as ready.
    source_idle: bool,
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

/// The next task of a thread.
enum Task {
    Read(Reader),
    Process(Worker, Item),
    /// Does the work that is due without another record.
    DoDue(Worker),
    /// Logs the counters of the rules.
    Status(Worker),
    End(Worker, Outcome),
}

/// The things that a thread holds when its task is finished.
#[derive(Default)]
struct Held {
    reader: Option<Reader>,
    worker: Option<Worker>,
    /// The item that was read.
    item: Option<Item>,
    /// The source was asked and has nothing.
    source_idle: bool,
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
    handed_over: bool,
}

impl Leadership<'_> {
    /// Lets another thread read: what follows may take time.
    pub(super) fn hand_over(&mut self) {
        if let Some(reader) = self.reader.take() {
            let mut tasks = self.threads.tasks.lock().unwrap();
            tasks.reader = Some(reader);
            tasks.reader_taken = false;
            // It has just delivered something.
            tasks.source_idle = false;
            drop(tasks);
            self.threads.changed.notify_all();
        }
        if let Some((pool, id)) = &self.threads.pool
            && !self.handed_over
        {
            pool.begin_blocking(*id);
        }
        self.handed_over = true;
    }

    /// Hands over if other watches would have to wait.
    pub(super) fn hand_over_if_shared(&mut self) {
        let pool = self.threads.pool.as_ref();
        if pool.is_some_and(|(pool, _)| pool.is_shared()) {
            self.hand_over();
        }
    }
}

impl Drop for Leadership<'_> {
    fn drop(&mut self) {
        if let Some((pool, _)) = &self.threads.pool
            && self.handed_over
        {
            pool.end_blocking();
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
        pool: Option<(Arc<Pool>, FollowerId)>,
    ) -> Self {
        let tasks = Tasks {
            reader: Some(reader),
            reader_taken: false,
            source_idle: false,
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
            pool,
            shared,
            waker,
            supervisor,
        }
    }

    /// The body of each of the two threads of a source that blocks.
    pub(super) fn run(&self) {
        let mut held = Held::default();
        while let Some(task) = self.next_task(held) {
            held = self.perform(task);
        }
    }

    /// In a pool: performs tasks as long as there are any. Returns when there will be one without
    /// an event.
    pub(super) fn run_tasks(&self) -> Option<Instant> {
        let mut held = Held::default();
        loop {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.put_down(held);
            if tasks.ended {
                // A thread that waits for the end also waits for the reader.
                tasks.reader = None;
                self.changed.notify_all();
                return None;
            }
            tasks.report_status(&self.shared);
            let was_full = tasks.is_full();
            let Some(task) = tasks.take(self.stopped()) else {
                return tasks.due();
            };
            let got_room = was_full && !tasks.is_full();
            drop(tasks);
            if got_room && let Some((pool, id)) = &self.pool {
                pool.schedule(*id);
            }
            held = self.perform(task);
        }
    }

    fn perform(&self, task: Task) -> Held {
        let held = match task {
            Task::Read(reader) => self.read(reader),
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
        };
        self.process_at_once(held)
    }

    fn read(&self, mut reader: Reader) -> Held {
        let next = reader.next();
        let source_idle = matches!(next, Next::Idle);
        let item = match next {
            Next::Item(item) => Some(item),
            Next::Woken | Next::Idle => None,
        };
        Held {
            reader: Some(reader),
            item,
            source_idle,
            ..Held::default()
        }
    }

    /// The source may have something to read again.
    pub(super) fn source_is_ready(&self) {
        self.tasks.lock().unwrap().source_idle = false;
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
            handed_over: false,
        };
        let processed = worker.item(item, &mut leadership);
        let mut held = Held::worker(worker);
        // After the end of the source there is nothing to read.
        held.reader = leadership.reader.take().filter(|_| !last);
        drop(leadership);
        match processed {
            Processed::Continue(used) => held.used = used,
            Processed::End(outcome) => self.tasks.lock().unwrap().outcome = Some(outcome),
        }
        held
    }

    /// Puts down what the thread holds, and waits for a task. None: the watch has ended.
    fn next_task(&self, held: Held) -> Option<Task> {
        let mut tasks = self.tasks.lock().unwrap();
        tasks.put_down(held);
        loop {
            if tasks.ended {
                return None;
            }
            tasks.report_status(&self.shared);
            let was_full = tasks.is_full();
            let task = tasks.take(self.stopped());
            let got_room = was_full && !tasks.is_full();
            if got_room || tasks.due_changed() {
                self.changed.notify_all();
            }
            if task.is_some() {
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
        drop(self.tasks.lock().unwrap());
        self.changed.notify_all();
        if let Some((pool, id)) = &self.pool {
            pool.schedule(*id);
        }
    }

    /// In a pool: waits until positions are saved and the source is closed.
    pub(super) fn wait_ended(&self) {
        let tasks = self.tasks.lock().unwrap();
        let running = |tasks: &mut Tasks| !tasks.ended || tasks.reader_taken;
        drop(self.changed.wait_while(tasks, running).unwrap());
    }

    fn end(&self, outcome: Outcome) {
        self.shared.stop.store(true, Ordering::Release);
        let mut tasks = self.tasks.lock().unwrap();
        tasks.ended = true;
        // The state of the source is free for a successor before the end is reported.
        tasks.reader = None;
        drop(tasks);
        if let Some((pool, id)) = &self.pool {
            pool.remove(*id);
        }
        *self.shared.outcome.lock().unwrap() = Some(outcome);
        self.changed.notify_all();
        // Another thread may be waiting for input that does not come.
        self.waker.wake();
        self.supervisor.wake();
    }

    fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Acquire)
    }
}

impl Tasks {
    fn is_full(&self) -> bool {
        self.queue.len() >= QUEUE
    }

    fn put_down(&mut self, held: Held) {
        // A source that has ended is not asked again.
        let ends = matches!(held.item, Some(Item::End(_)));
        if held.reader.is_some() || ends {
            self.reader_taken = false;
            if !held.source_idle {
                self.source_idle = false;
            }
        }
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

    /// True if the waiting thread must learn of an earlier time.
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
        if ends || self.is_full() || self.source_idle {
            return None;
        }
        let mut reader = self.reader.take()?;
        self.reader_taken = true;
        // Before the source is asked: it may be reported as ready while it answers.
        self.source_idle = true;
        for block in self.used.drain(..) {
            reader.recycle(block);
        }
        Some(Task::Read(reader))
    }
}
