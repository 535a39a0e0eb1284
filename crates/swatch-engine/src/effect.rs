//! The input and the output of a decision: a clock reading and effects.

use std::time::Duration;

/// The time at which a record is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// Whole seconds of a monotonic clock. They start at the same instants as those of the wall
    /// clock did at the start, because windows consist of whole seconds.
    pub seconds: i64,
    /// Seconds since the epoch by the wall clock, used only for the year of time stamps.
    pub wall: i64,
    /// Local day of the week, 0 is Sunday.
    pub weekday: u8,
    /// Local hour, 0 to 23.
    pub hour: u8,
}

/// An action to perform. All variables in its texts have been replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write the text and a newline to standard output.
    Echo {
        /// The message.
        text: Vec<u8>,
        /// SGR parameters around it (`1;31`).
        sgr: Option<String>,
    },
    /// Write BEL characters to standard output.
    Bell {
        /// Their number.
        rings: u32,
        /// Pause after each.
        delay: Duration,
    },
    /// Run a command and wait for it.
    Exec(Invocation),
    /// Run a command with the message as its standard input.
    Pipe {
        /// The command.
        command: Invocation,
        /// Its input, to which nothing is added.
        message: Vec<u8>,
        /// Keep the process for the next message (each is then followed by a newline).
        keep_open: bool,
    },
    /// Send a mail. Header values hold no line breaks.
    Mail {
        /// Recipients, separated by commas; none: the login name of the real user.
        to: Option<Vec<u8>>,
        /// Subject.
        subject: Vec<u8>,
        /// Text; a newline follows.
        body: Vec<u8>,
        /// Command that takes the mail instead of `sendmail -oi -t`.
        mailer: Option<Invocation>,
    },
    /// Write a message to users' terminals.
    Write {
        /// The addressees.
        users: Vec<Addressee>,
        /// Text; a newline follows.
        text: Vec<u8>,
        /// Command that takes it instead of `/usr/bin/write`; the user is its last argument.
        program: Option<Invocation>,
    },
    /// End the watch after the effects before this one.
    Quit,
}

/// An addressee of `write`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Login name.
    pub login: Vec<u8>,
    /// The words after it in the configuration: the terminal, for write(1).
    pub more: Vec<Vec<u8>>,
}

impl Addressee {
    /// Login name and the rest, as arguments.
    pub fn words(&self) -> impl Iterator<Item = &[u8]> {
        let more = self.more.iter().map(Vec::as_slice);
        std::iter::once(self.login.as_slice()).chain(more)
    }
}

/// A command ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Program and arguments, without a shell. Never empty, no NUL in it.
    Direct(Vec<Vec<u8>>),
    /// Text for `/bin/sh -c`. No NUL in it.
    Shell(Vec<u8>),
}
