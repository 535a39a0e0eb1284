//! Running the system's programs: by argv and never by a shell, found in a fixed path, with an empty environment,
//! bounded in time and in output.

use std::{
    cell::RefCell,
    io::{ErrorKind, Read, Write},
    os::{fd::AsFd, unix::process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// How much of a program's output is kept for a caller that wants all of it: a listing of 100,000 addresses fits.
const MAX_OUTPUT: usize = 64 << 20;

/// How much of a program's standard error is kept. The rest is read, so that it does not block, and thrown away.
const MAX_ERRORS: usize = 4096;

/// How much of a program's complaint is quoted in a message, in characters.
const MAX_COMPLAINT: usize = 600;

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
    /// Its time zone instead of ours.
    pub time_zone: Option<&'a str>,
}

/// What a program that ended well has printed.
#[derive(Debug, Default)]
pub struct Output {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is in no folder of the path.
    #[error("{program}: not found in {path}: install it, or name its folder in the setting `path`")]
    Missing {
        /// The program's name.
        program: String,
        /// The folders that were searched.
        path: String,
    },
    /// It is there but does not start.
    #[error("{program}: cannot be started: {source}")]
    Start {
        /// The program's name.
        program: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It ended badly.
    #[error("`{command}` {how}{complaint}")]
    Failed {
        /// The whole command, quoted for a shell.
        command: String,
        /// `ended with exit code 1`, `was ended by signal 9`.
        how: String,
        /// What it wrote, after a colon, or nothing.
        complaint: String,
    },
    /// It did not end in time and was killed.
    #[error("`{command}` did not end within {seconds} s and was killed")]
    Slow {
        /// The whole command, quoted for a shell.
        command: String,
        /// The limit.
        seconds: f64,
    },
    /// Programs before it have used up the time of the event.
    #[error("`{command}` was not run: programs before it took all of `time_limit`")]
    NoTime {
        /// The whole command, quoted for a shell.
        command: String,
    },
}

impl ProgramError {
    /// Whether it is certain that the program did nothing at all.
    #[must_use]
    pub fn never_ran(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Start { .. } | Self::NoTime { .. } => true,
            Self::Failed { complaint, .. } => {
                complaint.contains("Permission denied")
                    || complaint.contains("Operation not permitted")
            }
            Self::Slow { .. } => false,
        }
    }
}

impl Runner {
    /// A runner that searches `path` (folders joined by colons) and gives each program `limit` of time.
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
            path: path.to_owned(),
            limit: Duration::ZERO,
            deadline: None,
            notes: Some(RefCell::default()),
        }
    }

    /// What a dry run would have run, in order; empty for a runner that runs.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.notes
            .as_ref()
            .map(|notes| notes.borrow_mut().drain(..).collect())
            .unwrap_or_default()
    }

    /// Whether programs are only noted.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        self.notes.is_some()
    }

    /// The program's place: a name with a slash is taken as it is, another is searched in the path.
    ///
    /// # Errors
    /// [`ProgramError::Missing`].
    pub fn find(&self, program: &str) -> Result<PathBuf, ProgramError> {
        let found = if program.contains('/') {
            Some(PathBuf::from(program))
        } else {
            std::env::split_paths(&self.path)
                .filter(|folder| folder.is_absolute())
                .map(|folder| folder.join(program))
                .find(|candidate| is_program(candidate))
        };
        found
            .filter(|place| is_program(place))
            .ok_or_else(|| ProgramError::Missing {
                program: program.to_owned(),
                path: self.path.clone(),
            })
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`ProgramError`]; an exit code other than 0 is one.
    pub fn run(&self, argv: &[&str], input: &[u8]) -> Result<Output, ProgramError> {
        self.call(self.program(argv, input))
    }

    /// Runs a program that reads or writes so many entries, with more time for many.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn run_bulk(
        &self,
        argv: &[&str],
        input: &[u8],
        entries: usize,
    ) -> Result<Output, ProgramError> {
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
    pub fn call(&self, call: Call<'_>) -> Result<Output, ProgramError> {
        let Call {
            argv,
            input,
            limit,
            time_zone,
        } = call;
        let command = shell_words(argv);
        if let Some(notes) = &self.notes {
            notes.borrow_mut().push(with_input(&command, input));
            return Ok(Output::default());
        }
        let (program, arguments) = argv.split_first().ok_or_else(|| ProgramError::Missing {
            program: "(an empty command)".to_owned(),
            path: self.path.clone(),
        })?;
        let program = self.find(program)?;
        let limit = self
            .deadline
            .map_or(limit, |end| limit.min(end - Instant::now().min(end)));
        if limit.is_zero() {
            return Err(ProgramError::NoTime { command });
        }
        let zone = time_zone.map(Into::into).or_else(|| std::env::var_os("TZ"));
        let mut child = Command::new(&program)
            .args(arguments)
            .env_clear()
            .env("PATH", &self.path)
            .env("LANG", "C")
            .envs(zone.map(|zone| ("TZ", zone)))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| ProgramError::Start {
                program: program.display().to_string(),
                source,
            })?;
        let deadline = Instant::now() + limit;
        let mut output = Output::default();
        let status = converse(&mut child, input, &mut output, deadline);
        let Some(status) = status else {
            let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
            let _ = child.wait();
            return Err(ProgramError::Slow {
                command,
                seconds: limit.as_secs_f64().round(),
            });
        };
        if status.success() {
            Ok(output)
        } else {
            Err(failed(command, status, &output))
        }
    }
}

/// Feeds and drains a child until it has ended; `None` when the deadline came first.
///
/// The child's end counts, not the end of its streams: a daemon that it leaves behind may hold those open for ever.
fn converse(
    child: &mut Child,
    input: &[u8],
    output: &mut Output,
    deadline: Instant,
) -> Option<ExitStatus> {
    let mut stdin = child.stdin.take().filter(|_| !input.is_empty());
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    if let Some(stream) = &stdin {
        unblock(stream);
    }
    if let Some(stream) = &stdout {
        unblock(stream);
    }
    if let Some(stream) = &stderr {
        unblock(stream);
    }
    let mut written = 0;
    let mut pause = Duration::from_micros(100);
    let mut ended = None;
    loop {
        let open = stdout.is_some() || stderr.is_some() || stdin.is_some();
        if open {
            let mut waits = Vec::with_capacity(3);
            if let Some(stream) = &stdin {
                waits.push(PollFd::new(stream.as_fd(), PollFlags::POLLOUT));
            }
            if let Some(stream) = &stdout {
                waits.push(PollFd::new(stream.as_fd(), PollFlags::POLLIN));
            }
            if let Some(stream) = &stderr {
                waits.push(PollFd::new(stream.as_fd(), PollFlags::POLLIN));
            }
            let wait = if ended.is_some() { 0 } else { 50_u16 };
            let ready = poll(&mut waits, PollTimeout::from(wait)).unwrap_or(0);
            if ready == 0 && ended.is_some() {
                return ended;
            }
        }
        if let Some(stream) = &mut stdin {
            match stream.write(&input[written..]) {
                Ok(count) => written += count,
                Err(error) if would_block(&error) => {}
                Err(_) => written = input.len(),
            }
            if written >= input.len() {
                stdin = None;
            }
        }
        drain(&mut stdout, &mut output.stdout, MAX_OUTPUT, deadline);
        drain(&mut stderr, &mut output.stderr, MAX_ERRORS, deadline);
        if ended.is_none() {
            ended = child.try_wait().ok().flatten();
            if ended.is_some() {
                // It has read all that it wanted.
                stdin = None;
            }
        } else if stdout.is_none() && stderr.is_none() {
            return ended;
        }
        if ended.is_none() && Instant::now() >= deadline {
            return None;
        }
        if ended.is_none() && stdout.is_none() && stderr.is_none() && stdin.is_none() {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }
}

fn drain<R: Read>(stream: &mut Option<R>, kept: &mut Vec<u8>, most: usize, deadline: Instant) {
    let mut buffer = [0; 65_536];
    let Some(open) = stream else { return };
    // A program that writes without end must not keep us from seeing the deadline.
    while Instant::now() < deadline {
        match open.read(&mut buffer) {
            Ok(0) => {
                *stream = None;
                break;
            }
            Ok(count) => {
                let room = most.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(error) if would_block(&error) => break,
            Err(_) => {
                *stream = None;
                break;
            }
        }
    }
}

fn would_block(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn unblock(stream: &impl AsFd) {
    // A pipe that stays blocking only costs the time limit's precision, so a refusal is not worth an error.
    let _ = fcntl(stream, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
}

fn failed(command: String, status: ExitStatus, output: &Output) -> ProgramError {
    use std::os::unix::process::ExitStatusExt;
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended badly".to_owned(),
    };
    let words = if output.stderr.is_empty() {
        &output.stdout
    } else {
        &output.stderr
    };
    let said = swatch_common::sanitize::lines(words.trim_ascii());
    let said: Vec<&str> = said.lines().map(str::trim).collect();
    let said: String = said.join(" / ").chars().take(MAX_COMPLAINT).collect();
    let complaint = if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    };
    ProgramError::Failed {
        command,
        how,
        complaint,
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The words as one would type them in a shell, for messages.
#[must_use]
pub fn shell_words(argv: &[&str]) -> String {
    let words: Vec<String> = argv.iter().map(|word| shell_word(word)).collect();
    words.join(" ")
}

/// One word quoted for `sh`, only where it must be.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,+@%=".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn with_input(command: &str, input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines().filter(|line| !line.is_empty());
    match (lines.next(), lines.count()) {
        (None, _) => command.to_owned(),
        (Some(line), 0) => format!("echo {} | {command}", shell_word(line)),
        (Some(line), more) => format!("{command}  <<  {line} (and {more} more lines)"),
    }
}

#[cfg(test)]
mod tests;
