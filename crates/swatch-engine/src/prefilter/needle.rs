//! A literal to search for.

use perl_pattern::Literal;

/// A literal to search for.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    /// In lower case if `fold` is set.
    pub(crate) bytes: Vec<u8>,
    pub(crate) fold: bool,
}

impl Needle {
    pub(crate) fn is_at(&self, text: &[u8], start: usize) -> bool {
        text.get(start..start + self.bytes.len())
            .is_some_and(|there| {
                if self.fold {
                    there.eq_ignore_ascii_case(&self.bytes)
                } else {
                    there == self.bytes
                }
            })
    }
}

impl From<&Literal> for Needle {
    fn from(literal: &Literal) -> Self {
        Needle {
            bytes: literal.bytes.clone(),
            fold: literal.fold,
        }
    }
}
