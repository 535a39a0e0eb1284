//! A summary as text for a terminal.

use std::time::Duration;

use swatch_common::chart::{Screen, fit, grouped, pad};
use swatch_common::{sanitize, time_zone};

use super::{RuleLine, Summary, pass};

/// Addresses and networks that are listed.
const TOP: usize = 10;

/// The columns for numbers.
const NUMBER: usize = 12;

/// The text, with a line feed at its end.
pub(super) fn page(summary: &Summary<'_>, screen: Screen) -> String {
    let mut text = head(summary, screen);
    let (mut hit, silent): (Vec<_>, Vec<_>) = summary
        .rules
        .iter()
        .partition(|rule| rule.counters.matched > 0);
    hit.sort_by_key(|rule| std::cmp::Reverse(rule.counters.matched));
    if !hit.is_empty() {
        hits(&mut text, summary, &hit, screen);
    }
    if !silent.is_empty() {
        text.push_str(&format!("\nRules that never matched: {}\n", silent.len()));
        for rule in silent {
            let cost = cost(rule.cost);
            let width = screen.columns - cost.len() - 3;
            text.push_str(&format!("  {} {cost}\n", pad(&name(rule), width)));
        }
    }
    addresses(&mut text, summary, screen);
    text
}

fn head(summary: &Summary<'_>, screen: Screen) -> String {
    let records: u64 = summary.logs.iter().map(|log| log.records).sum();
    let bytes: u64 = summary.logs.iter().map(|log| log.bytes).sum();
    let logs = match &summary.logs[..] {
        [one] => pass::name(&one.path),
        many => format!("{} logs", many.len()),
    };
    let mut text = format!("{}\n", fit(&sanitize::path(summary.config), screen.columns));
    let seconds = summary.took.as_secs_f64();
    let line = format!(
        "{} records of {logs}, {}, read in {seconds:.2} s",
        grouped(records),
        size(bytes)
    );
    text.push_str(&format!("{}\n", fit(&line, screen.columns)));
    if let Some((first, last)) = summary.tally.timeline.span() {
        let line = format!("{} to {}", minute(first), minute(last));
        text.push_str(&format!("{}\n", fit(&line, screen.columns)));
    }
    text
}

/// The rules that matched: name, counts, and a sparkline in a line of its own.
fn hits(text: &mut String, summary: &Summary<'_>, rules: &[&RuleLine], screen: Screen) {
    let timeline = &summary.tally.timeline;
    let name_width = screen.columns.saturating_sub(2 + 2 * NUMBER + 14).max(10);
    let line = |name: &str, numbers: [&str; 3]| {
        let [matched, throttled, cost] = numbers;
        let line = format!(
            "  {} {matched:>NUMBER$}{throttled:>NUMBER$}{cost:>12}",
            pad(name, name_width)
        );
        format!("{}\n", line.trim_end())
    };
    text.push('\n');
    let titles = line("", ["matched", "throttled", "time"]);
    text.push_str(&format!("Rules{}", &titles[5..]));
    for rule in rules {
        let counters = &rule.counters;
        let throttled = match counters.held {
            0 => String::new(),
            held => grouped(held),
        };
        let numbers = [&grouped(counters.matched), &throttled, &cost(rule.cost)];
        text.push_str(&line(&name(rule), numbers.map(String::as_str)));
        let columns = timeline.columns(rule.number, screen.columns - 4);
        if columns.len() > 1 {
            let spark = screen.sparkline(&columns);
            text.push_str(&format!("    {}\n", spark.trim_end()));
        }
        if counters.gave_up > 0 {
            let gave_up = format!("    {} searches given up", grouped(counters.gave_up));
            text.push_str(&format!("{gave_up}\n"));
        }
    }
    if timeline.span().is_some_and(|(first, last)| last > first) {
        let column = Duration::from_secs(timeline.column(screen.columns - 4).unsigned_abs());
        let note = format!("  one character of a line is {}", length(column));
        text.push_str(&format!("{note}\n"));
    }
    text.push_str("  time: of one record, if only this rule is tried on it\n");
}

fn addresses(text: &mut String, summary: &Summary<'_>, screen: Screen) {
    let tally = &summary.tally;
    if tally.hits == 0 {
        return;
    }
    let known = tally.top.len();
    if known > 0 {
        let more = if tally.top.is_incomplete {
            "more than "
        } else {
            ""
        };
        text.push_str(&format!("\nAddresses: {more}{}\n", grouped(known as u64)));
        let rows = tally.top.addresses(TOP).into_iter();
        let rows: Vec<_> = rows
            .map(|(address, hits)| (address.to_string(), hits))
            .collect();
        bars(text, &rows, screen);
        let rows = tally.top.networks(TOP).into_iter();
        let rows: Vec<_> = rows
            .filter(|(_, _, addresses)| *addresses > 1)
            .map(|(net, hits, addresses)| (format!("{net} ({addresses})"), hits))
            .collect();
        if !rows.is_empty() {
            text.push_str("\nNetworks with several addresses\n");
            bars(text, &rows, screen);
        }
    }
    if tally.without_address > 0 {
        text.push_str(&format!(
            "\n{} of {} matching records name no address in a known format\n",
            grouped(tally.without_address),
            grouped(tally.hits)
        ));
    }
    if tally.without_time > 0 {
        text.push_str(&format!(
            "\n{} of {} matching records have no time stamp; they count at the time before\n",
            grouped(tally.without_time),
            grouped(tally.hits)
        ));
    }
}

fn bars(text: &mut String, rows: &[(String, u64)], screen: Screen) {
    let most = rows.first().map_or(0, |(_, hits)| *hits);
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let left = screen.columns.saturating_sub(width + NUMBER + 4);
    for (name, hits) in rows {
        let bar = screen.bar(*hits, most, left);
        let line = format!("  {name:width$}{:>NUMBER$} {bar}", grouped(*hits));
        text.push_str(&format!("{}\n", fit(line.trim_end(), screen.columns)));
    }
}

/// `FILE:LINE` without directories, and the condition.
fn name(rule: &RuleLine) -> String {
    let place = rule.place.rsplit('/').next().unwrap_or(&rule.place);
    let kind = if rule.is_watch { "" } else { "ignore " };
    format!("{place} {kind}{}", rule.text)
}

fn cost(cost: Option<Duration>) -> String {
    match cost.map(|cost| cost.as_nanos()) {
        None => "?".to_owned(),
        Some(nanos @ 0..10_000) => format!("{nanos} ns"),
        Some(nanos @ 10_000..10_000_000) => format!("{} µs", nanos / 1000),
        Some(nanos) => format!("{} ms", nanos / 1_000_000),
    }
}

fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{:.1} min", seconds as f64 / 60.0),
        7200..172_800 => format!("{:.1} h", seconds as f64 / 3600.0),
        _ => format!("{:.1} days", seconds as f64 / 86_400.0),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn minute(seconds: i64) -> String {
    let (time, zone) = time_zone::local(seconds);
    format!("{} {zone}", time.format("%Y-%m-%d %H:%M:%S"))
}
