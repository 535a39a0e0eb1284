//! Drawings in SVG, stretched to the width that is there. Their texts are HTML beside them, so that
//! they keep a readable size on a telephone.

use maud::{Markup, html};
use swatch_common::chart::grouped;

use super::super::timeline::Timeline;

/// The height of a chart in the units of its drawing.
const HEIGHT: u64 = 100;

/// Locks, events and ignored events, one chart above the other.
pub(super) fn over_time(timeline: &Timeline) -> Markup {
    let unit = timeline.unit();
    let series = [
        ("locks", "Locks made", &timeline.locks),
        ("events", "Events counted", &timeline.events),
        ("ignored", "Events ignored", &timeline.ignored),
    ];
    html! {
        section aria-labelledby="time" {
            h2 id="time" { "Over time" }
            @for (class, name, values) in series {
                (chart(class, &format!("{name} by {unit}"), values, timeline))
            }
            details {
                summary { "The figures as a table" }
                table.figures {
                    thead { tr {
                        th scope="col" { (unit) " from" }
                        @for (_, name, _) in series { th.number scope="col" { (name) } }
                    } }
                    tbody {
                        @for step in 0..timeline.len() {
                            tr {
                                th scope="row" { (timeline.label(step)) }
                                @for (_, _, values) in series {
                                    td.number { (grouped(values[step])) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn chart(class: &str, name: &str, values: &[u64], timeline: &Timeline) -> Markup {
    let most = values.iter().copied().max().unwrap_or(0);
    let sum: u64 = values.iter().sum();
    if sum == 0 {
        return html! { p.none { (name) ": none" } };
    }
    let width = values.len() * 10;
    let last = timeline.len().saturating_sub(1);
    html! {
        figure.chart {
            figcaption { (name) span.most { "highest " (grouped(most)) ", in all " (grouped(sum)) } }
            svg class=(class) viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                aria-label={ (name) ", highest " (grouped(most)) ", in all " (grouped(sum)) } {
                @for line in [0, 25, 50, 75] {
                    line.grid x1="0" x2=(width) y1=(line) y2=(line) {}
                }
                @for (step, &value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
                    @let height = height(value, most);
                    rect x=(step * 10 + 1) y=(HEIGHT - height) width="8" height=(height) {
                        title { (timeline.label(step)) ": " (grouped(value)) }
                    }
                }
                line.base x1="0" x2=(width) y1=(HEIGHT) y2=(HEIGHT) {}
            }
            div.axis aria-hidden="true" {
                span { (timeline.label(0)) }
                @if last > 7 { span { (timeline.label(last / 2)) } }
                @if last > 0 { span { (timeline.label(last)) } }
            }
        }
    }
}

/// A bar for a value in a table, beside its number.
pub(super) fn bar(class: &str, value: u64, most: u64) -> Markup {
    html! {
        svg.bar viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
            @if value > 0 {
                rect class=(class) x="0" y="0" width=(height(value, most)) height="6" {}
            }
        }
    }
}

/// `value` as a part of [`HEIGHT`]; anything above zero is visible.
fn height(value: u64, most: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(HEIGHT) / u128::from(most.max(1));
    u64::try_from(scaled).unwrap_or(HEIGHT).clamp(2, HEIGHT)
}
