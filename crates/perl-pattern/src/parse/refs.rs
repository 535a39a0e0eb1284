//! References to groups: `\1`, `\g{-1}`, `\k<name>`, `(?1)`, `(?&name)`.

use super::{Groups, Parser, Read, shown};
use crate::ast::Node;

/// Reads `\1`, `\g…` or `\k…`, if the escape with this letter is one.
pub(super) fn reference(parser: &mut Parser<'_>, letter: u8) -> Read<Option<Node>> {
    match letter {
        b'1'..=b'9' => numbered(parser),
        b'g' => general_reference(parser).map(Some),
        b'k' => named_reference(parser).map(Some),
        _ => Ok(None),
    }
}

/// True if the whole pattern has such a group. On the first reading, every group may exist.
fn group_exists(parser: &mut Parser<'_>, number: u32) -> bool {
    parser.saw_reference = true;
    parser
        .known
        .as_ref()
        .is_none_or(|known| number <= known.count)
}

fn back_reference(parser: &Parser<'_>, groups: Vec<u32>) -> Node {
    Node::BackRef {
        groups,
        fold: parser.mode.ignore_case,
    }
}

/// `\1` to `\9` are references. From `\10` on, a number is a reference only if as many groups were
/// opened before it, however many follow; otherwise it is an octal escape. (`\8…` and `\9…` cannot
/// be octal.)
fn numbered(parser: &mut Parser<'_>) -> Read<Option<Node>> {
    let start = parser.at;
    let digits = parser.rest()[1..].iter();
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    let text = &parser.source[start + 1..start + 1 + digits];
    let number = decimal(text);
    if number > 9 && number > parser.opened && !matches!(text[0], b'8' | b'9') {
        return Ok(None);
    }
    if !group_exists(parser, number) {
        return no_group(parser, start, number);
    }
    parser.at += 1 + digits;
    Ok(Some(back_reference(parser, vec![number])))
}

fn no_group<T>(parser: &Parser<'_>, start: usize, number: u32) -> Read<T> {
    let count = parser.known.as_ref().map_or(0, |known| known.count);
    let groups = match count {
        0 => "no groups".to_owned(),
        1 => "one group".to_owned(),
        count => format!("{count} groups"),
    };
    parser.refuse_with(
        start,
        format!("there is no group {number}: the pattern has {groups}"),
        "for a byte by its octal number write `\\o{…}`",
    )
}

/// `\g1`, `\g-1`, `\g{1}`, `\g{-1}`, `\g{name}`.
fn general_reference(parser: &mut Parser<'_>) -> Read<Node> {
    let start = parser.at;
    parser.at += 2;
    let braced = parser.eat(b"{");
    let text = if braced {
        match parser.until(b'}') {
            Some(text) => super::quantifier::trim(text),
            None => return parser.refuse(start, "`\\g{` has no `}`"),
        }
    } else {
        let rest = parser.rest();
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit());
        let length = sign + digits.count();
        parser.at += length;
        &rest[..length]
    };
    let (relative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if matches!(digits, [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit) {
        let number = decimal(digits);
        let number = if relative {
            (parser.opened + 1).saturating_sub(number)
        } else {
            number
        };
        if number == 0 {
            return parser.refuse(start, "there is no such group before this reference");
        }
        if !group_exists(parser, number) {
            return no_group(parser, start, number);
        }
        return Ok(back_reference(parser, vec![number]));
    }
    if braced && !relative && is_name(text) {
        let groups = named(parser, start, text)?;
        return Ok(back_reference(parser, groups));
    }
    parser.refuse_with(
        start,
        "`\\g` needs the number or the name of a group",
        "write it as `\\g{1}`, `\\g{-1}` or `\\g{name}`",
    )
}

/// `\k<name>`, `\k'name'`, `\k{name}`.
fn named_reference(parser: &mut Parser<'_>) -> Read<Node> {
    let start = parser.at;
    parser.at += 2;
    let end = match parser.peek() {
        Some(b'<') => b'>',
        Some(b'\'') => b'\'',
        Some(b'{') => b'}',
        _ => {
            return parser.refuse_with(
                start,
                "`\\k` needs the name of a group",
                "write it as `\\k<name>`",
            );
        }
    };
    parser.at += 1;
    if end == b'}' {
        while matches!(parser.peek(), Some(b' ' | b'\t')) {
            parser.at += 1;
        }
    }
    let name = name(parser, start, end)?;
    let groups = named(parser, start, &name)?;
    Ok(back_reference(parser, groups))
}

/// A group's name and the character after it.
pub(super) fn name(parser: &mut Parser<'_>, start: usize, end: u8) -> Read<Vec<u8>> {
    let rest = parser.rest();
    let length = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let name = &rest[..length];
    if !is_name(name) {
        return parser.refuse(
            start,
            "the name of a group consists of letters, digits and `_`, and does not start with a digit",
        );
    }
    parser.at += length;
    if end == b'}' {
        while matches!(parser.peek(), Some(b' ' | b'\t')) {
            parser.at += 1;
        }
    }
    if parser.peek() != Some(end) {
        let end = char::from(end);
        return parser.refuse(
            start,
            format!("the name of the group must be followed by `{end}`"),
        );
    }
    parser.at += 1;
    Ok(name.to_vec())
}

/// The groups of that name. On the first reading the answer may be incomplete: it is read
/// again.
pub(super) fn named(parser: &mut Parser<'_>, start: usize, name: &[u8]) -> Read<Vec<u32>> {
    parser.saw_reference = true;
    let Some(Groups { names, .. }) = &parser.known else {
        return Ok(Vec::new());
    };
    match names.get(name) {
        Some(groups) => Ok(groups.clone()),
        None => {
            let name = shown(name);
            parser.refuse(start, format!("there is no group named `{name}`"))
        }
    }
}

/// `(?1)`, `(?-1)`, `(?+1)`, `(?R)`; `text` is the part before the `)`.
pub(super) fn recursion(parser: &mut Parser<'_>, start: usize, text: &[u8]) -> Read<Node> {
    let (sign, digits) = match text {
        [sign @ (b'+' | b'-'), digits @ ..] => (Some(*sign), digits),
        digits => (None, digits),
    };
    let number = if text == b"R" { 0 } else { decimal(digits) };
    let number = match sign {
        Some(b'-') => (parser.opened + 1).checked_sub(number).filter(|&n| n > 0),
        Some(_) => parser.opened.checked_add(number).filter(|_| number > 0),
        None => Some(number),
    };
    match number {
        Some(number) if group_exists(parser, number) => Ok(Node::Recurse(number)),
        Some(number) => no_group(parser, start, number),
        None => parser.refuse(start, "there is no such group"),
    }
}

/// A number. One that does not fit is larger than any group.
pub(super) fn decimal(digits: &[u8]) -> u32 {
    digits.iter().fold(0u32, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u32::from(digit.wrapping_sub(b'0')))
    })
}

fn is_name(text: &[u8]) -> bool {
    text.first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}
