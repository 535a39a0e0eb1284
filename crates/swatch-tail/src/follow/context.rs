//! State shared by all followed paths of one follower.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::FollowOptions;
use super::file::OpenError;
use super::generation::{Generation, StartPoint};
use super::reactor::Subscription;
use super::recently_closed::RecentlyClosed;
use super::siblings::target;
use crate::checkpoint::{Checkpoint, Progress, Saved};
use crate::event::FileEvent;
use crate::fingerprint::FileId;
use crate::records::block::Block;

#[derive(Debug)]
pub(super) struct Context {
    pub(super) options: FollowOptions,
    pub(super) checkpoint: Checkpoint,
    pub(super) subscription: Subscription,
    pub(super) recently_closed: RecentlyClosed,
    /// Used blocks, for their memory.
    pub(super) spare: Vec<Block>,
    /// Events that belong to no generation of a file.
    pub(super) events: VecDeque<FileEvent>,
    /// A file was closed that another path may be waiting for.
    pub(super) released: bool,
    /// Files were changing while they were looked at: look again soon.
    pub(super) retry_soon: bool,
}

impl Context {
    pub(super) fn report(&mut self, event: FileEvent) {
        self.events.push_back(event);
    }

    /// Lets go of files that were opened too early: they will be found again. What was not known
    /// of them before is forgotten, because they have not been read, and may be compressed until
    /// then.
    pub(super) fn put_back(&mut self, generations: Vec<Generation>) {
        for generation in generations {
            if let Some(watch) = generation.watch {
                self.subscription.forget_file(watch);
            }
            match generation.position() {
                0 => generation.progress.forget(),
                _ => self.recently_closed.put_back(generation.known()),
            }
        }
    }

    /// Something failed that is to be tried again.
    pub(super) fn retry(&mut self, failure: &OpenError) {
        self.retry_soon |= matches!(failure, OpenError::Changing);
    }

    /// Begins to keep the position of a file of which nothing was known.
    pub(super) fn keep(
        &self,
        path: &Path,
        id: FileId,
        start: &StartPoint,
        opened: u64,
        replaced: bool,
    ) -> Arc<Progress> {
        self.checkpoint.keep(Saved {
            path: path.to_owned(),
            place: target(path),
            id,
            offset: start.at,
            opened,
            modified: 0,
            replaced,
            unread: false,
            fingerprint: start.fingerprint(),
        })
    }
}
