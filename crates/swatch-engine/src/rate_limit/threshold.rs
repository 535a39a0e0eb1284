//! `threshold`: count events of a key in windows of whole seconds.
//!
//! The sequences are those of swatchdog 3.2.4, except that `limit` starts a new window with the
//! first event after the old one has ended; the original carried what was left over into it.

use swatch_config::ast::ThresholdKind;

use super::table::{Key, Table};

/// What the settings of a threshold come down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) kind: ThresholdKind,
    pub(crate) count: u32,
    pub(crate) seconds: u64,
}

/// What is known about one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// Second in which the window began.
    first: i64,
    /// Events counted in it.
    events: u32,
    /// Second in which the window ends.
    end: i64,
}

/// Whether an event passes, and how far the count is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The event is acted upon.
    pub passes: bool,
    /// Events in the window, this one included.
    pub events: u32,
    /// The second in which the window ends.
    pub until: i64,
}

/// One event of a key at second `now`.
pub(crate) fn threshold(table: &mut Table<Record>, key: Key, window: Window, now: i64) -> Counted {
    let end_of = |first: i64| first.saturating_add_unsigned(window.seconds);
    let fresh = Record {
        first: now,
        events: 1,
        end: end_of(now),
    };
    let record = match table.get(key) {
        Some(record) => {
            if now >= end_of(record.first) {
                *record = fresh;
            } else {
                record.events = record.events.saturating_add(1);
            }
            record
        }
        None => {
            // A window that has ended is as good as none.
            table.insert(key, fresh, |old| now >= old.end);
            table.get(key).expect("it was just inserted")
        }
    };
    let events = record.events;
    let passes = match window.kind {
        ThresholdKind::Limit => events <= window.count,
        ThresholdKind::Threshold => events >= window.count,
        ThresholdKind::Both => events == window.count,
    };
    if window.kind == ThresholdKind::Threshold && passes {
        record.events = 0;
    }
    Counted {
        passes,
        events,
        until: end_of(record.first),
    }
}
