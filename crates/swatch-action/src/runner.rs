//! Running the system's programs: by argv and never by a shell, found in a fixed path, with an
//! empty environment, bounded in time and in output.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use swatch_common::{
    process::{self, Exit, Finished, Input, Limits},
    sanitize, shell_quote,
};

/// The bytes of a program's output that are kept: a listing of 400,000 addresses fits.
const MAX_OUTPUT: usize = 64 << 20;

/// The characters of a program's standard error that are quoted in a message.
const MAX_QUOTED: usize = 600;

/// Runs programs. In a dry run it only notes what it would have run.
#[derive(Debug)]
pub struct Runner {
    path: String,
    limit: Duration,
    /// The end of all time that an event may spend on programs.
    deadline: Option<Instant>,
    notes: Option<RefCell<Vec<String>>>,
}

/// One program to run.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The program and its arguments.
    pub argv: &'a [&'a str],
    /// Its standard input.
    pub input: &'a [u8],
    /// The time it may take; never more than what the runner has left.
    pub limit: Duration,
    /// The time zone to run it in, instead of this process's.
    pub time_zone: Option<&'a str>,
}

/// The output of a program that succeeded.
#[derive(Debug, Default)]
pub struct Printed {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// The first 4 KiB of its standard error.
    pub stderr: Vec<u8>,
}

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is in no directory of the path.
    #[error(
        "{program}: not found in {path}: install it, or name its directory in the setting `path`"
    )]
    Missing {
        /// The program's name.
        program: String,
        /// The directories that were searched.
        path: String,
    },
    /// It was started, or could not be, and did not succeed.
    #[error("`{command}` {exit}{said}")]
    Failed {
        /// The whole command, quoted for a shell.
        command: String,
        /// Its end.
        exit: Exit,
        /// Its error message after a colon, or nothing.
        said: String,
    },
    /// Programs before it have used up the time of the event.
    #[error("`{command}` was not run: programs before it took all of `time_limit`")]
    NoTime {
        /// The whole command, quoted for a shell.
        command: String,
    },
}

impl ProgramError {
    /// True if it is certain that the program changed nothing.
    #[must_use]
    pub fn never_ran(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::NoTime { .. } => true,
            Self::Failed { exit, said, .. } => match exit {
                Exit::NotStarted(_) => true,
                Exit::Code(_) => {
                    said.contains("Permission denied") || said.contains("Operation not permitted")
                }
                _ => false,
            },
        }
    }

    /// True if it was ended because its time was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                exit: Exit::TimedOut(_),
                ..
            }
        )
    }
}

impl Runner {
    /// A runner that searches `path` (directories joined by colons) and gives each program `limit`.
    #[must_use]
    pub fn new(path: &str, limit: Duration) -> Self {
        Self {
            path: path.to_owned(),
            limit,
            deadline: None,
            notes: None,
        }
    }

    /// A runner whose programs together get `limit`, counted from now: a firewall program that
    /// hangs costs an event this much once, and not once for each call.
    #[must_use]
    pub fn for_event(path: &str, limit: Duration) -> Self {
        Self {
            deadline: Some(Instant::now() + limit),
            ..Self::new(path, limit)
        }
    }

    /// A runner that runs nothing and notes everything.
    #[must_use]
    pub fn dry(path: &str) -> Self {
        Self {
            notes: Some(RefCell::default()),
            ..Self::new(path, Duration::ZERO)
        }
    }

    /// The commands that a dry run would have run, in order; empty for a runner that runs.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes
            .as_ref()
            .map(|notes| notes.borrow_mut().drain(..).collect())
            .unwrap_or_default()
    }

    /// True if programs are only noted.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.notes.is_some()
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`ProgramError`]; an exit code other than 0 is one.
    pub fn run(&self, argv: &[&str], input: &[u8]) -> Result<Printed, ProgramError> {
        self.call(self.program(argv, input))
    }

    /// Runs a program that reads or writes this many entries, with a time limit that grows with
    /// them.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn run_bulk(
        &self,
        argv: &[&str],
        input: &[u8],
        entries: usize,
    ) -> Result<Printed, ProgramError> {
        let more = Duration::from_millis(entries as u64);
        let program = self.program(argv, input);
        self.call(Call {
            limit: program.limit + more,
            ..program
        })
    }

    /// The limit for a program that others follow. In an event it is a third of the whole, so that
    /// those others find some time left.
    #[must_use]
    pub fn share(&self) -> Duration {
        if self.deadline.is_some() {
            self.limit / 3
        } else {
            self.limit
        }
    }

    /// A program as [`Runner::run`] would run it.
    #[must_use]
    pub fn program<'a>(&self, argv: &'a [&'a str], input: &'a [u8]) -> Call<'a> {
        Call {
            argv,
            input,
            limit: self.limit,
            time_zone: None,
        }
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn call(&self, call: Call<'_>) -> Result<Printed, ProgramError> {
        let command = shell_quote::join(call.argv);
        if let Some(notes) = &self.notes {
            notes.borrow_mut().push(with_input(&command, call.input));
            return Ok(Printed::default());
        }
        let (program, arguments) = call.argv.split_first().unwrap_or((&"", &[]));
        let program = process::find(program, &self.path).ok_or_else(|| ProgramError::Missing {
            program: (*program).to_owned(),
            path: self.path.clone(),
        })?;
        let left = self
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let time = left.map_or(call.limit, |left| left.min(call.limit));
        if time.is_zero() {
            return Err(ProgramError::NoTime { command });
        }
        let mut child = process::isolated_command(program, &self.path);
        child.args(arguments);
        if let Some(zone) = call.time_zone {
            child.env("TZ", zone);
        }
        let limits = Limits {
            time: Some(time),
            stdout: process::Output::Capture(MAX_OUTPUT),
            ..Limits::default()
        };
        let input = if call.input.is_empty() {
            Input::Null
        } else {
            Input::Bytes(call.input)
        };
        let finished = process::run(&mut child, input, &limits);
        if finished.exit.is_success() {
            Ok(Printed {
                stdout: finished.stdout.bytes,
                stderr: finished.stderr.bytes,
            })
        } else {
            Err(failed(command, finished))
        }
    }
}

fn failed(command: String, finished: Finished) -> ProgramError {
    let words = if finished.stderr.bytes.is_empty() {
        &finished.stdout.bytes
    } else {
        &finished.stderr.bytes
    };
    // The start is enough, however much it was.
    let words = &words[..words.len().min(4 * MAX_QUOTED)];
    let said = sanitize::lines(words.trim_ascii());
    let said: Vec<&str> = said.lines().map(str::trim).collect();
    let said: String = said.join(" / ").chars().take(MAX_QUOTED).collect();
    ProgramError::Failed {
        command,
        exit: finished.exit,
        said: if said.is_empty() {
            said
        } else {
            format!(": {said}")
        },
    }
}

fn with_input(command: &str, input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines().filter(|line| !line.is_empty());
    match (lines.next(), lines.count()) {
        (None, _) => command.to_owned(),
        (Some(line), 0) => format!("echo {} | {command}", shell_quote::word(line)),
        (Some(line), more) => format!("{command}  <<  {line} (and {more} more lines)"),
    }
}

#[cfg(test)]
mod tests;
