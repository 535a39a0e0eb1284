//! `pipe …,keep_open`: one process for many messages.

use std::io::{self, Write};
use std::process::{Child, ChildStdin, Stdio};

use swatch_engine::Invocation;

use super::process::{Ended, Spawner, finish, shown};

/// A command whose standard input stays open.
pub(super) struct KeptPipe {
    command: Invocation,
    child: Child,
    input: ChildStdin,
}

impl KeptPipe {
    pub(super) fn start(command: &Invocation, spawner: &Spawner) -> io::Result<Self> {
        let mut child = spawner.spawn(command, Stdio::piped)?;
        let Some(input) = child.stdin.take() else {
            return Err(io::Error::other("started without a standard input"));
        };
        Ok(Self {
            command: command.clone(),
            child,
            input,
        })
    }

    pub(super) fn is(&self, command: &Invocation) -> bool {
        self.command == *command
    }

    /// Writes a message. The time limit holds for each message: a command that has stopped
    /// reading is ended.
    pub(super) fn write(&mut self, line: &[u8], spawner: &Spawner) -> io::Result<()> {
        let guard = spawner.guard(&self.child);
        let result = self.input.write_all(line);
        guard.finish();
        result
    }

    /// End of file for the command, then its end.
    pub(super) fn close(self, spawner: &Spawner) -> (String, io::Result<Ended>) {
        let Self {
            command,
            mut child,
            input,
        } = self;
        drop(input);
        let guard = spawner.guard(&child);
        (shown(&command), finish(&mut child, guard, spawner.limit()))
    }
}

/// A message for a kept command ends in exactly one newline, so that messages can be told apart.
pub(super) fn message_line(message: &[u8]) -> Vec<u8> {
    let mut line = message.to_vec();
    if line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
    line
}
