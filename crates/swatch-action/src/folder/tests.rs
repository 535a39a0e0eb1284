use std::{fs, os::unix::fs::symlink};

use super::*;

fn said(path: &Path, folder: Folder, dir: &Path) -> String {
    let error = own(path, folder).expect_err("no folder").to_string();
    error.replace(&dir.display().to_string(), "HERE")
}

#[test]
fn what_is_in_the_way_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let here = dir.path();
    fs::write(here.join("file"), "").expect("a file");
    symlink(here.join("nowhere"), here.join("link")).expect("a link");
    assert_eq!(
        said(&here.join("file"), Folder::Logs, here),
        "the log folder HERE/file: HERE/file is not a folder: move it away, or name another folder in `log_dir` \
         (--log-dir)"
    );
    assert_eq!(
        said(&here.join("file/a/b"), Folder::State, here),
        "the state folder HERE/file/a/b: HERE/file is not a folder: move it away, or name another folder in \
         `state_dir` (--state-dir)"
    );
    for path in ["link", "link/a"] {
        assert_eq!(
            said(&here.join(path), Folder::Logs, here),
            format!(
                "the log folder HERE/{path}: HERE/link is a link to HERE/nowhere, which is not there: make that \
                 folder, or name another one in `log_dir` (--log-dir)"
            )
        );
    }
    assert_eq!(
        said(Path::new("/proc/swatch"), Folder::State, here),
        "cannot make the state folder /proc/swatch: No such file or directory (os error 2): name another folder in \
         `state_dir` (--state-dir)"
    );
    own(&here.join("new/deep"), Folder::Logs).expect("made");
    symlink(here.join("new"), here.join("good")).expect("a link");
    own(&here.join("good"), Folder::Logs).expect("a link to a folder of ours is one");
}
