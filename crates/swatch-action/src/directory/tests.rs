use std::{fs, os::unix::fs::symlink};

use super::*;

fn said(path: &Path, directory: Directory, dir: &Path) -> String {
    let error = prepare(path, directory)
        .expect_err("no directory")
        .to_string();
    error.replace(&dir.display().to_string(), "HERE")
}

#[test]
fn what_is_in_the_way_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let here = dir.path();
    fs::write(here.join("file"), "").expect("a file");
    symlink(here.join("nowhere"), here.join("link")).expect("a link");
    assert_eq!(
        said(&here.join("file"), Directory::Logs, here),
        "the log directory HERE/file: HERE/file is not a directory: move it away, or name another directory in `log_dir` \
         (--log-dir)"
    );
    assert_eq!(
        said(&here.join("file/a/b"), Directory::State, here),
        "the state directory HERE/file/a/b: HERE/file is not a directory: move it away, or name another directory in \
         `state_dir` (--state-dir)"
    );
    for path in ["link", "link/a"] {
        assert_eq!(
            said(&here.join(path), Directory::Logs, here),
            format!(
                "the log directory HERE/{path}: HERE/link is a link to HERE/nowhere, which is not there: make that \
                 directory, or name another one in `log_dir` (--log-dir)"
            )
        );
    }
    assert_eq!(
        said(Path::new("/proc/swatch"), Directory::State, here),
        "cannot make the state directory /proc/swatch: No such file or directory (os error 2): name another directory in \
         `state_dir` (--state-dir)"
    );
    prepare(&here.join("new/deep"), Directory::Logs).expect("made");
    symlink(here.join("new"), here.join("good")).expect("a link");
    prepare(&here.join("good"), Directory::Logs).expect("a link to a directory of ours is one");
}
