//! Turns a line into what the script's `read LOG; echo $LOG` made of it.
//!
//! Found by experiment with bash 5.2, in the C locale:
//!
//! * `read` without `-r` reads one line. A backslash makes the next byte an ordinary one and
//!   disappears; a backslash before the newline joins the next line; NUL bytes are dropped.
//! * `echo $LOG` splits at spaces, tabs and newlines, even escaped ones, and joins the words with
//!   single spaces. Carriage returns, form feeds and all other bytes are ordinary.
//!
//! Five things are different on purpose: file names are not substituted for `*`, `?` and `[…]`; a
//! line that starts with `-n`, `-e` or `-E` keeps that word (`echo` takes it for an option); a
//! backslash that is the last byte of the input just disappears (bash leaves a byte 0x01), and one
//! before a NUL byte acts on the byte after it (bash drops the rest of the word and writes 0x01 or
//! nothing); bytes 0x01 are ordinary ones (they are bash's own mark for a quoted byte, and it loses
//! some of them).

/// The line as the script saw it: one line, backslashes resolved, each run of white space turned
/// into one space, none at either end.
///
/// Linear in the length of the line; the result is never longer than `line`.
pub fn collapse(line: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut bytes = line.iter().copied().filter(|&byte| byte != 0);
    let mut gap = false;
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\n' => break,
            b'\\' => match bytes.next() {
                None => break,
                Some(b'\n') => continue,
                Some(escaped) => escaped,
            },
            ordinary => ordinary,
        };
        if byte == b' ' || byte == b'\t' {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(b' ');
        }
        gap = false;
        out.push(byte);
    }
    out
}
