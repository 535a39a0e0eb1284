//! The value of `--tail-file` as the list that the original makes of it.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::Pattern;

/// Splits the value of swatchdog's `--tail-file` into files and glob patterns.
///
/// Whitespace separates names, a backslash before a space makes it part of the name, and every
/// other byte (quotes, a backslash before another byte) stands for itself. If the value contains
/// whitespace and a file of exactly this name exists, it is that one file.
///
/// ```
/// use swatch_tail::{Pattern, split_tail_file};
/// let files = split_tail_file("/log/a /log/my\\ log /log/it's");
/// let names: Vec<_> = files.iter().map(Pattern::as_os_str).collect();
/// assert_eq!(names, ["/log/a", "/log/my log", "/log/it's"]);
/// ```
pub fn split_tail_file(value: impl AsRef<OsStr>) -> Vec<Pattern> {
    let value = value.as_ref();
    if value.as_bytes().iter().copied().any(is_blank) && Path::new(value).exists() {
        return vec![Pattern::Path(value.into())];
    }
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    let mut bytes = value.as_bytes().iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'\\' => bytes.next_if(|&b| is_blank(b)).unwrap_or(byte),
            blank if is_blank(blank) => {
                open = false;
                continue;
            }
            other => other,
        };
        if !open {
            names.push(Vec::new());
            open = true;
        }
        if let Some(name) = names.last_mut() {
            name.push(byte);
        }
    }
    names
        .into_iter()
        .map(|name| Pattern::new(std::ffi::OsString::from_vec(name)))
        .collect()
}

/// True for the bytes that separate words in a shell.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &[u8]) -> Vec<Vec<u8>> {
        split_tail_file(OsStr::from_bytes(value))
            .iter()
            .map(|p| p.as_os_str().as_bytes().to_vec())
            .collect()
    }

    #[test]
    fn blanks_separate_and_a_backslash_keeps_one() {
        assert_eq!(names(b" a  b\tc\n"), [b"a", b"b", b"c"]);
        assert_eq!(names(b"my\\ log"), [b"my log"]);
        assert_eq!(names(b"a\\b \\\\"), [&b"a\\b"[..], b"\\\\"]);
        assert_eq!(
            names(b"it's \"q\" $x \xff"),
            [&b"it's"[..], b"\"q\"", b"$x", b"\xff"]
        );
        assert!(names(b"  ").is_empty());
    }

    #[test]
    fn an_existing_file_with_a_blank_in_its_name_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a b*");
        assert_eq!(split_tail_file(&path).len(), 2);
        std::fs::write(&path, "").unwrap();
        assert_eq!(split_tail_file(&path), [Pattern::Path(path)]);
    }
}
