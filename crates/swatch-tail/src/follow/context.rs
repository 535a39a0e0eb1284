//! What all names of one follower share.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use super::FollowOptions;
use super::rotation::target;
use super::seen::Seen;
use super::stream::{Start, Stream};
use super::watcher::Watcher;
use crate::block::Block;
use crate::checkpoint::{Checkpoint, Progress, Saved};
use crate::fingerprint::FileId;
use crate::notice::Notice;

#[derive(Debug)]
pub(super) struct Context {
    pub(super) options: FollowOptions,
    pub(super) checkpoint: Checkpoint,
    pub(super) watcher: Watcher,
    pub(super) seen: Seen,
    /// Used blocks, for their memory.
    pub(super) spare: Vec<Block>,
    /// Notices that belong to no generation of a file.
    pub(super) notices: VecDeque<Notice>,
    /// A file was let go that another name may have waited for.
    pub(super) released: bool,
}

impl Context {
    pub(super) fn tell(&mut self, notice: Notice) {
        self.notices.push_back(notice);
    }

    /// Lets go of files that were opened too early: they are known, and will be found again.
    pub(super) fn put_back(&mut self, streams: Vec<Stream>) {
        for stream in streams {
            if let Some(watch) = stream.watch {
                self.watcher.forget_file(watch);
            }
            match stream.file() {
                Some(_) => self.seen.remember(stream.known()),
                // Nothing of a compressed one has been handed over.
                None => stream.progress.forget(),
            }
        }
    }

    /// Begins to keep the position of a file of which nothing was known.
    pub(super) fn keep(
        &self,
        path: &Path,
        id: FileId,
        start: &Start,
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
            print: start.print(),
        })
    }
}
