use super::*;

#[test]
fn an_event_is_one_line_of_json() {
    let event = LogEvent::new(
        Level::Notice,
        EventKind::Matched,
        "a.conf: \"x\"\nsecond line",
    )
    .with("record", "\u{1b}[31m\u{202e}\"\\</script>\t")
    .with("line", 7_u64)
    .with("seconds", 0.5)
    .with("held", false);
    let line = event.json("swatch-rs");
    assert_eq!(line.matches('\n').count(), 1);
    let json: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(json["message"], "a.conf: \"x\"\nsecond line");
    assert_eq!(json["record"], "\\x1b[31m\\u{202e}\"\\</script>\t");
    assert_eq!(json["line"], 7);
    assert_eq!(json["seconds"], 0.5);
    assert_eq!(json["held"], false);
    let time = json["time"].as_str().expect("a text");
    let parsed = chrono::DateTime::parse_from_rfc3339(time).expect("RFC 3339");
    assert_eq!(parsed.to_rfc3339_opts(SecondsFormat::Micros, false), time);
}

#[test]
fn levels_and_formats_are_read_as_they_are_written() {
    for word in ["error", "warning", "notice", "info", "debug"] {
        assert_eq!(word.parse::<Level>().expect(word).to_string(), word);
    }
    for word in ["text", "json"] {
        assert_eq!(word.parse::<LogFormat>().expect(word).to_string(), word);
    }
    assert!("JSON".parse::<LogFormat>().is_err());
}

/// The schema describes these events and no others.
#[test]
fn the_schema_has_every_event_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.schema.json");
    let text = std::fs::read_to_string(path).expect("docs/events.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let described = schema["$defs"]["events"].as_object().expect("an object");
    let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
    for name in &names {
        assert!(described.contains_key(*name), "{name} is not described");
    }
    for name in described.keys() {
        assert!(names.contains(&name.as_str()), "{name} does not exist");
    }
}
