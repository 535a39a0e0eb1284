//! `--explain --json`: an object a line for each record that a rule matched.

use serde_json::{Value, json};
use swatch_common::sanitize::text as visible;
use swatch_config::ast::RuleKind;
use swatch_engine::{
    AfterRule, ClockReading, Counted, Program, RuleTrace, SkipReason, Skipped, Throttled,
};

use super::{action, describe};

/// The object of a record, with a line feed.
pub(super) fn line(
    record: &[u8],
    traces: &[RuleTrace],
    program: &Program,
    now: &ClockReading,
) -> String {
    let rules: Vec<Value> = traces.iter().map(|t| rule(t, program, now)).collect();
    format!("{}\n", json!({"record": visible(record), "rules": rules}))
}

fn rule(trace: &RuleTrace, program: &Program, now: &ClockReading) -> Value {
    let rule = &program.rules()[trace.rule];
    let optional = |text: &Option<Vec<u8>>| text.as_deref().map(visible);
    let captures = trace.captures.iter().enumerate().skip(1);
    let captures = captures.map(|(number, capture)| {
        json!({"number": number, "name": optional(&capture.name), "text": optional(&capture.text)})
    });
    let named = trace
        .named
        .iter()
        .map(|(name, text)| json!({"number": null, "name": visible(name), "text": optional(text)}));
    let effects = trace.effects.iter();
    let effects = effects.map(|e| json!({"action": action(e), "text": describe(e)}));
    let remember = trace.remember.as_ref();
    json!({
        "file": visible(rule.path.as_os_str().as_encoded_bytes()),
        "line": rule.line,
        "kind": match rule.kind {
            RuleKind::Watch => "watchfor",
            RuleKind::Ignore => "ignore",
        },
        "rule": visible(&rule.text),
        "captures": captures.chain(named).collect::<Vec<_>>(),
        "remember": remember.map(|(key, complete)| json!({"key": visible(key), "complete": complete})),
        "threshold": trace.threshold.as_ref().map(|(key, counted)| threshold(key, *counted)),
        "throttle": trace.throttle.as_ref().map(|(key, verdict)| throttle(key, *verdict, now)),
        "held": trace.is_held(),
        "skipped": trace.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "actions": effects.collect::<Vec<_>>(),
        "then": match trace.end {
            AfterRule::Stop => "stop",
            AfterRule::Continue => "continue",
            AfterRule::Quit => "quit",
        },
    })
}

fn threshold(key: &[u8], counted: Counted) -> Value {
    json!({"key": visible(key), "event": counted.events, "passes": counted.passes})
}

fn throttle(key: &[u8], verdict: Throttled, now: &ClockReading) -> Value {
    let (count, until) = match verdict {
        Throttled::First => (Some(1), None),
        Throttled::Seen(count) | Throttled::Exceeded(count) => (Some(count), None),
        Throttled::Held { count, until } => (Some(count), until),
    };
    json!({
        "key": visible(key),
        "passes": !verdict.is_held(),
        "count": count,
        "again_in_seconds": until.map(|until| (until - now.seconds).max(0)),
    })
}

fn skipped(skipped: &Skipped) -> Value {
    let action = skipped.action + 1;
    match &skipped.why {
        SkipReason::OutsideWindow => json!({"action": action, "reason": "when"}),
        SkipReason::Threshold(key, counted) => {
            json!({"action": action, "reason": "threshold", "threshold": threshold(key, *counted)})
        }
    }
}
