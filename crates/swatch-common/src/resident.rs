//! The protocol between the watcher and a helper that stays, over a pair of sockets.
//!
//! The helper first sends [`Reply::Hello`]. Then each [`Request`] is an event, and is answered by
//! one [`Reply::Answer`], in the same order. Before the helper writes a line of an event to a file,
//! it sends a [`Reply::Writes`], which tells how to find out whether the line was written. If the
//! helper is killed, the watcher sends the event to the next one together with these, so that no
//! line is written twice.
//!
//! A frame is its length in bytes (32 bits, little endian) and its fields; texts and lists have
//! their length in front.

use std::io;

/// The flag that makes swatch-action stay and serve the watcher that started it.
pub const FLAG: &str = "--serve";

/// The mark of a program that understands this version of the frames. It stands in the
/// executable, so that a foreign program of the same name is recognised without being started.
pub const MARK: &str = concat!(
    "swatch-action that stays, frames 1, version ",
    env!("CARGO_PKG_VERSION")
);

/// The longest frame, in bytes.
const MOST: usize = 64 << 20;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub id: u64,
    /// The arguments after the program's name.
    pub words: Vec<Vec<u8>>,
    /// Its standard input.
    pub input: Vec<u8>,
    /// The write that an earlier helper was about to do for it.
    pub written: Vec<Write>,
}

/// A line that is about to be written to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The time of the event, in seconds since 1970.
    pub time: i64,
    /// The file's path.
    pub path: Vec<u8>,
    /// Device, inode, size in bytes, and time of the last change in nanoseconds before the write.
    pub file: [u64; 4],
    /// The bytes that will be added.
    pub length: u64,
    /// A digest of them, by which the same program recognises them.
    pub digest: u64,
}

/// A message of the helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is the program that it should be: [`MARK`].
    Hello(Vec<u8>),
    /// The event with this number is about to be written.
    Writes(u64, Write),
    /// The end of an event, as that of a process.
    Answer {
        /// The event's number.
        id: u64,
        /// The exit code.
        code: u8,
        /// Its standard output.
        out: Vec<u8>,
        /// Its standard error.
        err: Vec<u8>,
    },
}

impl Request {
    /// Appends it as a frame.
    pub fn encode(&self, to: &mut Vec<u8>) {
        frame(to, |to| {
            number(to, self.id);
            number(to, self.words.len() as u64);
            self.words.iter().for_each(|word| bytes(to, word));
            bytes(to, &self.input);
            number(to, self.written.len() as u64);
            self.written.iter().for_each(|write| write.encode(to));
        });
    }

    /// Takes one off the front of a buffer; `None` while it is incomplete.
    ///
    /// # Errors
    /// It is not a frame.
    pub fn decode(buffer: &mut Buffer) -> io::Result<Option<Self>> {
        buffer.frame(|from| {
            Ok(Self {
                id: from.number()?,
                words: from.list(Fields::bytes)?,
                input: from.bytes()?,
                written: from.list(Write::decode)?,
            })
        })
    }
}

impl Write {
    fn encode(&self, to: &mut Vec<u8>) {
        number(to, self.time.cast_unsigned());
        bytes(to, &self.path);
        self.file.iter().for_each(|&field| number(to, field));
        number(to, self.length);
        number(to, self.digest);
    }

    fn decode(from: &mut Fields<'_>) -> io::Result<Self> {
        Ok(Self {
            time: from.number()?.cast_signed(),
            path: from.bytes()?,
            file: [
                from.number()?,
                from.number()?,
                from.number()?,
                from.number()?,
            ],
            length: from.number()?,
            digest: from.number()?,
        })
    }
}

impl Reply {
    /// Appends it as a frame.
    pub fn encode(&self, to: &mut Vec<u8>) {
        frame(to, |to| match self {
            Self::Hello(mark) => {
                number(to, 0);
                bytes(to, mark);
            }
            Self::Writes(id, write) => {
                number(to, 1);
                number(to, *id);
                write.encode(to);
            }
            Self::Answer { id, code, out, err } => {
                number(to, 2);
                number(to, *id);
                number(to, u64::from(*code));
                bytes(to, out);
                bytes(to, err);
            }
        });
    }

    /// Takes one off the front of a buffer; `None` while it is incomplete.
    ///
    /// # Errors
    /// It is not a frame.
    pub fn decode(buffer: &mut Buffer) -> io::Result<Option<Self>> {
        buffer.frame(|from| match from.number()? {
            0 => Ok(Self::Hello(from.bytes()?)),
            1 => Ok(Self::Writes(from.number()?, Write::decode(from)?)),
            2 => Ok(Self::Answer {
                id: from.number()?,
                code: u8::try_from(from.number()?).map_err(|_| broken())?,
                out: from.bytes()?,
                err: from.bytes()?,
            }),
            _ => Err(broken()),
        })
    }
}

/// Bytes that were received and not yet understood.
#[derive(Debug, Default)]
pub struct Buffer {
    /// Room for them, which is kept: clearing it for each read would cost more than the read.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// Reads once; the number of bytes, 0 at the end of the stream.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn fill(&mut self, from: &mut impl io::Read) -> io::Result<usize> {
        const STEP: usize = 64 << 10;
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        // The room for a frame that was very long is given back.
        if self.end == 0 && self.bytes.len() > 4 * STEP {
            self.bytes = Vec::new();
        }
        if self.bytes.len() < self.end + STEP {
            self.bytes.resize(self.end + STEP, 0);
        }
        let count = from.read(&mut self.bytes[self.end..])?;
        self.end += count;
        Ok(count)
    }

    fn frame<T>(
        &mut self,
        fields: impl FnOnce(&mut Fields<'_>) -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let rest = &self.bytes[self.start..self.end];
        let Some((head, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*head) as usize;
        if length > MOST {
            return Err(broken());
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let mut left = Fields(body);
        let value = fields(&mut left)?;
        if !left.0.is_empty() {
            return Err(broken());
        }
        self.start += 4 + length;
        Ok(Some(value))
    }
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&mut self) -> io::Result<u64> {
        let (head, rest) = self.0.split_first_chunk().ok_or_else(broken)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*head))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.number()?).map_err(|_| broken())?;
        let (head, rest) = self.0.split_at_checked(length).ok_or_else(broken)?;
        self.0 = rest;
        Ok(head.to_vec())
    }

    fn list<T>(&mut self, one: impl Fn(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        (0..self.number()?).map(|_| one(self)).collect()
    }
}

fn frame(to: &mut Vec<u8>, fields: impl FnOnce(&mut Vec<u8>)) {
    let start = to.len();
    to.extend_from_slice(&[0; 4]);
    fields(to);
    let length = u32::try_from(to.len() - start - 4).unwrap_or(u32::MAX);
    to[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn number(to: &mut Vec<u8>, number: u64) {
    to.extend_from_slice(&number.to_le_bytes());
}

fn bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    number(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a frame of this version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        let write = Write {
            time: -1,
            path: b"/log".to_vec(),
            file: [1, 2, 3, u64::MAX],
            length: 9,
            digest: 10,
        };
        let request = Request {
            id: 7,
            words: vec![b"10".to_vec(), Vec::new()],
            input: b"line\n".to_vec(),
            written: vec![write.clone()],
        };
        let mut sent = Vec::new();
        request.encode(&mut sent);
        request.encode(&mut sent);
        let mut buffer = Buffer::default();
        let mut seen = 0;
        for byte in sent {
            buffer.fill(&mut &[byte][..]).expect("from memory");
            if let Some(found) = Request::decode(&mut buffer).expect("a frame") {
                assert_eq!(found, request);
                seen += 1;
            }
        }
        assert_eq!(seen, 2);
        for reply in [
            Reply::Hello(MARK.into()),
            Reply::Writes(7, write),
            Reply::Answer {
                id: 7,
                code: 1,
                out: b"out".to_vec(),
                err: Vec::new(),
            },
        ] {
            let mut sent = Vec::new();
            reply.encode(&mut sent);
            buffer.fill(&mut &sent[..]).expect("from memory");
            assert_eq!(Reply::decode(&mut buffer).expect("a frame"), Some(reply));
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        for bytes in [
            &b"\xff\xff\xff\xff"[..],
            b"\x01\0\0\0x",
            b"\x08\0\0\0\x09\0\0\0\0\0\0\0",
        ] {
            let mut buffer = Buffer::default();
            buffer.fill(&mut &bytes[..]).expect("from memory");
            assert!(Reply::decode(&mut buffer).is_err(), "{bytes:?}");
        }
    }
}
