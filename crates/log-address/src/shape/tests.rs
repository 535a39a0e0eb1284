use super::*;
use crate::error::Reading;

fn readings(shape: &str, text: &str) -> Vec<String> {
    let mut readings = Readings::default();
    for parts in parse(shape).expect("a shape") {
        collect(&parts, &Positions::at(0), text.as_bytes(), &mut readings);
    }
    let shown = readings.found.iter().map(|reading| match reading {
        Reading::Address(address) => address.to_string(),
        Reading::Other(text) => format!("<{}>", text.escape_ascii()),
    });
    shown.collect()
}

#[test]
fn every_split_is_a_reading() {
    let shape = "user {any} from {peer}{| port {n}}";
    for (text, expected) in [
        ("user a from 203.0.113.9 port 4", &["203.0.113.9"][..]),
        ("user a from 203.0.113.9", &["203.0.113.9"]),
        ("user  from 203.0.113.9", &["203.0.113.9"]),
        (
            "user a from 198.51.100.7 from 203.0.113.9",
            &["203.0.113.9"],
        ),
        ("user a from ", &["<>"]),
        ("user a from @ port 4", &["<@>"]),
        ("user a from evil.host", &["<evil.host>"]),
        ("user a from 203.0.113.9 port x", &[]),
        ("user a", &[]),
        ("a user a from 203.0.113.9", &[]),
    ] {
        assert_eq!(readings(shape, text), expected, "{text}");
    }
    let open = "user={any} rhost={peer}{|  user={any}}";
    for (text, expected) in [
        ("user=a rhost=203.0.113.9", &["203.0.113.9"][..]),
        (
            "user=a rhost=198.51.100.7  user=b rhost=evil.host",
            &["198.51.100.7", "<evil.host>"],
        ),
        (
            "user=a rhost=198.51.100.7  user=b rhost=",
            &["198.51.100.7", "<>"],
        ),
        ("user=a rhost=@  user=b", &["<@>"]),
    ] {
        assert_eq!(readings(open, text), expected, "{text}");
    }
}

#[test]
fn fields_match_what_they_say() {
    for (shape, text, expected) in [
        ("{n}: {peer}", "12: 203.0.113.9", &["203.0.113.9"][..]),
        ("{n}: {peer}", "x: 203.0.113.9", &[]),
        ("{hex} {peer}", "0a1f 203.0.113.9", &["203.0.113.9"]),
        ("{hex} {peer}", "0g 203.0.113.9", &[]),
        ("[{not:]}] {peer}", "[a b] 203.0.113.9", &["203.0.113.9"]),
        ("[{not:]}] {peer}", "[] 203.0.113.9", &["203.0.113.9"]),
        ("[{not:]}] {peer}", "[a] b] 203.0.113.9", &[]),
        ("{word} [{peer}]", "a(b [203.0.113.9]", &["203.0.113.9"]),
        ("{host}[{peer}]", "a(b[203.0.113.9]", &[]),
        ("x {peer:port}", "x 203.0.113.9:22", &["203.0.113.9"]),
        ("x {peer:port}", "x 2001:db8::9:22", &["2001:db8::9"]),
        ("x {peer:port}", "x [2001:db8::9]:22", &["2001:db8::9"]),
        ("x {peer:port}", "x [2001:db8::9]", &["2001:db8::9"]),
        (
            "{a|b{n}}{| c} {peer}",
            "b12 c 203.0.113.9",
            &["203.0.113.9"],
        ),
        (
            "{{word} ({peer})|{peer}}",
            "a (203.0.113.9)",
            &["203.0.113.9"],
        ),
        ("{{word} ({peer})|{peer}}", "203.0.113.9", &["203.0.113.9"]),
        ("a{ }{peer}", "a 203.0.113.9", &["203.0.113.9"]),
        ("nobody {any}", "nobody 203.0.113.9", &["<>"]),
        (
            "'{any}'@'{peer}'",
            "'a'@'198.51.100.7'@'203.0.113.9'",
            &["203.0.113.9"],
        ),
    ] {
        assert_eq!(readings(shape, text), expected, "{shape} on {text}");
    }
}

#[test]
fn shapes_that_cannot_be_read_are_refused() {
    for shape in [
        "{",
        "{peer",
        "{unknown}",
        "{not:}",
        "a {b {any}}",
        "{a|{c}}",
    ] {
        assert!(parse(shape).is_err(), "{shape}");
    }
}

#[test]
fn only_different_readings_are_kept_and_few_of_them() {
    assert_eq!(
        readings("{any} {peer} {any}", "x 203.0.113.9 203.0.113.9 x"),
        ["203.0.113.9", "<x>"][..1].to_vec()
    );
    let many = "a b c d e f g h i";
    assert_eq!(readings("{any} {peer} {any}", many).len(), 5);
}
