//! Recognises a command that is swatch-action and nothing else.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use memchr::memmem;
use swatch_common::file_version::FileVersion;
use swatch_common::{process, resident};
use swatch_engine::Invocation;

/// The names under which it is installed; a link of any other name is not examined.
const NAMES: [&str; 2] = ["swatch-action", "swatch_action.sh"];

/// Files that were examined, by the path at which they were found.
static EXAMINED: LazyLock<Mutex<HashMap<PathBuf, Examined>>> = LazyLock::new(Mutex::default);

struct Examined {
    program: Program,
    is_ours: bool,
}

/// The executable file of a program. It differs once the file was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::perform) struct Program {
    pub(super) path: PathBuf,
    version: FileVersion,
}

/// The program and its arguments, if a command is swatch-action with an event.
pub(in crate::perform) fn recognise(command: &Invocation) -> Option<(Program, Vec<Vec<u8>>)> {
    let words = words(command)?;
    let (name, arguments) = words.split_first()?;
    if !is_event(arguments) {
        return None;
    }
    Some((find(name)?, arguments.to_vec()))
}

/// The words of a command in which a shell would find nothing to do.
fn words(command: &Invocation) -> Option<Vec<Vec<u8>>> {
    let text = match command {
        Invocation::Direct(words) => return Some(words.clone()),
        Invocation::Shell(text) => text,
    };
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" \t_-./:,@%+=".contains(b);
    if !text.iter().all(plain) {
        return None;
    }
    let words = text.split(|b| b" \t".contains(b)).filter(|w| !w.is_empty());
    let words: Vec<Vec<u8>> = words.map(<[u8]>::to_vec).collect();
    // An assignment is not a program.
    (!words.first()?.contains(&b'=')).then_some(words)
}

/// True if the arguments are those of an event: a field (`10`, `7-9`) or `auto` in front, or flags
/// without a word that could be a command.
fn is_event(arguments: &[Vec<u8>]) -> bool {
    let field = |b: &u8| b.is_ascii_digit() || b",-".contains(b);
    let Some(first) = arguments.first() else {
        return false;
    };
    if first == b"auto" || first.iter().all(field) {
        return true;
    }
    let harmless = [&b"auto"[..], b"lock", b"block"];
    let command = |word: &Vec<u8>| {
        word.iter().all(u8::is_ascii_lowercase) && !harmless.contains(&word.as_slice())
    };
    let is_flag = first.starts_with(b"--") && first != resident::FLAG.as_bytes();
    is_flag && !arguments.iter().any(command)
}

fn find(name: &[u8]) -> Option<Program> {
    let name = Path::new(OsStr::from_bytes(name)).to_str()?;
    let has_our_name = |path: &Path| {
        path.file_name()
            .is_some_and(|f| NAMES.iter().any(|n| f == *n))
    };
    let path = std::env::var("PATH").ok()?;
    // Relative directories would be searched as well, from where the command runs.
    if !name.contains('/') && std::env::split_paths(&path).any(|dir| !dir.is_absolute()) {
        return None;
    }
    if !has_our_name(Path::new(name)) {
        return None;
    }
    let named = process::find(name, &path)?;
    let version = FileVersion::of(&named.metadata().ok()?);
    let mut examined = EXAMINED.lock().ok()?;
    let file = match examined.get(&named) {
        Some(file) if file.program.version == version => file,
        _ => {
            let path = named.canonicalize().ok()?;
            let is_ours = has_mark(&path).unwrap_or(false);
            let program = Program { path, version };
            let file = examined.entry(named);
            &*file.insert_entry(Examined { program, is_ours }).into_mut()
        }
    };
    file.is_ours.then(|| file.program.clone())
}

impl Program {
    /// Never treats this file as ours again.
    pub(super) fn disown(&self) {
        if let Ok(mut examined) = EXAMINED.lock() {
            for file in examined.values_mut().filter(|it| it.program == *self) {
                file.is_ours = false;
            }
        }
    }
}

/// True if an executable contains the mark of a helper that understands this program.
fn has_mark(path: &Path) -> io::Result<bool> {
    const STEP: usize = 1 << 18;
    let mark = resident::MARK.as_bytes();
    let finder = memmem::Finder::new(mark);
    let mut file = File::open(path)?;
    let mut buffer = Vec::with_capacity(STEP + mark.len());
    let mut is_first = true;
    loop {
        let kept = buffer.len();
        (&mut file).take(STEP as u64).read_to_end(&mut buffer)?;
        if buffer.len() == kept || (is_first && !buffer.starts_with(b"\x7fELF")) {
            return Ok(false);
        }
        if finder.find(&buffer).is_some() {
            return Ok(true);
        }
        is_first = false;
        // The mark may lie across two steps.
        buffer.drain(..buffer.len().saturating_sub(mark.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_simple_commands() {
        let shell = |text: &str| words(&Invocation::Shell(text.into()));
        assert_eq!(
            shell(" swatch-action  10"),
            Some(vec![b"swatch-action".to_vec(), b"10".to_vec()])
        );
        for text in [
            "swatch-action 10 | tee x",
            "swatch-action 10 > x",
            "X=1 swatch-action 10",
            "swatch-action $HOME",
            "swatch-action 10; true",
            "swatch-action '10'",
            "swatch-action ~/x",
            "",
        ] {
            assert_eq!(shell(text), None, "{text}");
        }
    }

    #[test]
    fn only_events() {
        let is_event = |text: &str| {
            let words: Vec<_> = text
                .split(' ')
                .map(|word| word.as_bytes().to_vec())
                .collect();
            is_event(&words)
        };
        for event in [
            "10",
            "7-9 lock",
            "7,9",
            "auto --mail root",
            "--config /x.toml 10 lock",
        ] {
            assert!(is_event(event), "{event}");
        }
        for other in [
            "list",
            "check",
            "--serve",
            "x10",
            "notify",
            "--config /x.toml list",
        ] {
            assert!(!is_event(other), "{other}");
        }
    }

    #[test]
    fn a_script_of_that_name_is_foreign() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("swatch-action");
        std::fs::write(&path, format!("#!/bin/sh\n# {}\n", resident::MARK)).expect("a file");
        assert!(!has_mark(&path).expect("readable"));
        let long = [&b"\x7fELF"[..], &vec![b'x'; (1 << 18) - 20]].concat();
        std::fs::write(&path, [&long[..], resident::MARK.as_bytes()].concat()).expect("a file");
        assert!(has_mark(&path).expect("readable"));
    }
}
