use super::*;

/// 2026-11-22 18:00:00 UTC.
const NOW: i64 = 1_795_370_400;
const UTC: Reference = Reference {
    now: NOW,
    offset: 0,
};
/// 2024-06-01 12:00:00 UTC, which the samples name.
const SAMPLED: i64 = 1_717_243_200;

fn rest(line: &str) -> Option<&str> {
    let stamp = find_at_front(line.as_bytes())?;
    Some(str::from_utf8(stamp.rest(line.as_bytes())).expect("cut at a blank"))
}

fn seconds(line: &str) -> Option<i64> {
    find(line.as_bytes())?.unix_seconds(UTC)
}

/// A line without the stamp.
fn cut(line: &str) -> String {
    let Some(stamp) = find(line.as_bytes()) else {
        return line.to_owned();
    };
    format!("{}{}", &line[..stamp.cut.start], &line[stamp.cut.end..])
}

#[test]
fn every_format_is_known() {
    let reader = Reference {
        // A year later than the samples at most, so that those without a year are of 2024.
        now: SAMPLED + 30 * 86_400,
        offset: 0,
    };
    for &format in Format::ALL {
        assert!(!format.samples().is_empty());
        for sample in format.samples() {
            let stamp = find(sample.as_bytes()).unwrap_or_else(|| panic!("unknown: {sample}"));
            assert_eq!(stamp.format, format, "{sample}");
            let expected = (format != Format::Uptime).then_some(SAMPLED);
            assert_eq!(stamp.unix_seconds(reader), expected, "{sample}");
            assert!(stamp.cut.start <= stamp.range.start && stamp.range.end <= stamp.cut.end);
            let left = cut(sample);
            assert!(
                left.contains("message") || format == Format::Access || left.contains("TCP"),
                "{left}"
            );
            // Nothing of the date or time is left.
            for part in [
                "2024",
                "12:00",
                "14:00",
                "1717243200",
                "0665b0d4a",
                "123456",
                "456789",
            ] {
                assert!(!left.contains(part), "{sample}: {left}");
            }
        }
    }
}

#[test]
fn fractions_are_read() {
    let fraction = |line: &str| find(line.as_bytes()).unwrap().nanoseconds;
    assert_eq!(fraction("2024-06-01T12:00:00.5Z x"), 500_000_000);
    assert_eq!(fraction("2024-06-01 12:00:00,123 x"), 123_000_000);
    assert_eq!(fraction("2024-06-01T12:00:00.1234567891Z x"), 123_456_789);
    assert_eq!(fraction("1717243200123456 x"), 123_456_000);
    assert_eq!(fraction("1717243200.25 x"), 250_000_000);
    assert_eq!(fraction("@40000000665b0d4a00000001 x"), 1);
    assert_eq!(fraction("Jun  1 12:00:00 x"), 0);
}

#[test]
fn stamps_at_the_front_end_with_a_blank() {
    for line in [
        "Jan  2 03:04:05 m",
        "Xyz 9 03:04:05   m",
        "2024-01-02T03:04:05 m",
        "2024-01-02 03:04:05,123\tm",
        "2024-01-02T03:04:05.678901+02:00 m",
        "<34>1 2003-10-11T22:14:15.003Z m",
        "<13>Jan  2 03:04:05 m",
        "[Jan  2 03:04:05] m",
    ] {
        assert_eq!(rest(line), Some("m"), "{line}");
    }
}

#[test]
fn other_text_is_not_a_stamp() {
    for line in [
        "Jan 2 2024 03:04:05 D",
        "Mon Jan  2 03:04:05 E",
        " Jan  2 03:04:05 F",
        "Jan  2 3:04:05 G",
        "Jan  2 03:04:05H",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04:05Zulu x",
        "2024-01-02",
        "20240102 03:04:05 x",
        "192.0.2.1 x",
        "2001:db8::1 x",
        "123456789 x",
        "12345678901 x",
        "1717243200x",
        "[123] x",
        "[notice] x",
        "[2024-06-01 12:00:00 x",
        "@4000000066 x",
        "<34>",
        "<34",
        "<>x",
        "{\"msg\":\"\\\"time\\\":1717243200\"}",
        "{\"a\":{\"time\":1717243200}}",
        "{\"time\":\"soon\"}",
        "{",
        "{\"",
        "time=",
        "time=soon x",
        "a=b",
        "msg=\"x time=1717243200 y\"",
        "[01/Jun/2024]",
        "",
        " ",
    ] {
        assert_eq!(find(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn zones_are_heeded() {
    assert_eq!(seconds("1970-01-01T00:00:00Z x"), Some(0));
    assert_eq!(seconds("2024-02-29T12:00:00+02:00 x"), Some(1_709_200_800));
    assert_eq!(seconds("2024-06-01 12:00:00 CEST x"), Some(SAMPLED - 7200));
    assert_eq!(
        seconds("2024-06-01 12:00:00 ACST x"),
        Some(SAMPLED - 34_200)
    );
    // A word of the message, a number, and a zone whose offset is not known.
    for line in ["INFO x", "-12 x", "Z x", "+99:00 x"] {
        let line = format!("2024-06-01 12:00:00 {line}");
        assert_eq!(seconds(&line), Some(SAMPLED), "{line}");
        assert_eq!(cut(&line), line[20..], "{line}");
    }
    let reader = Reference {
        offset: 7200,
        ..UTC
    };
    let local = |line: &str| find(line.as_bytes()).unwrap().unix_seconds(reader);
    assert_eq!(local("2024-06-01 14:00:00 x"), Some(SAMPLED));
    assert_eq!(local("2024-06-01 14:00:00 +0100 x"), Some(SAMPLED + 3600));
}

#[test]
fn a_year_is_found_for_stamps_without_one() {
    let at = |line: &str, now| {
        find(line.as_bytes())
            .unwrap()
            .unix_seconds(Reference { now, offset: 0 })
    };
    let day = |y, m, d| civil::days(y, m, d) * 86_400;
    assert_eq!(at("Nov 22 18:00:00 x", NOW), Some(NOW));
    assert_eq!(at("Nov 23 17:59:59 x", NOW), Some(NOW + 86_399));
    assert_eq!(
        at("Nov 23 18:00:01 x", NOW),
        Some(day(2025, 11, 23) + 64_801)
    );
    assert_eq!(
        at("Dec 31 23:59:59 x", NOW),
        Some(day(2025, 12, 31) + 86_399)
    );
    // New year's eve is ahead of the clock by a minute.
    assert_eq!(
        at("Jan  1 00:00:30 x", day(2025, 1, 1) - 30),
        Some(day(2025, 1, 1) + 30)
    );
    assert_eq!(
        at("Feb 29 12:00:00 x", NOW),
        Some(day(2024, 2, 29) + 43_200)
    );
    for line in [
        "Feb 30 12:00:00 x",
        "Jun  0 12:00:00 x",
        "Xyz 22 18:00:00 x",
        "Jun  1 24:00:00 x",
    ] {
        assert_eq!(at(line, NOW), None, "{line}");
    }
}

#[test]
fn years_are_those_of_the_calendar() {
    for year in -400..3000 {
        let first = civil::days(year, 1, 1) * 86_400;
        assert_eq!(civil::year_of(first), year);
        assert_eq!(civil::year_of(first - 1), year - 1);
    }
}

#[test]
fn only_the_writer_of_the_log_moves_the_stamp() {
    // A user name with a date in it: the quote that the server wrote decides.
    let line = r#"192.0.2.1 - x[01/Jan/2020:00:00:00 +0000] \" [01/Jun/2024:12:00:00 +0000] "GET /" 401 1"#;
    assert_eq!(seconds(line), Some(SAMPLED));
    let line =
        r#"192.0.2.1 - [01/Jan/2020:00:00:00 +0000] [01/Jun/2024:12:00:00 +0000] "GET /" 401 1"#;
    assert_eq!(seconds(line), Some(SAMPLED));
    let line = r#"{"user":"x\",\"time\":1,\"y\":\"","time":1717243200}"#;
    assert_eq!(seconds(line), Some(SAMPLED));
    let line = r#"user="x\" time=1" time=2024-06-01T12:00:00Z"#;
    assert_eq!(seconds(line), Some(SAMPLED));
}

#[test]
fn the_same_message_at_another_time_is_the_same_text() {
    for (one, other) in [
        (
            "{\"ts\":1717243200.1,\"msg\":\"m\"}",
            "{\"ts\":1717243999.25,\"msg\":\"m\"}",
        ),
        (
            "type=A msg=audit(1717243200.123:456): m",
            "type=A msg=audit(1717243201.003:1457): m",
        ),
        (
            "192.0.2.1 - - [01/Jun/2024:12:00:00 +0200] \"GET /\" 200",
            "192.0.2.1 - - [02/Jun/2024:13:00:00 +0200] \"GET /\" 200",
        ),
        ("[   12.345678] m", "[12345.678901] m"),
    ] {
        assert_eq!(cut(one), cut(other));
    }
}
