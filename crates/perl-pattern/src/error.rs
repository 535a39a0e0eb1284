//! Reasons to refuse a pattern.

/// A pattern that cannot be used. The offset points into its source, so that diagnostics can place
/// a caret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// Byte offset of the error in the pattern's source, at most its length.
    pub offset: usize,
    /// The error in one line, without a full stop.
    pub message: String,
    /// A suggestion for what to write instead.
    pub help: Option<String>,
    /// The kind of refusal.
    pub kind: PatternErrorKind,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// Perl refuses the pattern as well.
    Syntax,
    /// Perl accepts it, but only a Perl interpreter can run it (code in a pattern).
    NeedsPerl,
    /// Perl accepts it, but neither engine here supports it.
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
