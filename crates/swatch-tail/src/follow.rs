//! Following files.

mod compressed;
mod context;
mod file;
mod follower;
mod generation;
mod missed_generations;
mod options;
mod path;
mod reactor;
mod recently_closed;
mod siblings;
mod sparse;
mod writers;

pub use follower::{Event, FileStatus, Follower};
pub use options::{FollowError, FollowOptions};
pub use reactor::{FollowerId, Reactor};
