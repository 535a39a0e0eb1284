//! A file that several threads read at once.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use memchr::memchr;

/// The number of used buffers that are kept for reuse.
const SPARES: usize = 16;

/// The number of bytes read past a chunk to find the end of its last line.
const TAIL: usize = 4 * 1024;

/// The maximum number of bytes read at once to find the end of a line.
const MOST: usize = 16 * 1024 * 1024;

/// Reads a file of lines once, by any number of threads, each a chunk at a time.
///
/// A single reader that all threads wait for would limit a fast search. Here each thread claims a
/// part of the file, which costs next to nothing, and reads it itself. A line belongs to the chunk
/// in which the line feed before it lies, the first one to the first chunk, so no thread needs to
/// know of another's.
///
/// The file is read up to the size that it had at the start.
#[derive(Debug)]
pub struct Chunks {
    file: File,
    size: u64,
    step: usize,
    next: AtomicU64,
    spare: Mutex<Vec<Vec<u8>>>,
}

/// A part of the file that no other thread reads.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    start: u64,
}

/// Whole lines, with their line feeds; the last of the file may have none. May be empty: where a
/// line is longer than a chunk.
#[derive(Debug)]
pub struct Chunk {
    buffer: Vec<u8>,
    window: Range<usize>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[self.window.clone()]
    }
}

/// A buffer that keeps its length, so that it is not wiped before each use.
struct Room {
    buffer: Vec<u8>,
    filled: usize,
}

impl Room {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }
}

impl Chunks {
    /// Divides a file into chunks of about `step` bytes. `None` if it is not a regular file, or if
    /// it reports no size although it may have content, like those in `/proc`: such files can only
    /// be read sequentially.
    ///
    /// # Errors
    /// If the metadata of the file cannot be read.
    pub fn new(file: File, step: usize) -> io::Result<Option<Chunks>> {
        let metadata = file.metadata()?;
        let size = metadata.len();
        Ok((metadata.is_file() && size > 0).then(|| Chunks {
            file,
            size,
            step: step.max(1),
            next: AtomicU64::new(0),
            spare: Mutex::new(Vec::new()),
        }))
    }

    /// The next part, in order; `None` after the last.
    pub fn claim(&self) -> Option<Claim> {
        let start = self.next.fetch_add(self.step as u64, Ordering::Relaxed);
        (start < self.size).then_some(Claim { start })
    }

    /// Reads a chunk.
    ///
    /// # Errors
    /// Errors of reading the file. A file that was truncated meanwhile is not an error.
    pub fn read(&self, place: Claim) -> io::Result<Chunk> {
        let buffer = self.spare().pop().unwrap_or_default();
        let mut room = Room { buffer, filled: 0 };
        // The end of the last line comes with it, as a rule.
        self.append(&mut room, place.start, self.step + TAIL)?;
        let chunk = &room.bytes()[..room.filled.min(self.step)];
        let begin = match place.start {
            0 => Some(0),
            _ => memchr(b'\n', chunk).map(|newline| newline + 1),
        };
        let window = match begin {
            None => 0..0,
            Some(begin) => begin..self.end_of_last_line(&mut room, place.start)?,
        };
        Ok(Chunk {
            buffer: room.buffer,
            window,
        })
    }

    /// Gives back a chunk that is no longer needed, so that its buffer can be reused.
    pub fn recycle(&self, chunk: Chunk) {
        let mut spare = self.spare();
        // Do not keep a buffer that grew for a very long line.
        if spare.len() < SPARES && chunk.buffer.capacity() <= 4 * self.step.max(TAIL) {
            spare.push(chunk.buffer);
        }
    }

    /// Reads on until the last line has ended, and says where: the last line feed of the chunk
    /// begins a line of this chunk.
    fn end_of_last_line(&self, room: &mut Room, start: u64) -> io::Result<usize> {
        let mut searched = room.filled.min(self.step);
        let mut more = TAIL;
        loop {
            if let Some(newline) = memchr(b'\n', &room.bytes()[searched..]) {
                return Ok(searched + newline + 1);
            }
            searched = room.filled;
            if self.append(room, start + searched as u64, more)? == 0 {
                return Ok(searched);
            }
            more = more.saturating_mul(2).min(MOST);
        }
    }

    /// Appends up to `count` bytes from `offset` on, fewer at the end of the file. Returns their
    /// number.
    fn append(&self, room: &mut Room, offset: u64, count: usize) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(count);
        let (old, end) = (room.filled, room.filled + count);
        if room.buffer.len() < end {
            room.buffer.resize(end, 0);
        }
        while room.filled < end {
            let at = offset + (room.filled - old) as u64;
            match self.file.read_at(&mut room.buffer[room.filled..end], at) {
                Ok(0) => break,
                Ok(bytes) => room.filled += bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(room.filled - old)
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn read_all(content: &[u8], step: usize) -> Vec<Vec<u8>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        let chunks = Chunks::new(file, step).unwrap().unwrap();
        let mut all = Vec::new();
        while let Some(place) = chunks.claim() {
            let chunk = chunks.read(place).unwrap();
            all.push(chunk.as_ref().to_vec());
            chunks.recycle(chunk);
        }
        all
    }

    proptest! {
        /// Together they are the file, and no line is divided.
        #[test]
        fn pieces_are_whole_lines_and_the_whole_file(
            lines in prop::collection::vec("[ab]{0,12}", 1..60),
            ends in any::<bool>(),
            step in 1..40_usize,
        ) {
            let mut content = lines.join("\n").into_bytes();
            if ends || content.is_empty() {
                content.push(b'\n');
            }
            let chunks = read_all(&content, step);
            for (number, chunk) in chunks.iter().enumerate() {
                let last = chunks[number + 1..].iter().all(Vec::is_empty);
                prop_assert!(chunk.is_empty() || chunk.ends_with(b"\n") || last);
            }
            prop_assert_eq!(chunks.concat(), content);
        }
    }

    #[test]
    fn a_line_longer_than_what_is_read_at_once_comes_whole() {
        let long = [vec![b'x'; 100_000], b"\nshort".to_vec()].concat();
        let chunks = read_all(&long, 1_000);
        assert_eq!(chunks.len(), 101);
        assert_eq!(chunks.concat(), long);
        assert!(chunks[1..].iter().all(|p| p.is_empty() || *p == b"short"));
    }

    #[test]
    fn what_tells_no_size_is_not_read_in_pieces() {
        let open = |path| Chunks::new(File::open(path).unwrap(), 1_000).unwrap();
        assert!(open("/proc/self/status").is_none());
        assert!(open("/dev/null").is_none());
    }
}
