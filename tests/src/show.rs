//! Normalises outputs and shows where two of them differ.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Replaces the work directory, the program and the pid in the name of the original's
/// temporary script with fixed words.
pub fn normal(bytes: &[u8], work: &Path, program: &Path) -> Vec<u8> {
    let bytes = replace(bytes, work.as_os_str().as_bytes(), b"@W@");
    let bytes = replace(&bytes, program.as_os_str().as_bytes(), b"@BIN@");
    let mark = b"swatchdog_script.";
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    while let Some(at) = find(rest, mark) {
        let (head, tail) = rest.split_at(at + mark.len());
        out.extend_from_slice(head);
        let digits = tail.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            out.extend_from_slice(b"PID");
        }
        rest = &tail[digits..];
    }
    out.extend_from_slice(rest);
    out
}

/// Removes the start-up banner (empty line, `*** … started at …`, empty line).
pub fn without_banner(bytes: &[u8]) -> Vec<u8> {
    banner_end(bytes)
        .map_or(bytes, |end| &bytes[end..])
        .to_vec()
}

/// Keeps the start-up banner but replaces pid and date in it.
pub fn blank_banner(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let pid = find(line, b"(pid:");
        let started = find(line, b") started at ");
        match (pid, started) {
            (Some(pid), Some(started)) if pid < started => {
                out.extend_from_slice(&line[..pid]);
                out.extend_from_slice(b"(pid:PID) started at DATE\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

fn banner_end(bytes: &[u8]) -> Option<usize> {
    let text = bytes.strip_prefix(b"\n*** ")?;
    let line = text.iter().position(|&b| b == b'\n')?;
    find(&text[..line], b" started at ")?;
    (text.get(line + 1) == Some(&b'\n')).then_some(b"\n*** ".len() + line + 2)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|w| w == part)
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The lines in which `got` differs from `wanted`: the common beginning and
/// end are left out but for two lines each; `-` is wanted, `+` is actual.
pub fn diff(wanted: &[u8], got: &[u8]) -> String {
    let (a, b) = (lines(wanted), lines(got));
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = (a[head..].iter().rev())
        .zip(b[head..].iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let mut out = String::new();
    let mut put = |sign: char, part: &[&[u8]]| {
        for line in part.iter().take(40) {
            out.push_str(&format!("    {sign} {}\n", visible(line, 400)));
        }
        if part.len() > 40 {
            out.push_str(&format!("    {sign} … {} lines more\n", part.len() - 40));
        }
    };
    put(' ', &a[head.saturating_sub(2)..head]);
    put('-', &a[head..a.len() - tail]);
    put('+', &b[head..b.len() - tail]);
    put(' ', &a[a.len() - tail..(a.len() - tail + 2).min(a.len())]);
    out
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&b| b == b'\n').collect()
}

/// Text that is safe on a terminal: control and other unprintable bytes escaped, a
/// missing newline at the end made visible, at most `limit` bytes.
pub fn visible(line: &[u8], limit: usize) -> String {
    let (text, whole) = match line.strip_suffix(b"\n") {
        Some(text) => (text, true),
        None => (line, false),
    };
    let cut = &text[..text.len().min(limit)];
    let mut out = cut.escape_ascii().to_string().replace("\\\\", "\\");
    out = out.replace("\\'", "'").replace("\\\"", "\"");
    if cut.len() < text.len() {
        out.push_str(&format!(" … {} bytes", text.len()));
    }
    if !whole {
        out.push_str(" (no newline)");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_banner_goes() {
        let text = b"\n*** swatchdog version 3 (pid:1) started at Sun\n\nbeta\n";
        assert_eq!(without_banner(text), b"beta\n");
        assert_eq!(without_banner(b"\n*** else\n\nx"), b"\n*** else\n\nx");
        assert_eq!(
            blank_banner(text),
            b"\n*** swatchdog version 3 (pid:PID) started at DATE\n\nbeta\n"
        );
    }

    #[test]
    fn paths_become_words() {
        let text = b"/t/w/x /bin/p .swatchdog_script.123 swatchdog_script.x";
        let out = normal(text, Path::new("/t/w"), Path::new("/bin/p"));
        assert_eq!(out, b"@W@/x @BIN@ .swatchdog_script.PID swatchdog_script.x");
    }

    #[test]
    fn a_diff_shows_what_differs() {
        let text = diff(b"a\nb\nc\n", b"a\nx\nc\n");
        assert_eq!(text, "      a\n    - b\n    + x\n      c\n");
        assert_eq!(diff(b"a\n", b"a"), "    - a\n    + a (no newline)\n");
    }
}
