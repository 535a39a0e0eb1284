//! The events of locks.

use ipnet::IpNet;
use swatch_common::event_log::{EventKind, Level, LogEvent};

use super::{LockOutcome, LockRequest};
use crate::{date, network};

/// A lock that was made or renewed.
pub(crate) fn locked(ask: &LockRequest, done: &LockOutcome) -> LogEvent {
    let (kind, verb) = match done.renewed {
        true => (EventKind::Renewed, "renewed the lock of"),
        false => (EventKind::Locked, "locked"),
    };
    let net = network::text(done.net);
    let until = done.until.map(date::long);
    let end = until
        .as_deref()
        .map_or("for ever".to_owned(), |until| format!("until {until}"));
    LogEvent::new(Level::Info, kind, format!("{verb} {net} {end}"))
        .with("network", net)
        .with_some("address", ask.address.map(|address| address.to_string()))
        .with("count", ask.count)
        .with("rule", ask.rule.as_str())
        .with_some("until", done.until)
        .with("reason", ask.reason.as_str())
}

/// A lock that was not made.
pub(crate) fn not_locked(net: IpNet, why: &dyn std::fmt::Display) -> LogEvent {
    LogEvent::new(Level::Error, EventKind::NotLocked, why)
        .with("network", network::text(net))
        .with("reason", why.to_string())
}

/// A lock that has ended: `expired`, `unlocked`, `protected`.
pub(crate) fn unlocked(net: IpNet, how: &'static str) -> LogEvent {
    let net = network::text(net);
    LogEvent::new(Level::Info, EventKind::Unlocked, format!("{net} {how}"))
        .with("network", net)
        .with("how", how)
}
