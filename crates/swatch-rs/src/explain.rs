//! Effects in words, for `--dry-run` and `--explain`.

mod json;

use std::io::Write;

use swatch_engine::{
    AfterRule, ClockReading, Effect, Invocation, Program, RuleTrace, SkipReason, Skipped, Throttled,
};

use swatch_common::sanitize::text as visible;

/// The form in which `--explain` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// For people.
    Text,
    /// With `--json`.
    Json,
}

/// Prints how a record was decided: `--explain`. Records that no rule matched are left out.
pub fn print(
    record: &[u8],
    traces: &[RuleTrace],
    program: &Program,
    now: &ClockReading,
    form: Explain,
) {
    if traces.is_empty() {
        return;
    }
    let text = match form {
        Explain::Json => json::line(record, traces, program, now),
        Explain::Text => {
            let mut text = format!("{}\n", visible(record));
            for trace in traces {
                explain(&mut text, trace, program, now);
            }
            text
        }
    };
    // A reader that has gone away wants no more.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn explain(text: &mut String, trace: &RuleTrace, program: &Program, now: &ClockReading) {
    let rule = &program.rules()[trace.rule];
    let kind = match rule.kind {
        swatch_config::ast::RuleKind::Watch => "watchfor",
        swatch_config::ast::RuleKind::Ignore => "ignore",
    };
    let mut line = |indent: usize, what: String| {
        text.push_str(&format!("{:indent$}{what}\n", ""));
    };
    line(
        2,
        format!(
            "{}:{} {kind} {}",
            rule.path.display(),
            rule.line,
            visible(&rule.text)
        ),
    );
    for (number, capture) in trace.captures.iter().enumerate().skip(1) {
        let name = capture
            .name
            .as_ref()
            .map_or(String::new(), |n| format!(" ({})", visible(n)));
        line(4, format!("${number}{name} = {}", value(&capture.text)));
    }
    for (name, text) in &trace.named {
        line(4, format!("$+{{{}}} = {}", visible(name), value(text)));
    }
    if let Some((key, complete)) = &trace.remember {
        let verdict = match complete {
            true => "complete",
            false => "waits for other records",
        };
        line(4, format!("remember, key {:?}: {verdict}", visible(key)));
    }
    if let Some((key, counted)) = &trace.threshold {
        let verdict = if counted.passes {
            "passes"
        } else {
            "holds it back"
        };
        line(
            4,
            format!(
                "threshold, key {:?}: event {} {verdict}",
                visible(key),
                counted.events
            ),
        );
    }
    if let Some((key, throttled)) = &trace.throttle {
        line(
            4,
            format!(
                "throttle, key {:?}: {}",
                visible(key),
                throttle(*throttled, now)
            ),
        );
    }
    for skipped in &trace.skipped {
        line(4, skip(skipped));
    }
    for effect in &trace.effects {
        line(4, describe(effect));
    }
    match trace.end {
        AfterRule::Stop => {}
        AfterRule::Continue => line(4, "continue".to_owned()),
        AfterRule::Quit => line(4, "quit".to_owned()),
    }
}

/// The text of a group.
fn value(text: &Option<Vec<u8>>) -> String {
    match text {
        Some(text) => format!("{:?}", visible(text)),
        None => "took no part".to_owned(),
    }
}

fn throttle(throttled: Throttled, now: &ClockReading) -> String {
    match throttled {
        Throttled::First => "first of its key, reported".to_owned(),
        Throttled::Seen(n) => format!("reported, seen {n} times"),
        Throttled::Exceeded(n) => format!("reported, threshold {n} exceeded"),
        Throttled::Held {
            count,
            until: Some(until),
        } => {
            format!(
                "held back, number {count}; reported again in {} s",
                (until - now.seconds).max(0)
            )
        }
        Throttled::Held { count, until: None } => format!("held back, number {count}"),
    }
}

fn skip(skipped: &Skipped) -> String {
    match &skipped.why {
        SkipReason::OutsideWindow => {
            format!("action {}: not at this time (when=)", skipped.action + 1)
        }
        SkipReason::Threshold(key, counted) => format!(
            "action {}: its threshold, key {:?}, holds back event {}",
            skipped.action + 1,
            visible(key),
            counted.events
        ),
    }
}

/// The keyword of the action that has an effect.
pub fn action(effect: &Effect) -> &'static str {
    match effect {
        Effect::Echo { .. } => "echo",
        Effect::Bell { .. } => "bell",
        Effect::Exec(_) => "exec",
        Effect::Pipe { .. } => "pipe",
        Effect::Mail { .. } => "mail",
        Effect::Write { .. } => "write",
        Effect::Quit => "quit",
    }
}

/// An effect in words, on one line.
pub fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Echo { text, sgr: None } => format!("echo: {}", visible(text)),
        Effect::Echo {
            text,
            sgr: Some(sgr),
        } => format!("echo with colour {sgr}: {}", visible(text)),
        Effect::Bell { rings, .. } => format!("bell: {rings}"),
        Effect::Exec(command) => format!("exec {}", invocation(command)),
        Effect::Pipe {
            command,
            message,
            keep_open,
        } => {
            let kept = if *keep_open { " (kept open)" } else { "" };
            format!(
                "pipe{kept} {} <<< {}",
                invocation(command),
                visible(message)
            )
        }
        Effect::Mail {
            to,
            subject,
            body,
            mailer,
        } => {
            let to = to.as_deref().map_or("the login user".to_owned(), visible);
            let by = mailer
                .as_ref()
                .map_or(String::new(), |m| format!(" by {}", invocation(m)));
            format!(
                "mail to {to}{by}, subject {:?}: {}",
                visible(subject),
                visible(body)
            )
        }
        Effect::Write { users, text, .. } => {
            let users: Vec<String> = users
                .iter()
                .map(|u| visible(&u.words().collect::<Vec<_>>().join(&b' ')))
                .collect();
            format!("write to {}: {}", users.join(", "), visible(text))
        }
        Effect::Quit => "quit".to_owned(),
    }
}

/// A command as it would be started: with the shell's text, or argument by argument.
fn invocation(command: &Invocation) -> String {
    match command {
        Invocation::Direct(words) => {
            let words: Vec<String> = words.iter().map(|w| format!("[{}]", visible(w))).collect();
            words.join(" ")
        }
        Invocation::Shell(text) => format!("/bin/sh -c: {}", visible(text)),
    }
}
