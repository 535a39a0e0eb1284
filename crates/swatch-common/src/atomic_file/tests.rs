use std::os::unix::fs::{MetadataExt, symlink};

use super::*;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_file_is_replaced_with_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    for durability in [
        Durability::None,
        Durability::File,
        Durability::FileAndDirectory,
    ] {
        for suffix in [None, Some(".new")] {
            let mut file = AtomicFile::new(&path).mode(0o664).durability(durability);
            if let Some(suffix) = suffix {
                file = file.temporary_suffix(suffix);
            }
            let text = format!("{durability:?} {suffix:?}");
            file.write(text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o664);
            assert_eq!(names(dir.path()), ["state"]);
        }
    }
    AtomicFile::new(&path).write(b"").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn links_are_replaced_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let [path, trap, precious] = ["state", "state.tmp", "precious"].map(|n| dir.path().join(n));
    fs::write(&precious, "kept").unwrap();
    symlink(&precious, &path).unwrap();
    symlink(&precious, &trap).unwrap();
    AtomicFile::new(&path)
        .temporary_suffix(".tmp")
        .write(b"new")
        .unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
    assert_eq!(names(dir.path()), ["precious", "state"]);
}

#[test]
fn a_failure_keeps_the_old_file_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    fs::write(&path, "old").unwrap();
    let error = AtomicFile::new(&path)
        .write_with(|file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot write {}: the disk is full", path.display())
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(dir.path()), ["state"]);
}

#[test]
fn errors_name_the_step_and_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing/state");
    let error = AtomicFile::new(&path).write(b"").unwrap_err().to_string();
    assert!(error.starts_with("cannot create a file for "), "{error}");
    let error = AtomicFile::new(Path::new("/")).write(b"").unwrap_err();
    assert!(error.to_string().contains(" /: "), "{error}");
}
