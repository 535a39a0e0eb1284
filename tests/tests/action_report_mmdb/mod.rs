//! Writes a database in MaxMind's format (version 2.0) with one IPv4 /24 in it.
//!
//! The file is a binary tree of 24-bit records, sixteen zero bytes, the data, a marker and the
//! metadata: <https://maxmind.github.io/MaxMind-DB/>.

use std::{fs, path::Path};

pub(crate) fn write_country(path: &Path, net: [u8; 3], code: &str, name: &str) {
    let names = map(&[("en", text(name))]);
    let country = map(&[("iso_code", text(code)), ("names", names)]);
    write(path, net, "Test-Country", &map(&[("country", country)]));
}

pub(crate) fn write_system(path: &Path, net: [u8; 3], number: u32, name: &str) {
    let entry = map(&[
        ("autonomous_system_number", uint32(number)),
        ("autonomous_system_organization", text(name)),
    ]);
    write(path, net, "Test-ASN", &entry);
}

fn write(path: &Path, net: [u8; 3], kind: &str, entry: &[u8]) {
    const NODES: u32 = 24;
    let mut file = Vec::new();
    for bit in 0..24u32 {
        let next = if bit == 23 {
            // The first byte of the data, behind the tree and its separator.
            NODES + 16
        } else {
            bit + 1
        };
        let one = net[bit as usize / 8] >> (7 - bit % 8) & 1 == 1;
        let (zero, one) = if one { (NODES, next) } else { (next, NODES) };
        file.extend_from_slice(&zero.to_be_bytes()[1..]);
        file.extend_from_slice(&one.to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend_from_slice(entry);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let languages = [vec![1, 4], text("en")].concat();
    file.extend_from_slice(&map(&[
        ("binary_format_major_version", uint16(2)),
        ("binary_format_minor_version", uint16(0)),
        ("build_epoch", vec![0b0000_0100, 2, 1, 0, 0, 0]),
        ("database_type", text(kind)),
        ("description", map(&[("en", text("a test"))])),
        ("ip_version", uint16(4)),
        ("languages", languages),
        ("node_count", uint32(NODES)),
        ("record_size", uint16(24)),
    ]));
    fs::write(path, file).expect("a database");
}

/// A text of up to 284 bytes: type 2.
fn text(text: &str) -> Vec<u8> {
    let size = text.len();
    let mut out = match size {
        0..29 => vec![2 << 5 | size as u8],
        _ => vec![2 << 5 | 29, (size - 29) as u8],
    };
    out.extend_from_slice(text.as_bytes());
    out
}

fn uint16(number: u16) -> Vec<u8> {
    [vec![5 << 5 | 2], number.to_be_bytes().to_vec()].concat()
}

fn uint32(number: u32) -> Vec<u8> {
    [vec![6 << 5 | 4], number.to_be_bytes().to_vec()].concat()
}

fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![7 << 5 | entries.len() as u8];
    for (key, value) in entries {
        out.extend(text(key));
        out.extend(value);
    }
    out
}
