//! Reads the notation of shapes.

/// One part of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'p> {
    /// These bytes.
    Literal(&'p [u8]),
    /// Any bytes, or none. A stranger may have chosen them, or they are the program's own.
    Text { stranger: bool },
    /// At least this many bytes of a class.
    Run { class: Class<'p>, least: usize },
    /// One of several sequences, none of which has a place for a peer.
    OneOf(Vec<Vec<Part<'p>>>),
    /// A time stamp and the space after it.
    Time,
    /// The place of the peer.
    Peer {
        port: bool,
        claimed: bool,
        without: &'p [u8],
    },
    /// No other shape counts if the message begins as the shape does up to here.
    Cut,
}

impl Part<'_> {
    pub(crate) fn is_peer(&self) -> bool {
        matches!(self, Self::Peer { .. })
    }

    #[cfg(test)]
    pub(crate) fn is_cut(&self) -> bool {
        *self == Self::Cut
    }
}

/// A class of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class<'p> {
    Word,
    Host,
    Digit,
    Hex,
    Not(&'p [u8]),
}

impl Class<'_> {
    pub(crate) fn contains(self, byte: u8) -> bool {
        match self {
            Self::Word => byte != b' ',
            Self::Host => byte.is_ascii_graphic() && !b"[](){}<>\"',;".contains(&byte),
            Self::Digit => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Not(bytes) => !bytes.contains(&byte),
        }
    }
}

/// A sequence of parts.
pub(crate) type Parts<'p> = Vec<Part<'p>>;

/// Reads a shape. Alternatives that hold a peer make several shapes of it.
///
/// # Errors
/// The field that is wrong.
pub(crate) fn parse(shape: &str) -> Result<Vec<Parts<'_>>, String> {
    let mut sequences = vec![Vec::new()];
    let mut rest = shape;
    while let Some(open) = rest.find('{') {
        push_literal(&mut sequences, &rest[..open]);
        let close = closing(&rest[open..]).ok_or_else(|| format!("no }} for {}", &rest[open..]))?;
        let inner = &rest[open + 1..open + close];
        field(&mut sequences, inner)?;
        rest = &rest[open + close + 1..];
    }
    push_literal(&mut sequences, rest);
    Ok(sequences)
}

fn push_literal<'p>(sequences: &mut [Parts<'p>], literal: &'p str) {
    if !literal.is_empty() {
        for sequence in sequences {
            sequence.push(Part::Literal(literal.as_bytes()));
        }
    }
}

/// The position of the brace that closes the one at the start of `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.bytes().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

fn field<'p>(sequences: &mut Vec<Parts<'p>>, inner: &'p str) -> Result<(), String> {
    let branches = alternatives(inner);
    if branches.len() < 2 || inner.starts_with("not:") {
        let part = named(inner)?;
        for sequence in sequences {
            sequence.push(part.clone());
        }
        return Ok(());
    }
    let mut parsed = Vec::new();
    for branch in branches {
        parsed.extend(parse(branch)?);
    }
    if !parsed.iter().flatten().any(Part::is_peer) {
        for sequence in sequences {
            sequence.push(Part::OneOf(parsed.clone()));
        }
        return Ok(());
    }
    *sequences = sequences
        .iter()
        .flat_map(|sequence| {
            parsed
                .iter()
                .map(move |branch| [&sequence[..], branch].concat())
        })
        .collect();
    Ok(())
}

/// The parts between the bars that stand outside of inner braces.
fn alternatives(inner: &str) -> Vec<&str> {
    let mut depth = 0;
    inner
        .split(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0 && c == '|'
        })
        .collect()
}

fn named(name: &str) -> Result<Part<'_>, String> {
    let run = |class, least| Part::Run { class, least };
    let (name, without) = match name.split_once(';') {
        Some((name, without)) if !name.starts_with("not:") => (name, without.as_bytes()),
        _ => (name, &b""[..]),
    };
    let peer = |port, claimed| Part::Peer {
        port,
        claimed,
        without,
    };
    Ok(match name {
        "any" => Part::Text { stranger: true },
        "own" => Part::Text { stranger: false },
        "word" => run(Class::Word, 1),
        "host" => run(Class::Host, 1),
        "n" => run(Class::Digit, 1),
        "hex" => run(Class::Hex, 1),
        "time" => Part::Time,
        "peer" => peer(false, false),
        "peer:port" => peer(true, false),
        "claimed" => peer(false, true),
        "claimed:port" => peer(true, true),
        " " => Part::Literal(b" "),
        "!" => Part::Cut,
        _ => match name.strip_prefix("not:") {
            Some(bytes) if !bytes.is_empty() => run(Class::Not(bytes.as_bytes()), 0),
            _ => return Err(format!("{{{name}}} is not a field of a shape")),
        },
    })
}
