//! The report as text for a terminal: tables and bars that fit its width.

use std::fmt::Write as _;

use swatch_common::chart::{Screen, fit, grouped, pad};

use super::{
    figures::{Figures, Reason},
    ranking::Ranking,
    timeline::Timeline,
};
use crate::date;

/// The present locks that the text lists.
const LISTED: usize = 20;

pub(super) fn report(figures: &Figures, screen: Screen) -> String {
    let mut page = Page {
        text: String::new(),
        screen,
    };
    page.head(figures);
    page.timeline(&figures.timeline);
    page.present(figures);
    page.ranking("Services", &figures.services);
    page.ranking("Rules", &figures.rules);
    page.ranking("Networks", &figures.networks);
    page.ranking("Countries", &figures.countries);
    page.ranking("Autonomous systems", &figures.systems);
    page.repeaters(figures);
    page.ended(figures);
    page.reasons("Not locked although due", &figures.refused);
    page.reasons("Ignored", &figures.ignored);
    if !figures.notes.is_empty() {
        page.heading("Notes");
        for note in &figures.notes {
            page.wrapped(note);
        }
    }
    page.text
}

struct Page {
    text: String,
    screen: Screen,
}

impl Page {
    /// Writing to a string cannot fail.
    fn line(&mut self, line: &str) {
        let line = fit(line.trim_end(), self.screen.columns);
        let _ = writeln!(self.text, "{line}");
    }

    fn heading(&mut self, text: &str) {
        self.text.push('\n');
        self.line(text);
        let rule = if self.screen.blocks { "─" } else { "-" };
        self.line(&rule.repeat(text.chars().count()));
    }

    /// A sentence, broken between words.
    fn wrapped(&mut self, sentence: &str) {
        let mut line = String::new();
        for word in sentence.split(' ') {
            if !line.is_empty()
                && line.chars().count() + 1 + word.chars().count() > self.screen.columns
            {
                let full = std::mem::take(&mut line);
                self.line(&full);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&line);
    }

    /// A row of a table with a bar: the name, a number, a bar for it, and what follows.
    fn row(&mut self, name: &str, value: u64, most: u64, more: &str) {
        let columns = self.screen.columns;
        let name_width = (columns / 3).clamp(16, 40);
        let left = columns.saturating_sub(name_width + 1 + 10 + 1 + 12);
        let bar = self.screen.bar(value, most, left);
        let bar = pad(&bar, left);
        self.line(&format!(
            "{} {:>10} {bar} {more:>11}",
            pad(name, name_width),
            grouped(value)
        ));
    }

    fn head(&mut self, figures: &Figures) {
        let totals = &figures.totals;
        self.line(&format!(
            "Locks and events on {}, the {} before {}",
            figures.host,
            figures.span,
            date::short(figures.now)
        ));
        self.text.push('\n');
        let rows = [
            ("locked now", figures.present.all),
            ("locks made", totals.locks),
            ("locks renewed", totals.renewed),
            ("events counted", totals.counted),
            ("not locked although due", totals.refused),
            ("events ignored", totals.ignored),
            ("addresses", totals.addresses),
        ];
        for (name, value) in rows {
            self.line(&format!("{:>12}  {name}", grouped(value)));
        }
    }

    fn timeline(&mut self, timeline: &Timeline) {
        self.heading(&format!("Over time, by {}", timeline.unit()));
        let width = self.screen.columns.saturating_sub(22);
        for (name, values) in [
            ("locks", &timeline.locks),
            ("events", &timeline.events),
            ("ignored", &timeline.ignored),
        ] {
            let shown = squeezed(values, width);
            let most = shown.iter().copied().max().unwrap_or(0);
            let spark = self.screen.sparkline(&shown);
            self.line(&format!("{name:<8} {spark}  max {}", grouped(most)));
        }
        let last = timeline.len().saturating_sub(1);
        self.line(&format!(
            "         {} … {}",
            timeline.label(0),
            timeline.label(last)
        ));
    }

    fn present(&mut self, figures: &Figures) {
        let present = &figures.present;
        self.heading("Locked now");
        if present.all == 0 {
            return self.line("nothing");
        }
        let firewalls: Vec<String> = present
            .by_firewall
            .iter()
            .map(|(name, count)| format!("{name} {}", grouped(*count)))
            .collect();
        self.line(&format!(
            "{} locks, {} of IPv6; by firewall: {}",
            grouped(present.all),
            grouped(present.six),
            firewalls.join(", ")
        ));
        self.line(&format!(
            "{:<24} {:>6}  {:<11}  {:<11}  {}",
            "address", "lines", "since", "until", "service, origin"
        ));
        for lock in present.newest.iter().take(LISTED) {
            let until = lock.until.map_or("for ever".to_owned(), day);
            self.line(&format!(
                "{:<24} {:>6}  {:<11}  {:<11}  {}, {}",
                lock.address,
                lock.count,
                day(lock.since),
                until,
                lock.service,
                lock.origin
            ));
        }
        let listed = present.newest.len().min(LISTED) as u64;
        if present.all > listed {
            self.line(&format!(
                "and {} more: swatch-action list",
                grouped(present.all - listed)
            ));
        }
    }

    fn ranking(&mut self, title: &str, ranking: &Ranking) {
        if ranking.is_empty() {
            return;
        }
        self.heading(&format!("{title}: locks and events"));
        let by_locks = ranking.rows.iter().any(|(_, tally)| tally.locks > 0);
        let key = |locks: u64, events: u64| if by_locks { locks } else { events };
        let most = ranking
            .all()
            .map(|(_, tally)| key(tally.locks, tally.events))
            .max()
            .unwrap_or(0);
        for (name, tally) in ranking.all() {
            let value = key(tally.locks, tally.events);
            let more = if by_locks {
                format!("{} ev.", grouped(tally.events))
            } else {
                String::new()
            };
            self.row(&name, value, most, &more);
        }
    }

    fn repeaters(&mut self, figures: &Figures) {
        let repeaters = &figures.repeaters;
        if repeaters.all == 0 {
            return;
        }
        self.heading(&format!(
            "Locked more than once: {} addresses",
            grouped(repeaters.all)
        ));
        for one in &repeaters.top {
            let now = if one.locked_now { "locked now" } else { "" };
            self.line(&format!(
                "{:<24} {:>5} locks {:>7} events  last {}  {now:<10}  {}",
                one.address,
                grouped(one.locks),
                grouped(one.events),
                day(one.last),
                one.origin
            ));
        }
    }

    fn ended(&mut self, figures: &Figures) {
        if figures.durations.is_empty() {
            return;
        }
        self.heading("Locks that ended: how long they lasted");
        let most = figures.durations.iter().map(|row| row.1).max().unwrap_or(0);
        for &(label, count) in &figures.durations {
            self.row(label, count, most, "");
        }
        let ends: Vec<String> = figures
            .ends
            .iter()
            .map(|(how, count)| format!("{how} {}", grouped(*count)))
            .collect();
        self.line(&ends.join(", "));
    }

    fn reasons(&mut self, title: &str, reasons: &[Reason]) {
        if reasons.is_empty() {
            return;
        }
        self.heading(title);
        for reason in reasons {
            self.line(&format!("{:>10}  {}", grouped(reason.events), reason.why));
            let addresses = match reason.addresses {
                1 => "1 address".to_owned(),
                count => format!("{} addresses", grouped(count)),
            };
            self.line(&format!(
                "            {addresses}, last {}: {}",
                day(reason.last),
                reason.line
            ));
        }
    }
}

/// `11-28 20:03` in the local time zone.
fn day(time: i64) -> String {
    date::short(time).get(5..16).unwrap_or_default().to_owned()
}

/// The values in at most so many columns: neighbours are added up.
fn squeezed(values: &[u64], width: usize) -> Vec<u64> {
    let group = values.len().div_ceil(width.max(1)).max(1);
    values
        .chunks(group)
        .map(|chunk| chunk.iter().sum())
        .collect()
}
