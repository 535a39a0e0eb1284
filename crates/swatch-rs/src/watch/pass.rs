//! One pass over an input that ends: several threads search, and take turns in deciding and performing.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

use swatch_engine::Effect;
use swatch_engine::search::{Found, in_order};
use swatch_tail::Block;

use super::{Outcome, Shared, lock};
use crate::clock::Clock;
use crate::message::tell;
use crate::perform::{Flow, Performer};
use crate::rules::{Decider, Native};
use crate::source::{Arrival, Ending, Source};
use crate::supervisor::Bell;

/// Threads that search at most: more find nothing to do, as reading is part of their work.
const MOST_THREADS: usize = 8;

pub(super) struct Pass {
    pub(super) source: Box<dyn Source>,
    pub(super) rules: Box<Native>,
    pub(super) performer: Performer,
    pub(super) shared: Arc<Shared>,
    pub(super) bell: Bell,
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
        let compiled = self.rules.compiled();
        let threads = std::thread::available_parallelism()
            .map_or(1, NonZero::get)
            .min(MOST_THREADS);
        let (used, used_blocks) = channel();
        let ending = Mutex::new(Ending::Done);
        let source = &mut self.source;
        let shared = &self.shared;
        let end = &ending;
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
                        *end.lock().unwrap_or_else(PoisonError::into_inner) = how;
                        return None;
                    }
                }
            }
        });
        let mut clock = Clock::default();
        let decider = self.rules.decider();
        let performer = &mut self.performer;
        in_order(
            &compiled.program,
            &compiled.search,
            threads,
            blocks,
            |block, found| {
                let flow = decide(decider, performer, shared, &mut clock, &block.0, found);
                // The threads may have ended.
                let _ = used.send(block.0);
                match flow {
                    Flow::On => ControlFlow::Continue(()),
                    Flow::Quit => ControlFlow::Break(()),
                }
            },
        );
        self.performer.finish();
        let outcome = match ending.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Ending::Done => Outcome::Well,
            Ending::Broken(why) => Outcome::Badly(why),
        };
        *lock(&self.shared.outcome) = Some(outcome);
        self.bell.ring();
    }
}

fn decide(
    decider: &mut Decider,
    performer: &mut Performer,
    shared: &Shared,
    clock: &mut Clock,
    block: &Block,
    found: &Found,
) -> Flow {
    let mut flow = Flow::On;
    for hit in found.hits() {
        if shared.stop.load(Ordering::Acquire) {
            return Flow::Quit;
        }
        let record = &block.bytes()[hit.range.clone()];
        decider.decide(&hit, record, &clock.now(), &mut |effect: &Effect| {
            shared.counters.effects.fetch_add(1, Ordering::Relaxed);
            shared.is_busy();
            if performer.perform(effect) == Flow::Quit {
                flow = Flow::Quit;
            }
        });
        shared.is_idle();
        if flow == Flow::Quit {
            break;
        }
    }
    flow
}
