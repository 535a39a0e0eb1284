//! Options and errors of following.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use swatch_common::sanitize::Sanitized;

use crate::SplitOptions;

/// Options for following files. `FollowOptions::default()` behaves like `tail -n 0 -F`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOptions {
    /// The way input is split into records.
    pub split: SplitOptions,
    /// If set, files that exist at the start and have no saved position are read from their
    /// beginning instead of from their end. Off by default. Files that appear later are always read
    /// from their beginning.
    pub from_start: bool,
    /// The interval at which files are checked without an event, for network file systems, and in
    /// case events are lost. Default 1 s.
    pub stat_interval: Duration,
    /// The interval at which glob patterns are matched again. Default 10 s.
    pub glob_interval: Duration,
    /// The time that the old file of a rotation must have been quiet before it is closed and its
    /// last line, if unfinished, is handed over. Default 10 s.
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

/// The reason why following cannot start or go on. Problems with single files while following are
/// reported as [`FileEvent`](crate::FileEvent)s instead, and retried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// A path to be followed is not a regular file.
    #[error("cannot follow {}: it is {kind}, not a plain file{hint}", Sanitized::path(.path))]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// The kind of file it is, with its article.
        kind: &'static str,
        /// A hint at the alternative; may be empty.
        hint: &'static str,
    },
    /// The system refuses what every follower needs.
    #[error("cannot wait for log files: {0}")]
    System(#[from] io::Error),
}
