//! Lines made from the shapes of the table.

use std::net::IpAddr;

use super::super::table::Format;
use crate::shape::{Class, Part};

/// The peer of the lines, and somebody else.
const PEER: &str = "203.0.113.9";
const BYSTANDER: &str = "198.51.100.7";

/// A generated line.
pub(super) struct Line {
    pub(super) format: &'static str,
    pub(super) shape: String,
    pub(super) text: Vec<u8>,
    /// The only address that may be found.
    pub(super) peer: Option<IpAddr>,
}

/// A small generator of pseudo-random numbers (xorshift64*); the same seed gives the same lines.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or_default() % limit.max(1)
    }

    pub(super) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The values for the fields of a shape.
struct Filler<'a> {
    peer: &'a str,
    /// Texts that imitate the format; none in an honest line.
    attacks: &'a [String],
}

/// A line of a shape, with hostile text in every stranger's field.
pub(super) fn line(format: &'static Format, at: usize, random: &mut Random) -> Line {
    let peer = random.pick(&[PEER, PEER, PEER, "evil.host", "", "@"]);
    let attacks = attacks(format, at, random);
    build(
        format,
        at,
        &Filler {
            peer,
            attacks: &attacks,
        },
        random,
    )
}

/// A line of a shape as it is usually written.
pub(super) fn honest(format: &'static Format, at: usize, random: &mut Random) -> Line {
    let filler = Filler {
        peer: PEER,
        attacks: &[],
    };
    build(format, at, &filler, random)
}

fn build(format: &'static Format, at: usize, filler: &Filler, random: &mut Random) -> Line {
    let sequences = format.shapes[at].sequences();
    let parts = &sequences[random.below(sequences.len())];
    // A program that writes nothing but addresses there.
    let numeric =
        |part: &Part| matches!(part, Part::Peer { without, .. } if without.contains(&b'#'));
    let always = Filler {
        peer: PEER,
        attacks: filler.attacks,
    };
    let filler = if parts.iter().any(numeric) {
        &always
    } else {
        filler
    };
    let mut text = header(format, random);
    if let Some(before) = &format.before {
        text += &rendered(&before.sequences()[0], filler, random);
    }
    text += &rendered(parts, filler, random);
    let has_peer = parts.iter().any(Part::is_peer);
    Line {
        format: format.name,
        shape: format.shapes[at].text.to_owned(),
        text: text.replace('\n', " ").into_bytes(),
        peer: filler.peer.parse().ok().filter(|_| has_peer),
    }
}

/// A header of syslog's, or of the program's own log.
fn header(format: &Format, random: &mut Random) -> String {
    let headers = &format.own_headers;
    if !headers.is_empty() && random.below(2) == 0 {
        let header = &headers[random.below(headers.len())];
        let nobody = Filler {
            peer: "",
            attacks: &[],
        };
        return rendered(&header.sequences()[0], &nobody, random);
    }
    let tag = format.tags[random.below(format.tags.len())];
    let tag = match tag {
        "*" => "login".to_owned(),
        tag => tag.replace('*', "x"),
    };
    match random.below(3) {
        0 => format!("<34>1 2024-06-01T12:00:00Z web1 {tag} 123 - - "),
        1 => format!("2024-06-01T12:00:00+02:00 web1 {tag}[123]: "),
        _ => format!("Jun  1 12:00:00 web1 {tag}[123]: "),
    }
}

fn rendered(parts: &[Part], filler: &Filler, random: &mut Random) -> String {
    parts
        .iter()
        .map(|part| filled(part, filler, random))
        .collect()
}

fn filled(part: &Part, filler: &Filler, random: &mut Random) -> String {
    match part {
        Part::Literal(literal) => String::from_utf8_lossy(literal).into_owned(),
        Part::Text { stranger: true } if !filler.attacks.is_empty() => {
            hostile(filler.attacks, random)
        }
        Part::Text { .. } => random.pick(&["x", "one two", "a-b"]).to_owned(),
        Part::Run { class, least } => run(*class, *least, filler, random),
        Part::OneOf(branches) => {
            let branch = &branches[random.below(branches.len())];
            rendered(branch, filler, random)
        }
        Part::Time => "01-Jun-2024 12:00:00.123 ".to_owned(),
        Part::Peer { port: true, .. } if filler.peer.contains('.') => {
            format!("{}:4711", filler.peer)
        }
        Part::Peer { .. } => filler.peer.to_owned(),
        Part::Cut => String::new(),
    }
}

fn run(class: Class, least: usize, filler: &Filler, random: &mut Random) -> String {
    let words: &[&str] = match class {
        Class::Digit => &["1", "42", "2024"],
        Class::Hex => &["1", "ab12"],
        Class::Host | Class::Word if !filler.attacks.is_empty() => &[
            "host.example.net",
            "198.51.100.7",
            "198.51.100.7.example.net",
            "UNKNOWN",
        ],
        Class::Host | Class::Word => &["host.example.net", "web2", "UNKNOWN"],
        Class::Not(_) => &["x", "ab", "12", "-"],
    };
    let mut word = random.pick(words).to_owned();
    word.retain(|c| u8::try_from(c).is_ok_and(|byte| class.contains(byte)));
    if word.len() < least.max(1) && class.contains(b'1') {
        word = "1".to_owned();
    }
    word
}

/// Several imitations, one after the other.
fn hostile(attacks: &[String], random: &mut Random) -> String {
    let count = random.below(4);
    (0..count)
        .map(|_| attacks[random.below(attacks.len())].as_str())
        .collect()
}

/// Stretches of lines of the same format with other peers in them, and what stands between such.
fn attacks(format: &Format, at: usize, random: &mut Random) -> Vec<String> {
    let mut attacks: Vec<String> = [
        " ",
        "x",
        "'",
        "\"",
        "]",
        ")",
        ">",
        "@",
        ": ",
        ", ",
        BYSTANDER,
        "[198.51.100.7]",
        "198.51.100.7:22",
        "::ffff:198.51.100.7",
        "evil.host",
    ]
    .map(str::to_owned)
    .into();
    for _ in 0..6 {
        // Mostly of the same shape, for its end is what an attacker imitates.
        let at = match random.below(3) {
            0 => random.below(format.shapes.len()),
            _ => at,
        };
        let sequences = format.shapes[at].sequences();
        let parts = &sequences[random.below(sequences.len())];
        let peer = random.pick(&[BYSTANDER, BYSTANDER, "evil.host", "", "@"]);
        let filler = Filler { peer, attacks: &[] };
        let from = random.below(parts.len());
        let to = from + 1 + random.below(parts.len() - from);
        let to = if random.below(2) == 0 {
            parts.len()
        } else {
            to
        };
        attacks.push(rendered(&parts[from..to], &filler, random));
    }
    attacks
}
