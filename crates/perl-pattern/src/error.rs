//! Why a pattern is refused.

/// A pattern that cannot be used. The offset points into the pattern's source, so that a
/// configuration's diagnostics can put a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// Byte offset in the pattern's source where the fault was found; at most its length.
    pub offset: usize,
    /// The mistake, in one line without a full stop.
    pub message: String,
    /// A replacement, if one is known.
    pub help: Option<String>,
    /// Which sort of refusal it is.
    pub kind: PatternErrorKind,
}

/// Sorts of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// Perl refuses the pattern as well.
    Syntax,
    /// Perl takes it, but only a Perl interpreter can run it (code in a pattern).
    NeedsPerl,
    /// Perl takes it, but neither engine here can say it.
    Unsupported,
    /// It needs more memory than the limits allow.
    TooLarge,
}

impl PatternError {
    pub(crate) fn syntax(offset: usize, message: impl Into<String>) -> PatternError {
        PatternError {
            offset,
            message: message.into(),
            help: None,
            kind: PatternErrorKind::Syntax,
        }
    }

    pub(crate) fn of_kind(mut self, kind: PatternErrorKind) -> PatternError {
        self.kind = kind;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> PatternError {
        self.help = Some(help.into());
        self
    }
}
