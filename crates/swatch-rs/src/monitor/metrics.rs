//! Metrics for Prometheus: the same families in a file for node_exporter and over HTTP.

mod http;
mod listen_address;
mod openmetrics;
mod textfile;

use std::time::UNIX_EPOCH;

use swatch_common::metric_family::{Labels, MetricFamily as Family};

use super::{Snapshot, WatchSnapshot};

pub use http::HttpServer;
pub use listen_address::ListenAddress;
pub use textfile::{Textfile, TextfileError};

/// The longest pattern in a label, in characters.
const PATTERN: usize = 200;

/// The families of a snapshot. Each series has the label `daemon`, by which those of several
/// watchers differ.
fn families(snapshot: &Snapshot) -> Vec<Family> {
    let mut version = Family::gauge("swatch_build_info", "Always 1; the version is a label.");
    let mut started = Family::gauge(
        "swatch_start_time_seconds",
        "When the watcher was started, in seconds since 1970.",
    );
    let mut reloads = Family::counter(
        "swatch_reloads_total",
        "Times that the rules were read again, by result.",
    );
    let mut good = Family::gauge(
        "swatch_last_reload_success",
        "0 if the rules were refused when they were last read again, else 1.",
    );
    let daemon = || ("daemon", snapshot.name.clone());
    let number = env!("CARGO_PKG_VERSION").to_owned();
    version.set(vec![daemon(), ("version", number)], 1.0);
    let since = snapshot.started.duration_since(UNIX_EPOCH);
    started.set(vec![daemon()], since.unwrap_or_default().as_secs_f64());
    let (done, refused) = snapshot.reloads;
    for (result, count) in [("done", done), ("refused", refused)] {
        reloads.add(vec![daemon(), ("result", result.to_owned())], count);
    }
    let last = snapshot.last_reload.as_ref();
    let last_good = last.is_none_or(super::ReloadReport::ok);
    good.set(vec![daemon()], f64::from(u8::from(last_good)));
    let mut all = vec![version, started, reloads, good];
    all.extend(of_watches(snapshot));
    all
}

fn of_watches(snapshot: &Snapshot) -> Vec<Family> {
    let mut up = Family::gauge(
        "swatch_watch_up",
        "1 while the watch runs, 0 when it has ended.",
    );
    let mut lines = Family::counter("swatch_lines_total", "Records read.");
    let mut queue = Family::gauge("swatch_queue_blocks", "Blocks that are read and wait.");
    let mut lag_bytes = Family::gauge(
        "swatch_lag_bytes",
        "Bytes of the log whose actions are not done yet.",
    );
    let mut lag_seconds = Family::gauge(
        "swatch_lag_seconds",
        "Age of the first line that is not done, by its time stamp; absent if it has none.",
    );
    let mut running = Family::gauge(
        "swatch_action_running_seconds",
        "Time for which the action in progress has run; 0 if there is none.",
    );
    let mut matches = Family::counter("swatch_rule_matches_total", "Records that a rule matched.");
    let mut throttled = Family::counter(
        "swatch_rule_throttled_total",
        "Matches that a throttle, a threshold or remember held back.",
    );
    let mut gave_up = Family::counter(
        "swatch_rule_gave_up_total",
        "Searches for a rule that were given up because they would have taken too long.",
    );
    let mut actions = Family::counter("swatch_actions_total", "Actions by result.");
    for watch in &snapshot.watches {
        let labels = |more: &[(&'static str, &str)]| -> Labels {
            let of_watch = [("daemon", &*snapshot.name), ("watch", &*watch.name)];
            let all = of_watch.iter().chain(more);
            all.map(|(name, value)| (*name, (*value).to_owned()))
                .collect()
        };
        up.set(labels(&[]), f64::from(u8::from(watch.ended.is_none())));
        lines.add(labels(&[]), watch.records);
        queue.set(labels(&[]), watch.queue as f64);
        running.set(labels(&[]), watch.busy_seconds.unwrap_or(0.0));
        if follows_files(watch) {
            lag_bytes.set(labels(&[]), watch.lag_bytes() as f64);
            if let Some(seconds) = watch.lag_seconds() {
                lag_seconds.set(labels(&[]), seconds);
            }
        }
        for rule in &watch.rules {
            let place = format!("{}:{}", rule.file, rule.line);
            let pattern: String = rule.text.chars().take(PATTERN).collect();
            let labels = labels(&[("rule", &place), ("pattern", &pattern)]);
            matches.add(labels.clone(), rule.counters.matched);
            throttled.add(labels.clone(), rule.counters.held);
            gave_up.add(labels, rule.counters.gave_up);
        }
        for (action, result, count) in &watch.actions {
            actions.add(labels(&[("action", action), ("result", result)]), *count);
        }
    }
    vec![
        up,
        lines,
        queue,
        lag_bytes,
        lag_seconds,
        running,
        matches,
        throttled,
        gave_up,
        actions,
    ]
}

fn follows_files(watch: &WatchSnapshot) -> bool {
    !watch.files.is_empty()
}

#[cfg(test)]
mod tests;
