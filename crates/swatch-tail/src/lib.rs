//! Follows log files by name and by content, and splits input into records.
//!
//! ```text
//! log files ──Follower──┐
//!                       ├──▶ Block (whole records, where they come from) ──▶ ... ──▶ Origin::ack ──▶ Checkpoint::save
//! pipe, file ─RecordReader┘
//! ```
//!
//! * [`Follower`] follows any number of files through rename, copy-and-truncate, deletion,
//!   absence, moved symbolic links and several rotations between two looks.
//! * [`RecordReader`] splits any [`Read`](std::io::Read): a file in one pass, the output of a
//!   command, standard input. [`Chunks`] does so for a file that several threads read.
//! * Both hand over [`Block`]s of whole records, and [`FileEvent`]s that the user should know
//!   about.
//! * [`Checkpoint`] keeps the positions of the records whose actions are done, so that after a
//!   stop, a crash or `kill -9` nothing is lost.
//!
//! The library prints nothing, handles no signal, and starts no thread and no program. Rotated
//! files that were compressed (gzip, xz, zstd, bzip2, lz4) before they had been read are
//! decompressed in this process; [`open_once`] offers the same for a single pass.
//!
//! # Following
//!
//! ```no_run
//! use swatch_tail::{Checkpoint, Event, Follower, FollowOptions, Pattern};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let checkpoint = Checkpoint::in_memory();
//! let patterns = [Pattern::new("/var/log/messages"), Pattern::new("/var/log/app/*.log")];
//! let mut follower = Follower::open(patterns, FollowOptions::default(), &checkpoint)?;
//! loop {
//!     match follower.next(None)? {
//!         Event::Records(block) => {
//!             for record in block.records() {
//!                 println!("{}", String::from_utf8_lossy(record.bytes()));
//!             }
//!             if let Some(origin) = block.origin() {
//!                 origin.ack(block.end_offset());
//!             }
//!             checkpoint.save()?;
//!         }
//!         Event::File(event) => eprintln!("{event}"),
//!         Event::Woken => break, // after a call of `follower.waker().wake()`
//!         Event::TimedOut => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! *At least once.* A record is handed over at least once between the first start and the last
//! stop, in the order in which it was written to its file, and the old file of a rotation before
//! the new one (late lines of the old file come when they are written). After a restart with a
//! state the records after the last saved position are handed over again, no others. A line
//! that is not finished at the stop comes whole after the restart.
//!
//! Lines can be lost in these cases:
//!
//! * without a state, what is written while the follower is down, as with `tail -n 0 -F`;
//! * what a copy-and-truncate rotation itself loses: lines written between the copy and the
//!   truncation;
//! * lines in a file that was removed, or moved far away, while the follower was down; this is
//!   reported ([`FileEvent::Lost`], [`FileEvent::RotatedUnreadable`]);
//! * lines written to a rotated file after it was left ([`FileEvent::Left`]): when no process has
//!   it open for writing any more, or where that cannot be seen, at the next rotation;
//! * files that had the path and lost it again between two looks, if their new names tell no
//!   order (`log.1`, `log-20261122`, `app-20261122.log` do), or if the path is a symbolic link;
//! * a file that was truncated and rewritten with the same first bytes, and the same bytes before
//!   the position, as before.
//!
//! # How files are identified
//!
//! By device and inode, and by their content: the first 256 bytes, and the 256
//! before the position. So a truncated file is noticed whatever its new length, a copy of it is
//! found among its siblings, and a reused inode number is not mistaken for the old file.

mod checkpoint;
mod compressed;
mod event;
mod fingerprint;
mod follow;
mod pattern;
mod records;
mod waker;

pub use checkpoint::{
    Checkpoint, Loaded, Position, SavedLog, SavedPosition, SavedState, StateError, check_state_dir,
};
pub use compressed::{OnceReader, open_once};
pub use event::FileEvent;
pub use follow::{Event, FileStatus, FollowError, FollowOptions, Follower, FollowerId, Reactor};
pub use pattern::{Pattern, split_tail_file};
pub use records::{
    Block, Chunk, Chunks, Claim, Origin, Record, RecordReader, Records, Separator, SplitOptions,
    Step,
};
pub use waker::{Wait, Waker};
