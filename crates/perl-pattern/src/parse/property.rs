//! `\p{…}`: a property of the code point that has the byte's number, as Perl sees byte strings.

use regex_syntax::hir::{Class, HirKind};

use super::{Parser, Read, shown};
use crate::byte_set::ByteSet;
use crate::classes::{Charset, Named};

/// Reads `\p{…}`, `\P{…}` or `\pL`.
pub(super) fn property(parser: &mut Parser<'_>) -> Read<ByteSet> {
    let start = parser.at;
    let mut negated = parser.peek_at(1) == Some(b'P');
    parser.at += 2;
    let name = match parser.peek() {
        Some(b'{') => {
            parser.at += 1;
            match parser.until(b'}') {
                Some(name) => super::quantifier::trim(name),
                None => return parser.refuse(start, "`\\p{` has no `}`"),
            }
        }
        Some(_) => {
            parser.at += 1;
            &parser.source[parser.at - 1..parser.at]
        }
        None => b"",
    };
    let name = match name.strip_prefix(b"^") {
        Some(name) => {
            negated = !negated;
            name
        }
        None => name,
    };
    if name.is_empty() {
        return parser.refuse_with(
            start,
            "`\\p` needs the name of a property",
            "write it as `\\p{L}`",
        );
    }
    parser.need_unicode_if_unsaid()?;
    let Some(set) = property_set(parser, name) else {
        let name = shown(name);
        return parser.refuse_with(
            start,
            format!("there is no Unicode property `{name}`"),
            "for bytes the POSIX classes such as `[[:alpha:]]` are enough",
        );
    };
    Ok(if negated { set.negated() } else { set })
}

fn property_set(parser: &Parser<'_>, name: &[u8]) -> Option<ByteSet> {
    let mut plain: String = name
        .iter()
        .filter(|byte| !matches!(byte, b' ' | b'_' | b'-'))
        .map(|&byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    if let Some(rest) = plain.strip_prefix("is") {
        plain = rest.to_owned();
    }
    if parser.mode.ignore_case
        && matches!(
            plain.as_str(),
            "lu" | "ll" | "lt" | "uppercaseletter" | "lowercaseletter" | "titlecaseletter"
        )
    {
        plain = "l&".to_owned();
    }
    if parser.mode.ignore_case
        && matches!(
            plain.as_str(),
            "upper" | "lower" | "uppercase" | "lowercase"
        )
    {
        return Some(
            Named::Upper
                .set(Charset::Unicode)
                .union(Named::Lower.set(Charset::Unicode)),
        );
    }
    let posix = |name: &str, charset| {
        let mut set = Named::by_posix_name(name.as_bytes())?.set(charset);
        if parser.mode.ignore_case && matches!(name, "upper" | "lower") {
            set = Named::Alpha.set(Charset::Ascii);
        }
        Some(set)
    };
    if let Some(name) = plain.strip_prefix("xposix") {
        return posix(name, Charset::Unicode);
    }
    if let Some(name) = plain.strip_prefix("posix") {
        return posix(name, Charset::Ascii);
    }
    match plain.as_str() {
        "any" | "all" | "unicode" => return Some(ByteSet::ALL),
        "l&" | "lc" => return general("LC").or_else(cased_letter),
        // The general category of punctuation, not POSIX's.
        "punct" => return general("P"),
        "digit" => return Some(Named::Digit.set(Charset::Unicode)),
        "spaceperl" | "xperlspace" => return Some(Named::Space.set(Charset::Unicode)),
        "perlspace" => return Some(Named::Space.set(Charset::Ascii)),
        "perlword" => return Some(Named::Word.set(Charset::Ascii)),
        _ => {}
    }
    if let Some(named) = Named::by_posix_name(plain.as_bytes()) {
        return Some(named.set(Charset::Unicode));
    }
    let name = std::str::from_utf8(name).ok()?;
    general(name).or_else(|| general(&plain))
}

fn cased_letter() -> Option<ByteSet> {
    Some(general("Lu")?.union(general("Ll")?).union(general("Lt")?))
}

/// A property as `regex-syntax` knows it, cut to the code points up to 0xff.
fn general(name: &str) -> Option<ByteSet> {
    let name = name.replacen(':', "=", 1);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_ =-".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let hir = regex_syntax::Parser::new()
        .parse(&format!("\\p{{{name}}}"))
        .ok()?;
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
        return None;
    };
    let mut set = ByteSet::EMPTY;
    for range in class.ranges() {
        let Ok(first) = u8::try_from(u32::from(range.start())) else {
            break;
        };
        set = set.with_range(first, u8::try_from(u32::from(range.end())).unwrap_or(0xff));
    }
    Some(set)
}
