//! One pass over an input that ends: several threads search and take turns in deciding and
//! performing.

use std::io;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use swatch_engine::Effect;
use swatch_engine::prefilter::{Hits, in_order};
use swatch_tail::{Block, Chunks, Waker};

use super::{Outcome, Shared};
use crate::clock::Clock;
use crate::log;
use crate::perform::Performer;
use crate::rules::{Decider, Native};
use crate::source::{Exit, Source, SourceEvent};

/// The clock is read once for so many records, unless something else than echoing takes time.
const RECORDS_A_READING: usize = 16;

/// The most threads that search: more would be idle, because reading is part of their work.
const MOST_THREADS: usize = 8;

pub(super) struct Pass {
    pub(super) source: Box<dyn Source>,
    pub(super) rules: Box<Native>,
    pub(super) performer: Performer,
    pub(super) shared: Arc<Shared>,
    pub(super) count_records: bool,
    pub(super) supervisor: Waker,
}

/// Why a pass ended before its input.
enum Stop {
    /// By `quit`, or on request.
    Requested,
    Unreadable(io::Error),
}

/// A block as the bytes that a search needs.
struct Lines(Block);

impl AsRef<[u8]> for Lines {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Pass {
    /// Until the input ends, `quit`, or the watch is stopped.
    pub(super) fn run(mut self) {
        let exit = match self.source.chunks() {
            Ok(Some(chunks)) => self.chunks(&chunks),
            Ok(None) => self.blocks(),
            Err(e) => Exit::Failed(self.source.read_error(&e)),
        };
        self.performer.finish();
        // The program ends with its passes: freeing the rules one by one would only take time.
        std::mem::forget(self.rules);
        let outcome = match exit {
            Exit::Finished => Outcome::Finished,
            Exit::Failed(why) => Outcome::Failed(why),
        };
        *self.shared.outcome.lock().unwrap() = Some(outcome);
        self.supervisor.wake();
    }

    /// A file: each thread reads by itself.
    fn chunks(&mut self, chunks: &Chunks) -> Exit {
        let claims = std::iter::from_fn(|| chunks.claim());
        let read = |place| chunks.read(place).map_err(Stop::Unreadable);
        let recycle = |piece| chunks.recycle(piece);
        let mut search = Searching {
            rules: &mut self.rules,
            performer: &mut self.performer,
            shared: &self.shared,
            count_records: self.count_records,
        };
        match search.run(claims, read, recycle) {
            Some(Stop::Unreadable(e)) => Exit::Failed(self.source.read_error(&e)),
            Some(Stop::Requested) | None => Exit::Finished,
        }
    }

    /// Input that can only be read from beginning to end.
    fn blocks(&mut self) -> Exit {
        let mut exit = Exit::Finished;
        let (source, shared, end) = (&mut self.source, &self.shared, &mut exit);
        let (used, used_blocks) = channel();
        let blocks = std::iter::from_fn(move || {
            for block in used_blocks.try_iter() {
                source.recycle(block);
            }
            loop {
                match source.next() {
                    SourceEvent::Records(block, _) => return Some(Lines(block)),
                    SourceEvent::Notice(event) => log::write_of(&shared.name, event),
                    SourceEvent::Woken if shared.stop.load(Ordering::Acquire) => return None,
                    SourceEvent::Woken | SourceEvent::Idle => {}
                    SourceEvent::End(how) => {
                        *end = how;
                        return None;
                    }
                }
            }
        });
        // Each thread asks until there is nothing more.
        let blocks = blocks.fuse();
        let mut search = Searching {
            rules: &mut self.rules,
            performer: &mut self.performer,
            shared: &self.shared,
            count_records: self.count_records,
        };
        search.run(blocks, Ok, move |block: Lines| {
            // The threads may have ended.
            let _ = used.send(block.0);
        });
        exit
    }
}

/// Everything a search needs besides the input.
struct Searching<'a> {
    rules: &'a mut Native,
    performer: &'a mut Performer,
    shared: &'a Shared,
    count_records: bool,
}

impl Searching<'_> {
    /// Loads each job as a block of lines, searches it, and recycles the block.
    fn run<J, B: AsRef<[u8]> + Send>(
        &mut self,
        jobs: impl Iterator<Item = J> + Send,
        load: impl Fn(J) -> Result<B, Stop> + Sync,
        mut recycle: impl FnMut(B) + Send,
    ) -> Option<Stop> {
        let compiled = self.rules.compiled();
        let threads = std::thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MOST_THREADS);
        let mut clock = Clock::default();
        let decider = self.rules.decider();
        let (performer, shared) = (&mut *self.performer, self.shared);
        let count_records = self.count_records;
        let load = |job| {
            let block = load(job)?;
            if count_records {
                let lines = bytecount::count(block.as_ref(), b'\n');
                let seen = &shared.counters.seen;
                seen.fetch_add(lines as u64, Ordering::Relaxed);
            }
            Ok(block)
        };
        in_order(
            &compiled.program,
            &compiled.prefilter,
            threads,
            jobs,
            load,
            |block, found| {
                let flow = decide(
                    decider,
                    performer,
                    shared,
                    &mut clock,
                    block.as_ref(),
                    found,
                );
                recycle(block);
                flow
            },
        )
    }
}

fn decide(
    decider: &mut Decider,
    performer: &mut Performer,
    shared: &Shared,
    clock: &mut Clock,
    bytes: &[u8],
    found: &Hits,
) -> ControlFlow<Stop> {
    if shared.stop.load(Ordering::Acquire) {
        return ControlFlow::Break(Stop::Requested);
    }
    let mut flow = ControlFlow::Continue(());
    let mut effects = 0;
    let mut now = clock.now();
    for (number, hit) in found.hits().enumerate() {
        if shared.stop.load(Ordering::Acquire) {
            flow = ControlFlow::Break(Stop::Requested);
            break;
        }
        let record = &bytes[hit.range.clone()];
        let mut passes = number % RECORDS_A_READING == RECORDS_A_READING - 1;
        decider.decide(&hit, record, &now, &mut |effect: &Effect| {
            passes |= !matches!(effect, Effect::Echo { .. });
            effects += 1;
            if performer.perform(effect).is_break() {
                flow = ControlFlow::Break(Stop::Requested);
            }
        });
        if flow.is_break() {
            break;
        }
        if passes {
            now = clock.now();
        }
    }
    let counters = &shared.counters;
    counters.effects.fetch_add(effects, Ordering::Relaxed);
    if !found.is_empty() {
        decider.publish(&shared.counters.rules);
    }
    flow
}
