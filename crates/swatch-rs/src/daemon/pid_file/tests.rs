use super::*;

#[test]
fn it_is_written_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let file = PidFile::claim(&path).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{}\n", std::process::id())
    );
    drop(file);
    assert!(!path.exists());
}

#[test]
fn the_number_of_another_process_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let file = PidFile::claim(&path).unwrap();
    fs::write(&path, "1\n").unwrap();
    drop(file);
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
}

#[test]
fn the_file_of_a_process_that_ended_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    fs::write(&path, "123456789\n").unwrap();
    let _file = PidFile::claim(&path).unwrap();
    assert_eq!(read(&path), std::process::id().to_string());
}

#[test]
fn a_second_process_is_refused_and_named_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let _first = PidFile::claim(&path).unwrap();
    let Err(error) = PidFile::claim(&path) else {
        panic!("claimed twice");
    };
    assert!(error.is_fatal());
    let text = error.to_string();
    assert!(text.contains(&std::process::id().to_string()), "{text}");
}

#[test]
fn a_successor_waits_for_a_process_that_is_shutting_down() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let first = PidFile::claim(&path).unwrap();
    first.shutting_down();
    let successor = std::thread::spawn({
        let path = path.clone();
        move || PidFile::claim(&path).map(drop)
    });
    drop(first);
    successor.join().unwrap().unwrap();
}

#[test]
fn only_a_regular_file_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    let fifo = dir.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for path in [link.as_path(), &fifo, dir.path()] {
        let Err(error) = PidFile::claim(path) else {
            panic!("{} was claimed", path.display());
        };
        assert!(error.is_fatal(), "{error}");
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}
