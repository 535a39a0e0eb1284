//! Who could change what root is about to obey.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

/// A file or folder that others could use to give root orders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {why}, and swatch-rs runs as root: whoever that is could run commands as root\n  mend it: {mend}\n  or, if it must be so: --insecure", path = path.display())]
pub struct Untrusted {
    path: PathBuf,
    why: String,
    mend: String,
}

/// Refuses, when running as root, a file that somebody else owns or can write, or that lies in a
/// folder in which somebody else could replace it. Who is not root can only harm himself.
///
/// # Errors
/// [`Untrusted`] names the first reason, and the command that mends it. A path that cannot be
/// looked at is no finding: opening it will tell.
pub fn check(path: &Path) -> Result<(), Untrusted> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let Ok(real) = fs::canonicalize(path) else {
        return Ok(());
    };
    check_one(&real, false)?;
    for folder in real.ancestors().skip(1) {
        check_one(folder, true)?;
    }
    Ok(())
}

fn check_one(path: &Path, folder: bool) -> Result<(), Untrusted> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let found = |why: &str, mend: String| {
        Err(Untrusted {
            path: path.to_owned(),
            why: why.to_owned(),
            mend: format!("{mend} {}", path.display()),
        })
    };
    if meta.uid() != 0 {
        return found(
            &format!("belongs to user {}", meta.uid()),
            "chown root".to_owned(),
        );
    }
    // In a sticky folder (/tmp) nobody can replace what is root's.
    if folder && meta.mode() & 0o1000 != 0 {
        return Ok(());
    }
    if meta.mode() & 0o002 != 0 {
        return found("can be written by everybody", "chmod o-w".to_owned());
    }
    if meta.mode() & 0o020 != 0 && meta.gid() != 0 {
        return found(
            &format!("can be written by group {}", meta.gid()),
            "chmod g-w".to_owned(),
        );
    }
    Ok(())
}
