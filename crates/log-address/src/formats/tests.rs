//! Generated lines in which strangers' text imitates the format; whatever it says, only the peer's
//! address may be found.
//!
//! `LOG_ADDRESS_MINUTES=10` makes the run that long instead of some thousand lines,
//! `LOG_ADDRESS_SEED` selects other lines.

mod generate;
mod skeletons;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use generate::{Line, Random};

use super::table::{Format, formats};
use crate::shape::{Part, parse};

/// The lines of the short run.
const LINES: u64 = 3_000;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn check(line: &Line) {
    let Ok(found) = crate::find(&line.text) else {
        return;
    };
    let peer: Option<IpAddr> = line.peer;
    assert_eq!(
        Some(found.address),
        peer,
        "format {}, shape {}, line:\n{}",
        line.format,
        line.shape,
        line.text.escape_ascii()
    );
}

#[test]
fn no_text_of_a_stranger_chooses_the_address() {
    let seed = setting("LOG_ADDRESS_SEED").unwrap_or(1);
    let end = setting("LOG_ADDRESS_MINUTES")
        .map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let shapes: Vec<(&Format, usize)> = formats()
        .iter()
        .flat_map(|format| (0..format.shapes.len()).map(move |at| (format, at)))
        .collect();
    let mut random = Random::new(seed);
    let mut lines = 0;
    while end.map_or(lines < LINES, |end| Instant::now() < end) {
        lines += 1;
        let line = if lines % 6 == 0 {
            skeletons::line(&mut random)
        } else {
            let (format, at) = shapes[random.below(shapes.len())];
            generate::line(format, at, &mut random)
        };
        check(&line);
    }
    println!("{lines} lines, seed {seed}");
}

/// An honest line of each shape gives its peer: no shape is hidden by another one.
#[test]
fn an_honest_line_of_each_shape_gives_its_peer() {
    let mut random = Random::new(1);
    let mut hidden = Vec::new();
    for format in formats() {
        for at in 0..format.shapes.len() {
            for _ in 0..4 {
                let line = generate::honest(format, at, &mut random);
                let found = crate::find(&line.text).ok().map(|found| found.address);
                if found != line.peer {
                    hidden.push(format!(
                        "{}: {}\n  {:?} in {}",
                        format.name,
                        line.shape,
                        found,
                        line.text.escape_ascii()
                    ));
                    break;
                }
            }
        }
    }
    assert!(hidden.is_empty(), "{}", hidden.join("\n"));
}

#[test]
fn every_shape_of_the_table_can_be_read() {
    for format in formats() {
        assert!(!format.tags.is_empty(), "{} has no tags", format.name);
        let headers = format.own_headers.iter().chain(&format.before);
        for shape in format.shapes.iter().chain(headers) {
            let parts = parse(shape.text).unwrap_or_else(|error| panic!("{}: {error}", shape.text));
            for sequence in parts {
                let peers = sequence.iter().filter(|part| Part::is_peer(part)).count();
                assert!(peers <= 1, "{}: more than one peer", shape.text);
                let cut = sequence.iter().position(Part::is_cut);
                let peer = sequence.iter().position(Part::is_peer);
                assert!(
                    cut.is_none_or(|cut| peer.is_none_or(|peer| cut < peer)),
                    "{}: a cut after the peer",
                    shape.text
                );
            }
        }
        for line in format.shapes.iter().map(|shape| shape.text) {
            assert!(
                !line.contains(|c: char| c.is_control()) && !line.ends_with(' '),
                "{line}: a space at the end is written {{ }}"
            );
        }
    }
}
