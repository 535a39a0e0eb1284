//! The sources of records: followed files, one pass over a file, a command, the journal.

mod command;
mod examine;
mod file_event;
mod follow;
mod journal;
mod producer;

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::libc::{S_IFMT, S_IFREG};
use nix::sys::stat::{FileStat, fstat};
use swatch_common::sanitize::Sanitized;
use swatch_tail::{Block, Chunks, FollowError, FollowerId, Origin, Separator, Waker};

use crate::log::{EventKind, Level, LogEvent};

pub use command::CommandPlan;
pub use file_event::log_event;
pub use follow::FollowPlan;
pub use journal::{Cursors, JournalPlan};

/// An event from a source.
pub enum SourceEvent {
    /// Records, and where to acknowledge them.
    Records(Block, Ack),
    /// An event that the user should know of.
    Notice(LogEvent),
    /// [`Waker::wake`] was called.
    Woken,
    /// Nothing to read for now; the reactor reports when there is.
    Idle,
    /// Nothing more will come.
    End(Exit),
}

/// A message without a kind of its own.
fn notice(level: Level, text: String) -> SourceEvent {
    SourceEvent::Notice(LogEvent::new(level, EventKind::Message, text))
}

/// The end of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// As expected.
    Finished,
    /// It should not have ended; the text says why it did.
    Failed(String),
}

/// Acknowledges records whose actions are done.
#[derive(Clone)]
pub enum Ack {
    /// The source keeps no position.
    None,
    /// A followed file.
    File(Origin),
    /// The journal.
    Journal(Arc<Cursors>),
}

impl Ack {
    /// The actions of all records up to this offset of the source are done.
    pub fn done(&self, offset: u64) {
        match self {
            Ack::None => {}
            Ack::File(origin) => origin.ack(offset),
            Ack::Journal(cursors) => cursors.done(offset),
        }
    }
}

/// An open source. One thread reads it; [`Source::waker`] interrupts it from others.
pub trait Source: Send {
    /// Waits for the next event.
    fn next(&mut self) -> SourceEvent;

    /// Interrupts the wait.
    fn waker(&self) -> Waker;

    /// The name in a reactor, for a source whose `next` never waits.
    fn follower_id(&self) -> Option<FollowerId> {
        None
    }

    /// Gives back a block, so that its memory is reused.
    fn recycle(&mut self, _block: Block) {}

    /// A plain file that ends, for several threads to read at once; nothing has been read of it.
    /// `next` is not called after that.
    ///
    /// # Errors
    /// The properties of the file cannot be read.
    fn chunks(&mut self) -> io::Result<Option<Chunks>> {
        Ok(None)
    }

    /// The message for an error while reading.
    fn read_error(&self, error: &io::Error) -> String {
        error.to_string()
    }

    /// Lines for USR1: how far it is.
    fn status(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A source before it is opened.
#[derive(Debug, Clone)]
pub enum SourcePlan {
    /// Followed files.
    Follow(FollowPlan),
    /// A file that is read once; `-` is standard input.
    Examine(PathBuf),
    /// The output of a command.
    Command(CommandPlan),
    /// The journal.
    Journal(JournalPlan),
}

/// The splitting of input into records.
#[derive(Debug, Clone)]
pub struct Splitting {
    /// The end of a record.
    pub separator: Separator,
    /// Bytes of a record that are kept, for a source without an end.
    pub max_record: usize,
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file to be read once.
    #[error("cannot examine {name}: {source}")]
    Examine {
        /// The file, as messages name it.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
    /// It is a directory.
    #[error("cannot examine {}: it is a directory; name a file in it", Sanitized::path(.0))]
    Directory(PathBuf),
    /// It is written by this process.
    #[error(
        "{} is this program's own {stream}: it would act on its own output for ever",
        Sanitized::path(path)
    )]
    OwnOutput {
        /// The file.
        path: PathBuf,
        /// Standard output or standard error.
        stream: &'static str,
    },
    /// Followed files.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// A command or journalctl.
    #[error("cannot start {name}: {source}")]
    Start {
        /// The command, as messages name it.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl SourcePlan {
    /// Opens the source.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, splitting: &Splitting) -> Result<Box<dyn Source>, OpenError> {
        Ok(match self {
            SourcePlan::Follow(plan) => Box::new(follow::Follow::open(plan, splitting)?),
            SourcePlan::Examine(path) => examine::open(path, splitting)?,
            SourcePlan::Command(plan) => Box::new(command::Command::start(plan, splitting)?),
            SourcePlan::Journal(plan) => Box::new(journal::Journal::start(plan, splitting)?),
        })
    }
}

/// Refuses to read a file that is our own output: an action that prints would cause itself.
fn refuse_own_output(path: &Path, file: &impl AsFd) -> Result<(), OpenError> {
    let identity = |stat: FileStat| (stat.st_dev, stat.st_ino);
    let is_regular = |stat: &FileStat| stat.st_mode & S_IFMT == S_IFREG;
    let Some(own) = fstat(file).ok().filter(is_regular).map(identity) else {
        return Ok(());
    };
    let streams = [
        ("standard output", fstat(io::stdout())),
        ("standard error", fstat(io::stderr())),
    ];
    for (stream, stat) in streams {
        if stat.is_ok_and(|stat| identity(stat) == own) {
            return Err(OpenError::OwnOutput {
                path: path.to_owned(),
                stream,
            });
        }
    }
    Ok(())
}
