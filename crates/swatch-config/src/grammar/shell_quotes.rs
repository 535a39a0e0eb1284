//! Tracks quotes and substitutions in shell text, byte by byte.

/// One level of nesting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// `$( … )` with this many parentheses open in it.
    Substitution(u32),
    /// `"…"`.
    Double,
    /// `'…'`.
    Single,
    /// `` `…` ``.
    Backquote,
}

/// Decides whether `\'` in a command are quotation marks. swatchdog's Perl removes the backslashes,
/// so that `\'$1\'` quotes; `it\'s` is a shell error there and keeps its shell meaning here. They
/// are quotation marks if the shell then finds the end of each, and if none of them ends a
/// single-quoted text as written (`'a\'`).
pub(crate) fn escaped_marks(command: &[u8]) -> bool {
    let (mut as_written, mut without) = (QuoteState::default(), QuoteState::default());
    let mut found = false;
    let mut rest = command;
    while let Some(&byte) = rest.first() {
        let pair = byte == b'\\' && rest.len() > 1;
        let (now, later) = rest.split_at(if pair { 2 } else { 1 });
        rest = later;
        let mark = now == b"\\'";
        if mark && as_written.single() {
            return false;
        }
        found |= mark;
        now.iter().for_each(|&b| as_written.feed(b));
        now[usize::from(mark)..]
            .iter()
            .for_each(|&b| without.feed(b));
    }
    found && without.outermost()
}

/// Reads shell text byte by byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct QuoteState {
    levels: Vec<Level>,
    escaped: bool,
    dollar: bool,
}

impl QuoteState {
    /// Takes the next byte.
    pub(crate) fn feed(&mut self, byte: u8) {
        let dollar = std::mem::take(&mut self.dollar);
        if std::mem::take(&mut self.escaped) {
            return;
        }
        let top = self.levels.last().copied();
        match (top, byte) {
            (Some(Level::Single), b'\'') => {
                self.levels.pop();
            }
            (Some(Level::Single), _) => {}
            (_, b'\\') => self.escaped = true,
            (_, b'$') => self.dollar = true,
            (Some(Level::Double), b'"') => {
                self.levels.pop();
            }
            (_, b'(') if dollar => self.levels.push(Level::Substitution(1)),
            (_, b'`') => match self.levels.iter().rposition(|&l| l == Level::Backquote) {
                Some(open) => self.levels.truncate(open),
                None => self.levels.push(Level::Backquote),
            },
            (Some(Level::Double), _) => {}
            (_, b'"') => self.levels.push(Level::Double),
            (_, b'\'') => self.levels.push(Level::Single),
            (Some(Level::Substitution(open)), b'(') => {
                self.levels.pop();
                self.levels.push(Level::Substitution(open + 1));
            }
            (Some(Level::Substitution(open)), b')') => {
                self.levels.pop();
                if open > 1 {
                    self.levels.push(Level::Substitution(open - 1));
                }
            }
            _ => {}
        }
    }

    /// Returns true outside all quotes and substitutions.
    pub(crate) fn outermost(&self) -> bool {
        self.levels.is_empty() && !self.escaped
    }

    /// Returns true directly within single quotes.
    pub(crate) fn single(&self) -> bool {
        self.levels.last() == Some(&Level::Single)
    }

    /// Returns true directly within double quotes.
    pub(crate) fn double(&self) -> bool {
        self.levels.last() == Some(&Level::Double)
    }

    /// Returns true if the previous byte was a backslash that escapes this one.
    pub(crate) fn is_escaped(&self) -> bool {
        self.escaped
    }
}
