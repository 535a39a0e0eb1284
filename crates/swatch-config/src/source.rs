//! The texts a configuration was read from, and places in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names one file of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A piece of one file: byte offsets from its start, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

/// Every file that a configuration was read from, the main one first. Clones share the texts.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

#[derive(Debug, Clone)]
struct SourceFile {
    path: PathBuf,
    text: Arc<[u8]>,
    /// Offsets of line starts, kept because the line of every rule is looked up.
    lines: Arc<[usize]>,
}

impl Sources {
    /// Keeps a file's text and names it.
    pub fn add(&mut self, path: PathBuf, text: Vec<u8>) -> FileId {
        let breaks = memchr::memchr_iter(b'\n', &text).map(|at| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        let text = Arc::from(text);
        self.files.push(SourceFile { path, text, lines });
        FileId((self.files.len() - 1) as u32)
    }

    /// The path of a file, as given.
    pub fn path(&self, file: FileId) -> &Path {
        &self.files[file.0 as usize].path
    }

    /// The bytes of a file.
    pub fn text(&self, file: FileId) -> &[u8] {
        &self.files[file.0 as usize].text
    }

    pub(crate) fn shared_text(&self, file: FileId) -> Arc<[u8]> {
        Arc::clone(&self.files[file.0 as usize].text)
    }

    /// The bytes of a place.
    pub fn slice(&self, span: Span) -> &[u8] {
        &self.text(span.file)[span.start..span.end]
    }

    /// Line (from 1) and column (in bytes, from 1) of a place's first byte.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let lines = &self.files[span.file.0 as usize].lines;
        let line = lines.partition_point(|&start| start <= span.start);
        let column = span.start - lines[line - 1] + 1;
        (line, column)
    }

    /// The files in the order in which they were opened.
    pub fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        (0..self.files.len() as u32).map(FileId)
    }
}
