use std::fs;

use super::*;

fn names(siblings: &[Sibling]) -> Vec<String> {
    let ordered = in_order(siblings.iter().collect());
    let name = |s: &&Sibling| s.path.file_name().unwrap().to_string_lossy().into_owned();
    ordered.iter().map(name).collect()
}

/// Makes the files in this order, and lists them as siblings of `log`.
fn listed(log: &str, files: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    for (n, name) in files.iter().enumerate() {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = fs::File::create(&path).unwrap();
        // The kernel's clock may not have advanced between two files.
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + n as u64);
        file.set_modified(time).unwrap();
    }
    names(&siblings(&dir.path().join(log), |_| false).unwrap())
}

#[test]
fn numbers_and_dates_of_the_usual_form_give_the_order() {
    let counted = ["log.3.gz", "log.1", "log.2"];
    assert_eq!(listed("log", &counted), ["log.3.gz", "log.2", "log.1"]);
    let dated = ["log-20270101", "log-20261231.gz", "log-20261130"];
    let in_order = ["log-20261130", "log-20261231.gz", "log-20270101"];
    assert_eq!(listed("log", &dated), in_order);
    let seconds = ["log-1795900000", "log-1795800000.xz"];
    assert_eq!(
        listed("log", &seconds),
        ["log-1795800000.xz", "log-1795900000"]
    );
}

#[test]
fn dates_in_another_order_are_ordered_by_time() {
    for written in [
        ["log-30112026.gz", "log-01122026.gz", "log-02122026"],
        ["log-12312026.bz2", "log-01012027", "log-01022027"],
        ["log.31-12-26.gz", "log.01-01-27.gz", "log.02-01-27.gz"],
    ] {
        assert_eq!(listed("log", &written), written);
    }
}

#[test]
fn what_only_looks_similar_is_not_a_sibling() {
    let files = ["log.1", "log-extra", "logs.1", "log.1.bak", "other.1"];
    assert_eq!(listed("log", &files), ["log.1"]);
    let files = ["app-20261122.log", "app-extra.log", "app.log.1"];
    assert_eq!(listed("app.log", &files).len(), 2);
}

#[test]
fn moved_files_are_found_in_directories_in_that_of_the_log() {
    assert_eq!(
        listed("log", &["old/log.1", "old/log.2.gz"]),
        ["log.2.gz", "log.1"]
    );
    // If the log's own directory has rotated files, no other is searched.
    assert_eq!(listed("log", &["log.1", "old/log.2"]), ["log.1"]);
}

#[test]
fn directories_beside_must_hold_a_file_that_is_known() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["here", "archive", "other"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("log.1"), "").unwrap();
        fs::write(dir.path().join(name).join("log.2"), "").unwrap();
    }
    fs::remove_dir_all(dir.path().join("here")).unwrap();
    fs::create_dir(dir.path().join("here")).unwrap();
    let log = dir.path().join("here/log");
    assert_eq!(siblings(&log, |_| false).unwrap().len(), 0);
    let known = dir.path().join("archive/log.2");
    let found = siblings(&log, |sibling| sibling.path == known).unwrap();
    let in_archive = |s: &Sibling| s.path.starts_with(dir.path().join("archive"));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(in_archive), "{found:?}");
    // A directory with a log of this name keeps the rotated files of that one.
    fs::write(dir.path().join("archive/log"), "").unwrap();
    assert_eq!(siblings(&log, |_| true).unwrap().len(), 2);
    // Nothing is looked for beside if there are rotated files below.
    fs::create_dir(dir.path().join("here/old")).unwrap();
    fs::write(dir.path().join("here/old/log.1"), "").unwrap();
    let found = siblings(&log, |_| true).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn directories_that_others_can_write_are_not_searched() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("old");
    fs::create_dir(&old).unwrap();
    fs::write(old.join("log.1"), "").unwrap();
    let count = || siblings(&dir.path().join("log"), |_| false).unwrap().len();
    assert_eq!(count(), 1);
    fs::set_permissions(&old, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(count(), 0);
}
