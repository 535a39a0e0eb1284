//! Conditions of rules, and the values in actions: patterns, numbers, templates.

use crate::source::Span;

/// A condition: a Perl expression over matches.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `/re/`, `$_ =~ /re/`, `$1 !~ /re/`.
    Match(Match),
    /// `!`, `not`.
    Not(Box<Expr>),
    /// `&&`, `and`: the right side is evaluated only if the left is true.
    And(Box<Expr>, Box<Expr>),
    /// `||`, `or`: the right side is evaluated only if the left is false.
    Or(Box<Expr>, Box<Expr>),
    /// `xor`: both sides are always evaluated.
    Xor(Box<Expr>, Box<Expr>),
    /// Comma operator: all are evaluated, because they capture; the last one counts.
    Comma(Vec<Expr>),
    /// A number.
    Number(Number),
    /// A string, with what is interpolated in it.
    Text(Template),
    /// A variable.
    Var(Var),
    /// `<`, `eq` …
    Compare {
        /// The operator.
        op: CompareOp,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// Anything else: Perl text that only the Perl engine evaluates.
    Perl(Vec<u8>),
}

/// Perl's comparison operators, numeric and by string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CompareOp {
    NumEq,
    NumNe,
    NumLt,
    NumLe,
    NumGt,
    NumGe,
    StrEq,
    StrNe,
    StrLt,
    StrLe,
    StrGt,
    StrGe,
}

impl CompareOp {
    /// The operator in Perl.
    pub fn symbol(self) -> &'static str {
        match self {
            CompareOp::NumEq => "==",
            CompareOp::NumNe => "!=",
            CompareOp::NumLt => "<",
            CompareOp::NumLe => "<=",
            CompareOp::NumGt => ">",
            CompareOp::NumGe => ">=",
            CompareOp::StrEq => "eq",
            CompareOp::StrNe => "ne",
            CompareOp::StrLt => "lt",
            CompareOp::StrLe => "le",
            CompareOp::StrGt => "gt",
            CompareOp::StrGe => "ge",
        }
    }
}

/// A pattern match.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The text that is searched; if absent, the record (`$_`).
    pub target: Option<Box<Expr>>,
    /// The pattern.
    pub pattern: Pattern,
    /// `!~`.
    pub negated: bool,
}

/// A Perl pattern after the source level: delimiters removed, `\Q…\E`, constant scalars and
/// `$ENV{X}` replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Perl regular expression, bytes. An empty one matches every record when it is the first
    /// of a condition, and otherwise repeats the last successful pattern of that condition.
    pub source: Vec<u8>,
    /// Modifiers.
    pub flags: Flags,
    /// The literal with its delimiters, in the file.
    pub span: Span,
}

/// A number as Perl keeps it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number of 64 bits, exactly.
    Integer(i64),
    /// A larger whole number, up to 2⁶⁴-1.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
}

impl Number {
    /// The number, rounded to what an `f64` holds.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Integer(n) => n as f64,
            Number::Unsigned(n) => n as f64,
            Number::Float(n) => n,
        }
    }

    /// The exact value of a whole number.
    #[must_use]
    pub fn as_integer(self) -> Option<i128> {
        match self {
            Number::Integer(n) => Some(n.into()),
            Number::Unsigned(n) => Some(n.into()),
            Number::Float(_) => None,
        }
    }

    /// A whole number: exact if it fits, else rounded.
    #[must_use]
    pub fn from_integer(value: i128) -> Number {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Number::Integer(value),
            (_, Ok(value)) => Number::Unsigned(value),
            _ => Number::Float(value as f64),
        }
    }
}

impl std::ops::Neg for Number {
    type Output = Number;

    fn neg(self) -> Number {
        match self {
            Number::Float(n) => Number::Float(-n),
            Number::Integer(n) => Number::from_integer(-i128::from(n)),
            Number::Unsigned(n) => Number::from_integer(-i128::from(n)),
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Integer(n) => n.fmt(f),
            Number::Unsigned(n) => n.fmt(f),
            Number::Float(n) => n.fmt(f),
        }
    }
}

/// Modifiers of a pattern. `g` and `o` are accepted and change nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Flags {
    /// `i`.
    pub ignore_case: bool,
    /// `m`.
    pub multi_line: bool,
    /// `s`.
    pub dot_all: bool,
    /// `x`.
    pub extended: bool,
    /// `xx`.
    pub extended_more: bool,
    /// `n`: groups do not capture.
    pub no_capture: bool,
    /// `a`: `\d \s \w` are ASCII (they always are: records are bytes).
    pub ascii: bool,
}

/// Text with variables, as in a double-quoted Perl string.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// The parts in order; escapes are already replaced.
    pub pieces: Vec<Piece>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes as they are.
    Text(Vec<u8>),
    /// A variable.
    Var(Var),
}

/// A variable whose value comes from the log or from Perl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Var {
    /// `$_`: the record.
    Record,
    /// `$0` and `$*`: the record (in commands unquoted: one word per field).
    Whole,
    /// `$1`, `${1}`: a group of the last successful match of the condition. Under
    /// `--awk-field-syntax`, in commands alone, the field of that number (from 1).
    Group(u32),
    /// `$+{name}`.
    Named(Vec<u8>),
    /// `$&`.
    Matched,
    /// `` $` ``.
    Before,
    /// `$'`.
    After,
    /// `$+`: the last group that took part.
    LastGroup,
    /// `$_[N]`: a field of the record, separated by white space, from 0; negative from the end.
    Field(i64),
    /// `$$`: the watcher's process id.
    Pid,
    /// `$recall{name}`: a value that `remember` keeps under the key of this rule.
    Recall(Vec<u8>),
    /// A variable or element that only Perl knows: the Perl expression.
    Perl(Vec<u8>),
}
