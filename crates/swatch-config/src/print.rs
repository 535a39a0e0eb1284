//! Prints a configuration in canonical form, as it was understood.
//!
//! Reading the text again yields the same configuration, except for places and the original
//! wording of conditions. Included files, constant scalars and the environment are resolved.

mod command;
mod expression;
mod value;

use crate::ast::{
    Action, ActionKind, Config, Expr, Item, PerlCode, Remember, Rule, RuleKind, Threshold,
    ThresholdKind, Throttle, When,
};
use command::command;
use value::{pattern_value, quoted};

/// A condition in canonical form.
pub(crate) fn expression_text(condition: &Expr) -> Vec<u8> {
    expression::top(condition)
}

/// Prints a configuration.
pub fn print(config: &Config) -> Vec<u8> {
    let mut out = Vec::new();
    for path in &config.log_files {
        line(&mut out, &[b"# logfile ", path]);
    }
    for matches in &config.journal {
        line(&mut out, &[b"# journal ", &matches.join(&b' ')]);
    }
    for item in &config.items {
        match item {
            Item::Perl(code) => perl(&mut out, b"", code),
            Item::Rule(rule) => print_rule(&mut out, rule),
        }
    }
    out
}

fn line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
    // A backslash at the end would continue the line. A second one and an empty line prevent that.
    if out.last() == Some(&b'\\') {
        out.extend(b"\\\n");
    }
    out.push(b'\n');
}

fn perl(out: &mut Vec<u8>, indent: &[u8], code: &PerlCode) {
    let depth = code.depth.to_string();
    line(
        out,
        &[indent, b"perlcode ", depth.as_bytes(), b" ", &code.code],
    );
}

fn print_rule(out: &mut Vec<u8>, rule: &Rule) {
    let keyword: &[u8] = match rule.kind {
        RuleKind::Watch => b"watchfor ",
        RuleKind::Ignore => b"ignore ",
    };
    line(out, &[keyword, &expression::top(&rule.condition)]);
    for code in &rule.perl_first {
        perl(out, b"    ", code);
    }
    if let Some(values) = &rule.remember {
        line(out, &[b"    remember ", &remember(values)]);
    }
    for limit in &rule.thresholds {
        line(out, &[b"    threshold ", &threshold(limit)]);
    }
    for limit in &rule.throttles {
        line(out, &[b"    throttle ", &throttle(limit)]);
    }
    for action in &rule.actions {
        match &action.kind {
            ActionKind::Perl(code) => perl(out, b"    ", code),
            kind => line(out, &[b"    ", &print_action(kind, action)]),
        }
    }
    for (keyword, when) in [("continue", rule.go_on), ("quit", rule.quit)] {
        match when {
            None => {}
            Some(When::ALWAYS) => line(out, &[b"    ", keyword.as_bytes()]),
            Some(when) => line(out, &[b"    ", keyword.as_bytes(), b" ", &window(when)]),
        }
    }
}

/// Joins the parts of an option list.
fn list(parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.join(&b',')
}

fn option(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"=", value].concat()
}

fn print_action(kind: &ActionKind, action: &Action) -> Vec<u8> {
    let mut options = Vec::new();
    let keyword: &[u8] = match kind {
        ActionKind::Echo { sgr } => {
            options.push(modes(sgr.as_deref()));
            b"echo"
        }
        ActionKind::Bell { rings, delay_ms } => {
            let delay = *delay_ms as f64 / 1000.0;
            options.push(option("rings", rings.to_string().as_bytes()));
            options.push(option("delay", delay.to_string().as_bytes()));
            b"bell"
        }
        ActionKind::Exec { command: run } => {
            options.push(command(run));
            b"exec"
        }
        ActionKind::Pipe {
            command: run,
            keep_open,
        } => {
            options.push(command(run));
            if *keep_open {
                options.push(b"keep_open=1".to_vec());
            }
            b"pipe"
        }
        ActionKind::Mail {
            addresses,
            subject,
            mailer,
        } => {
            options.extend(addresses.as_ref().map(|v| option("addresses", &quoted(v))));
            options.extend(subject.as_ref().map(|v| option("subject", &quoted(v))));
            options.extend(mailer.as_ref().map(|v| option("mailer", &command(v))));
            b"mail"
        }
        ActionKind::Write { users, program } => {
            options.push(option("users", &quoted(users)));
            options.extend(program.as_ref().map(|v| option("write", &command(v))));
            b"write"
        }
        ActionKind::Custom { name, arguments } => {
            for (key, value) in arguments {
                options.push(match key.is_empty() {
                    true => quoted(value),
                    false => option(&String::from_utf8_lossy(key), &quoted(value)),
                });
            }
            name
        }
        ActionKind::Perl(code) => &code.code,
    };
    options.extend(
        action
            .message
            .as_ref()
            .map(|v| option("message", &quoted(v))),
    );
    options.extend(action.when.map(window));
    if let Some(limit) = &action.threshold {
        options.push(b"threshold=on".to_vec());
        options.push(threshold(limit));
    }
    match options.is_empty() {
        true => keyword.to_vec(),
        false => [keyword, b" ", &list(options)].concat(),
    }
}

fn remember(values: &Remember) -> Vec<u8> {
    let mut options = vec![option("key", &quoted(&values.key))];
    options.push(option("for", values.seconds.to_string().as_bytes()));
    for (name, value) in &values.values {
        options.push(option(&String::from_utf8_lossy(name), &quoted(value)));
    }
    for (name, list) in [("need", &values.need), ("forget", &values.forget)] {
        if !list.is_empty() {
            options.push(option(name, &list.join(&b' ')));
        }
    }
    if values.end {
        options.push(b"end=on".to_vec());
    }
    list(options)
}

fn threshold(limit: &Threshold) -> Vec<u8> {
    let kind: &[u8] = match limit.kind {
        ThresholdKind::Limit => b"limit",
        ThresholdKind::Threshold => b"threshold",
        ThresholdKind::Both => b"both",
    };
    list(vec![
        option("track_by", &quoted(&limit.track_by)),
        option("type", kind),
        option("count", limit.count.to_string().as_bytes()),
        option("seconds", limit.seconds.to_string().as_bytes()),
    ])
}

fn throttle(limit: &Throttle) -> Vec<u8> {
    let mut options = Vec::new();
    let number = |value: i64| value.to_string().into_bytes();
    options.extend(limit.hold.map(number));
    let count = limit.threshold.map(i64::from).map(number);
    options.extend(count.map(|value| option("threshold", &value)));
    options.extend(limit.delay.map(|value| option("delay", &number(value))));
    options.extend(
        limit
            .key
            .as_ref()
            .map(|value| option("key", &quoted(value))),
    );
    let regex = limit.time_regex.as_ref().map(pattern_value);
    options.extend(regex.map(|value| option("time_regex", &value)));
    let cuts = limit.extra_cuts.iter().map(pattern_value);
    options.extend(cuts.map(|value| option("extra_cuts", &value)));
    if limit.time_from_record {
        options.push(b"time_from=timestamp".to_vec());
    }
    options.extend(
        limit
            .message
            .as_ref()
            .map(|value| option("message", &quoted(value))),
    );
    // A throttle needs at least one option; this one states the default.
    if options.is_empty() {
        options.push(b"key=log".to_vec());
    }
    list(options)
}

/// `when=…`, as lists of single numbers.
fn window(when: When) -> Vec<u8> {
    let part = |bits: u32, size: u32| -> String {
        let all = (1u32 << size) - 1;
        let set = (0..size).filter(|bit| bits & (1 << bit) != 0);
        let set: Vec<String> = set.map(|bit| bit.to_string()).collect();
        match bits & all {
            bits if bits == all => "*".into(),
            // A number that never comes.
            0 => (size + 1).to_string(),
            _ => set.join(","),
        }
    };
    let days = part(when.days.into(), 7);
    format!("when={days}:{}", part(when.hours, 24)).into_bytes()
}

/// Names for SGR parameters.
fn modes(sgr: Option<&str>) -> Vec<u8> {
    const COLORS: [&str; 8] = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    ];
    let Some(sgr) = sgr else {
        return b"normal".to_vec();
    };
    let codes: Vec<u8> = sgr
        .split(';')
        .filter_map(|code| code.parse().ok())
        .collect();
    let mut names: Vec<String> = Vec::new();
    let mut rest = codes.as_slice();
    while let [code, after @ ..] = rest {
        rest = after;
        let ground = if matches!(code, 40..=49 | 100..) {
            "on_"
        } else {
            ""
        };
        let color = |first: u8| COLORS[usize::from(code - first)];
        names.push(match (*code, after) {
            (38 | 48, [5, number, after @ ..]) => {
                rest = after;
                format!("{ground}ansi{number}")
            }
            (38 | 48, [2, r, g, b, after @ ..]) => {
                rest = after;
                format!("{ground}r{r}g{g}b{b}")
            }
            (30..=37, _) => color(30).into(),
            (40..=47, _) => format!("on_{}", color(40)),
            (90..=97, _) => format!("bright_{}", color(90)),
            (100..=107, _) => format!("on_bright_{}", color(100)),
            (0, _) => "clear".into(),
            (1, _) => "bold".into(),
            (2, _) => "faint".into(),
            (3, _) => "italic".into(),
            (4, _) => "underline".into(),
            (5, _) => "blink".into(),
            (7, _) => "reverse".into(),
            _ => "concealed".into(),
        });
    }
    names.join(",").into_bytes()
}
