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

/// How input is split into records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitOptions {
    /// What ends a record.
    pub separator: Separator,
    /// How many bytes of a record are kept; what follows them is skipped and reported. `None`
    /// keeps all, in memory. Default 1 MiB.
    pub max_record: Option<usize>,
    /// How many bytes are read at once when there is much to read. Default 256 KiB.
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
