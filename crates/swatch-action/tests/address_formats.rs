//! The known formats, held against the sample lines in `address_samples.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use swatch_action::address::{self, FieldList, NotFound, Rule};

const SAMPLES: &str = include_str!("address_samples.txt");

struct Sample {
    number: usize,
    format: &'static str,
    expected: &'static str,
    line: &'static str,
}

fn samples() -> Vec<Sample> {
    let mut format = "";
    let mut samples = Vec::new();
    for (number, text) in (1..).zip(SAMPLES.lines()) {
        if let Some(name) = text.strip_prefix("== ") {
            format = name;
        } else if !text.is_empty() && !text.starts_with('#') {
            let (expected, line) = text.split_once(" | ").expect("EXPECTED | LINE");
            samples.push(Sample {
                number,
                format,
                expected,
                line,
            });
        }
    }
    samples
}

/// What `find` says in the notation of the sample file, with the format's name.
fn verdict(line: &[u8], rule: &Rule) -> (String, &'static str) {
    match address::find(line, rule, false) {
        Ok(found) => (found.address.to_string(), found.format.unwrap_or("none")),
        Err(NotFound::Ambiguous {
            format, candidates, ..
        }) => {
            assert!(candidates.len() > 1);
            ("?".to_owned(), format)
        }
        Err(NotFound::NoAddressInFormat { format, .. }) => ("-".to_owned(), format),
        Err(NotFound::UnknownFormat { .. } | NotFound::NoAddressInField { .. }) => {
            ("0".to_owned(), "none")
        }
    }
}

#[test]
fn every_sample_gives_the_address_that_its_program_wrote() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let (address, format) = verdict(sample.line.as_bytes(), &Rule::Auto);
        if (address.as_str(), format) != (sample.expected, sample.format) {
            wrong.push(format!(
                "line {}: expected {} by {}, found {address} by {format}: {}",
                sample.number, sample.expected, sample.format, sample.line
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_samples_enough_and_some_for_each_format() {
    let samples = samples();
    assert!(samples.len() >= 300, "{} samples", samples.len());
    let of: BTreeSet<&str> = samples.iter().map(|sample| sample.format).collect();
    for name in address::format_names() {
        assert!(of.contains(name), "no sample of {name}");
    }
    assert!(address::format_names().count() >= 30);
    let spoofed = samples
        .iter()
        .filter(|sample| sample.line.contains("198.51.100.7"))
        .count();
    assert!(spoofed >= 60, "only {spoofed} samples with a bystander");
}

/// Whatever field is asked for, a known format never lets the bystander be locked; and where no format is known the
/// field alone speaks.
#[test]
fn no_field_locks_the_bystander_of_a_known_format() {
    let bystander: IpAddr = "198.51.100.7".parse().expect("an address");
    let fields: Vec<FieldList> = (1..30)
        .map(|n| FieldList::parse(&n.to_string()).expect("a list"))
        .collect();
    let mut differing: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in samples().iter().filter(|sample| sample.format != "none") {
        for field in &fields {
            if let Ok(found) = address::find(sample.line.as_bytes(), &Rule::Field(field), false) {
                assert_ne!(
                    found.address, bystander,
                    "field {field} of line {}",
                    sample.number
                );
                assert_eq!(
                    found.address.to_string(),
                    sample.expected,
                    "field {field} of line {}",
                    sample.number
                );
                *differing.entry(sample.format).or_default() += usize::from(found.note.is_some());
            }
        }
    }
    assert!(
        differing["openssh"] > 0 && differing["vsftpd"] > 0,
        "the field never differed: {differing:?}"
    );
}

#[test]
fn the_seeds_field_of_todays_bind_is_no_address_and_the_format_mends_it() {
    let line =
        b"Jun  1 12:00:00 ns1 named[1]: client @0x7fc1a4 203.0.113.9#52642 (VERSION.BIND): query \
        'VERSION.BIND/TXT/CH' denied";
    let field = FieldList::parse("7").expect("a list");
    let found = address::find(line, &Rule::Field(&field), false).expect("the format's place");
    assert_eq!(found.address.to_string(), "203.0.113.9");
    assert_eq!((found.format, found.note), (Some("bind"), None));
    let strict =
        address::find(line, &Rule::Field(&field), true).expect_err("the script's rule alone");
    assert!(
        matches!(strict, NotFound::NoAddressInField { .. }),
        "{strict}"
    );
}

#[test]
fn a_user_name_that_moves_the_fields_is_seen_and_said() {
    let line =
        b"Jun  1 12:00:00 web1 sshd[1]: Invalid user a b 198.51.100.7 from 203.0.113.9 port 4";
    let field = FieldList::parse("10").expect("a list");
    let found = address::find(line, &Rule::Field(&field), false).expect("an address");
    assert_eq!(found.address.to_string(), "203.0.113.9");
    let note = found.note.expect("the difference");
    assert!(
        note.contains("field 10") && note.contains("198.51.100.7") && note.contains("openssh"),
        "{note}"
    );
    let strict = address::find(line, &Rule::Field(&field), true).expect("the script's rule");
    assert_eq!(strict.address.to_string(), "198.51.100.7");
    let short = b"sshd[1]: Invalid user a b 198.51.100.7 from 203.0.113.9 port 4";
    assert_eq!(
        verdict(short, &Rule::Field(&field)),
        ("203.0.113.9".to_owned(), "openssh")
    );
}

#[test]
fn a_name_where_the_format_has_its_address_leaves_the_field_untrusted() {
    let line =
        b"Jun  1 12:00:00 web1 sshd[1]: Invalid user a 198.51.100.7 from host.example.net port 4";
    let field = FieldList::parse("9").expect("a list");
    let error = address::find(line, &Rule::Field(&field), false).expect_err("a host name");
    assert!(
        matches!(
            error,
            NotFound::NoAddressInFormat {
                format: "openssh",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_unknown_format_leaves_the_field_alone_to_speak() {
    let line = b"Jun  1 12:00:00 web1 myapp[1]: login of a b from 203.0.113.9 failed";
    let field = FieldList::parse("11").expect("a list");
    let found = address::find(line, &Rule::Field(&field), false).expect("an address");
    assert_eq!(
        (found.address.to_string().as_str(), found.format),
        ("203.0.113.9", None)
    );
    let mail = b"myapp: peer [2001:db8::9]:4711 failed";
    let field = FieldList::parse("3").expect("a list");
    assert_eq!(
        verdict(mail, &Rule::Field(&field)),
        ("2001:db8::9".to_owned(), "none")
    );
    address::find(mail, &Rule::Field(&field), true).expect_err("the script knew no IPv6");
}

#[test]
fn the_given_address_is_taken_as_it_is_a_mapped_one_as_ipv4() {
    let given: IpAddr = "::ffff:203.0.113.9".parse().expect("an address");
    let found = address::find(b"whatever", &Rule::Given(given), false).expect("given");
    assert_eq!(found.address.to_string(), "203.0.113.9");
}

#[test]
fn what_is_private() {
    for private in [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "::",
        "::1",
        "::203.0.113.9",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fdff::1",
        "ff02::1",
        "::ffff:192.168.1.1",
        "64:ff9b::10.0.0.1",
    ] {
        assert!(
            address::is_private(private.parse().expect("an address")),
            "{private}"
        );
    }
    for public in [
        "1.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.0.1",
        "192.169.0.1",
        "169.253.0.1",
        "223.255.255.255",
        "240.0.0.1",
        "100.64.0.1",
        "203.0.113.9",
        "2001:db8::9",
        "fb00::1",
        "::ffff:203.0.113.9",
        "64:ff9b::203.0.113.9",
        "2000::1",
    ] {
        assert!(
            !address::is_private(public.parse().expect("an address")),
            "{public}"
        );
    }
}

#[test]
fn notations() {
    for (text, address) in [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("203.0.113.9#53", "203.0.113.9"),
        ("[203.0.113.9]", "203.0.113.9"),
        ("[203.0.113.9]:4711", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:4711", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("2001:0DB8:0:0:0:0:0:9", "2001:db8::9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("2001:db8::9#53", "2001:db8::9"),
        ("2001:db8::9%eth0", "2001:db8::9"),
        ("[2001:db8::9%2]:4711", "2001:db8::9"),
        ("IPv6:2001:db8::9", "2001:db8::9"),
        ("64:ff9b::203.0.113.9", "64:ff9b::cb00:7109"),
    ] {
        let found = address::parse_address(text.as_bytes()).map(|ip| ip.to_string());
        assert_eq!(found.as_deref(), Some(address), "{text}");
    }
    for text in [
        "",
        "[",
        "[]",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.09",
        "203.0.113.9:",
        "203.0.113.9:123456",
        "203.0.113.9:x",
        "203.0.113.9.example.net",
        "2001:db8::9]",
        "[2001:db8::9",
        "[2001:db8::9]x",
        "2001:db8::9%",
        "2001:db8::9% x",
        "203.0.113.9#",
        "203.0.113.9/24",
        "203.0.113.9,",
        "2001:db8:::9",
        "%eth0",
        "#53",
        ":22",
    ] {
        assert_eq!(address::parse_address(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn the_documentation_has_each_format_with_a_line_of_its_samples() {
    let document = include_str!("../../../docs/formats.md");
    let rows: BTreeMap<&str, &str> = document
        .lines()
        .filter_map(|row| row.strip_prefix("| ")?.split_once(" | "))
        .collect();
    let samples = samples();
    for name in address::format_names() {
        let row = rows
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not in docs/formats.md"));
        let shown = row.rsplit_once(" | ").expect("four columns").1;
        let shown = shown
            .trim_end_matches(" |")
            .trim_matches('`')
            .trim_end_matches('…')
            .replace("\\|", "|");
        let known = |sample: &Sample| sample.format == name && sample.line.starts_with(&shown);
        assert!(
            samples.iter().any(known),
            "the line of {name} in docs/formats.md is none of its samples: {shown}"
        );
    }
}
