//! Followed files.

use swatch_tail::{
    Block, Checkpoint, Event, FileStatus, FollowOptions, Follower, Pattern, SplitOptions, Waker,
};

use super::{Arrival, Ending, Receipt, Source, Splitting};
use crate::log::Level;

/// Which files, and from where on.
#[derive(Debug, Clone)]
pub struct FollowPlan {
    /// Paths and globs.
    pub patterns: Vec<Pattern>,
    /// Where positions are kept.
    pub checkpoint: Checkpoint,
    /// From the beginning where no position is known.
    pub from_start: bool,
}

/// A [`Follower`] as a source.
pub(super) struct Follow {
    follower: Follower,
}

impl Follow {
    pub(super) fn open(plan: &FollowPlan, splitting: &Splitting) -> Result<Self, String> {
        let options = FollowOptions {
            split: SplitOptions {
                separator: splitting.separator.clone(),
                max_record: Some(splitting.max_record),
                ..SplitOptions::default()
            },
            from_start: plan.from_start,
            ..FollowOptions::default()
        };
        let follower = Follower::open(plan.patterns.clone(), options, &plan.checkpoint)
            .map_err(|e| e.to_string())?;
        Ok(Self { follower })
    }
}

impl Source for Follow {
    fn next(&mut self) -> Arrival {
        loop {
            match self.follower.next(None) {
                Ok(Event::Records(block)) => {
                    let receipt = block.origin().cloned().map_or(Receipt::None, Receipt::File);
                    return Arrival::Records(block, receipt);
                }
                Ok(Event::File(event)) => {
                    let level = if event.is_warning() {
                        Level::Warning
                    } else {
                        Level::Notice
                    };
                    return Arrival::Notice(level, event.to_string());
                }
                Ok(Event::Woken) => return Arrival::Woken,
                Ok(Event::TimedOut) => {}
                Err(e) => return Arrival::End(Ending::Broken(e.to_string())),
            }
        }
    }

    fn waker(&self) -> Waker {
        self.follower.waker()
    }

    fn recycle(&mut self, block: Block) {
        self.follower.recycle(block);
    }

    fn status(&self) -> Vec<String> {
        let line = |file: &FileStatus| {
            let what = if file.replaced {
                "the rest of the replaced file"
            } else {
                "read"
            };
            let lag = file.size.saturating_sub(file.read);
            format!(
                "{}: {what} up to byte {}, {lag} bytes behind",
                file.path.display(),
                file.read
            )
        };
        self.follower.status().iter().map(line).collect()
    }
}
