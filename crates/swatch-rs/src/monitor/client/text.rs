//! Answers for people. All texts in them are sanitised by the watcher, and again here.

use serde_json::Value;
use swatch_common::sanitize;

/// The text of a value.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => sanitize::text(text.as_bytes()),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// `swatch-rs status`.
pub(super) fn status(answer: &Value) -> String {
    let mut out = format!(
        "{}: swatch-rs {}, process {}, since {}\n",
        shown(&answer["name"]),
        shown(&answer["version"]),
        shown(&answer["pid"]),
        shown(&answer["started"]),
    );
    let last = &answer["last_reload"];
    if last.is_object() {
        let result = match last["ok"] == true {
            true => "done",
            false => "refused",
        };
        let time = last["time"].as_i64().unwrap_or_default();
        let date = swatch_common::time_zone::date(time);
        out.push_str(&format!("last reload: {result}, {date}\n"));
    }
    for watch in list(&answer["watches"]) {
        self::watch(&mut out, watch);
    }
    out
}

fn watch(out: &mut String, watch: &Value) {
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    line(format!(
        "\n{}: {} records of {}, {} blocks wait",
        shown(&watch["name"]),
        watch["records"],
        shown(&watch["input"]),
        watch["queue"]
    ));
    if !watch["ended"].is_null() {
        line(format!("  it has ended: {}", shown(&watch["ended"])));
    }
    if let Some(busy) = watch["busy_seconds"].as_f64() {
        line(format!("  an action has been running for {busy:.0} s"));
    }
    for file in list(&watch["files"]) {
        let behind = match file["lag_seconds"].as_f64() {
            Some(seconds) if seconds > 0.0 => format!(", {seconds:.0} s"),
            _ => String::new(),
        };
        line(format!(
            "  {}: position {}, {} bytes{behind} behind",
            shown(&file["path"]),
            file["position"],
            file["lag_bytes"]
        ));
    }
    for rule in list(&watch["rules"]) {
        line(format!(
            "  {}:{} {}: {} matched, {} throttled, last {}",
            shown(&rule["file"]),
            rule["line"],
            shown(&rule["rule"]),
            rule["matched"],
            rule["throttled"],
            shown(&rule["last_match"]),
        ));
    }
    for action in list(&watch["actions"]) {
        if action["count"].as_u64() > Some(0) {
            line(format!(
                "  {} {}: {}",
                shown(&action["action"]),
                shown(&action["result"]),
                action["count"]
            ));
        }
    }
}

/// `swatch-rs reload`.
pub(super) fn reload(answer: &Value) -> String {
    let mut out = String::new();
    for result in list(&answer["results"]) {
        let text = result["text"].as_str().unwrap_or_default();
        out.push_str(&sanitize::lines(text.as_bytes()));
        match &result["config"] {
            Value::Null => {}
            config => out.push_str(&format!("{}: ", shown(config))),
        }
        out.push_str(&format!("{}\n", shown(&result["result"])));
    }
    out
}
