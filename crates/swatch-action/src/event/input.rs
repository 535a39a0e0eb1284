//! Reads the log lines of events from standard input, with bounds.

use std::io::{self, BufRead};

/// The longest line that is examined, in bytes. The rest of a longer line is dropped, and so is
/// the word at the limit: half an address would be somebody else's.
pub const MAX_LINE: usize = 1 << 20;

/// The part of an overlong line, in bytes, that is read and thrown away so that its writer does not
/// get a closed pipe.
const MAX_DROPPED: usize = 16 << 20;

/// Reads one line as bash's `read` does: up to the first newline that is not preceded by a
/// backslash, or to the end. Returns at the newline, not at the end of the stream: a writer may
/// keep the pipe open.
///
/// The bytes are returned unchanged; [`crate::address::collapse`] turns them into what the script
/// saw.
///
/// # Errors
/// Those of the stream, except `Interrupted`, which is retried.
pub fn read(input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    let mut escaped = false;
    let mut dropped = 0;
    'stream: loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            break;
        }
        let length = chunk.len();
        for (at, &byte) in chunk.iter().enumerate() {
            if (byte == b'\n' && !escaped) || dropped > MAX_DROPPED {
                input.consume(at + 1);
                break 'stream;
            }
            // As in the shell, a NUL byte does not count, not even as something to be escaped.
            escaped = (byte == b'\\' && !escaped) || (byte == 0 && escaped);
            if raw.len() < MAX_LINE {
                raw.push(byte);
            } else {
                dropped += 1;
            }
        }
        input.consume(length);
    }
    if dropped > 0 {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
        let whole = raw.iter().rposition(space).unwrap_or_default();
        raw.truncate(whole);
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &[u8]) -> Vec<u8> {
        read(&mut io::BufReader::with_capacity(7, text)).expect("reading from memory")
    }

    #[test]
    fn one_line_and_no_more() {
        for (text, line) in [
            (&b"one line\nnext\n"[..], &b"one line"[..]),
            (b"joined \\\nline\nnext\n", b"joined \\\nline"),
            (b"two \\\\\nnext\n", b"two \\\\"),
            (b"no newline", b"no newline"),
            (b"\nnext", b""),
            (b"", b""),
        ] {
            assert_eq!(taken(text), line, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_long_line_ends_before_the_word_that_the_limit_cut() {
        let mut text = vec![b'x'; MAX_LINE - 6];
        text.extend_from_slice(b" 203.0.113.255 tail\nnext\n");
        assert_eq!(taken(&text).len(), MAX_LINE - 6);
        let one_word = vec![b'x'; MAX_LINE + 1];
        assert!(taken(&one_word).is_empty());
    }
}
