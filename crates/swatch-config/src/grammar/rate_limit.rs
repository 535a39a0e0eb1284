//! `throttle` and `threshold` lines, and the threshold of one action.

use swatch_common::sanitize;

use crate::ast::{Pattern, Threshold, ThresholdKind, Throttle};
use crate::diagnostic::Diagnostic;
use crate::grammar::numbers::{duration, is_time, positive};
use crate::grammar::options::{ListItem, ListStyle, no_bare, split, unknown};
use crate::grammar::scope::Context;
use crate::grammar::template::{self, VALUE};
use crate::lines::located::{Located, is_space};
use crate::source::Span;
use swatch_common::suggest::nearest;

const THROTTLE: &[&str] = &[
    "key",
    "threshold",
    "delay",
    "time_regex",
    "extra_cuts",
    "time_from",
    "message",
    "min_delta",
];

const THRESHOLD: &[&str] = &["track_by", "type", "count", "seconds"];

/// Reads the value of a `throttle` line.
pub(crate) fn throttle(
    value: Located<'_>,
    line: Span,
    context: &mut Context<'_>,
) -> Option<Throttle> {
    let before = context.diagnostics.len();
    let form = ListStyle {
        free: false,
        bare: is_time,
    };
    let items = split(value, form, context);
    let mut out = Throttle {
        hold: None,
        threshold: None,
        delay: None,
        key: None,
        time_regex: None,
        extra_cuts: Vec::new(),
        time_from_record: false,
        message: None,
        span: line,
    };
    if items.is_empty() {
        context.diagnostics.push(
            Diagnostic::error(
                value.at(0..0),
                "`throttle` needs a time",
                "expected [[[days:]hours:]minutes:]seconds",
            )
            .with_help("for example `throttle 10:00`"),
        );
    }
    for item in &items {
        throttle_option(item, &mut out, context);
    }
    let key = items.iter().rfind(|item| item.is("key"));
    if let (Some(key), None, None, None) = (key, out.hold, out.threshold, out.delay) {
        context.diagnostics.push(no_time(key));
    }
    let failed = context.diagnostics[before..].iter();
    let failed = failed.map(|finding| finding.severity);
    (failed.max() != Some(crate::Severity::Error)).then_some(out)
}

fn throttle_option(item: &ListItem<'_>, out: &mut Throttle, context: &mut Context<'_>) {
    let value = item.value;
    match item.name.as_ref().map(|(name, _)| name.as_str()) {
        None => out.hold = hold(value, context),
        Some("min_delta") => out.hold = hold(value, context),
        Some("threshold") => {
            out.threshold = positive(value, "`threshold`", context);
        }
        Some("delay") => out.delay = duration(value, context),
        Some("key") => {
            let key = template::parse(value, VALUE, context);
            // `log` is the name of the default.
            out.key = (key.as_text() != Some(b"log")).then_some(key);
        }
        Some("time_regex") => out.time_regex = expression(value, context),
        Some("extra_cuts") => out.extra_cuts.extend(expression(value, context)),
        Some("time_from") => match value.bytes.to_ascii_lowercase().as_slice() {
            b"timestamp" => out.time_from_record = true,
            b"realtime" => out.time_from_record = false,
            _ => context.diagnostics.push(Diagnostic::error(
                value.span(),
                "this is not a clock",
                "expected `timestamp` or `realtime`",
            )),
        },
        Some("message") => out.message = Some(template::parse(value, VALUE, context)),
        Some("when") => ignored(item, "`when` has no effect on `throttle`", context),
        Some("use") => ignored(item, "`use` has no effect on `throttle`", context),
        Some(_) => unknown(item, "throttle", THROTTLE, context),
    }
}

/// Warns of a key without a time, which is reported once and never again.
fn no_time(key: &ListItem<'_>) -> Diagnostic {
    let text = key.value;
    let last = text
        .bytes
        .iter()
        .rposition(|&b| is_space(b))
        .map(|at| at + 1);
    let time = last
        .map(|at| text.from(at))
        .filter(|word| is_time(word.bytes));
    match time {
        Some(time) => {
            let shown = sanitize::text(time.bytes);
            Diagnostic::warning(
                time.span(),
                format!("`{shown}` belongs to the key here"),
                "and so a message is never reported twice",
            )
            .with_help(format!("write `throttle {shown},key=…`"))
        }
        None => Diagnostic::warning(
            key.span,
            "this `throttle` has no time",
            "a message is reported once and never again",
        )
        .with_help("for example `throttle 10:00,key=…`"),
    }
}

/// Reads the time of a throttle. As in swatchdog, a word after a comma has no effect.
fn hold(value: Located<'_>, context: &mut Context<'_>) -> Option<i64> {
    let comma = value.bytes.iter().position(|&b| b == b',');
    let time = comma.map_or(value, |comma| value.to(comma));
    let Some(comma) = comma.filter(|_| is_time(time.bytes)) else {
        return timed(value, context);
    };
    let rest = value.from(comma + 1).trim();
    let word = sanitize::text(rest.bytes);
    context.diagnostics.push(
        Diagnostic::warning(rest.span(), format!("`{word}` has no effect"), "ignored")
            .with_help("options of `throttle` are written `name=value`"),
    );
    timed(time, context)
}

/// Reads a time, with a hint if its form suggests another one.
fn timed(value: Located<'_>, context: &mut Context<'_>) -> Option<i64> {
    let seconds = duration(value, context)?;
    let mut parts = value.bytes.trim_ascii().split(|&b| b == b':');
    let first = parts.next().unwrap_or_default();
    let alone = !value.bytes.contains(&b':');
    let odd = alone && first.len() > 2 && seconds % 60 != 0;
    let long = parts.any(|part| part.trim_ascii().len() > 2);
    if context.scope.check && (odd || long) {
        let (minutes, rest) = (seconds / 60, seconds % 60);
        context.diagnostics.push(
            Diagnostic::warning(
                value.span(),
                format!("this is {seconds} seconds, or {minutes}:{rest:02} minutes"),
                "read as [[[days:]hours:]minutes:]seconds",
            )
            .with_help(format!(
                "write `{minutes}:{rest:02}` to say so; ten minutes are `10:00`"
            )),
        );
    }
    Some(seconds)
}

fn ignored(item: &ListItem<'_>, message: &str, context: &mut Context<'_>) {
    let finding = Diagnostic::warning(item.span, message, "ignored");
    context.diagnostics.push(finding);
}

/// A regular expression written as a string: `^(\\d+)`.
fn expression(value: Located<'_>, context: &mut Context<'_>) -> Option<Pattern> {
    let style = template::StringStyle {
        keep_unknown: true,
        arrays: false,
        strict_arrays: false,
    };
    let source = template::parse(value, style, context);
    match source.as_text() {
        Some(source) => Some(Pattern {
            source: source.to_vec(),
            flags: Default::default(),
            span: value.span(),
        }),
        None => {
            context.diagnostics.push(Diagnostic::error(
                value.span(),
                "a pattern that changes with the record cannot be used here",
                "expected a pattern without variables",
            ));
            None
        }
    }
}

/// Reads the value of a `threshold` line.
pub(crate) fn threshold(
    value: Located<'_>,
    line: Span,
    context: &mut Context<'_>,
) -> Option<Threshold> {
    let form = ListStyle {
        free: false,
        bare: no_bare,
    };
    let items = split(value, form, context);
    let mut parts = ThresholdOptions::default();
    for item in items {
        if parts.take(&item) {
            continue;
        }
        match &item.name {
            None => context.diagnostics.push(
                Diagnostic::error(
                    item.span,
                    format!("`{}` is not an option", sanitize::text(item.value.bytes)),
                    "expected NAME=VALUE",
                )
                .with_help("`threshold track_by=$1,type=limit,count=1,seconds=60`"),
            ),
            Some((name, _)) if name == "when" || name == "message" => {
                let message = format!("`{name}` has no effect on `threshold`");
                ignored(&item, &message, context);
            }
            Some(_) => unknown(&item, "threshold", THRESHOLD, context),
        }
    }
    parts.finish(value.span(), line, context)
}

/// The options of a threshold line or of an action's threshold.
#[derive(Default)]
pub(crate) struct ThresholdOptions<'t> {
    items: Vec<ListItem<'t>>,
}

impl<'t> ThresholdOptions<'t> {
    /// Keeps an item if it belongs to a threshold.
    pub(crate) fn take(&mut self, item: &ListItem<'t>) -> bool {
        let own = THRESHOLD.iter().any(|name| item.is(name));
        if own {
            self.items.push(item.clone());
        }
        own
    }

    /// The place of the first of them.
    pub(crate) fn span(&self) -> Option<Span> {
        self.items.first().map(|item| item.span)
    }

    fn value(&self, name: &str) -> Option<Located<'t>> {
        let mut own = self.items.iter().rev().filter(|item| item.is(name));
        own.next().map(|item| item.value)
    }

    /// Builds the threshold; a missing option is reported at `place`.
    pub(crate) fn finish(
        &self,
        place: Span,
        line: Span,
        context: &mut Context<'_>,
    ) -> Option<Threshold> {
        let mut missing = Vec::new();
        for name in ["type", "count", "seconds"] {
            if self.value(name).is_none() {
                missing.push(format!("`{name}=`"));
            }
        }
        if !missing.is_empty() {
            context.diagnostics.push(
                Diagnostic::error(
                    place,
                    format!("the threshold lacks {}", missing.join(" and ")),
                    "expected type=…,count=…,seconds=…",
                )
                .with_help("for example `type=limit,count=1,seconds=60`"),
            );
        }
        let track_by = self.value("track_by");
        let track_by = track_by.map(|value| template::parse(value, VALUE, context));
        let kind = self.value("type").and_then(|value| kind(value, context));
        let count = self.value("count");
        let count = count.and_then(|value| positive(value, "`count`", context));
        let seconds = self.value("seconds");
        let seconds = seconds.and_then(|value| positive(value, "`seconds`", context));
        Some(Threshold {
            track_by: track_by.unwrap_or_default(),
            kind: kind?,
            count: count?,
            seconds: seconds?.into(),
            span: line,
        })
    }
}

fn kind(value: Located<'_>, context: &mut Context<'_>) -> Option<ThresholdKind> {
    let value = value.trim();
    match value.bytes.to_ascii_lowercase().as_slice() {
        b"limit" => Some(ThresholdKind::Limit),
        b"threshold" => Some(ThresholdKind::Threshold),
        b"both" => Some(ThresholdKind::Both),
        other => {
            let known = ["limit", "threshold", "both"];
            let finding = Diagnostic::error(
                value.span(),
                format!(
                    "`{}` is not a type of threshold",
                    sanitize::text(value.bytes)
                ),
                "expected limit, threshold or both",
            );
            context
                .diagnostics
                .push(match nearest(&String::from_utf8_lossy(other), &known) {
                    Some(near) => finding.with_help(format!("did you mean `{near}`?")),
                    None => finding,
                });
            None
        }
    }
}
