//! Configurations written in the manner of real users' files: `corpus/NAME.conf`, a log that
//! triggers its rules in `corpus/NAME.log`, and the expected effects in `corpus/effects.txt`.

use crate::case::Case;
use crate::parse;
use std::fs;
use std::path::{Path, PathBuf};

/// The corpus directory.
pub fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Every `.conf` in the directory, sorted by name.
///
/// # Errors
/// The directory cannot be read.
pub fn confs(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let listing = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let mut confs: Vec<PathBuf> = listing
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "conf"))
        .collect();
    confs.sort();
    Ok(confs)
}

/// The corpus cases: each entry of `effects.txt` with its two files. The second
/// value lists the configurations without an entry.
///
/// # Errors
/// A file cannot be read, or an entry cannot be parsed.
pub fn load() -> Result<(Vec<Case>, Vec<Case>), String> {
    let dir = dir();
    let read = |path: &Path| fs::read(path).map_err(|e| format!("{}: {e}", path.display()));
    let text = fs::read_to_string(dir.join("effects.txt")).map_err(|e| e.to_string())?;
    let mut entries = parse::topic_file("effects", &text)?;
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for conf in confs(&dir)? {
        let name = conf
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let log = read(&conf.with_extension("log"))?;
        let text = read(&conf)?;
        match entries.iter().position(|e| e.name == name) {
            Some(at) => {
                let mut case = entries.swap_remove(at);
                // An entry gives neither; the parser has filled in the default log.
                case.files.retain(|(file, _)| file != "input");
                case.files.push(("conf".to_owned(), text));
                case.files.push(("input".to_owned(), log));
                known.push(case);
            }
            None => unknown.push(Case::of(&name, &text, &log)),
        }
    }
    match entries.first() {
        Some(entry) => Err(format!("effects.txt: there is no {}.conf", entry.name)),
        None => Ok((known, unknown)),
    }
}
