//! Splits the bytes of a file into logical lines.
//!
//! Comment lines and empty lines are removed, lines that end with a backslash are joined, and
//! every byte keeps its place in the file.

use crate::lines::located::{LogicalLine, is_space};
use crate::source::FileId;

/// The lines of a file.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Lines that are neither empty nor comments, in order.
    pub(crate) lines: Vec<LogicalLine>,
    /// Texts of comment lines, without their `#`.
    pub(crate) comments: Vec<LogicalLine>,
}

/// A physical line: offsets of its first byte and of its end, without the line feed.
struct Physical {
    start: usize,
    end: usize,
}

impl Physical {
    fn trimmed(&self, text: &[u8]) -> (usize, usize) {
        let line = &text[self.start..self.end];
        let lead = line.iter().take_while(|&&b| is_space(b)).count();
        let tail = line[lead..].iter().rev();
        let tail = tail.take_while(|&&b| is_space(b)).count();
        (self.start + lead, self.end - tail)
    }
}

fn physical(text: &[u8]) -> Vec<Physical> {
    // A byte-order mark is not part of the first keyword.
    let mut start = if text.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut lines = Vec::new();
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]);
        let end = end.map_or(text.len(), |length| start + length);
        lines.push(Physical { start, end });
        start = end + 1;
    }
    lines
}

/// Splits a file into logical lines.
///
/// White space before the backslash is kept (the original loses it), as is white space at the start
/// of the next line. An empty line or a comment ends the continuation and is dropped.
pub(crate) fn split(file: FileId, text: &[u8]) -> Lines {
    let mut out = Lines::default();
    let mut lines = physical(text).into_iter();
    while let Some(first) = lines.next() {
        let (start, mut end) = first.trimmed(text);
        if start == end {
            continue;
        }
        if text[start] == b'#' {
            let comment = LogicalLine::piece(file, text, start + 1..end);
            out.comments.push(comment);
            continue;
        }
        if text[end - 1] != b'\\' {
            let line = LogicalLine::piece(file, text, start..end);
            out.lines.push(line);
            continue;
        }
        let mut offsets: Vec<usize> = (start..end).collect();
        while offsets.last().is_some_and(|&last| text[last] == b'\\') {
            offsets.pop();
            let Some(next) = lines.next() else { break };
            let (next_start, next_end) = next.trimmed(text);
            if next_start == next_end {
                break;
            }
            if text[next_start] == b'#' {
                let comment = LogicalLine::piece(file, text, next_start + 1..next_end);
                out.comments.push(comment);
                break;
            }
            offsets.extend(next.start..next_end);
            end = next_end;
        }
        while offsets.last().is_some_and(|&last| is_space(text[last])) {
            offsets.pop();
        }
        if offsets.is_empty() {
            continue;
        }
        let bytes = offsets.iter().map(|&at| text[at]).collect();
        let end = offsets.last().map_or(end, |&last| last + 1);
        out.lines.push(LogicalLine::new(file, bytes, offsets, end));
    }
    out
}

/// Splits a file of the old style: lines are kept as they are, except for comments and empty ones.
pub(crate) fn split_plain(file: FileId, text: &[u8]) -> Lines {
    let mut out = Lines::default();
    for line in physical(text) {
        let (start, end) = line.trimmed(text);
        match text.get(start) {
            _ if start == end => {}
            Some(b'#') => {
                let comment = LogicalLine::piece(file, text, start + 1..end);
                out.comments.push(comment);
            }
            _ => {
                let line = LogicalLine::piece(file, text, line.start..end);
                out.lines.push(line);
            }
        }
    }
    out
}
