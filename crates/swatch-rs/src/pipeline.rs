//! One watch: a source, the rules for it, and two threads that share the work.
//!
//! [`reader`] takes records from the source as they come; [`worker`] decides and performs, in
//! order; [`leader_follower`] says which thread does what.

mod leader_follower;
mod parallel;
mod reader;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use swatch_engine::prefilter::Hits;
use swatch_tail::{Block, Checkpoint, Waker};

use crate::clock::Clock;
use crate::daemon::supervisor::Bell;
use crate::log::Level;
use crate::perform::Performer;
use crate::rules::Rules;
use crate::source::{Ending, Receipt, Source};

/// How long one action may take before its watch counts as hanging; their time limit is a minute
/// by default.
const HANGS: Duration = Duration::from_secs(15 * 60);

/// How a watch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Asked to, by `quit`, or at the end of its input.
    Well,
    /// Its source failed; the text says how.
    Badly(String),
}

/// What the reader gets for the worker.
enum Item {
    Records(Block, Receipt),
    Notice(Level, String),
    End(Ending),
}

/// What the supervisor and the two threads share.
struct Shared {
    name: String,
    stop: AtomicBool,
    /// Rules that are to be taken up before the next record.
    new_rules: Mutex<Option<Box<Rules>>>,
    rules_waiting: AtomicBool,
    status_asked: AtomicBool,
    counters: Counters,
    started: Instant,
    /// Milliseconds after `started` since which the worker is at one action; 0: at none.
    busy: AtomicU64,
    outcome: Mutex<Option<Outcome>>,
}

impl Shared {
    /// An action begins.
    fn is_busy(&self) {
        self.busy.store(self.millis().max(1), Ordering::Relaxed);
    }

    /// No action is under way.
    fn is_idle(&self) {
        self.busy.store(0, Ordering::Relaxed);
    }

    fn millis(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
}

/// Counters of a watch, for USR1.
#[derive(Default)]
pub struct Counters {
    /// Records seen.
    pub seen: AtomicU64,
    /// Effects performed.
    pub effects: AtomicU64,
    /// Blocks that are read and not yet worked on.
    pub queued: AtomicU64,
}

/// A watch at work. Dropping it does not end it: see [`Watch::stop`].
pub struct Watch {
    shared: Arc<Shared>,
    waker: Waker,
    crew: Option<Arc<leader_follower::Crew>>,
    threads: Vec<JoinHandle<()>>,
}

/// What a watch is made of.
pub struct Parts {
    /// Names it in messages.
    pub name: String,
    /// Opened.
    pub source: Box<dyn Source>,
    /// Compiled.
    pub rules: Rules,
    /// Ready.
    pub performer: Performer,
    /// Where positions of followed files are kept.
    pub checkpoint: Checkpoint,
    /// Rung when the watch has ended.
    pub bell: Bell,
    /// Records are lines.
    pub by_lines: bool,
    /// The input has an end that is near: it is searched by all processors.
    pub one_pass: bool,
}

impl Watch {
    /// Starts the two threads.
    ///
    /// # Errors
    /// The system has no room for another thread.
    pub fn start(parts: Parts) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            name: parts.name,
            stop: AtomicBool::new(false),
            new_rules: Mutex::new(None),
            rules_waiting: AtomicBool::new(false),
            status_asked: AtomicBool::new(false),
            counters: Counters::default(),
            started: Instant::now(),
            busy: AtomicU64::new(0),
            outcome: Mutex::new(None),
        });
        let waker = parts.source.waker();
        let rules = match parts.rules {
            Rules::Native(rules) if parts.one_pass && parts.by_lines => {
                let pass = parallel::Pass {
                    source: parts.source,
                    rules,
                    performer: parts.performer,
                    shared: Arc::clone(&shared),
                    bell: parts.bell,
                };
                let thread = spawn("pass", move || pass.run())?;
                return Ok(Self {
                    shared,
                    waker,
                    crew: None,
                    threads: vec![thread],
                });
            }
            rules => rules,
        };
        let reader = reader::Reader {
            source: parts.source,
            shared: Arc::clone(&shared),
        };
        let worker = worker::Worker {
            rules,
            performer: parts.performer,
            checkpoint: parts.checkpoint,
            shared: Arc::clone(&shared),
            clock: Clock::default(),
            durable: Instant::now(),
            unsynced: false,
            by_lines: parts.by_lines,
            found: Hits::new(),
            failed: None,
            progress: worker::Progress::default(),
        };
        let crew = leader_follower::Crew::new(
            reader,
            worker,
            Arc::clone(&shared),
            waker.clone(),
            parts.bell,
        );
        let crew = Arc::new(crew);
        let threads = ["work 1", "work 2"].map(|name| {
            let crew = Arc::clone(&crew);
            spawn(name, move || crew.run())
        });
        let threads: std::io::Result<_> = threads.into_iter().collect();
        if threads.is_err() {
            // One of them may be at work already.
            shared.stop.store(true, Ordering::Release);
            waker.wake();
        }
        Ok(Self {
            shared,
            waker,
            crew: Some(crew),
            threads: threads?,
        })
    }

    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Asks it to end after the record that it is working on.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Gives it new rules, for the next record on.
    pub fn reload(&self, rules: Rules) {
        *lock(&self.shared.new_rules) = Some(Box::new(rules));
        self.shared.rules_waiting.store(true, Ordering::Release);
    }

    /// Asks it to tell how far it is.
    pub fn tell_status(&self) {
        self.shared.status_asked.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(crew) = &self.crew {
            crew.look();
        }
    }

    /// False if it has been at one action for longer than any may take.
    pub fn is_alive(&self) -> bool {
        let busy = self.shared.busy.load(Ordering::Relaxed);
        busy == 0 || Duration::from_millis(self.shared.millis().saturating_sub(busy)) < HANGS
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        lock(&self.shared.outcome).clone()
    }

    /// Waits until positions are saved, and what the source had started has ended.
    pub fn join(self) {
        for thread in self.threads {
            // A panic was told by the panic hook, and shows as an outcome that is missing.
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(1024 * 1024)
        .spawn(work)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
