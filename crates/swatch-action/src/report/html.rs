//! The report as one HTML page: no script, and nothing that is loaded from elsewhere.
//!
//! maud escapes every text that is put in. Log lines stand in elements of their own
//! ([`log_text`]), which isolate the direction of their text from what surrounds them.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use swatch_common::chart::grouped;

use super::{
    figures::{Figures, Reason},
    ranking::Ranking,
};
use crate::date;

mod charts;
mod tables;

const STYLE: &str = include_str!("html/style.css");

/// Forbids everything but the style and the drawings in the page itself.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn page(figures: &Figures) -> Markup {
    let title = format!("Locks and events on {}", figures.host);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the report" }
                header {
                    h1 { (title) }
                    p {
                        "The last " (figures.span) ", until "
                        time datetime=(date::utc(figures.now)) { (date::long(figures.now)) }
                    }
                    (contents(figures))
                }
                main id="main" {
                    (sums(figures))
                    (notes(figures))
                    (charts::over_time(&figures.timeline))
                    (tables::present(figures))
                    (tables::repeaters(figures))
                    div.pair {
                        (ranking("services", "Services", "service", &figures.services))
                        (ranking("rules", "Rules", "rule", &figures.rules))
                        (ranking("networks", "Networks", "network", &figures.networks))
                        (ranking("countries", "Countries", "country", &figures.countries))
                        (ranking("systems", "Autonomous systems", "system", &figures.systems))
                        (ended(figures))
                    }
                    (reasons("refused", "Not locked although due", &figures.refused,
                        "No event was due for a lock and did not get it."))
                    (reasons("ignored", "Ignored", &figures.ignored, "No event was ignored."))
                }
                footer {
                    p { "Made by swatch-action " (env!("CARGO_PKG_VERSION")) " from its state and history." }
                }
            }
        }
    }
}

/// The sections of the page that are there, as links.
fn contents(figures: &Figures) -> Markup {
    let sections = [
        ("time", "Over time", true),
        ("present", "Locked now", true),
        ("repeaters", "Repeat offenders", true),
        ("services", "Services", !figures.services.is_empty()),
        ("rules", "Rules", !figures.rules.is_empty()),
        ("networks", "Networks", !figures.networks.is_empty()),
        ("countries", "Countries", !figures.countries.is_empty()),
        ("systems", "Autonomous systems", !figures.systems.is_empty()),
        ("ended", "Durations", !figures.durations.is_empty()),
        ("refused", "Not locked", true),
        ("ignored", "Ignored", true),
    ];
    html! {
        nav aria-label="Sections" {
            ul {
                @for (id, name, _) in sections.iter().filter(|section| section.2) {
                    li { a href={ "#" (id) } { (name) } }
                }
            }
        }
    }
}

fn sums(figures: &Figures) -> Markup {
    let totals = &figures.totals;
    let tiles = [
        ("locked now", figures.present.all),
        ("locks made", totals.locks),
        ("locks renewed", totals.renewed),
        ("events counted", totals.counted),
        ("not locked although due", totals.refused),
        ("events ignored", totals.ignored),
        ("addresses", totals.addresses),
    ];
    html! {
        ul.sums {
            @for (name, value) in tiles {
                li { b { (grouped(value)) } span { (name) } }
            }
        }
    }
}

fn notes(figures: &Figures) -> Markup {
    html! {
        @if !figures.notes.is_empty() {
            aside.notes aria-label="Notes" {
                @for note in &figures.notes { p { (note) } }
            }
        }
    }
}

fn ranking(id: &str, title: &str, column: &str, ranking: &Ranking) -> Markup {
    let most_locks = ranking
        .all()
        .map(|(_, tally)| tally.locks)
        .max()
        .unwrap_or(0);
    let most_events = ranking
        .all()
        .map(|(_, tally)| tally.events)
        .max()
        .unwrap_or(0);
    html! {
        @if !ranking.is_empty() {
            section aria-labelledby=(id) {
                h2 id=(id) { (title) }
                table.ranking {
                    thead { tr {
                        th scope="col" { (column) }
                        th.number scope="col" { "locks" }
                        th.number scope="col" { "events" }
                    } }
                    tbody {
                        @for (name, tally) in ranking.all() {
                            tr {
                                th scope="row" { (log_text(&name)) }
                                td.number { (grouped(tally.locks)) (charts::bar("locks", tally.locks, most_locks)) }
                                td.number { (grouped(tally.events)) (charts::bar("events", tally.events, most_events)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ended(figures: &Figures) -> Markup {
    let most = figures.durations.iter().map(|row| row.1).max().unwrap_or(0);
    html! {
        @if !figures.durations.is_empty() {
            section aria-labelledby="ended" {
                h2 id="ended" { "How long locks lasted" }
                table.ranking {
                    thead { tr {
                        th scope="col" { "duration" }
                        th.number scope="col" { "locks that ended" }
                    } }
                    tbody {
                        @for &(label, count) in &figures.durations {
                            tr {
                                th scope="row" { (label) }
                                td.number { (grouped(count)) (charts::bar("locks", count, most)) }
                            }
                        }
                    }
                }
                p {
                    "Ended by: "
                    @for (at, (how, count)) in figures.ends.iter().enumerate() {
                        @if at > 0 { ", " }
                        (how) " " (grouped(*count))
                    }
                    "."
                }
            }
        }
    }
}

fn reasons(id: &str, title: &str, reasons: &[Reason], none: &str) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if reasons.is_empty() {
                p.none { (none) }
            } @else {
                table.cards {
                    thead { tr {
                        th scope="col" { "reason" }
                        th.number scope="col" { "events" }
                        th.number scope="col" { "addresses" }
                        th scope="col" { "last" }
                        th scope="col" { "its line" }
                    } }
                    tbody {
                        @for reason in reasons {
                            tr {
                                th scope="row" { (log_text(&reason.why)) }
                                td.number data-label="events" { (grouped(reason.events)) }
                                td.number data-label="addresses" { (grouped(reason.addresses)) }
                                td data-label="last" { (moment(reason.last)) }
                                td data-label="its line" { (code(&reason.line)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Text that came from outside: its direction does not reach beyond it.
fn log_text(text: &str) -> Markup {
    html! { bdi { (text) } }
}

/// A log line.
fn code(line: &str) -> Markup {
    html! { code { bdi { (line) } } }
}

fn moment(time: i64) -> Markup {
    let shown = date::short(time);
    html! {
        time datetime=(date::utc(time)) { (shown.get(..16).unwrap_or_default()) }
    }
}
