use super::*;

#[test]
fn is_written_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let file = PidFile::write(&path).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{}\n", std::process::id())
    );
    drop(file);
    assert!(!path.exists());
}

#[test]
fn somebody_elses_number_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pid");
    let file = PidFile::write(&path).unwrap();
    fs::write(&path, "1\n").unwrap();
    drop(file);
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    let path = dir.path().join("pid");
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    assert!(PidFile::write(&path).is_err());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}
