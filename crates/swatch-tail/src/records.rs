//! Splitting bytes into records.

pub(crate) mod assembler;
pub(crate) mod block;
mod chunks;
mod reader;
mod separator;

pub use block::{Block, Origin, Record, Records};
pub use chunks::{Chunk, Chunks, Claim};
pub use reader::{RecordReader, Step};
pub use separator::Separator;

/// Options for splitting input into records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitOptions {
    /// The separator that ends a record.
    pub separator: Separator,
    /// The maximum length of a record in bytes; the excess is skipped and reported. `None` keeps
    /// all of it in memory. Default 1 MiB.
    pub max_record: Option<usize>,
    /// The number of bytes read at once when there is much to read. Default 256 KiB.
    pub block_size: usize,
}

impl Default for SplitOptions {
    fn default() -> Self {
        SplitOptions {
            separator: Separator::Newline,
            max_record: Some(1024 * 1024),
            block_size: 256 * 1024,
        }
    }
}
