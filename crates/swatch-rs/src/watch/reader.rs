//! The thread that reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};

use swatch_tail::Block;

use super::{Item, Shared};
use crate::message::{Level, tell};
use crate::source::{Arrival, Source};

pub(super) struct Reader {
    pub(super) source: Box<dyn Source>,
    pub(super) items: SyncSender<Item>,
    pub(super) used_blocks: Receiver<Block>,
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    /// Until the source ends, the watch is stopped, or the worker has gone.
    pub(super) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            for block in self.used_blocks.try_iter() {
                self.source.recycle(block);
            }
            let item = match self.source.next() {
                Arrival::Records(block, receipt) => Item::Records(block, receipt),
                Arrival::Notice(level, text) => Item::Notice(level, text),
                Arrival::Woken => {
                    self.status();
                    continue;
                }
                Arrival::End(ending) => {
                    let _ = self.items.send(Item::End(ending));
                    return;
                }
            };
            if matches!(item, Item::Records(..)) {
                self.shared.counters.queued.fetch_add(1, Ordering::Relaxed);
            }
            // An error means that the worker has ended: by `quit`, for example.
            if self.items.send(item).is_err() {
                return;
            }
        }
    }

    fn status(&self) {
        if !self.shared.status_asked.swap(false, Ordering::AcqRel) {
            return;
        }
        let counters = &self.shared.counters;
        let name = &self.shared.name;
        tell(
            Level::Notice,
            format_args!(
                "{name}: {} records seen, {} actions, {} blocks queued",
                counters.seen.load(Ordering::Relaxed),
                counters.effects.load(Ordering::Relaxed),
                counters.queued.load(Ordering::Relaxed),
            ),
        );
        for line in self.source.status() {
            tell(Level::Notice, format_args!("{name}: {line}"));
        }
        // The worker knows the rules' counters. If it has ended, they no longer matter.
        let _ = self.items.send(Item::Status);
    }
}
