use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::sync::mpsc;

use super::*;

const LONG: Duration = Duration::from_secs(60);

#[test]
fn one_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let held = FileLock::acquire(&path, 0o640, Duration::ZERO).unwrap();
    assert_eq!(held.metadata().unwrap().mode() & 0o137, 0);
    let refused = FileLock::acquire(&path, 0o640, Duration::ZERO).unwrap_err();
    assert!(matches!(refused, FileLockError::Busy { .. }), "{refused}");
    drop(held);
    FileLock::acquire(&path, 0o640, Duration::ZERO).unwrap();
}

#[test]
fn the_next_one_gets_it_when_it_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let held = FileLock::acquire(&path, 0o600, LONG).unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let next = FileLock::acquire(&path, 0o600, LONG).unwrap();
            next.file().write_all(b"x").unwrap();
            sender.send(()).unwrap();
        });
        assert!(receiver.recv_timeout(Duration::from_millis(20)).is_err());
        drop(held);
        receiver.recv_timeout(LONG).unwrap();
    });
    assert_eq!(fs::read(&path).unwrap(), b"x");
}

#[test]
fn a_file_that_was_replaced_meanwhile_is_not_the_one() {
    let dir = tempfile::tempdir().unwrap();
    let [path, rotated] = ["lock", "lock.1"].map(|name| dir.path().join(name));
    let held = FileLock::acquire(&path, 0o600, LONG).unwrap();
    std::thread::scope(|scope| {
        let next = scope.spawn(|| FileLock::acquire(&path, 0o600, LONG).unwrap());
        fs::rename(&path, &rotated).unwrap();
        drop(held);
        let next = next.join().unwrap();
        let there = path.metadata().unwrap();
        assert_eq!(next.metadata().unwrap().ino(), there.ino());
    });
}

#[test]
fn only_regular_files() {
    let dir = tempfile::tempdir().unwrap();
    let [link, fifo] = ["link", "fifo"].map(|name| dir.path().join(name));
    symlink("target", &link).unwrap();
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [&link, &fifo, dir.path()] {
        let error = FileLock::acquire(path, 0o600, Duration::ZERO).unwrap_err();
        assert!(matches!(error, FileLockError::NotAFile { .. }), "{error}");
    }
    assert!(!dir.path().join("target").exists());
    let missing = dir.path().join("no/lock");
    let error = FileLock::acquire(&missing, 0o600, LONG).unwrap_err();
    assert!(error.to_string().starts_with("cannot open "), "{error}");
}
