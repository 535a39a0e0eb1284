//! One pass over an input that ends: several threads search, and take turns in deciding and performing.

use std::io;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use swatch_engine::Effect;
use swatch_engine::prefilter::{Hits, in_order};
use swatch_tail::{Block, Chunks};

use super::{Outcome, Shared, lock};
use crate::clock::Clock;
use crate::daemon::supervisor::Bell;
use crate::log::tell;
use crate::perform::{Flow, Performer};
use crate::rules::{Decider, Native};
use crate::source::{Arrival, Ending, Source};

/// Threads that search at most: more find nothing to do, as reading is part of their work.
const MOST_THREADS: usize = 8;

pub(super) struct Pass {
    pub(super) source: Box<dyn Source>,
    pub(super) rules: Box<Native>,
    pub(super) performer: Performer,
    pub(super) shared: Arc<Shared>,
    pub(super) bell: Bell,
}

/// Why a pass ended before its input.
enum Stop {
    /// By `quit`, or because it was asked to.
    Asked,
    Unreadable(io::Error),
}

/// A block for threads that only look at its bytes.
struct Lines(Block);

impl AsRef<[u8]> for Lines {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Pass {
    /// Until the input ends, `quit`, or the watch is stopped.
    pub(super) fn run(mut self) {
        let ending = match self.source.chunks() {
            Ok(Some(chunks)) => self.chunks(&chunks),
            Ok(None) => self.blocks(),
            Err(why) => Ending::Broken(why),
        };
        self.performer.finish();
        let outcome = match ending {
            Ending::Done => Outcome::Well,
            Ending::Broken(why) => Outcome::Badly(why),
        };
        *lock(&self.shared.outcome) = Some(outcome);
        self.bell.ring();
    }

    /// A file: each thread reads by itself.
    fn chunks(&mut self, chunks: &Chunks) -> Ending {
        let claims = std::iter::from_fn(|| chunks.claim());
        let read = |claim| chunks.read(claim).map_err(Stop::Unreadable);
        let recycle = |chunk| chunks.recycle(chunk);
        let mut search = Searching {
            rules: &mut self.rules,
            performer: &mut self.performer,
            shared: &self.shared,
        };
        match search.run(claims, read, recycle) {
            Some(Stop::Unreadable(e)) => Ending::Broken(self.source.trouble(&e)),
            Some(Stop::Asked) | None => Ending::Done,
        }
    }

    /// What can only be read from beginning to end.
    fn blocks(&mut self) -> Ending {
        let mut ending = Ending::Done;
        let (source, shared, end) = (&mut self.source, &self.shared, &mut ending);
        let (used, used_blocks) = channel();
        let blocks = std::iter::from_fn(move || {
            for block in used_blocks.try_iter() {
                source.recycle(block);
            }
            loop {
                match source.next() {
                    Arrival::Records(block, _) => return Some(Lines(block)),
                    Arrival::Notice(level, text) => {
                        tell(level, format_args!("{}: {text}", shared.name))
                    }
                    Arrival::Woken if shared.stop.load(Ordering::Acquire) => return None,
                    Arrival::Woken => {}
                    Arrival::End(how) => {
                        *end = how;
                        return None;
                    }
                }
            }
        });
        let mut search = Searching {
            rules: &mut self.rules,
            performer: &mut self.performer,
            shared: &self.shared,
        };
        search.run(blocks, Ok, move |block: Lines| {
            // The threads may have ended.
            let _ = used.send(block.0);
        });
        ending
    }
}

/// What takes part besides the input.
struct Searching<'a> {
    rules: &'a mut Native,
    performer: &'a mut Performer,
    shared: &'a Shared,
}

impl Searching<'_> {
    /// Takes jobs, makes each a block of lines, and gives it back when it is done.
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
                match flow {
                    Flow::On => ControlFlow::Continue(()),
                    Flow::Quit => ControlFlow::Break(Stop::Asked),
                }
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
) -> Flow {
    if shared.stop.load(Ordering::Acquire) {
        return Flow::Quit;
    }
    let mut flow = Flow::On;
    for hit in found.hits() {
        if shared.stop.load(Ordering::Acquire) {
            return Flow::Quit;
        }
        let record = &bytes[hit.range.clone()];
        decider.decide(&hit, record, &clock.now(), &mut |effect: &Effect| {
            shared.counters.effects.fetch_add(1, Ordering::Relaxed);
            if performer.perform(effect) == Flow::Quit {
                flow = Flow::Quit;
            }
        });
        if flow == Flow::Quit {
            break;
        }
    }
    flow
}
