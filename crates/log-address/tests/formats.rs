//! The known formats, held against the lines in `samples.txt`.

mod samples;

use std::collections::{BTreeMap, BTreeSet};

use log_address::{NotFound, find, format_names, is_private, parse_address};
use samples::{Sample, samples};

/// The result in the notation of the sample file, with the name of the format.
fn verdict(line: &[u8]) -> (String, &'static str) {
    match find(line) {
        Ok(found) => (found.address.to_string(), found.format),
        Err(NotFound::Ambiguous { format, readings }) => {
            assert!(readings.len() > 1);
            ("?".to_owned(), format)
        }
        Err(NotFound::NoAddress { format }) => ("-".to_owned(), format),
        Err(error) => {
            assert_eq!(error, NotFound::UnknownFormat);
            ("0".to_owned(), "none")
        }
    }
}

#[test]
fn every_sample_gives_the_address_that_its_program_wrote() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let (address, format) = verdict(sample.line.as_bytes());
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
    for name in format_names() {
        assert!(of.contains(name), "no sample of {name}");
    }
    assert!(format_names().count() >= 30);
    let spoofed = samples
        .iter()
        .filter(|sample| sample.line.contains("198.51.100.7"))
        .count();
    assert!(spoofed >= 60, "only {spoofed} samples with a bystander");
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
            is_private(private.parse().expect("an address")),
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
        assert!(!is_private(public.parse().expect("an address")), "{public}");
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
        let found = parse_address(text.as_bytes()).map(|ip| ip.to_string());
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
        assert_eq!(parse_address(text.as_bytes()), None, "{text}");
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
    for name in format_names() {
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

/// Only the sender of a packet says that the address is his.
#[test]
fn addresses_that_anybody_can_forge_are_marked() {
    for (forgeable, line) in [
        (
            true,
            "Nov 22 10:00:00 srv sshd[1]: drop connection #0 from [203.0.113.9]:4 on [192.0.2.1]:22 \
             penalty: failed authentication",
        ),
        (
            true,
            "Jun  1 12:00:00 fw kernel: DROP IN=eth0 OUT= MAC= SRC=203.0.113.9 DST=192.0.2.1 PROTO=TCP",
        ),
        (
            true,
            "Jun  1 12:00:00 ns named[1]: client @0x7f 203.0.113.9#53 (x): query 'x/A/IN' denied",
        ),
        (
            true,
            "Jun  1 12:00:00 ns dnsmasq[1]: query[A] x from 203.0.113.9",
        ),
        (
            true,
            "Jun  1 12:00:00 gw charon: 12[NET] received packet: from 203.0.113.9[500] to 192.0.2.1[500] (400 bytes)",
        ),
        (
            true,
            "2026-11-28 12:00:00 203.0.113.9:52642 TLS Error: TLS handshake failed",
        ),
        (
            false,
            "2026-11-28 12:00:00 203.0.113.9:52642 TLS Auth Error: Auth Username/Password verification failed for peer",
        ),
        (
            false,
            "2026-11-28 12:00:00 TCP connection established with [AF_INET]203.0.113.9:52642",
        ),
        (
            true,
            "[2026-11-28 12:00:00] NOTICE[1] x.c: anonymous: Call (UDP:203.0.113.9:1) to extension '1' rejected",
        ),
        (
            false,
            "[2026-11-28 12:00:00] NOTICE[1] x.c: anonymous: Call (TLS:203.0.113.9:1) to extension '1' rejected",
        ),
        (
            true,
            "{\"event_type\":\"alert\",\"direction\":\"to_server\",\"src_ip\":\"203.0.113.9\"}",
        ),
        (
            false,
            "Jun  1 12:00:00 web1 sshd[1]: Invalid user x from 203.0.113.9 port 4",
        ),
        (
            false,
            "203.0.113.9 - - [01/Jun/2024:12:00:00 +0200] \"GET / HTTP/1.1\" 404 153",
        ),
    ] {
        let found = find(line.as_bytes()).expect(line);
        assert_eq!(found.forgeable, forgeable, "{line}");
    }
}
