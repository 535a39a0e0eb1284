//! A summary as a JSON object, for scripts.

use chrono::DateTime;
use serde_json::{Value, json};
use swatch_common::sanitize;

use super::{RuleLine, Summary, pass};

/// Columns of the counts over time.
const COLUMNS: usize = 100;

/// Addresses and networks that are named.
const TOP: usize = 100;

/// The object, with a line feed.
pub(super) fn object(summary: &Summary<'_>) -> String {
    let tally = &summary.tally;
    let span = tally.timeline.span();
    let logs = summary.logs.iter().map(|log| {
        json!({"log": pass::name(&log.path), "records": log.records, "bytes": log.bytes, "error": log.error})
    });
    let addresses = tally.top.addresses(TOP);
    let addresses = addresses
        .iter()
        .map(|(a, hits)| json!({"address": a, "hits": hits}));
    let networks = tally.top.networks(TOP);
    let networks = networks
        .iter()
        .map(|(net, hits, of)| json!({"network": net.to_string(), "hits": hits, "addresses": of}));
    let object = json!({
        "config": sanitize::path(summary.config),
        "logs": logs.collect::<Vec<_>>(),
        "seconds": summary.took.as_secs_f64(),
        "first": span.and_then(|(first, _)| time(first)),
        "last": span.and_then(|(_, last)| time(last)),
        "column_seconds": tally.timeline.column(COLUMNS),
        "rules": summary.rules.iter().map(|line| rule(line, summary)).collect::<Vec<_>>(),
        "hits": tally.hits,
        "hits_without_address": tally.without_address,
        "hits_without_time": tally.without_time,
        "addresses": addresses.collect::<Vec<_>>(),
        "networks": networks.collect::<Vec<_>>(),
        "address_counts_are_lower_bounds": tally.top.is_incomplete,
    });
    format!("{object}\n")
}

fn rule(line: &RuleLine, summary: &Summary<'_>) -> Value {
    let counters = &line.counters;
    json!({
        "place": line.place,
        "kind": if line.is_watch { "watchfor" } else { "ignore" },
        "rule": line.text,
        "matched": counters.matched,
        "throttled": counters.held,
        "acted": counters.acted,
        "gave_up": counters.gave_up,
        "nanoseconds_per_record": line.cost.map(|cost| cost.as_nanos() as u64),
        "over_time": summary.tally.timeline.columns(line.number, COLUMNS),
    })
}

fn time(seconds: i64) -> Option<String> {
    let time = DateTime::from_timestamp(seconds, 0)?;
    Some(time.to_rfc3339())
}
