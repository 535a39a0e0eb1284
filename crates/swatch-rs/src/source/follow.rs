//! Followed files.

use std::fs::File;

use swatch_common::sanitize::Sanitized;
use swatch_tail::{
    Block, Checkpoint, Event, FileStatus, FollowOptions, Follower, FollowerId, Pattern, Reactor,
    SplitOptions, Waker,
};

use super::{Ack, Exit, OpenError, Source, SourceEvent, Splitting, file_event, refuse_own_output};

/// The files, and where to start in them.
#[derive(Debug, Clone)]
pub struct FollowPlan {
    /// Paths and globs.
    pub patterns: Vec<Pattern>,
    /// Keeps the positions.
    pub checkpoint: Checkpoint,
    /// Waits for changes, on behalf of all watches. Without one the source itself waits.
    pub reactor: Option<Reactor>,
    /// Start at the beginning of files without a known position.
    pub from_start: bool,
}

/// A [`Follower`] as a source.
pub(super) struct Follow {
    follower: Follower,
    in_reactor: bool,
}

impl Follow {
    pub(super) fn open(plan: &FollowPlan, splitting: &Splitting) -> Result<Self, OpenError> {
        for path in plan.patterns.iter().flat_map(Pattern::expand) {
            if let Ok(file) = File::open(&path) {
                refuse_own_output(&path, &file)?;
            }
        }
        let options = FollowOptions {
            split: SplitOptions {
                separator: splitting.separator.clone(),
                max_record: Some(splitting.max_record),
                ..SplitOptions::default()
            },
            from_start: plan.from_start,
            ..FollowOptions::default()
        };
        let patterns = plan.patterns.clone();
        let follower = match &plan.reactor {
            Some(reactor) => Follower::open_in(reactor, patterns, options, &plan.checkpoint)?,
            None => Follower::open(patterns, options, &plan.checkpoint)?,
        };
        Ok(Self {
            follower,
            in_reactor: plan.reactor.is_some(),
        })
    }
}

impl Source for Follow {
    fn next(&mut self) -> SourceEvent {
        match self.follower.next(None) {
            Ok(Event::Records(block)) => {
                let ack = block.origin().cloned().map_or(Ack::None, Ack::File);
                SourceEvent::Records(block, ack)
            }
            Ok(Event::File(event)) => SourceEvent::Notice(file_event::log_event(&event)),
            Ok(Event::Woken) => SourceEvent::Woken,
            Ok(Event::TimedOut) => SourceEvent::Idle,
            Err(e) => SourceEvent::End(Exit::Failed(e.to_string())),
        }
    }

    fn waker(&self) -> Waker {
        self.follower.waker()
    }

    fn follower_id(&self) -> Option<FollowerId> {
        self.in_reactor.then(|| self.follower.id())
    }

    fn recycle(&mut self, block: Block) {
        self.follower.recycle(block);
    }

    fn status(&self) -> Vec<String> {
        let line = |file: &FileStatus| {
            let what = match file.replaced {
                true => "the rest of the replaced file",
                false => "read",
            };
            let lag = file.size.saturating_sub(file.read);
            format!(
                "{}: {what} up to byte {}, {lag} bytes behind",
                Sanitized::path(&file.path),
                file.read
            )
        };
        self.follower.status().iter().map(line).collect()
    }
}
