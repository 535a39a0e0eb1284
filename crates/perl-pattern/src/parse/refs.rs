//! References to groups: `\1`, `\g{-1}`, `\k<name>`, `(?1)`, `(?&name)`.

use super::{Groups, Parser, Read};
use crate::ast::Node;

impl Parser<'_> {
    /// Reads `\1`, `\g…` or `\k…`, if the escape with this letter is one.
    pub(super) fn reference(&mut self, letter: u8) -> Read<Option<Node>> {
        match letter {
            b'1'..=b'9' => self.numbered(),
            b'g' => self.general_reference().map(Some),
            b'k' => self.named_reference().map(Some),
            _ => Ok(None),
        }
    }

    /// The groups of the whole pattern; on the first reading, none are known to be missing.
    fn group_exists(&mut self, number: u32) -> bool {
        self.saw_reference = true;
        self.known
            .as_ref()
            .is_none_or(|known| number <= known.count)
    }

    fn back_reference(&self, groups: Vec<u32>) -> Node {
        Node::BackRef {
            groups,
            fold: self.mode.ignore_case,
        }
    }

    /// `\1` to `\9` are references; from `\10` on only if there are as many groups, and else an
    /// octal number.
    fn numbered(&mut self) -> Read<Option<Node>> {
        let start = self.at;
        let digits = self.rest()[1..].iter();
        let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
        let text = &self.source[start + 1..start + 1 + digits];
        let number = decimal(text);
        if !self.group_exists(number) {
            if number > 9 && !matches!(text[0], b'8' | b'9') {
                return Ok(None);
            }
            return self.no_group(start, number);
        }
        self.at += 1 + digits;
        Ok(Some(self.back_reference(vec![number])))
    }

    fn no_group<T>(&self, start: usize, number: u32) -> Read<T> {
        let count = self.known.as_ref().map_or(0, |known| known.count);
        let groups = match count {
            0 => "no groups".to_owned(),
            1 => "one group".to_owned(),
            count => format!("{count} groups"),
        };
        self.refuse_with(
            start,
            format!("there is no group {number}: the pattern has {groups}"),
            "for a byte by its octal number write `\\o{…}`",
        )
    }

    /// `\g1`, `\g-1`, `\g{1}`, `\g{-1}`, `\g{name}`.
    fn general_reference(&mut self) -> Read<Node> {
        let start = self.at;
        self.at += 2;
        let braced = self.eat(b"{");
        let text = if braced {
            match self.until(b'}') {
                Some(text) => super::quantifier::trim(text),
                None => return self.refuse(start, "`\\g{` has no `}`"),
            }
        } else {
            let rest = self.rest();
            let sign = usize::from(rest.first() == Some(&b'-'));
            let digits = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit());
            let length = sign + digits.count();
            self.at += length;
            &rest[..length]
        };
        let (relative, digits) = match text.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        if matches!(digits, [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit) {
            let number = decimal(digits);
            let number = if relative {
                (self.opened + 1).saturating_sub(number)
            } else {
                number
            };
            if number == 0 {
                return self.refuse(start, "this reference leads to no group before it");
            }
            if !self.group_exists(number) {
                return self.no_group(start, number);
            }
            return Ok(self.back_reference(vec![number]));
        }
        if braced && !relative && is_name(text) {
            let groups = self.named(start, text)?;
            return Ok(self.back_reference(groups));
        }
        self.refuse_with(
            start,
            "`\\g` needs the number or the name of a group",
            "write it as `\\g{1}`, `\\g{-1}` or `\\g{name}`",
        )
    }

    /// `\k<name>`, `\k'name'`, `\k{name}`.
    fn named_reference(&mut self) -> Read<Node> {
        let start = self.at;
        self.at += 2;
        let end = match self.peek() {
            Some(b'<') => b'>',
            Some(b'\'') => b'\'',
            Some(b'{') => b'}',
            _ => {
                return self.refuse_with(
                    start,
                    "`\\k` needs the name of a group",
                    "write it as `\\k<name>`",
                );
            }
        };
        self.at += 1;
        if end == b'}' {
            while matches!(self.peek(), Some(b' ' | b'\t')) {
                self.at += 1;
            }
        }
        let name = self.name(start, end)?;
        let groups = self.named(start, &name)?;
        Ok(self.back_reference(groups))
    }

    /// A group's name and the character behind it.
    pub(super) fn name(&mut self, start: usize, end: u8) -> Read<Vec<u8>> {
        let rest = self.rest();
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        let name = &rest[..length];
        if !is_name(name) {
            return self.refuse(
                start,
                "the name of a group begins with a letter or `_`, and goes on with these or digits",
            );
        }
        self.at += length;
        if end == b'}' {
            while matches!(self.peek(), Some(b' ' | b'\t')) {
                self.at += 1;
            }
        }
        if self.peek() != Some(end) {
            let end = char::from(end);
            return self.refuse(
                start,
                format!("the name of the group is not ended by `{end}`"),
            );
        }
        self.at += 1;
        Ok(name.to_vec())
    }

    /// The groups of that name. On the first reading the answer may be incomplete: it is read
    /// again.
    pub(super) fn named(&mut self, start: usize, name: &[u8]) -> Read<Vec<u32>> {
        self.saw_reference = true;
        let Some(Groups { names, .. }) = &self.known else {
            return Ok(Vec::new());
        };
        match names.get(name) {
            Some(groups) => Ok(groups.clone()),
            None => {
                let name = Self::shown(name);
                self.refuse(start, format!("there is no group of the name `{name}`"))
            }
        }
    }

    /// `(?1)`, `(?-1)`, `(?+1)`, `(?R)`; what stands before the `)` is handed in.
    pub(super) fn recursion(&mut self, start: usize, text: &[u8]) -> Read<Node> {
        let (sign, digits) = match text {
            [sign @ (b'+' | b'-'), digits @ ..] => (Some(*sign), digits),
            digits => (None, digits),
        };
        let number = if text == b"R" { 0 } else { decimal(digits) };
        let number = match sign {
            Some(b'-') => (self.opened + 1).checked_sub(number).filter(|&n| n > 0),
            Some(_) => self.opened.checked_add(number).filter(|_| number > 0),
            None => Some(number),
        };
        match number {
            Some(number) if self.group_exists(number) => Ok(Node::Recurse(number)),
            Some(number) => self.no_group(start, number),
            None => self.refuse(start, "this reference leads to no group"),
        }
    }
}

/// A number; what is too large for one is larger than any group.
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
