//! Here-documents.

use super::Reader;
use crate::shell::quote::Quote;
use crate::shell::word::Unit;

/// The delimiter of a here-document.
pub(super) struct HereDelimiter {
    text: Vec<u8>,
    /// The shell does not expand the document.
    quoted: bool,
    /// `<<-`.
    strip_tabs: bool,
}

impl Reader<'_, '_> {
    /// `<<EOF`, `<<-'EOF'`. A value in a delimiter becomes plain letters.
    pub(super) fn here_delimiter(&mut self) {
        self.at += 2;
        let strip_tabs = self.byte(0) == Some(b'-');
        self.at += usize::from(strip_tabs);
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let mut delimiter = HereDelimiter {
            text: Vec::new(),
            quoted: false,
            strip_tabs,
        };
        let mut open = None;
        while let Some(unit) = self.unit() {
            match unit {
                Unit::Byte(b) if open == Some(b) => open = None,
                Unit::Byte(b @ (b'\'' | b'"')) if open.is_none() => {
                    open = Some(b);
                    delimiter.quoted = true;
                }
                Unit::Byte(b'\\') if open.is_none() => {
                    delimiter.quoted = true;
                    self.at += 1;
                    delimiter.text.extend(self.byte(0));
                }
                Unit::Byte(b) if open.is_none() && b" \t\n;&|<>()".contains(&b) => break,
                Unit::Byte(b) => delimiter.text.push(b),
                Unit::Hole(hole) => {
                    self.fill(hole, Quote::Plain);
                }
            }
            self.at += 1;
        }
        self.here.push(delimiter);
    }

    /// The texts of the here-documents announced on the previous line.
    pub(super) fn here_documents(&mut self) {
        for delimiter in std::mem::take(&mut self.here) {
            while self.at < self.units.len() {
                let line = self.here_line(&delimiter);
                if delimiter.ends(&line) {
                    break;
                }
            }
        }
    }

    /// One line, with its holes.
    fn here_line(&mut self, delimiter: &HereDelimiter) -> Vec<Unit> {
        let from = self.at;
        while let Some(unit) = self.unit() {
            if unit == Unit::Byte(b'\n') {
                break;
            }
            self.at += 1;
        }
        let line = self.units[from..self.at].to_vec();
        self.at += 1;
        for (at, unit) in line.iter().enumerate() {
            let Unit::Hole(hole) = unit else { continue };
            let before = at.checked_sub(1).map(|at| line[at]);
            let quote = match before {
                _ if delimiter.quoted && delimiter.could_be(&line) => {
                    Quote::RawHereDocument(delimiter.text.clone().into())
                }
                _ if delimiter.quoted => Quote::RawHereDocument(Box::default()),
                // The value could become an expansion.
                Some(Unit::Byte(b'$' | b'\\' | b'{' | b'(')) => Quote::Plain,
                _ => Quote::HereDocument,
            };
            self.fill(*hole, quote);
        }
        line
    }
}

impl HereDelimiter {
    /// The line without the tabs that `<<-` removes.
    fn stripped<'l>(&self, line: &'l [Unit]) -> &'l [Unit] {
        let tabs = line.iter().take_while(|u| **u == Unit::Byte(b'\t'));
        let tabs = if self.strip_tabs { tabs.count() } else { 0 };
        &line[tabs..]
    }

    /// The line is the delimiter.
    fn ends(&self, line: &[Unit]) -> bool {
        let line = self.stripped(line).iter();
        line.eq(self
            .text
            .iter()
            .map(|b| Unit::Byte(*b))
            .collect::<Vec<_>>()
            .iter())
    }

    /// True if some values could make the line the delimiter: the text before the first hole and
    /// after the last one is its start and its end.
    fn could_be(&self, line: &[Unit]) -> bool {
        let line = self.stripped(line);
        let byte = |unit: &Unit| match unit {
            Unit::Byte(b) => Some(*b),
            Unit::Hole(_) => None,
        };
        let head: Vec<u8> = line.iter().map_while(byte).collect();
        let mut tail: Vec<u8> = line.iter().rev().map_while(byte).collect();
        tail.reverse();
        // A value may contain tabs that are removed.
        self.strip_tabs || (self.text.starts_with(&head) && self.text.ends_with(&tail))
    }
}
