//! Counts the events of addresses.

use std::{io, os::unix::fs::OpenOptionsExt, path::Path};

use ipnet::IpNet;

use crate::{directory, settings::Settings};

mod address_log;
mod escalation;
mod line_count;
mod retention;
mod unstored;
mod window;

use address_log::io_error;
pub use address_log::{AddressLogs, CountError};
pub use escalation::Escalated;
pub(crate) use unstored::key;

/// The result of counting an event.
#[derive(Debug)]
pub struct Counted {
    /// The number of events of the address, including this one.
    pub count: u64,
    /// The reason why the event could not be stored in its log. Given once, not for each event.
    pub warning: Option<String>,
}

/// Counts an event of a network: appends the line to its log, or where that fails, notes the event
/// elsewhere. An event is never lost to the count because a disk is full.
#[must_use]
pub fn record(settings: &Settings, net: IpNet, line: &[u8], now: i64) -> Counted {
    let earlier = unstored::events(settings, net);
    let logs = AddressLogs::open(&settings.log_dir);
    let result = logs.and_then(|logs| logs.append(net, Some(line), &earlier, settings.window, now));
    let error = match result {
        Ok(count) => {
            if !earlier.is_empty() {
                unstored::forget(settings, net);
            }
            return Counted {
                count,
                warning: None,
            };
        }
        Err(error) => error,
    };
    let elsewhere = match settings.window {
        None => earlier.len(),
        Some(span) => window::inside(earlier, span, now).len(),
    };
    let count = stored(settings, net, now) + elsewhere as u64 + 1;
    let warning = match unstored::add(settings, net, now) {
        Ok(noted) if !noted.first => None,
        Ok(noted) => Some(format!(
            "{error}; until this is fixed, events are counted in {} without their lines",
            noted.path.display()
        )),
        Err(nowhere) => Some(format!("{error}; the event is not counted: {nowhere}")),
    };
    Counted { count, warning }
}

/// The count that [`record`] would return, without recording anything.
#[must_use]
pub fn dry_run(settings: &Settings, net: IpNet, now: i64) -> u64 {
    let earlier = unstored::events(settings, net);
    stored(settings, net, now) + earlier.len() as u64 + 1
}

/// Has an event of an IPv6 network count for the wider networks around it; returns the widest of
/// them that has become due with it.
///
/// # Errors
/// The event could not be noted anywhere; nothing is escalated then.
pub fn escalate(settings: &Settings, net: IpNet, now: i64) -> io::Result<Option<Escalated>> {
    escalation::add(settings, net, now)
}

/// True if something was not reported before: its mark could be made in the directory of the logs
/// or, where the disk refuses that, in memory. Always true if it cannot be remembered anywhere.
#[must_use]
pub fn first_time(settings: &Settings, what: &str) -> bool {
    let mark = |dir: &Path, name: &str| {
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(dir.join(name))
    };
    let is_mark = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
    match mark(&settings.log_dir, &format!(".reported-{what}")) {
        Ok(_) => return true,
        Err(error) if is_mark(&error) => return false,
        Err(_) => {}
    }
    let name = format!("reported-{what}-{}", key(&settings.log_dir));
    for dir in directory::in_memory() {
        match directory::prepare_private(&dir).and_then(|()| mark(&dir, &name)) {
            Ok(_) => return true,
            Err(error) if is_mark(&error) => return false,
            Err(_) => {}
        }
    }
    true
}

/// Maintains the counts, for a timer: events that could not be stored are copied into their logs,
/// and logs that are older than the settings allow are removed.
pub fn maintain(settings: &Settings, now: i64) {
    store_unstored(settings, now);
    retention::prune(settings);
    crate::history::prune(settings, now);
}

fn store_unstored(settings: &Settings, now: i64) {
    let Ok(logs) = AddressLogs::open(&settings.log_dir) else {
        return;
    };
    for net in unstored::networks(settings) {
        let events = unstored::events(settings, net);
        if logs
            .append(net, None, &events, settings.window, now)
            .is_ok()
        {
            unstored::forget(settings, net);
        }
    }
}

/// The number of events in the log; 0 if there is none, or it cannot be read.
fn stored(settings: &Settings, net: IpNet, now: i64) -> u64 {
    if !settings.log_dir.is_dir() {
        return 0;
    }
    AddressLogs::open(&settings.log_dir)
        .and_then(|logs| match settings.window {
            None => logs.lines(net),
            Some(span) => Ok(logs.lines_within(net, span, now)),
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
