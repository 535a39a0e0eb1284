//! Glob patterns over file names that may be any bytes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Suffixes of files that hold no lines to follow.
pub(crate) const COMPRESSED: [&[u8]; 7] =
    [b".gz", b".bz2", b".xz", b".zst", b".lz4", b".lzma", b".Z"];

pub(super) fn is_glob(text: &[u8]) -> bool {
    text.iter().any(|b| matches!(b, b'*' | b'?' | b'['))
}

/// The existing paths that match, in order. Directories are descended as the pattern says; what
/// cannot be read matches nothing.
pub(super) fn expand(pattern: &Path) -> Vec<PathBuf> {
    let bytes = pattern.as_os_str().as_bytes();
    let mut found = BTreeSet::new();
    found.insert(PathBuf::from(if bytes.starts_with(b"/") {
        "/"
    } else {
        ""
    }));
    let parts: Vec<&[u8]> = bytes
        .split(|&b| b == b'/')
        .filter(|p| !p.is_empty())
        .collect();
    for part in &parts {
        found = found.iter().flat_map(|dir| step(dir, part)).collect();
    }
    found.retain(|path| {
        let name = path.as_os_str().as_bytes();
        !path.is_dir() && !COMPRESSED.iter().any(|suffix| name.ends_with(suffix))
    });
    found.into_iter().collect()
}

/// True if [`expand`] would return this path if it existed.
pub(super) fn matches_path(pattern: &Path, path: &Path) -> bool {
    let parts = |path: &'_ Path| -> Vec<Vec<u8>> {
        let parts = path.as_os_str().as_bytes().split(|&b| b == b'/');
        parts
            .filter(|part| !part.is_empty())
            .map(<[u8]>::to_vec)
            .collect()
    };
    let (pattern, path) = (parts(pattern), parts(path));
    let fits = |(pattern, name): (&Vec<u8>, &Vec<u8>)| match is_glob(pattern) {
        true => fits_name(pattern, name),
        false => pattern == name,
    };
    pattern.len() == path.len() && pattern.iter().zip(&path).all(fits)
}

/// True if a component matches a name, hidden files only if the pattern begins with a dot.
fn fits_name(pattern: &[u8], name: &[u8]) -> bool {
    (pattern.starts_with(b".") || !name.starts_with(b".")) && matches(pattern, name)
}

/// The entries of one directory that match one component of a pattern.
fn step(dir: &Path, part: &[u8]) -> Vec<PathBuf> {
    if !is_glob(part) {
        let path = dir.join(OsStr::from_bytes(part));
        return match path.symlink_metadata() {
            Ok(_) => vec![path],
            Err(_) => Vec::new(),
        };
    }
    let listed = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    let Ok(entries) = std::fs::read_dir(listed) else {
        return Vec::new();
    };
    entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| fits_name(part, name.as_bytes()))
        .map(|name| dir.join(name))
        .collect()
}

/// True if the pattern matches the whole name. Linear in both but for stars, where only the
/// last one is tried again: that suffices, and no pattern can make it slow.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, n));
            p += 1;
            continue;
        }
        if let Some(next) = one(pattern, p, name[n]) {
            p = next;
            n += 1;
            continue;
        }
        let Some((after, from)) = star else {
            return false;
        };
        star = Some((after, from + 1));
        p = after;
        n = from + 1;
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

/// Matches one byte at `p` of the pattern; the place after it if it does.
fn one(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match *pattern.get(p)? {
        b'?' => Some(p + 1),
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        b'[' => match class(pattern, p, byte) {
            Some((matched, next)) => matched.then_some(next),
            // As in a shell: a bracket that is never closed is a bracket.
            None => (byte == b'[').then_some(p + 1),
        },
        literal => (literal == byte).then_some(p + 1),
    }
}

/// Matches the bracket expression at `p`: whether it contains the byte, and the position
/// after it. `None` if it is not closed.
fn class(pattern: &[u8], p: usize, byte: u8) -> Option<(bool, usize)> {
    let mut at = p + 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut held = false;
    loop {
        let low = *pattern.get(at)?;
        if low == b']' && at > first {
            return Some((held != negated, at + 1));
        }
        let is_range =
            pattern.get(at + 1) == Some(&b'-') && pattern.get(at + 2).is_some_and(|&b| b != b']');
        let high = if is_range { pattern[at + 2] } else { low };
        held |= (low..=high).contains(&byte);
        at += if is_range { 3 } else { 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_as_a_shell_does() {
        let yes: [(&[u8], &[u8]); 12] = [
            (b"*", b""),
            (b"g*", b"g"),
            (b"*.log", b"a.log.log"),
            (b"a*b*c", b"axbxbxc"),
            (b"g?", b"g1"),
            (b"g[0-9]", b"g7"),
            (b"g[!a-c]", b"gd"),
            (b"[]]", b"]"),
            (b"[a-]", b"-"),
            (b"a[", b"a["),
            (b"\\*", b"*"),
            (b"*\xff", b"a\xff"),
        ];
        for (pattern, name) in yes {
            assert!(matches(pattern, name), "{pattern:?} {name:?}");
        }
        let no: [(&[u8], &[u8]); 7] = [
            (b"g?", b"g"),
            (b"g[0-9]", b"ga"),
            (b"g[!a-c]", b"gb"),
            (b"*.log", b"a.log.1"),
            (b"\\*", b"a"),
            (b"a", b"ab"),
            (b"", b"a"),
        ];
        for (pattern, name) in no {
            assert!(!matches(pattern, name), "{pattern:?} {name:?}");
        }
    }

    #[test]
    fn finds_files_through_directories_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "b/x.log",
            "a/y.log",
            "a/x.log",
            "a/x.log.gz",
            "a/.h.log",
            "a/d.log/z",
        ] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = expand(&dir.path().join("*/*.lo[g]"));
        let names: Vec<_> = found
            .iter()
            .map(|p| p.strip_prefix(dir.path()).unwrap())
            .collect();
        assert_eq!(
            names,
            [
                Path::new("a/x.log"),
                Path::new("a/y.log"),
                Path::new("b/x.log")
            ]
        );
        assert!(expand(&dir.path().join("none/*")).is_empty());
        assert_eq!(expand(&dir.path().join("*/*.gz")), Vec::<PathBuf>::new());
    }
}
