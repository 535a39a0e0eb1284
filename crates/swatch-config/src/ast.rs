//! The syntax tree of a configuration, before any regex engine has seen it.
//!
//! Constant Perl scalars (`perlcode my $x = '…';`) and `$ENV{X}` are already replaced by their
//! values in patterns and values. [`Config::perl_needs`] lists everything that needs a real Perl.

mod action;
mod expression;

use crate::source::{Sources, Span};

pub use action::{Action, ActionKind, Command, Remember, Threshold, ThresholdKind, Throttle, When};
pub use expression::{CompareOp, Expr, Flags, Match, Number, Pattern, Piece, Template, Var};

/// A whole configuration with its included files.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Rules and Perl code in the order in which they are tried.
    pub items: Vec<Item>,
    /// `waitfor` rules. They never act, but their patterns must compile.
    pub inert: Vec<Rule>,
    /// The texts, for messages.
    pub sources: Sources,
    /// Paths named by `# logfile PATH` comments of the main file: a convention of init scripts
    /// around swatch, not of the original. Lists separated by spaces are split.
    pub log_files: Vec<Vec<u8>>,
    /// Match expressions (`_SYSTEMD_UNIT=ssh.service`) of `# journal MATCH…` comments, one list
    /// per comment.
    pub journal: Vec<Vec<Vec<u8>>>,
    /// Sample lines in comments of all files, for `--test`.
    pub samples: Vec<Sample>,
    /// `$N` in commands is a field of the record (`--awk-field-syntax`), as requested when the
    /// configuration was read.
    pub awk_fields: bool,
    /// Places that need a Perl interpreter. If empty, the native engine runs everything.
    pub perl_needs: Vec<PerlNeed>,
}

/// A comment `# match: LINE` or `# no match: LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The rule must take the line; else it must not.
    pub matches: bool,
    /// The line, without white space at its ends.
    pub text: Vec<u8>,
    /// The place of the line, or of the comment if the line is empty.
    pub span: Span,
    /// The number of its rule, counted over the rules of [`Config::items`]; none if it stands alone.
    pub rule: Option<usize>,
}

/// A place that needs Perl, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerlNeed {
    /// The place.
    pub span: Span,
    /// A description, as in "a call of the Perl function `length`".
    pub what: String,
}

/// A top-level entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `watchfor` or `ignore`. (`waitfor` has no effect in the original: it is left out, with a warning.)
    Rule(Rule),
    /// `perlcode` of depth 0 (once, before the first record) or 1 (for each record, at this place).
    Perl(PerlCode),
}

/// `perlcode [DEPTH] CODE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PerlCode {
    /// 0 to 3: 0 runs once, 1 per record, 2 at the top of the rule's block
    /// before throttling, 3 among the actions.
    pub depth: u8,
    /// The code as written.
    pub code: Vec<u8>,
    /// The place of the code.
    pub span: Span,
    /// A constant scalar, which the parser has already substituted. Only the Perl engine runs it.
    pub constant: bool,
}

/// One `watchfor` or `ignore` block.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// `watchfor` or `ignore`.
    pub kind: RuleKind,
    /// The condition.
    pub condition: Expr,
    /// The condition as written, for messages, `--explain`, the Perl engine and the key of a
    /// rule's state across reloads.
    pub text: Vec<u8>,
    /// The place of the condition.
    pub span: Span,
    /// Actions in file order, Perl code of depth 3 among them. Empty for `ignore`.
    pub actions: Vec<Action>,
    /// `throttle` lines in file order.
    pub throttles: Vec<Throttle>,
    /// `threshold` lines in file order; they stand outside of the throttles.
    pub thresholds: Vec<Threshold>,
    /// `remember`: values kept from line to line under a key.
    pub remember: Option<Box<Remember>>,
    /// `continue`: the following rules are tried as well. Acts even when the block is suppressed.
    pub go_on: Option<When>,
    /// `quit`: the watcher ends after this block. Acts even when the block is suppressed; beats `continue`.
    pub quit: Option<When>,
    /// Perl code of depth 2, run before everything else of the block.
    pub perl_first: Vec<PerlCode>,
}

/// The two kinds of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// Act on the record.
    Watch,
    /// Drop the record: no later rule sees it.
    Ignore,
}
