//! The decision on an event, as it goes into the history.

use std::net::IpAddr;

use swatch_common::sanitize;

use super::Event;
use crate::{
    console::Console,
    count, date,
    history::{self, Decision, Record},
    settings::Settings,
};

/// The decision on an event that was counted.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// `None` before the event is counted.
    pub(super) event: Option<Decision>,
    /// The counted address or network.
    pub(super) net: String,
    pub(super) count: u64,
    /// The locked network, where it is another one.
    pub(super) locked: Option<String>,
    /// The end of the lock.
    pub(super) until: Option<i64>,
    pub(super) why: String,
}

impl Decided {
    /// Writes it to the history; returns the text of a failure that was not reported before.
    pub(super) fn note(
        &self,
        settings: &Settings,
        now: i64,
        place: &str,
        line: &[u8],
    ) -> Option<String> {
        let record = Record {
            address: self.net.as_str().into(),
            locked: self.locked.as_deref().map(Into::into),
            count: self.count,
            rule: watcher_rule().into(),
            place: place.into(),
            until: self.until,
            why: self.why.as_str().into(),
            line: sanitize::excerpt(line, history::MAX_LINE).into(),
            ..Record::new(now, self.event?)
        };
        noted(settings, &record)
    }
}

/// Notes an event that is not counted.
pub(super) fn ignored(
    settings: &Settings,
    event: &Event,
    address: Option<IpAddr>,
    raw: &[u8],
    why: &str,
    console: &mut Console<'_>,
) {
    if event.dry_run {
        return;
    }
    let address = address.map(|address| address.to_string());
    let record = Record {
        address: address.unwrap_or_default().into(),
        rule: watcher_rule().into(),
        place: event.place.name().into(),
        why: why.into(),
        line: sanitize::excerpt(raw, history::MAX_LINE).into(),
        ..Record::new(date::now(), Decision::Ignored)
    };
    if let Some(note) = noted(settings, &record) {
        console.note(&note);
    }
}

fn noted(settings: &Settings, record: &Record<'_>) -> Option<String> {
    let error = history::note(settings, record).err()?;
    count::first_time(settings, "no-history").then(|| error.to_string())
}

/// The rule of swatch-rs that started this program, as `FILE:LINE`; empty without one.
pub(crate) fn watcher_rule() -> String {
    let rule = std::env::var_os("SWATCH_RULE").unwrap_or_default();
    sanitize::excerpt(rule.as_encoded_bytes(), 200)
}
