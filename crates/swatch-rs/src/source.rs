//! Where records come from: followed files, one pass over a file, a command, the journal.

mod command;
mod examine;
mod follow;
mod journal;
mod producer;

use std::path::PathBuf;
use std::sync::Arc;

use swatch_tail::{Block, Chunks, Origin, Separator, Waker};

use crate::log::Level;

pub use command::CommandPlan;
pub use follow::FollowPlan;
pub use journal::{Cursors, JournalPlan};

/// What a source says.
pub enum Arrival {
    /// Records, and whom to tell when they are done.
    Records(Block, Receipt),
    /// Something for the user.
    Notice(Level, String),
    /// [`Waker::wake`] was called.
    Woken,
    /// Nothing more will come.
    End(Ending),
}

/// How a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As expected.
    Done,
    /// It should not have: the text says why.
    Broken(String),
}

/// Takes note of how far the actions of a source's records are done.
#[derive(Clone)]
pub enum Receipt {
    /// A source that keeps no position.
    None,
    /// A followed file.
    File(Origin),
    /// The journal.
    Journal(Arc<Cursors>),
}

impl Receipt {
    /// The actions of all records up to this offset of the source are done.
    pub fn done(&self, offset: u64) {
        match self {
            Receipt::None => {}
            Receipt::File(origin) => origin.ack(offset),
            Receipt::Journal(cursors) => cursors.done(offset),
        }
    }
}

/// A source at work. It is read by one thread; [`Source::waker`] interrupts it from others.
pub trait Source: Send {
    /// Waits for the next arrival.
    fn next(&mut self) -> Arrival;

    /// Interrupts the wait.
    fn waker(&self) -> Waker;

    /// Gives back a block, so that its memory is used again.
    fn recycle(&mut self, _block: Block) {}

    /// A plain file that ends, for several threads to read at once; nothing has been read of it.
    /// `next` is not called any more then.
    ///
    /// # Errors
    /// What could not be found out of the file.
    fn chunks(&mut self) -> Result<Option<Chunks>, String> {
        Ok(None)
    }

    /// A reading error as users are told.
    fn trouble(&self, error: &std::io::Error) -> String {
        error.to_string()
    }

    /// Lines for USR1: how far it is.
    fn status(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What to read, before anything is opened.
#[derive(Debug, Clone)]
pub enum SourcePlan {
    /// Follow files.
    Follow(FollowPlan),
    /// Read once; `-` is standard input.
    Once(PathBuf),
    /// Read what a command prints.
    Command(CommandPlan),
    /// Follow the journal.
    Journal(JournalPlan),
}

/// How input becomes records, for every kind of source.
#[derive(Debug, Clone)]
pub struct Splitting {
    /// What ends a record.
    pub separator: Separator,
    /// Bytes of a record that are kept, for a source that does not end by itself.
    pub max_record: usize,
}

impl SourcePlan {
    /// Opens the source.
    ///
    /// # Errors
    /// What could not be opened or started, and why.
    pub fn open(&self, splitting: &Splitting) -> Result<Box<dyn Source>, String> {
        Ok(match self {
            SourcePlan::Follow(plan) => Box::new(follow::Follow::open(plan, splitting)?),
            SourcePlan::Once(path) => examine::open(path, splitting)?,
            SourcePlan::Command(plan) => Box::new(command::Command::start(plan, splitting)?),
            SourcePlan::Journal(plan) => Box::new(journal::Journal::start(plan, splitting)?),
        })
    }
}
