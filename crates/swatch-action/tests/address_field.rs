//! The field that a caller names, beside the place that the line's format fixes.

use std::collections::BTreeMap;
use std::net::IpAddr;

use swatch_action::address::{self, FieldList, NotFound, Rule};

#[path = "../../log-address/tests/samples/mod.rs"]
mod samples;

use samples::samples;

/// Whatever field is asked for, a known format never lets the bystander be locked; and where no
/// format is known the field alone speaks.
#[test]
fn no_field_locks_the_bystander_of_a_known_format() {
    let bystander: IpAddr = "198.51.100.7".parse().expect("an address");
    let fields: Vec<FieldList> = (4..15)
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
    assert!(matches!(strict, NotFound::InField { .. }), "{strict}");
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
    let found = address::find(short, &Rule::Field(&field), false).expect("an address");
    assert_eq!(
        (found.address.to_string().as_str(), found.format),
        ("203.0.113.9", Some("openssh"))
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
            NotFound::InFormat {
                reason: log_address::NotFound::NoAddress { format: "openssh" },
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
    let found = address::find(mail, &Rule::Field(&field), false).expect("an address");
    assert_eq!(
        (found.address.to_string().as_str(), found.format),
        ("2001:db8::9", None)
    );
    address::find(mail, &Rule::Field(&field), true).expect_err("the script knew no IPv6");
}

#[test]
fn the_given_address_is_taken_as_it_is_a_mapped_one_as_ipv4() {
    let given: IpAddr = "::ffff:203.0.113.9".parse().expect("an address");
    let found = address::find(b"whatever", &Rule::Given(given), false).expect("given");
    assert_eq!(found.address.to_string(), "203.0.113.9");
}
