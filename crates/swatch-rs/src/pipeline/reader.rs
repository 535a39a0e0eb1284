//! Taking items from the source.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use swatch_tail::Block;

use super::{Item, Shared};
use crate::log::{Level, tell};
use crate::source::{Arrival, Source};

pub(super) struct Reader {
    pub(super) source: Box<dyn Source>,
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    /// Waits for the next item; none if it was woken for another reason. After [`Item::End`] it
    /// must not be asked again.
    pub(super) fn next(&mut self) -> Option<Item> {
        Some(match self.source.next() {
            Arrival::Records(block, receipt) => {
                self.shared.counters.queued.fetch_add(1, Ordering::Relaxed);
                Item::Records(block, receipt)
            }
            Arrival::Notice(level, text) => Item::Notice(level, text),
            Arrival::Woken => return None,
            Arrival::End(ending) => Item::End(ending),
        })
    }

    /// Gives back a block that is no longer needed.
    pub(super) fn recycle(&mut self, block: Block) {
        self.source.recycle(block);
    }

    /// Tells how far reading is.
    pub(super) fn tell_status(&self) {
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
    }
}
