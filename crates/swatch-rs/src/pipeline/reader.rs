//! Taking items from the source.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use swatch_tail::Block;

use super::{Item, Shared};
use crate::log::{self, EventKind, Level, LogEvent};
use crate::source::{Source, SourceEvent};

/// The answer of a source.
pub(super) enum Next {
    Item(Item),
    /// Something has been requested of the watch.
    Woken,
    /// In a pool: nothing to read for now.
    Idle,
}

pub(super) struct Reader {
    pub(super) source: Box<dyn Source>,
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    /// Waits for the next item, except in a pool. Not to be called again after [`Item::End`].
    pub(super) fn next(&mut self) -> Next {
        Next::Item(match self.source.next() {
            SourceEvent::Records(block, ack) => {
                self.shared.counters.queued.fetch_add(1, Ordering::Relaxed);
                Item::Records(block, ack)
            }
            SourceEvent::Notice(event) => Item::Notice(event),
            SourceEvent::Woken => return Next::Woken,
            SourceEvent::Idle => return Next::Idle,
            SourceEvent::End(exit) => Item::End(exit),
        })
    }

    /// Gives back a block that is no longer needed.
    pub(super) fn recycle(&mut self, block: Block) {
        self.source.recycle(block);
    }

    /// Logs how far reading has come.
    pub(super) fn report_status(&self) {
        let counters = &self.shared.counters;
        let name = &self.shared.name;
        let text = format!(
            "{} records seen, {} actions, {} blocks queued",
            counters.seen.load(Ordering::Relaxed),
            counters.effects.load(Ordering::Relaxed),
            counters.queued.load(Ordering::Relaxed),
        );
        for line in [text].into_iter().chain(self.source.status()) {
            log::write_of(name, LogEvent::new(Level::Notice, EventKind::Status, line));
        }
    }
}
