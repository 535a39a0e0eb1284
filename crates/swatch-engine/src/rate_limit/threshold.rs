//! `threshold`: count events of a key in windows of whole seconds.
//!
//! The sequences are those of swatchdog 3.2.4, except that `limit` starts a new window with the
//! first event after the old one; swatchdog carried the remainder over.

use swatch_config::ast::ThresholdKind;

use super::table::{Key, Table};

/// The settings of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) kind: ThresholdKind,
    pub(crate) count: u32,
    pub(crate) seconds: u64,
}

/// The state of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// Second in which the window began.
    first: i64,
    /// Events counted in it.
    events: u32,
    /// Second in which the window ends.
    end: i64,
}

/// The verdict on an event, and the current count.
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
            // An expired window is equivalent to none.
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
