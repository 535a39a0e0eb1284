//! Here-documents.

use super::context::Reader;
use super::quote::Quote;
use super::word::Unit;

/// What ends a here-document.
pub(super) struct HereDelimiter {
    text: Vec<u8>,
    /// The shell expands nothing in it.
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

    /// The texts of the here-documents that were announced on the line before.
    pub(super) fn here_documents(&mut self) {
        for delimiter in std::mem::take(&mut self.here) {
            let quote = match delimiter.quoted {
                true => Quote::RawHereDocument(delimiter.text.clone().into()),
                false => Quote::HereDocument,
            };
            while self.at < self.units.len() {
                let line = self.here_line(&quote);
                let tabs = line.iter().take_while(|b| **b == b'\t').count();
                let start = if delimiter.strip_tabs { tabs } else { 0 };
                if line[start..] == delimiter.text[..] {
                    break;
                }
            }
        }
    }

    /// One line; a hole in it counts as a byte that no delimiter has.
    fn here_line(&mut self, quote: &Quote) -> Vec<u8> {
        let mut line = Vec::new();
        while let Some(unit) = self.unit() {
            self.at += 1;
            match unit {
                Unit::Byte(b'\n') => break,
                Unit::Byte(b) => line.push(b),
                Unit::Hole(hole) => {
                    // Behind a dollar sign or a backslash the value could become an expansion.
                    let quote = match line.last() {
                        Some(b'$' | b'\\' | b'{' | b'(') => Quote::Plain,
                        _ => quote.clone(),
                    };
                    self.fill(hole, quote);
                    line.push(0);
                }
            }
        }
        line
    }
}
