//! Prints the results of a run in the format of the case files, for pasting.

use crate::run::Outcome;

/// The fields `stdout`, `side` and `exit` of a run in the format of a case.
pub fn fields(got: &Outcome) -> String {
    let mut out = String::new();
    for (name, bytes) in [("stdout", &got.stdout), ("side", &got.side)] {
        if !bytes.is_empty() {
            out.push_str(&format!("{name}:\n{}", block(bytes)));
        }
    }
    match got.exit {
        0 => {}
        _ => out.push_str("exit: nonzero\n"),
    }
    out
}

/// Formats a text as a block of lines.
pub fn block(bytes: &[u8]) -> String {
    let mut out = String::new();
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        match std::str::from_utf8(text) {
            Ok("") => out.push('|'),
            Ok(plain) if !plain.chars().any(char::is_control) && !plain.ends_with(' ') => {
                out.push_str("| ");
                out.push_str(plain);
            }
            _ => {
                out.push_str("~ ");
                escape(text, &mut out);
            }
        }
        out.push('\n');
    }
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        out.push_str("\\ no newline at the end\n");
    }
    out
}

fn escape(text: &[u8], out: &mut String) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                '\x1b' => out.push_str("\\e"),
                '\x07' => out.push_str("\\a"),
                '\\' => out.push_str("\\\\"),
                c if c.is_control() => {
                    let mut bytes = [0; 4];
                    for byte in c.encode_utf8(&mut bytes).bytes() {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    // A trailing space would not survive every editor.
    if out.ends_with(' ') {
        out.pop();
        out.push_str("\\x20");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn what_is_written_is_read_back() {
        for bytes in [
            &b"a\n\n\tb \xff\x00\\x\r\n"[..],
            b"caf\xc3\xa9 \xc2\x85",
            b"\n",
            b"x ",
        ] {
            let text = format!("=== 01-a\nwant\nstdout:\n{}", block(bytes));
            let case = parse::topic_file("01-t", &text).unwrap().remove(0);
            assert_eq!(case.expected.stdout, bytes, "{text}");
        }
    }
}
