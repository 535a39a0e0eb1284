//! The syntax tree of a configuration, before any regex engine has seen it.
//!
//! Constant Perl scalars (`perlcode my $x = '…';`) and `$ENV{X}` are already replaced by their
//! values in patterns and values. [`Config::perl_needs`] lists everything that needs a real Perl.

use crate::source::{Sources, Span};

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

/// A command line with variables.
///
/// The original runs a command directly if it has none of ``$&*(){}[]'";\|?<>~``, no newline and no
/// leading `NAME=value`; anything else goes to `/bin/sh -c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Run without a shell: words, each of them pieces. A bare variable in a word may still
    /// become several words (one per field).
    Direct(Vec<Template>),
    /// Run by `/bin/sh -c`: the text as written. The engine quotes each variable for its
    /// place.
    Shell(Template),
}

impl Command {
    /// Its texts: each word, or the whole script.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Command::Direct(words) => words.iter().collect(),
            Command::Shell(script) => vec![script],
        }
    }
}

/// One action of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The action itself.
    pub kind: ActionKind,
    /// The window in which it acts.
    pub when: Option<When>,
    /// A threshold of this action alone (`threshold=on` or `thresholding=on`).
    pub threshold: Option<Threshold>,
    /// `message=TEXT`: instead of the record (with its throttle suffix).
    pub message: Option<Template>,
    /// The line.
    pub span: Span,
}

/// The actions.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionKind {
    /// `echo MODES`: the message and a newline to standard output.
    Echo {
        /// Parameters of the SGR sequence (`1;31`), or none for `normal`.
        sgr: Option<String>,
    },
    /// `bell N`: BEL characters to standard output.
    Bell {
        /// The number of rings.
        rings: u32,
        /// Pause after each, in milliseconds.
        delay_ms: u64,
    },
    /// `exec COMMAND`.
    Exec {
        /// The command.
        command: Command,
    },
    /// `pipe COMMAND`: the message on its standard input.
    Pipe {
        /// The command.
        command: Command,
        /// One process receives many messages, each followed by a newline.
        keep_open: bool,
    },
    /// `mail`.
    Mail {
        /// Recipients, `:` or `,` between them; absent: the login name of the real user.
        addresses: Option<Template>,
        /// Subject; absent: `Message from Swatchdog`.
        subject: Option<Template>,
        /// Program that takes the message; absent: the system's `sendmail -oi -t`.
        mailer: Option<Command>,
    },
    /// `write USER:USER`.
    Write {
        /// Users, `:` between them.
        users: Template,
        /// Program instead of `/usr/bin/write`.
        program: Option<Command>,
    },
    /// A function from `perlcode` or a `-M` module, called with a hash of options and `MESSAGE`.
    Custom {
        /// Its name.
        name: Vec<u8>,
        /// `KEY => value` in order, keys in upper case; a value without a key has an empty one, as in
        /// the original. The engine adds `MESSAGE`.
        arguments: Vec<(Vec<u8>, Template)>,
    },
    /// `perlcode 3 CODE`.
    Perl(PerlCode),
}

/// `when=DAYS:HOURS` in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Bit 0 is Sunday, bit 6 Saturday.
    pub days: u8,
    /// Bit 0 is the hour after midnight, bit 23 the last of the day.
    pub hours: u32,
}

impl When {
    /// At any time.
    pub const ALWAYS: When = When {
        days: 0x7f,
        hours: 0x00ff_ffff,
    };
}

/// A `throttle` line.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttle {
    /// Seconds for which a key stays silent after a report; if absent, for ever.
    pub hold: Option<i64>,
    /// Report the first message and then every Nth.
    pub threshold: Option<u32>,
    /// `delay=`: like `hold`, together with `threshold=`.
    pub delay: Option<i64>,
    /// The key of a message; if absent or `key=log`, the record without its time stamp,
    /// for this rule alone.
    pub key: Option<Template>,
    /// `time_regex=`: removed from the record for the default key, instead of a time stamp.
    pub time_regex: Option<Pattern>,
    /// `extra_cuts=`: further patterns that are removed from the record for the default key.
    pub extra_cuts: Vec<Pattern>,
    /// `time_from=timestamp`: the record's time stamp is the clock, where it has one.
    pub time_from_record: bool,
    /// `message=`.
    pub message: Option<Template>,
    /// The line.
    pub span: Span,
}

/// A `threshold` line, or the threshold of one action.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Events with the same key are counted together.
    pub track_by: Template,
    /// The type.
    pub kind: ThresholdKind,
    /// Number of events, at least 1.
    pub count: u32,
    /// Length of a window in seconds, at least 1.
    pub seconds: u64,
    /// The line.
    pub span: Span,
}

/// A `remember` line: values that several records share, under a key.
///
/// The rule acts once all values of `need` are known. Until then it only stores its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Remember {
    /// The key that the records have in common.
    pub key: Template,
    /// Seconds after the last record of the key for which its values are kept, at least 1.
    pub seconds: u64,
    /// Values to store, by lower-case name.
    pub values: Vec<(Vec<u8>, Template)>,
    /// Names that must be known before the rule acts.
    pub need: Vec<Vec<u8>>,
    /// Names that are dropped after the rule has acted.
    pub forget: Vec<Vec<u8>>,
    /// This record is the last one of the key: all its values are dropped, whether it acts or not.
    pub end: bool,
    /// The line.
    pub span: Span,
}

/// Types of threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThresholdKind {
    /// The first `count` events of a window.
    Limit,
    /// Every `count`th event of a window.
    Threshold,
    /// Once per window, at the `count`th event.
    Both,
}
