//! A watch: a source, the rules for it, and threads that share the work.
//!
//! [`reader`] takes records from the source as they come; [`worker`] decides and performs, in
//! order; [`leader_follower`] distributes both over threads, those of the [`pool`] for followed
//! files. A file that is read once is searched by all processors instead: [`parallel`].

mod leader_follower;
mod parallel;
mod pool;
mod reader;
mod view;
mod worker;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use swatch_engine::prefilter::Hits;
use swatch_tail::{Block, Checkpoint, Waker};

use leader_follower::LeaderFollower;
use parallel::Pass;
pub use pool::Pool;
use reader::Reader;
pub use view::View;
use worker::{Progress, Worker};

use crate::clock::Clock;
use crate::log::LogEvent;
use crate::monitor::counts::{ActionCounts, RuleCounts};
use crate::perform::Performer;
use crate::rules::Rules;
use crate::source::{Ack, Exit, Source};

/// The time after which a watch that is at one action counts as hanging. The time limit of a
/// command is a minute by default.
const HANGS: Duration = Duration::from_secs(15 * 60);

/// The end of a watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// On request, by `quit`, or at the end of its input.
    Finished,
    /// Its source failed; the text says how.
    Failed(String),
}

/// An item for the worker.
enum Item {
    Records(Block, Ack),
    Notice(LogEvent),
    End(Exit),
}

/// State shared by the supervisor and the threads of a watch.
struct Shared {
    name: String,
    stop: Arc<AtomicBool>,
    /// Rules to be used from the next record on.
    new_rules: Mutex<Option<Box<Rules>>>,
    rules_waiting: AtomicBool,
    status_wanted: AtomicBool,
    counters: Counters,
    started: Instant,
    /// When the action in progress began, in milliseconds after `started`; 0: none is in progress.
    busy: AtomicU64,
    outcome: Mutex<Option<Outcome>>,
    config: PathBuf,
    input: String,
    checkpoint: Checkpoint,
}

impl Shared {
    /// An action begins.
    fn set_busy(&self) {
        self.busy.store(self.millis().max(1), Ordering::Relaxed);
    }

    /// No action is in progress.
    fn set_idle(&self) {
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
    /// Blocks read and not yet processed.
    pub queued: AtomicU64,
    /// The rules.
    pub rules: RuleCounts,
    /// Actions by result.
    pub actions: Arc<ActionCounts>,
}

/// A running watch. Dropping it does not end it: see [`Watch::stop`].
pub struct Watch {
    shared: Arc<Shared>,
    waker: Waker,
    /// None for a pass over a file.
    workers: Option<Arc<LeaderFollower>>,
    threads: Vec<JoinHandle<()>>,
}

/// The parts of a watch.
pub struct Parts {
    /// The name in messages.
    pub name: String,
    /// The configuration.
    pub config: PathBuf,
    /// The log, command or journal, as the user names it.
    pub input: String,
    /// The source, opened.
    pub source: Box<dyn Source>,
    /// The rules, compiled.
    pub rules: Rules,
    /// Performs the actions.
    pub performer: Performer,
    /// Keeps the positions of followed files.
    pub checkpoint: Checkpoint,
    /// Woken when the watch has ended.
    pub supervisor: Waker,
    /// The threads for a followed file.
    pub pool: Option<Arc<Pool>>,
    /// Records are lines.
    pub by_lines: bool,
    /// The input is read once, to its end: all processors search it.
    pub one_pass: bool,
    /// Records of such a pass are counted, which costs a little.
    pub count_records: bool,
}

impl Watch {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system refuses another thread.
    pub fn start(parts: Parts) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            name: parts.name,
            stop: Arc::default(),
            new_rules: Mutex::new(None),
            rules_waiting: AtomicBool::new(false),
            status_wanted: AtomicBool::new(false),
            counters: Counters {
                actions: parts.performer.counts(),
                ..Counters::default()
            },
            started: Instant::now(),
            busy: AtomicU64::new(0),
            outcome: Mutex::new(None),
            config: parts.config,
            input: parts.input,
            checkpoint: parts.checkpoint.clone(),
        });
        let waker = parts.source.waker();
        let pool = parts.pool.zip(parts.source.follower_id());
        let mut rules = parts.rules;
        rules.log_as(&shared.name);
        rules.show(&shared.counters.rules);
        let mut rules = match rules {
            Rules::Native(rules) if parts.one_pass && parts.by_lines => {
                let pass = Pass {
                    source: parts.source,
                    rules,
                    performer: parts.performer,
                    shared: Arc::clone(&shared),
                    count_records: parts.count_records,
                    supervisor: parts.supervisor,
                };
                let thread = spawn("pass", move || pass.run())?;
                return Ok(Self {
                    shared,
                    waker,
                    workers: None,
                    threads: vec![thread],
                });
            }
            rules => rules,
        };
        rules.stop_on(&shared.stop);
        let reader = Reader {
            source: parts.source,
            shared: Arc::clone(&shared),
        };
        let worker = Worker {
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
            progress: Progress::default(),
        };
        let workers = LeaderFollower::new(
            reader,
            worker,
            Arc::clone(&shared),
            waker.clone(),
            parts.supervisor,
            pool.clone(),
        );
        let workers = Arc::new(workers);
        if let Some((pool, id)) = pool {
            pool.add(id, Arc::clone(&workers));
            return Ok(Self {
                shared,
                waker,
                workers: Some(workers),
                threads: Vec::new(),
            });
        }
        let threads = ["work 1", "work 2"].map(|name| {
            let workers = Arc::clone(&workers);
            spawn(name, move || workers.run())
        });
        let threads: std::io::Result<_> = threads.into_iter().collect();
        if threads.is_err() {
            // One of them may be running already.
            shared.stop.store(true, Ordering::Release);
            waker.wake();
        }
        Ok(Self {
            shared,
            waker,
            workers: Some(workers),
            threads: threads?,
        })
    }

    /// The name in messages.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Its figures, for other threads.
    pub fn view(&self) -> View {
        View(Arc::clone(&self.shared))
    }

    /// Asks it to end after the record being processed.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        self.waker.wake();
        if let Some(workers) = &self.workers {
            workers.wake();
        }
    }

    /// Reclaims the rules, from the next record on.
    pub fn reload(&self, rules: Rules) {
        *self.shared.new_rules.lock().unwrap() = Some(Box::new(rules));
        self.shared.rules_waiting.store(true, Ordering::Release);
    }

    /// Asks it to log its progress.
    pub fn report_status(&self) {
        self.shared.status_wanted.store(true, Ordering::Release);
        self.wake();
    }

    /// False if the action in progress has taken longer than any may.
    pub fn is_alive(&self) -> bool {
        let busy = self.shared.busy.load(Ordering::Relaxed);
        busy == 0 || Duration::from_millis(self.shared.millis().saturating_sub(busy)) < HANGS
    }

    /// Its end, if it has ended.
    pub fn outcome(&self) -> Option<Outcome> {
        self.shared.outcome.lock().unwrap().clone()
    }

    /// Waits until the positions are saved and the processes of the source have ended.
    pub fn join(self) {
        if let Some(workers) = self.workers.filter(|_| self.threads.is_empty()) {
            workers.wait_ended();
        }
        for thread in self.threads {
            // A panic ends the process in a release build.
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
