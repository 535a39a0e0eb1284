//! Actions: commands, limits and their options.

use super::{Pattern, PerlCode, Template};
use crate::source::Span;

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
