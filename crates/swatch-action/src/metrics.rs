//! `metrics`: figures of the locks and of the events of the last day, for node_exporter.

use std::path::Path;

use swatch_common::atomic_file::AtomicFile;
use swatch_common::metric_family::{self, Labels, MetricFamily};

use crate::{
    console::Console,
    date,
    history::{Decision, History},
    settings::Settings,
    state::{Lock, State},
    subcommand::{CommandError, Outcome},
};

/// The length of time that the events are counted over, in seconds.
const DAY: i64 = 86_400;

/// Writes the metrics to a file, as a whole, or to standard output.
pub(crate) fn run(settings: &Settings, file: Option<&Path>, console: &mut Console<'_>) -> Outcome {
    let text = metric_family::text(&families(settings)?);
    match file {
        None => write!(console.out(), "{text}")?,
        Some(path) => AtomicFile::new(path)
            .mode(0o644)
            .write(text.as_bytes())
            .map_err(CommandError::Metrics)?,
    }
    Ok(())
}

fn families(settings: &Settings) -> Result<Vec<MetricFamily>, CommandError> {
    let now = date::now();
    let mut locks = MetricFamily::gauge("swatch_locks", "Locks in force.");
    let mut unconfirmed = MetricFamily::gauge(
        "swatch_locks_unconfirmed",
        "Locks that the firewall has not confirmed.",
    );
    let mut made = MetricFamily::counter("swatch_locks_made_total", "Locks that were ever made.");
    let mut decisions = MetricFamily::gauge(
        "swatch_decisions_day",
        "Events of the last 24 hours by decision and, where they were ignored, by reason.",
    );
    if let Some(state) = State::open_to_read(&settings.state_dir)? {
        for lock in state.all()? {
            if lock.in_force(now) {
                let of_kind = if lock.confirmed {
                    &mut locks
                } else {
                    &mut unconfirmed
                };
                of_kind.add(labels(&lock), 1);
            }
            made.add(labels(&lock), 1);
        }
        state.each_past(i64::MIN, |past| made.add(labels(&past.lock), 1))?;
    }
    History::since(&settings.state_dir, now - DAY).each(|record| {
        let reason = match (record.event, &*record.address, &*record.why) {
            (Decision::Ignored, "", _) => "no_address",
            (Decision::Ignored, _, "a private or special address") => "private",
            (Decision::Ignored, ..) => "ignore_list",
            _ => "none",
        };
        let labels = [("decision", record.event.word()), ("reason", reason)];
        decisions.add(labels.map(|(name, text)| (name, text.to_owned())).into(), 1);
    });
    Ok(vec![locks, unconfirmed, made, decisions])
}

fn labels(lock: &Lock) -> Labels {
    let family = if lock.net.addr().is_ipv4() {
        "ipv4"
    } else {
        "ipv6"
    };
    vec![
        ("firewall", lock.backend.clone()),
        ("family", family.to_owned()),
    ]
}
