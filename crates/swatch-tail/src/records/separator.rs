//! Record separators.

/// The bytes that end a record. The separator itself is never part of the record.
///
/// The three kinds are those of Perl's `$/`, which swatchdog sets from
/// `--input-record-separator`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Separator {
    /// A line feed (byte 10). A carriage return before it stays in the record.
    #[default]
    Newline,
    /// These bytes, literally; not a pattern. An empty literal is taken as
    /// [`Separator::Paragraph`].
    Literal(Vec<u8>),
    /// Empty lines, as Perl's `$/ = ""`: two or more line feeds in a row end a record, however
    /// many they are, and line feeds before the first record belong to no record. A last record
    /// that its source ends without an empty line loses its trailing line feeds too.
    Paragraph,
}

impl Separator {
    /// The separator that `--input-record-separator=BYTES` means once its escapes are
    /// resolved: nothing is paragraph mode, a single line feed is [`Separator::Newline`],
    /// all else is literal.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match bytes {
            b"" => Separator::Paragraph,
            b"\n" => Separator::Newline,
            other => Separator::Literal(other.to_vec()),
        }
    }

    /// The same separator in the form that needs the least work.
    pub(crate) fn normal(self) -> Self {
        match self {
            Separator::Literal(bytes) => Separator::from_bytes(&bytes),
            other => other,
        }
    }
}
