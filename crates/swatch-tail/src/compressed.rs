//! Compressed logs, decompressed inside this process.
//!
//! No external program is needed, so a rotated log can be read on a host where the program that
//! compressed it has been removed, and nothing is looked up in `PATH` by a watcher that runs as
//! root.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

/// Upper limit for the memory of an xz decoder: `xz -9` needs 65 MiB, `xz -9 --lzma2=dict=1GiB`
/// is not something a log rotation does.
const XZ_MEMORY_KIB: u32 = 512 * 1024;

/// A compression format that log rotation uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Xz,
    Zstd,
    Bzip2,
    Lz4,
}

/// Each format with the suffix of its files and the bytes that they begin with.
const FORMATS: [(Compression, &str, &[u8]); 5] = [
    (Compression::Gzip, ".gz", b"\x1f\x8b\x08"),
    (Compression::Xz, ".xz", b"\xfd7zXZ\0"),
    (Compression::Zstd, ".zst", b"\x28\xb5\x2f\xfd"),
    (Compression::Bzip2, ".bz2", b"BZh"),
    (Compression::Lz4, ".lz4", b"\x04\x22\x4d\x18"),
];

impl Compression {
    /// The format that a file name's suffix stands for, and the name without that suffix.
    pub(crate) fn of_name(name: &[u8]) -> (Option<Compression>, &[u8]) {
        FORMATS
            .iter()
            .find_map(|(format, suffix, _)| {
                let rest = name.strip_suffix(suffix.as_bytes())?;
                Some((Some(*format), rest))
            })
            .unwrap_or((None, name))
    }

    /// The format whose signature the file begins with. `None` for anything else, including a
    /// file that cannot be read at an offset, such as a FIFO.
    fn of_content(file: &File) -> Option<Compression> {
        let mut begin = [0; 6];
        let length = file.read_at(&mut begin, 0).ok()?;
        let (format, ..) = FORMATS
            .iter()
            .find(|(_, _, signature)| begin[..length].starts_with(signature))?;
        // Text may begin with `BZh`: a block size and a block, or the end of the data, follow it.
        let is_text = *format == Compression::Bzip2
            && !matches!(
                begin[3..],
                [b'1'..=b'9', b'1', b'A'] | [b'1'..=b'9', 0x17, b'r']
            );
        (!is_text).then_some(*format)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::Gzip => "gzip",
            Compression::Xz => "xz",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Lz4 => "lz4",
        })
    }
}

/// Reads the decompressed content of a file. Members or frames that follow each other, as
/// `cat a.gz b.gz` makes them, are read as one.
pub(crate) struct Decompressor {
    format: Compression,
    file: Input,
    /// Boxed, because decoders hold large tables.
    decoder: Box<Decoder>,
}

/// The file that a decoder reads from.
type Input = Arc<File>;

#[expect(clippy::large_enum_variant, reason = "always boxed")]
enum Decoder {
    Gzip(MultiGzDecoder<BufReader<Input>>),
    Xz(XzReader<BufReader<Input>>),
    /// `None` after a frame that does not begin as one.
    Zstd(Option<ZstdDecoder>),
    Bzip2(MultiBzDecoder<BufReader<Input>>),
    Lz4(FrameDecoder<BufReader<Input>>),
}

type ZstdDecoder = StreamingDecoder<BufReader<Input>, ruzstd::decoding::FrameDecoder>;

impl Decompressor {
    /// Decompresses `file` from its current offset.
    ///
    /// # Errors
    /// When the file cannot be read or does not begin as the format demands.
    pub(crate) fn new(file: File, format: Compression) -> io::Result<Self> {
        let file = Arc::new(file);
        let decoder = Box::new(Decoder::new(file.clone(), format)?);
        Ok(Decompressor {
            format,
            file,
            decoder,
        })
    }

    /// The compressed file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Decompresses the file anew, as it has grown, from this offset in its content.
    ///
    /// # Errors
    /// If it cannot be read, or is still damaged or incomplete before the offset.
    pub(crate) fn reopen(&mut self, at: u64) -> io::Result<()> {
        self.file.rewind()?;
        *self.decoder = Decoder::new(self.file.clone(), self.format)?;
        let skipped = io::copy(&mut self.by_ref().take(at), &mut io::sink())?;
        match skipped == at {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// The first `length` bytes, or all if there are fewer.
    pub(crate) fn head(mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.by_ref().take(length as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

impl Decoder {
    fn new(file: Input, format: Compression) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            // Some decoders take it for the end of the data.
            return Err(damaged(format, &"the file is empty"));
        }
        let input = BufReader::with_capacity(64 * 1024, file);
        Ok(match format {
            Compression::Gzip => Decoder::Gzip(MultiGzDecoder::new(input)),
            Compression::Xz => Decoder::Xz(XzReader::new_mem_limit(input, true, XZ_MEMORY_KIB)),
            Compression::Zstd => Decoder::Zstd(Some(zstd_frame(input)?)),
            Compression::Bzip2 => Decoder::Bzip2(MultiBzDecoder::new(input)),
            Compression::Lz4 => Decoder::Lz4(FrameDecoder::new(input)),
        })
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::Gzip(decoder) => decoder.read(into),
            Decoder::Xz(decoder) => decoder.read(into),
            Decoder::Bzip2(decoder) => decoder.read(into),
            Decoder::Lz4(decoder) => loop {
                let count = decoder.read(into)?;
                // The end of a frame; another one may follow.
                if count > 0 || into.is_empty() || decoder.get_mut().fill_buf()?.is_empty() {
                    return Ok(count);
                }
            },
            Decoder::Zstd(slot) => loop {
                let Some(decoder) = slot else {
                    return Ok(0);
                };
                let count = decoder.read(into)?;
                if count > 0 || into.is_empty() || decoder.get_mut().fill_buf()?.is_empty() {
                    return Ok(count);
                }
                let input = slot.take().map(|decoder| decoder.into_inner());
                *slot = input.map(zstd_frame).transpose()?;
            },
        }
    }
}

fn zstd_frame(input: BufReader<Input>) -> io::Result<ZstdDecoder> {
    StreamingDecoder::new(input).map_err(|error| damaged(Compression::Zstd, &error))
}

impl Read for Decompressor {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(into).map_err(|error| {
            // Errors of the system and of an earlier frame already say what they are about.
            match error.raw_os_error() {
                Some(_) => error,
                None => damaged(self.format, &error),
            }
        })
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decompressor({})", self.format)
    }
}

fn damaged(format: Compression, error: &dyn fmt::Display) -> io::Error {
    let text = format!("incomplete or damaged {format} data: {error}");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// A log file that is read once, from its beginning to its end, plain or compressed.
#[derive(Debug)]
pub struct OnceReader {
    file: File,
    decompressor: Option<Decompressor>,
}

/// Opens a log file to be read once, for example with [`RecordReader`](crate::RecordReader).
///
/// Files compressed with gzip, xz, zstd, bzip2 or lz4 are decompressed while they are read. They
/// are recognized by the bytes they begin with, not by their names, so a rotated log is read
/// whatever it is called. All other content, including that of a FIFO or a device, is passed on
/// unchanged.
///
/// ```no_run
/// use std::io::Read;
/// let mut text = Vec::new();
/// swatch_tail::open_once("/var/log/auth.log.2.gz".as_ref())?.read_to_end(&mut text)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be opened. Damaged or incomplete compressed data shows while reading, as
/// an error that follows the records before the damage.
pub fn open_once(path: &Path) -> io::Result<OnceReader> {
    let file = File::open(path)?;
    let decompressor = Compression::of_content(&file)
        .map(|format| Decompressor::new(file.try_clone()?, format))
        .transpose()?;
    Ok(OnceReader { file, decompressor })
}

impl OnceReader {
    /// The file itself if it is not compressed, for readers that need random access, such as
    /// [`Chunks`](crate::Chunks).
    pub fn plain_file(&self) -> Option<&File> {
        self.decompressor.is_none().then_some(&self.file)
    }
}

impl Read for OnceReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.decompressor {
            Some(decompressor) => decompressor.read(into),
            None => self.file.read(into),
        }
    }
}

impl AsFd for OnceReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests;
