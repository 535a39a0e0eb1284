//! A position in a line, and the small pieces that stamps are made of.

/// A position in a line. Methods that return `None` leave the position undefined: the caller gives
/// up, or goes on with a copy made before.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'l> {
    pub(crate) line: &'l [u8],
    pub(crate) at: usize,
}

impl<'l> Cursor<'l> {
    pub(crate) fn new(line: &'l [u8], at: usize) -> Self {
        Self { line, at }
    }

    pub(crate) fn rest(&self) -> &'l [u8] {
        &self.line[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    pub(crate) fn eat(&mut self, byte: u8) -> Option<()> {
        self.eat_any(&[byte]).map(|_| ())
    }

    pub(crate) fn eat_any(&mut self, bytes: &[u8]) -> Option<u8> {
        let next = self.peek().filter(|next| bytes.contains(next))?;
        self.at += 1;
        Some(next)
    }

    pub(crate) fn eat_all(&mut self, text: &[u8]) -> Option<()> {
        self.rest().starts_with(text).then(|| self.at += text.len())
    }

    /// Skips whitespace (Perl's `\s`) and returns its length.
    pub(crate) fn blanks(&mut self) -> usize {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| !is_blank(byte));
        let count = end.unwrap_or(rest.len());
        self.at += count;
        count
    }

    /// At least one whitespace character.
    pub(crate) fn some_blanks(&mut self) -> Option<()> {
        (self.blanks() > 0).then_some(())
    }

    /// A number of `least` to `most` digits (at most 19), and how many there were. Further digits
    /// are left where they are.
    pub(crate) fn number(&mut self, least: usize, most: usize) -> Option<(u64, usize)> {
        let digits = self.rest().iter().take(most);
        let (mut value, mut count) = (0_u64, 0);
        for digit in digits.take_while(|byte| byte.is_ascii_digit()) {
            value = value * 10 + u64::from(digit - b'0');
            count += 1;
        }
        self.at += count;
        (count >= least).then_some((value, count))
    }

    /// Exactly this many digits.
    pub(crate) fn digits(&mut self, count: usize) -> Option<u32> {
        let (value, _) = self.number(count, count)?;
        u32::try_from(value).ok()
    }

    /// A fraction of a second after a full stop or a comma, in nanoseconds; 0 if there is none.
    pub(crate) fn fraction(&mut self) -> Option<u32> {
        if !matches!(self.rest(), [b'.' | b',', b'0'..=b'9', ..]) {
            return Some(0);
        }
        self.at += 1;
        let (value, count) = self.number(1, 9)?;
        // Finer digits have no place to go.
        self.number(0, 19)?;
        let scale = 10_u64.pow(9 - u32::try_from(count).ok()?);
        u32::try_from(value * scale).ok()
    }

    /// Letters, as many as there are, up to `most`.
    pub(crate) fn letters(&mut self, most: usize) -> &'l [u8] {
        let rest = self.rest();
        let letters = rest.iter().take(most);
        let count = letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        self.at += count;
        &rest[..count]
    }

    /// The number of an English month's name of three letters.
    pub(crate) fn month(&mut self) -> Option<u32> {
        let name = self.rest().get(..3)?;
        self.at += 3;
        month(name)
    }
}

/// The number of an English month's name of three letters, whatever its case.
pub(crate) fn month(name: &[u8]) -> Option<u32> {
    const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let (months, _) = MONTHS.as_chunks::<3>();
    let index = months
        .iter()
        .position(|month| month.eq_ignore_ascii_case(name))?;
    u32::try_from(index + 1).ok()
}

/// Perl's `\s`: space, tab, line feed, vertical tab, form feed, carriage return.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || (0x09..=0x0d).contains(&byte)
}
