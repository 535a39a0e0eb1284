//! One pass over many blocks: several threads search, and decisions are taken in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Prefilter;
use super::hits::Hits;
use super::scan::Scratch;
use crate::program::Program;

/// Searches blocks in `threads` threads, including this one, and passes each with its hits to
/// `decide`, in the order of `jobs`, until `decide` breaks off or the jobs end.
///
/// The threads take turns in drawing jobs, and each loads its block with `load`, whose error breaks
/// off when it is the job's turn. So input that can be read in parallel is, and input that must be
/// read sequentially is read by `jobs`. The thread that has searched the block whose turn it is
/// decides on it, and on later blocks that are ready. (A dedicated thread would have to be woken
/// for each block.) At most two blocks per thread are in flight.
pub fn in_order<J, B, T>(
    program: &Program,
    search: &Prefilter,
    threads: usize,
    jobs: impl Iterator<Item = J> + Send,
    load: impl Fn(J) -> Result<B, T> + Sync,
    decide: impl FnMut(B, &Hits) -> ControlFlow<T> + Send,
) -> Option<T>
where
    B: AsRef<[u8]> + Send,
    T: Send,
{
    let threads = threads.max(1);
    let source = Mutex::new(jobs.enumerate());
    let decider = Mutex::new((decide, None));
    let turns = Turns::new(threads);
    let work = || {
        let mut scratch = Scratch::new();
        while !turns.are_over() {
            let drawn = lock(&source).next();
            let Some((number, job)) = drawn else { break };
            let searched = load(job).map(|block| {
                let mut found = Hits::new();
                search.block(program, &mut scratch, block.as_ref(), &mut found);
                (block, found)
            });
            turns.hand_in(number, searched, |searched| {
                let mut decider = lock(&decider);
                let (decide, result) = &mut *decider;
                let flow = match searched {
                    Ok((block, found)) => decide(block, &found),
                    Err(value) => ControlFlow::Break(value),
                };
                match flow {
                    ControlFlow::Continue(()) => ControlFlow::Continue(()),
                    ControlFlow::Break(value) => {
                        *result = Some(value);
                        ControlFlow::Break(())
                    }
                }
            });
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let (_, result) = decider.into_inner().unwrap_or_else(PoisonError::into_inner);
    result
}

/// Puts finished work in order.
struct Turns<W> {
    table: Mutex<Table<W>>,
    /// The next turn has come, or there is room again.
    moved: Condvar,
    /// The most work that may wait for its turn.
    room: usize,
}

struct Table<W> {
    next: usize,
    /// Work finished before its turn.
    early: BTreeMap<usize, W>,
    /// A thread is deciding, and will also take work submitted meanwhile.
    busy: bool,
    over: bool,
    waiting: usize,
}

impl<W> Turns<W> {
    fn new(room: usize) -> Self {
        Turns {
            table: Mutex::new(Table {
                next: 0,
                early: BTreeMap::new(),
                busy: false,
                over: false,
                waiting: 0,
            }),
            moved: Condvar::new(),
            room,
        }
    }

    fn are_over(&self) -> bool {
        lock(&self.table).over
    }

    /// Submits the work with this number, and decides on all work whose turn it is unless another
    /// thread does. Waits while too much work is queued.
    fn hand_in(&self, number: usize, work: W, mut decide: impl FnMut(W) -> ControlFlow<()>) {
        let mut table = lock(&self.table);
        while !table.over && table.next != number && table.early.len() >= self.room {
            table.waiting += 1;
            table = self
                .moved
                .wait(table)
                .unwrap_or_else(PoisonError::into_inner);
            table.waiting -= 1;
        }
        table.early.insert(number, work);
        if table.busy {
            return;
        }
        table.busy = true;
        let mut deciding = Deciding {
            turns: self,
            done: false,
        };
        while let Some(work) = table.take_next() {
            drop(table);
            let flow = decide(work);
            table = lock(&self.table);
            table.over |= flow.is_break();
            if table.waiting > 0 {
                self.moved.notify_all();
            }
        }
        table.busy = false;
        deciding.done = true;
    }
}

impl<W> Table<W> {
    fn take_next(&mut self) -> Option<W> {
        let work = self.early.remove(&self.next).filter(|_| !self.over)?;
        self.next += 1;
        Some(work)
    }
}

/// No thread may wait for a decision that panicked.
struct Deciding<'t, W> {
    turns: &'t Turns<W>,
    done: bool,
}

impl<W> Drop for Deciding<'_, W> {
    fn drop(&mut self) {
        if !self.done {
            lock(&self.turns.table).over = true;
            self.turns.moved.notify_all();
        }
    }
}

/// A panic of another thread surfaces where the threads are joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
