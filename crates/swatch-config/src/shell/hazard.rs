//! Diagnostics about log text in commands.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Span;

/// Ways in which log text can do harm in a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Danger {
    /// It is the name of a command.
    CommandName,
    /// It becomes shell code through this program.
    ShellCode(String),
    /// It becomes part of a program in another language.
    Program(String),
    /// It becomes commands that this program reads.
    Commands(String),
    /// It can be taken for an option.
    Option(String),
    /// It is part of a quoted argument of a program that may pass that to a shell.
    Unjudged(String),
    /// It names a file that is written.
    FileName,
    /// It names a file that is sent.
    SentFile(String),
    /// It can add headers to a mail.
    MailHeader(String),
    /// Log text makes a line of its own for a program that takes each line as an event.
    ExtraLine(String),
    /// It can begin a line with `~`.
    Tilde(String),
    /// It is the format of `printf`.
    Format,
}

/// A danger. If it is certain, the configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hazard {
    pub(super) danger: Danger,
    pub(super) certain: bool,
}

impl Hazard {
    pub(super) fn diagnostic(&self, span: Span) -> Diagnostic {
        let (message, label, help) = self.danger.text();
        let severity = match self.certain {
            true => Severity::Error,
            false => Severity::Warning,
        };
        Diagnostic {
            severity,
            ..Diagnostic::error(span, message, label)
        }
        .with_help(help)
    }
}

const QUOTES: &str = "quotation marks do not protect it there";

impl Danger {
    /// Message, label and way out.
    fn text(&self) -> (String, &'static str, String) {
        match self {
            Danger::CommandName => (
                "log text is the name of a command".into(),
                "anyone who can write to this log chooses the program",
                "name the program here and pass it the text: `exec /usr/local/bin/handle \"$1\"`".into(),
            ),
            Danger::ShellCode(name) => (
                format!("log text becomes shell code through `{name}`"),
                QUOTES,
                "pass the text to a script as an argument (`exec /usr/local/bin/handle \"$1\"`) or on its \
                 standard input (`pipe`)"
                    .into(),
            ),
            Danger::Program(name) => (
                format!("log text becomes part of a program for `{name}`"),
                QUOTES,
                "pass it as data: an argument of its own (`awk -v x=\"$1\"`, `perl -e '…' -- \"$1\"`), or \
                 standard input (`pipe`)"
                    .into(),
            ),
            Danger::Commands(name) => (
                format!("log text becomes commands for `{name}`"),
                "each line that it reads is a command",
                "pass the text to a script that checks it first".into(),
            ),
            Danger::Option(name) => (
                format!("log text can be read as an option of `{name}`"),
                "log text may begin with `-`",
                "put `--` before it, or use a group that cannot begin with `-`".into(),
            ),
            Danger::Unjudged(name) => (
                format!("`{name}` may pass this argument to a shell"),
                "it holds log text and a space",
                "if it does, log text is code there; give the text an argument of its own: `\"$1\"`".into(),
            ),
            Danger::FileName => (
                "log text names the file that is written".into(),
                "`../` in the text leads to any other file",
                "write to a fixed file, or use a group that cannot hold `/`".into(),
            ),
            Danger::SentFile(name) => (
                format!("log text can name a file that `{name}` sends"),
                "text that begins with `@` is the name of a file",
                "use `--data-raw` or `--form-string`, or put other text before it".into(),
            ),
            Danger::ExtraLine(name) => (
                format!("log text can make a line of its own for `{name}`"),
                "the shell's `echo` turns the characters `\\n` of the log into a line break",
                "use `pipe`, or `printf '%s\\n' \"$0\"` instead of `echo`".into(),
            ),
            Danger::MailHeader(name) => (
                format!("log text can add headers to the mail for `{name}`"),
                "`echo` of sh turns the two characters `\\n` of the log into a line break",
                "use the action `mail`, or `printf '%s\\n' \"$1\"` and put the text below the empty line".into(),
            ),
            Danger::Tilde(name) => (
                format!("log text can begin a line with `~` for `{name}`"),
                "some versions of it run such a line as a command",
                "use the action `mail`, or put other text before it".into(),
            ),
            Danger::Format => (
                "log text is the format of `printf`".into(),
                "`%` and `\\` in it have a meaning",
                "write `printf '%s\\n' \"$1\"`".into(),
            ),
        }
    }
}
