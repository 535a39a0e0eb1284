//! What can be set about following, and what can go wrong.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use swatch_common::sanitize::Sanitized;

use crate::SplitOptions;

/// How files are followed. `FollowOptions::default()` is what `tail -n 0 -F` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOptions {
    /// What a record is.
    pub split: SplitOptions,
    /// Whether files that exist at the start and have no saved position are read from their
    /// beginning instead of from their end. Default no. Files that appear later always are.
    pub from_start: bool,
    /// How often files are looked at without an event, for network file systems, and in case
    /// events are lost. Default 1 s.
    pub stat_interval: Duration,
    /// How often glob patterns are matched again. Default 10 s.
    pub glob_interval: Duration,
    /// How long the old file of a rotation must have been quiet before it is let go, and its last
    /// line, if it is unfinished, is handed over. Default 10 s.
    pub quiet: Duration,
}

impl Default for FollowOptions {
    fn default() -> Self {
        FollowOptions {
            split: SplitOptions::default(),
            from_start: false,
            stat_interval: Duration::from_secs(1),
            glob_interval: Duration::from_secs(10),
            quiet: Duration::from_secs(10),
        }
    }
}

/// Why following cannot start or go on. What is wrong with single files while following is told by
/// [`FileEvent`](crate::FileEvent)s instead, and mends itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// A path to be followed is something else than a plain file.
    #[error("cannot follow {}: it is {kind}, not a plain file{hint}", Sanitized::path(.path))]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is, with its article.
        kind: &'static str,
        /// What to do instead; empty if there is nothing to say.
        hint: &'static str,
    },
    /// The system refuses what every follower needs.
    #[error("cannot wait for log files: {0}")]
    System(#[from] io::Error),
}
