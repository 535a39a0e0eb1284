//! The structure of a pattern, as far as the warnings need it.

use crate::ast::Pattern;

/// A capturing group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Offset of its content.
    pub(crate) start: usize,
    /// Offset of its closing parenthesis.
    pub(crate) end: usize,
    /// The name of `(?<name>…)`.
    pub(crate) name: Option<Vec<u8>>,
}

/// A pattern's capturing groups, by number from 1. `None`: they cannot be counted.
pub(crate) fn groups(pattern: &Pattern) -> Option<Vec<Group>> {
    let source = &pattern.source;
    let mut groups: Vec<Group> = Vec::new();
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut at = 0;
    while at < source.len() {
        match source[at] {
            b'\\' => at += 1,
            b'[' => at = class_end(source, at),
            b'#' if pattern.flags.extended => {
                at += source[at..].iter().take_while(|&&b| b != b'\n').count();
            }
            b'(' => {
                let rest = &source[at + 1..];
                // Alternatives of a branch reset share their numbers.
                if rest.starts_with(b"?|") {
                    return None;
                }
                let named = named_head(rest);
                let plain = !rest.starts_with(b"?") && !rest.starts_with(b"*");
                let captures = named.is_some() || (plain && !pattern.flags.no_capture);
                open.push(captures.then(|| {
                    let length = named.map_or(0, |(head, name)| head + name + 1);
                    let start = at + 1 + length;
                    groups.push(Group {
                        start,
                        end: start,
                        name: named.map(|(head, name)| rest[head..head + name].to_vec()),
                    });
                    groups.len() - 1
                }));
            }
            b')' => {
                if let Some(Some(index)) = open.pop() {
                    groups[index].end = at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    open.is_empty().then_some(groups)
}

/// The number of the first group of a name.
pub(crate) fn number_of(pattern: &Pattern, name: &[u8]) -> Option<usize> {
    let groups = groups(pattern)?;
    let named = |group: &Group| group.name.as_deref() == Some(name);
    groups.iter().position(named).map(|index| index + 1)
}

/// The lengths of `?<`, `?'` or `?P<` and of the name after it.
fn named_head(rest: &[u8]) -> Option<(usize, usize)> {
    let heads: [(&[u8], u8); 3] = [(b"?<", b'>'), (b"?'", b'\''), (b"?P<", b'>')];
    heads.iter().find_map(|(head, close)| {
        let name = rest.strip_prefix(*head)?;
        let length = name
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
        let length = length.count();
        (length > 0 && name.get(length) == Some(close)).then_some((head.len(), length))
    })
}

/// The offset of the bracket that ends a class.
pub(super) fn class_end(source: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    at += usize::from(source.get(at) == Some(&b'^'));
    at += usize::from(source.get(at) == Some(&b']'));
    while at < source.len() {
        match source[at] {
            b'\\' => at += 1,
            b'[' if source.get(at + 1) == Some(&b':') => {
                let close = source[at..].windows(2).position(|pair| pair == b":]");
                at += close.map_or(0, |close| close + 1);
            }
            b']' => return at,
            _ => {}
        }
        at += 1;
    }
    source.len()
}

/// Returns true if a group can only match a dotted number: an address.
pub(super) fn is_address(body: &[u8]) -> bool {
    let digits = body.windows(2).any(|pair| pair == b"\\d") || body.windows(3).any(|w| w == b"0-9");
    let dots = body.contains(&b'.');
    let mut rest = body;
    // Only digits, dots, and their repetitions and groups.
    while let [byte, after @ ..] = rest {
        rest = match (byte, after) {
            (b'\\', [b'd' | b'.', after @ ..]) => after,
            (b'0'..=b'9' | b'-' | b'.' | b'{' | b'}' | b',' | b'[' | b']', _) => after,
            (b'+' | b'*' | b'?' | b'(' | b')' | b':', _) => after,
            _ => return false,
        };
    }
    digits && dots
}

/// The offset of the first `.*` or `.+` outside classes.
pub(super) fn anything(source: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at + 1 < source.len() {
        match source[at] {
            b'\\' => at += 1,
            b'[' => at = class_end(source, at),
            b'.' if matches!(source[at + 1], b'*' | b'+') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns true for a group that matches any word: `\S+`, `[^ ]+`.
pub(super) fn is_any_word(body: &[u8]) -> bool {
    let repeated = body.strip_suffix(b"+").or_else(|| body.strip_suffix(b"*"));
    matches!(repeated, Some(b"\\S" | b"[^ ]" | b"[^\\s]" | b"."))
}

/// Returns true if only one word precedes a group, at no fixed place of the line.
pub(super) fn is_one_word(source: &[u8], group: &Group) -> bool {
    let open = source[..group.start].iter().rposition(|&b| b == b'(');
    let before = &source[..open.unwrap_or(group.start)];
    let before = before.strip_suffix(b"\\s+").unwrap_or(before);
    let mut words = before
        .split(|b| b" =:".contains(b))
        .filter(|word| !word.is_empty());
    let plain = |word: &[u8]| word.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    words.next().is_some_and(plain) && words.next().is_none()
}
