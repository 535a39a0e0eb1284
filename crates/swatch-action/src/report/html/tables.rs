//! The tables of addresses. On a narrow screen each row becomes a block, with the names of the
//! columns before the values.

use maud::{Markup, html};
use swatch_common::chart::grouped;

use super::{code, log_text, moment};
use crate::report::figures::{Figures, PresentLock};

/// The locks that are shown without being asked for.
const OPEN: usize = 20;

pub(super) fn present(figures: &Figures) -> Markup {
    let present = &figures.present;
    let (first, others) = present.newest.split_at(present.newest.len().min(OPEN));
    let more = present.all.saturating_sub(present.newest.len() as u64);
    html! {
        section aria-labelledby="present" {
            h2 id="present" { "Locked now" }
            @if present.all == 0 {
                p.none { "Nothing is locked." }
            } @else {
                p {
                    (grouped(present.all)) " locks, " (grouped(present.six)) " of IPv6; by firewall: "
                    @for (at, (name, count)) in present.by_firewall.iter().enumerate() {
                        @if at > 0 { ", " }
                        (name) " " (grouped(*count))
                    }
                    "."
                    @if more > 0 {
                        " The newest " (grouped(present.newest.len() as u64)) " are listed; "
                        (grouped(more)) " more are in " code { "swatch-action list" } "."
                    }
                }
                (locks(first))
                @if !others.is_empty() {
                    details {
                        summary { (others.len()) " earlier locks" }
                        (locks(others))
                    }
                }
            }
        }
    }
}

fn locks(locks: &[PresentLock]) -> Markup {
    let has_origin = locks.iter().any(|lock| !lock.origin.is_empty());
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "address" }
                th scope="col" { "since" }
                th scope="col" { "until" }
                th.number scope="col" { "lines" }
                th scope="col" { "service" }
                @if has_origin { th scope="col" { "origin" } }
                th scope="col" { "reason" }
            } }
            tbody {
                @for lock in locks {
                    tr {
                        th scope="row" {
                            span.address { (lock.address) }
                            @if lock.times_before > 0 {
                                " " span.again { "lock " (lock.times_before + 1) }
                            }
                        }
                        td data-label="since" { (moment(lock.since)) }
                        td data-label="until" {
                            @match lock.until {
                                Some(until) => (moment(until)),
                                None => "for ever",
                            }
                        }
                        td.number data-label="lines" { (grouped(lock.count)) }
                        td data-label="service" { (log_text(&lock.service)) }
                        @if has_origin { td data-label="origin" { (known(&lock.origin)) } }
                        td data-label="reason" { (code(&lock.reason)) }
                    }
                }
            }
        }
    }
}

pub(super) fn repeaters(figures: &Figures) -> Markup {
    let repeaters = &figures.repeaters;
    html! {
        section aria-labelledby="repeaters" {
            h2 id="repeaters" { "Repeat offenders" }
            @if repeaters.all == 0 {
                p.none { "No address was locked more than once." }
            } @else {
                p { (grouped(repeaters.all)) " addresses were locked more than once." }
                table.cards {
                    thead { tr {
                        th scope="col" { "address" }
                        th.number scope="col" { "locks" }
                        th.number scope="col" { "events" }
                        th scope="col" { "last lock" }
                        th scope="col" { "now" }
                        th scope="col" { "origin" }
                    } }
                    tbody {
                        @for one in &repeaters.top {
                            tr {
                                th scope="row" { span.address { (one.address) } }
                                td.number data-label="locks" { (grouped(one.locks)) }
                                td.number data-label="events" { (grouped(one.events)) }
                                td data-label="last lock" { (moment(one.last)) }
                                td data-label="now" {
                                    @if one.locked_now { "locked" } @else { "free" }
                                }
                                td data-label="origin" { (known(&one.origin)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn known(origin: &str) -> Markup {
    html! {
        @if origin.is_empty() { "–" } @else { (log_text(origin)) }
    }
}
