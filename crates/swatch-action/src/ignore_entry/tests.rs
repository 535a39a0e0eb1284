use super::*;

fn nets(text: &str) -> Vec<String> {
    let entries = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(entries.hosts, Vec::<String>::new(), "{text}");
    entries.networks.into_iter().map(network::text).collect()
}

#[test]
fn what_people_write_is_read_the_wider_way() {
    for (text, read) in [
        ("203.0.113.9", &["203.0.113.9"][..]),
        ("203.0.113.11/24", &["203.0.113.0/24"]),
        ("2001:db8::9/64", &["2001:db8::/64"]),
        ("[2001:db8::9]", &["2001:db8::9"]),
        ("\u{feff}203.0.113.9", &["203.0.113.9"]),
        ("203.0.113.1,203.0.113.9", &["203.0.113.1", "203.0.113.9"]),
        (
            "203.0.113.1, 2001:db8::/64 ;203.0.113.9",
            &["203.0.113.1", "2001:db8::/64", "203.0.113.9"],
        ),
        ("203.0.113.0-203.0.113.255", &["203.0.113.0/24"]),
        (
            "203.0.113.8 - 203.0.113.10",
            &["203.0.113.8/31", "203.0.113.10"],
        ),
        ("203.0.113.8-10", &["203.0.113.8/31", "203.0.113.10"]),
        (
            "203.0.113.10-203.0.113.8",
            &["203.0.113.8/31", "203.0.113.10"],
        ),
        ("2001:db8::-2001:db8::3", &["2001:db8::/126"]),
        ("203.0.113.0/255.255.255.0", &["203.0.113.0/24"]),
        ("203.0.113.7/255.255.255.0", &["203.0.113.0/24"]),
        ("203.0.113.*", &["203.0.113.0/24"]),
        ("203.0.*.*", &["203.0.0.0/16"]),
        ("203.0.113.", &["203.0.113.0/24"]),
        ("", &[]),
        ("  ", &[]),
    ] {
        assert_eq!(nets(text), read, "{text}");
    }
    let notes = parse("203.0.113.11/24").expect("a network").notes;
    assert!(
        notes[0].contains("203.0.113.11/24 is read as 203.0.113.0/24"),
        "{notes:?}"
    );
    assert_eq!(
        parse("203.0.113.0/24").expect("a network").notes,
        Vec::<String>::new()
    );
}

#[test]
fn host_names_are_told_from_mistakes() {
    assert_eq!(
        parse("office.example.net").expect("a host").hosts,
        ["office.example.net"]
    );
    assert_eq!(
        parse("a.example, b.example")
            .expect("two hosts")
            .hosts
            .len(),
        2
    );
    assert_eq!(parse("localhost").expect("a host").hosts, ["localhost"]);
    for wrong in [
        "what is this",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.0/33",
        "203.0.113.0/255.0.255.0",
        "203.0.113.1-2001:db8::1",
        "203.0.113.1-",
        "1.2.3.4.5.*",
        "*",
        "a@b",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}: {:?}", parse(wrong));
    }
}
